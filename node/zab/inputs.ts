/**
 * What can happen to a member, seen from consensus. The shell around `Peer` (node/server.ts, the
 * simulator) turns sockets, disk and time into these values; the contract of each stands here.
 */
import type { Membership } from '../../wire/config-string.ts'
import type { PeerId, Zxid } from '../../wire/ids.ts'
import type { Notification } from '../../wire/notification.ts'
import type { QuorumPacket } from '../../wire/records/quorum.ts'

/** One connection on a quorum port. Never used again after `linkDown` or `close`. */
export type LinkId = number

/**
 * One transaction, opaque except for its zxid: the bytes of the log entry (header, body, digest).
 * The object given to `propose` is the one that `deliver` hands back, so a pipeline may extend it.
 */
export interface Entry {
  readonly zxid: Zxid
  readonly bytes: Uint8Array
}

/** What a member's disk and memory hold between two roles. */
export interface DurableState {
  /** Last durable transaction, contiguous from the snapshot; 0 for none; -1: the disk was lost. */
  readonly lastLogged: Zxid
  /** Last transaction that the tree in memory contains; never above lastLogged. */
  readonly delivered: Zxid
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  /**
   * The newest entries of the log, ending with lastLogged and reaching down to `delivered` at
   * least; undefined: what consensus remembers is still true up to lastLogged.
   */
  readonly recent: { readonly base: Zxid; readonly entries: readonly Entry[] } | undefined
}

export const AlarmName = {
  notify: 'notify',
  finalize: 'finalize',
  connect: 'connect',
  tick: 'tick',
  /** The next slice of a long history. */
  catchUp: 'catchUp',
} as const
/** An alarm that was set again or cleared never goes off for its former setting. */
export type AlarmName = (typeof AlarmName)[keyof typeof AlarmName]

export type Input =
  /** Begins to take part. Once. */
  | { readonly on: 'start' }
  /** A message of another member's election port; never our own. */
  | { readonly on: 'vote'; readonly from: PeerId; readonly notification: Notification }
  /** The election connection to a member broke, or one stands again. Only ever saves waiting. */
  | { readonly on: 'peerDown'; readonly peer: PeerId }
  | { readonly on: 'peerUp'; readonly peer: PeerId }
  /** A learner has connected to our quorum port, or to our port for observers. */
  | { readonly on: 'accepted'; readonly link: LinkId }
  /** Outcome of a `connect`. */
  | { readonly on: 'connected'; readonly attempt: number; readonly link: LinkId }
  | { readonly on: 'connectFailed'; readonly attempt: number }
  | { readonly on: 'linkDown'; readonly link: LinkId }
  | { readonly on: 'packet'; readonly link: LinkId; readonly packet: QuorumPacket }
  /** SNAP and all of its stream have been received and are held ready, not yet in use. */
  | { readonly on: 'snapshot'; readonly link: LinkId; readonly zxid: Zxid }
  /** A long transfer on this link advances. */
  | { readonly on: 'progress'; readonly link: LinkId }
  /** Every appended entry up to here is durable. */
  | { readonly on: 'durable'; readonly upTo: Zxid }
  /** All steps of the `persist` with this token are durable and its packets are on their way. */
  | { readonly on: 'persisted'; readonly token: number }
  /** The log cannot be cut where a `persist` with this token demands. Nothing was changed. */
  | { readonly on: 'notTruncated'; readonly token: number }
  /** A write or sync failed: nothing that was not reported durable is (faults.md R9). */
  | { readonly on: 'diskFailed'; readonly why: string }
  /** Answer to `settle`. */
  | { readonly on: 'settled'; readonly generation: number; readonly state: DurableState }
  | { readonly on: 'alarm'; readonly name: AlarmName }
  /** Leader: the next transaction. `config` is the configuration that a reconfig proposes. */
  | { readonly on: 'propose'; readonly entry: Entry; readonly config?: Membership }
  /** Learner: REQUEST or REVALIDATE for the leader. Dropped when there is no leader. */
  | { readonly on: 'forward'; readonly packet: QuorumPacket }
  /** Leader: an answer of the pipeline to a learner (REVALIDATE). */
  | { readonly on: 'answer'; readonly link: LinkId; readonly packet: QuorumPacket }
  /**
   * Leader: sync. With a link, of that learner's client: it is answered by SYNC on the link; else
   * of our own client, and `synced` answers with the same token. Comes behind the proposals of
   * every earlier request.
   */
  | { readonly on: 'sync'; readonly token: number; readonly link: LinkId | undefined }
  /** Leader: pass the lead on, to `to` or to whoever is level. */
  | { readonly on: 'handOver'; readonly to: PeerId | undefined }
