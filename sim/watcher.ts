import type { Entry } from '../node/zab/inputs.ts'
import type { Zxid } from '../wire/ids.ts'
import type { Notification } from '../wire/notification.ts'
import type { SimMember } from './member.ts'

/** What checkers and clients are told. */
export interface Watcher {
  onServe(member: SimMember, role: string, epoch: number): void
  /** A leader has a quorum: all of its history is committed. */
  onEstablished(member: SimMember): void
  onDeliver(member: SimMember, entry: Entry): void
  onAck(member: SimMember, zxid: Zxid): void
  onVote(member: SimMember, notification: Notification): void
  onSynced(member: SimMember, token: number): void
  onLostRole(member: SimMember): void
}
