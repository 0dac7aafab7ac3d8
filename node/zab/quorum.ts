/** Quorum arithmetic (quorum-protocol.md 4.5): who counts, and when it is enough. */
import { type Membership, votersOf } from '../../wire/config-string.ts'
import type { PeerId } from '../../wire/ids.ts'

/** What one configuration demands. */
export interface QuorumRule {
  readonly version: bigint
  /** Ascending. */
  readonly voters: readonly PeerId[]
  readonly weights: ReadonlyMap<PeerId, number>
  /** Whether groups decide; otherwise a majority does. */
  readonly isHierarchical: boolean
  /** Voters of each group whose total weight is not 0. */
  readonly groups: readonly (readonly PeerId[])[]
}

export function quorumRule(membership: Membership): QuorumRule {
  const voters = votersOf(membership).map(member => member.id)
  const weightOf = (id: PeerId): number => membership.weights.get(id) ?? 1
  const weights = new Map(voters.map(id => [id, weightOf(id)]))
  const groups = membership.groups
    .map(group => group.members.filter(id => weights.has(id)))
    .filter(ids => ids.some(id => weightOf(id) > 0))
  const isHierarchical = membership.groups.length > 0
  return { version: membership.version, voters, weights, isHierarchical, groups }
}

/** Weight of a voter, 0 for everybody else. Members of weight 0 cannot lead. */
export function weightIn(rule: QuorumRule, id: PeerId): number {
  return rule.weights.get(id) ?? 0
}

/** Whether those for which `has` is true are a quorum. Only voters are asked. */
export function isQuorum(rule: QuorumRule, has: (id: PeerId) => boolean): boolean {
  if (rule.isHierarchical) return isHierarchicalQuorum(rule, has)
  let count = 0
  for (const id of rule.voters) if (has(id)) count++
  return count * 2 > rule.voters.length
}

/** Strict majority of the weight in a strict majority of the groups that weigh anything. */
function isHierarchicalQuorum(rule: QuorumRule, has: (id: PeerId) => boolean): boolean {
  let won = 0
  for (const group of rule.groups) {
    let total = 0
    let weight = 0
    for (const id of group) {
      const own = weightIn(rule, id)
      total += own
      if (has(id)) weight += own
    }
    if (weight * 2 > total) won++
  }
  return won * 2 > rule.groups.length
}

/** In every rule that counts: the committed one and, while a reconfig is open, the proposed one. */
export function isQuorumOfAll(rules: readonly QuorumRule[], has: (id: PeerId) => boolean): boolean {
  for (const rule of rules) if (!isQuorum(rule, has)) return false
  return rules.length > 0
}
