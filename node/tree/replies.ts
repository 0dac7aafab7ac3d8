/** What replies carry of a znode, written straight from the columns and slabs. */
import { STAT_BYTES } from '../../wire/records/data.ts'
import type { Writer } from '../../wire/writer.ts'
import { Field } from './columns.ts'
import type { DataTree } from './data-tree.ts'
import { OwnerKind, ownerKind } from './owner.ts'

/** The Stat as clients see it (client-protocol.md 10.1, 11.2). */
export function writeNodeStat(tree: DataTree, out: Writer, id: number): void {
  const page = tree.columns.page(id)
  const base = tree.columns.base(id)
  const at = out.reserve(STAT_BYTES)
  const { view } = out
  view.setInt32(at, page[base + Field.czxid]!)
  view.setInt32(at + 4, page[base + Field.czxid + 1]!)
  view.setInt32(at + 8, page[base + Field.mzxid]!)
  view.setInt32(at + 12, page[base + Field.mzxid + 1]!)
  view.setInt32(at + 16, page[base + Field.ctime]!)
  view.setInt32(at + 20, page[base + Field.ctime + 1]!)
  view.setInt32(at + 24, page[base + Field.mtime]!)
  view.setInt32(at + 28, page[base + Field.mtime + 1]!)
  view.setInt32(at + 32, page[base + Field.version]!)
  const children = page[base + Field.childCount]!
  view.setInt32(at + 36, page[base + Field.cversion]! * 2 - children)
  view.setInt32(at + 40, page[base + Field.aversion]!)
  const high = page[base + Field.owner]!
  const low = page[base + Field.owner + 1]!
  const isEphemeral =
    (high | low) !== 0 && ownerKind(high, low, tree.options) === OwnerKind.ephemeral
  view.setInt32(at + 44, isEphemeral ? high : 0)
  view.setInt32(at + 48, isEphemeral ? low : 0)
  view.setInt32(at + 52, Math.max(0, page[base + Field.dataLength]!))
  view.setInt32(at + 56, children)
  view.setInt32(at + 60, page[base + Field.pzxid]!)
  view.setInt32(at + 64, page[base + Field.pzxid + 1]!)
  out.length = at + STAT_BYTES
}

/** The value as a buffer, -1 for null. */
export function writeNodeData(tree: DataTree, out: Writer, id: number): void {
  const length = tree.columns.get(id, Field.dataLength)
  if (length <= 0) {
    out.int(length)
    return
  }
  const ref = tree.columns.get(id, Field.dataRef)
  out.range(tree.znodes.slabs.bytes(ref), tree.znodes.slabs.offset(ref), length)
}

/** The names of the children as a vector of strings. */
export function writeChildNames(tree: DataTree, out: Writer, id: number): void {
  const { znodes, columns } = tree
  const nameAt = columns.get(id, Field.pathLength) + 1
  out.int(columns.get(id, Field.childCount))
  for (let child = znodes.firstChild(id); child >= 0; child = znodes.nextSibling(child)) {
    const page = columns.page(child)
    const base = columns.base(child)
    const ref = page[base + Field.pathRef]!
    const length = page[base + Field.pathLength]! - nameAt
    out.range(znodes.slabs.bytes(ref), znodes.slabs.offset(ref) + nameAt, length)
  }
}

/** All descendants, the znode itself not counted (client-protocol.md 7.7). */
export function countDescendants(tree: DataTree, top: number): number {
  const { znodes } = tree
  let count = 0
  const open = [top]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (let child = znodes.firstChild(at); child >= 0; child = znodes.nextSibling(child)) {
      count++
      if (znodes.childCount(child) > 0) open.push(child)
    }
  }
  return count
}
