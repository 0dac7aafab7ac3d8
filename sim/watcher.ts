/** What a simulated member is given, and to whom it tells what it does. */

import type { ZabOptions } from '../node/zab/core.ts'
import type { Entry } from '../node/zab/inputs.ts'
import type { Zxid } from '../wire/ids.ts'
import type { Notification } from '../wire/notification.ts'
import type { SimMember } from './member.ts'
import type { DiskTimes } from './sim-disk.ts'

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

export interface MemberOptions {
  readonly zab: ZabOptions
  readonly disk: DiskTimes
  /** Whether every packet passes through its bytes. */
  readonly isWireReal: boolean
}
