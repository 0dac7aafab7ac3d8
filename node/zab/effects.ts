/**
 * What consensus asks of the world. The shell executes the effects of one step in their order.
 * Duties that must happen in order are one effect: an acknowledgement is part of the write that
 * earns it and cannot overtake the disk (faults.md R2, R3).
 */
import type { Membership } from '../../wire/config-string.ts'
import type { PeerId, Zxid } from '../../wire/ids.ts'
import type { Notification } from '../../wire/notification.ts'
import type { QuorumPacket } from '../../wire/records/quorum.ts'
import type { AlarmName, Entry, LinkId } from './inputs.ts'

export type Role = 'looking' | 'leading' | 'following' | 'observing'

export interface Envelope {
  readonly link: LinkId
  readonly packet: QuorumPacket
}

/** One thing that must be durable before the next begins. */
export type Step =
  /**
   * Cut the log after `log`, delete every snapshot above `tree` (ZOOKEEPER-4837), and if the tree
   * in memory is ahead of `tree`, which is at most `log`, rebuild it as it was there. Fails with
   * `notTruncated` unless both name the end of a transaction on disk.
   */
  | { readonly step: 'truncate'; readonly log: Zxid; readonly tree: Zxid }
  /** The snapshot held ready becomes disk and memory; every older log and snapshot is void. */
  | { readonly step: 'install'; readonly zxid: Zxid }
  /** Disk and memory become those of an empty member. */
  | { readonly step: 'reset' }
  | { readonly step: 'append'; readonly entries: readonly Entry[] }
  | { readonly step: 'acceptedEpoch'; readonly epoch: number }
  | { readonly step: 'currentEpoch'; readonly epoch: number }
  /** The configuration last seen: `.dynamic.next`. */
  | { readonly step: 'nextConfig'; readonly membership: Membership }

export type Effect =
  | {
      readonly do: 'notify'
      readonly to: readonly PeerId[]
      readonly notification: Notification
    }
  /** Open a connection to the quorum port of the elected leader, or to an observer master's port. */
  | {
      readonly do: 'connect'
      readonly to: PeerId
      readonly attempt: number
      readonly port: 'quorum' | 'observerMaster'
    }
  | { readonly do: 'send'; readonly to: readonly LinkId[]; readonly packet: QuorumPacket }
  /** SNAP with this zxid, the tree from now on (fuzzy), the signature; later sends stay behind. */
  | {
      readonly do: 'sendSnapshot'
      readonly to: LinkId
      readonly zxid: Zxid
      /** The learner is one of our own kind and takes it compressed. */
      readonly isCompressed: boolean
    }
  /** After what was sent before. No input of this link follows, not even `linkDown`. */
  | { readonly do: 'close'; readonly link: LinkId; readonly why: string }
  /** Log; when durable: one ACK per entry to `ackTo`, if that link still stands, and `durable`. */
  | {
      readonly do: 'append'
      readonly entries: readonly Entry[]
      readonly ackTo: LinkId | undefined
    }
  /** Behind all earlier appends: the steps in order, then the packets, then `persisted`. */
  | {
      readonly do: 'persist'
      readonly token: number
      readonly steps: readonly Step[]
      readonly thenSend: readonly Envelope[]
    }
  /** Committed: apply to the tree, in order. May come before the same entries are durable. */
  | { readonly do: 'deliver'; readonly entries: readonly Entry[] }
  /**
   * The role has ended. Let running writes end, begin no new ones, release the log; forget a
   * snapshot held ready; when `reload` or when the tree is ahead of the log: rebuild the tree from
   * disk. Then answer `settled` with the same generation (faults.md R1, R4, R7, R9).
   */
  | { readonly do: 'settle'; readonly generation: number; readonly reload: boolean }
  | { readonly do: 'setAlarm'; readonly name: AlarmName; readonly afterMs: number }
  | { readonly do: 'clearAlarm'; readonly name: AlarmName }
  /** A role begins. Nobody is served until `serve`; `looking` ends all service at once. */
  | {
      readonly do: 'become'
      readonly role: Role
      readonly leader: PeerId | undefined
      readonly why: string
    }
  /** The role is established in `epoch`: the tree is level, clients may be served. */
  | { readonly do: 'serve'; readonly role: Role; readonly epoch: number }
  /** Leader: no further `propose` will be accepted; the lead is about to be passed on. */
  | { readonly do: 'stopProposing' }
  /** Leader: REQUEST or REVALIDATE of a learner, for the pipeline. */
  | {
      readonly do: 'forwarded'
      readonly link: LinkId
      readonly from: PeerId
      readonly packet: QuorumPacket
    }
  /**
   * Sessions that a learner has heard of (data of its PING reply). On a follower that is an
   * observer master they join those that it has heard of itself.
   */
  | { readonly do: 'touch'; readonly from: PeerId; readonly touches: Uint8Array }
  /** Leader: a `sync` input is answered. */
  | { readonly do: 'synced'; readonly token: number }
  /** Learner: reply PING with this zxid and the sessions heard of, then forget those. */
  | { readonly do: 'answerPing'; readonly link: LinkId; readonly zxid: Zxid }
  /** Learner: the leader's answer to the oldest open sync or revalidation. */
  | { readonly do: 'answered'; readonly packet: QuorumPacket }
  /** This configuration is in force now: files, addresses, links, `/zookeeper/config`. */
  | { readonly do: 'activate'; readonly membership: Membership }
  /** For the log of the member: a constant event and its facts. */
  | {
      readonly do: 'note'
      readonly event: string
      readonly facts: Readonly<Record<string, string | number | bigint | undefined>>
    }
