import { Field } from './columns.ts'
import type { DataTree } from './data-tree.ts'
import { ttlOf } from './owner.ts'

export interface ReapRules {
  readonly nowMs: number
  /** Containers that never had a child go after this long without a change; 0 = never. */
  readonly neverUsedMs: number
}

/**
 * Paths of containers and TTL znodes whose time has come (client-protocol.md 10.4). The caller
 * proposes a deleteContainer for each; the prep stage checks the state again.
 */
export function reapable(tree: DataTree, rules: ReapRules): string[] {
  const due: string[] = []
  for (const node of tree.containers) {
    if (tree.childCount(node) === 0 && isContainerDue(tree, node, rules)) due.push(tree.path(node))
  }
  for (const node of tree.ttlNodes) {
    if (tree.childCount(node) > 0) continue
    const { columns } = tree
    const ttlMs = ttlOf(columns.get(node, Field.owner), columns.get(node, Field.owner + 1))
    if (rules.nowMs - tree.mtimeMs(node) > ttlMs) due.push(tree.path(node))
  }
  return due
}

function isContainerDue(tree: DataTree, node: number, rules: ReapRules): boolean {
  if (tree.columns.get(node, Field.cversion) > 0) return true
  return rules.neverUsedMs > 0 && rules.nowMs - tree.mtimeMs(node) > rules.neverUsedMs
}
