/** Accepted and current epoch: the rules that protect history (quorum-protocol.md 6.2). */
import type { PeerId, Zxid } from '../../wire/ids.ts'
import { isQuorumOfAll, type QuorumRule } from './quorum.ts'

/** How far a member's history reaches. */
export interface Summary {
  readonly currentEpoch: number
  readonly lastZxid: Zxid
}

/** Whether `peer` may have committed history that `own` lacks. */
export function isAhead(peer: Summary, own: Summary): boolean {
  if (peer.currentEpoch !== own.currentEpoch) return peer.currentEpoch > own.currentEpoch
  return peer.lastZxid > own.lastZxid
}

/** Last epoch that can be used: its zxids are still positive as signed numbers. */
export const EPOCH_MAX = 0x7fff_ffff

/** Leader: finds an epoch that a quorum has never accepted ("getEpochToPropose"). */
export class EpochProposal {
  readonly #me: PeerId
  readonly #offers = new Set<PeerId>()
  #epoch: number
  #isDecided: boolean

  constructor(me: PeerId, ownAcceptedEpoch: number) {
    this.#me = me
    this.#epoch = ownAcceptedEpoch + 1
    this.#isDecided = false
    this.#offers.add(me)
  }

  /** The epoch, once decided. */
  get decided(): number | undefined {
    return this.#isDecided ? this.#epoch : undefined
  }

  /**
   * A learner names the epoch it accepted last. Everybody's counts for the number, voters alone
   * for the quorum, in every configuration that is or may come into force. Returns whether this
   * offer decided.
   */
  offer(id: PeerId, acceptedEpoch: number, rules: readonly QuorumRule[]): boolean {
    if (this.#isDecided) return false
    this.#epoch = Math.max(this.#epoch, acceptedEpoch + 1)
    this.#offers.add(id)
    return this.decide(rules)
  }

  /** Decides if a quorum with the leader in it has made offers. */
  decide(rules: readonly QuorumRule[]): boolean {
    if (this.#isDecided || !this.#offers.has(this.#me)) return false
    this.#isDecided = isQuorumOfAll(rules, id => this.#offers.has(id))
    return this.#isDecided
  }
}

/** Learner: what to do with the epoch of LEADERINFO. */
export type EpochAnswer =
  /** This leader is behind an epoch we promised to another. */
  | { readonly kind: 'refuse' }
  /** Known already: our vote for it is not counted again (-1 on the wire). */
  | { readonly kind: 'known' }
  /** acceptedEpoch must be durable before the answer leaves. */
  | { readonly kind: 'accept' }

export function answerEpoch(offered: number, acceptedEpoch: number): EpochAnswer {
  if (offered < acceptedEpoch || offered > EPOCH_MAX) return { kind: 'refuse' }
  return { kind: offered === acceptedEpoch ? 'known' : 'accept' }
}
