/**
 * What the operator needs of members: their own words (operations.md 8 and 9), one conditional
 * reconfiguration, and passing the lead on.
 */
import type { PeerId, Zxid } from '../../wire/ids.ts'

export type MemberRole = 'leader' | 'follower' | 'observer' | 'looking'

/** What only a leader knows. */
export interface LeaderAnswer {
  readonly syncedFollowers: number
  readonly syncedNonVotingFollowers: number
  readonly syncedObservers: number
  readonly pendingSyncs: number
  readonly leadingForMs: number
}

/** What a member says of itself. */
export interface MemberAnswer {
  readonly id: PeerId
  readonly role: MemberRole
  /** It has reached the broadcast phase and serves. */
  readonly isServing: boolean
  /** The configuration that it has committed lets it vote. */
  readonly isVoting: boolean
  readonly zxid: Zxid
  readonly version: string
  /** Server lines and `version=` as it has committed them; undefined while it does not serve. */
  readonly membership: string | undefined
  readonly leader: LeaderAnswer | undefined
  readonly connections: number
  /** 99th percentile; undefined when nobody read. */
  readonly readLatencyMs: number | undefined
  /** Which version of the settings that need no restart it runs. */
  readonly settings: string | undefined
}

/** Digest credentials of the operator, `user:password`. */
export interface Credentials {
  readonly digest: string
}

export interface Reconfiguration {
  /** `server.4=...` lines. */
  readonly joining: readonly string[]
  readonly leaving: readonly PeerId[]
  /** The version that it was decided on; any other refuses it. */
  readonly ifVersion: bigint
}

export type ReconfigOutcome =
  | { readonly ok: true }
  /** `reason` is the name of ZooKeeper's error, such as NEWCONFIGNOQUORUM. */
  | { readonly ok: false; readonly reason: string }

export interface EnsembleApi {
  /** Undefined: no answer within the limit. Never rejects. */
  describe(host: string): Promise<MemberAnswer | undefined>
  /** Rejects when nothing is known of the outcome; what happened shows at the next look. */
  reconfig(host: string, as: Credentials, change: Reconfiguration): Promise<ReconfigOutcome>
  /** Asks the leader at `host` to pass the lead to `to`, or to anyone; why not, or undefined. */
  handOver(host: string, as: Credentials, to: PeerId | undefined): Promise<string | undefined>
}
