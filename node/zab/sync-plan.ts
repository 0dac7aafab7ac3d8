/** DIFF, TRUNC or SNAP (quorum-protocol.md 6.3): one pure function. */
import { counterOf, epochOf, type Zxid } from '../../wire/ids.ts'
import type { History } from './history.ts'

export type SyncPlan =
  /** The learner's history is a prefix: send what follows entry `from` of the history. */
  | { readonly kind: 'diff'; readonly zxid: Zxid; readonly from: number }
  /** The learner cuts after `zxid`, then as DIFF. */
  | { readonly kind: 'trunc'; readonly zxid: Zxid; readonly from: number }
  /** The whole tree; then everything after the zxid at which the tree stands. */
  | { readonly kind: 'snap' }

/**
 * How a learner whose log ends with `peer` becomes level with a leader whose committed history
 * ends with `max` (an entry of `history`, or its base). Every transaction that the learner gets is
 * the successor of the one before it, from `peer` or the cut on: `history` has no holes, and what
 * it does not remember takes a snapshot (ZOOKEEPER-2846, 4352, 3526, 4925).
 */
export function planSync(peer: Zxid, history: History, max: Zxid): SyncPlan {
  if (peer === max) return { kind: 'diff', zxid: peer, from: history.indexAfter(peer) }
  // epoch<<32 names no transaction: Apache reports it for a history that ends before that epoch.
  const isNewEpoch = counterOf(peer) === 0 && peer !== 0n
  if (peer > max) {
    if (isNewEpoch) return { kind: 'snap' }
    return { kind: 'trunc', zxid: max, from: history.indexAfter(max) }
  }
  if (peer < history.base) return { kind: 'snap' }
  const from = history.indexAfter(peer)
  if (history.has(peer)) return { kind: 'diff', zxid: max, from }
  if (isNewEpoch) return { kind: 'diff', zxid: max, from }
  // The learner has a transaction that we lack. Cut it off, but only within its epoch: Apache's
  // learners fail on a cut across an epoch boundary.
  const next = history.at(from).zxid
  if (epochOf(next) !== epochOf(peer)) return { kind: 'snap' }
  return { kind: 'trunc', zxid: from === 0 ? history.base : history.at(from - 1).zxid, from }
}
