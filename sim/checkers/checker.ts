/** A property, judged from outside by what members do. It throws Violation when it is broken. */

import type { Entry } from '../../node/zab/inputs.ts'
import type { Zxid } from '../../wire/ids.ts'
import type { Notification } from '../../wire/notification.ts'
import type { SimMember } from '../member.ts'

export class Violation extends Error {
  constructor(property: string, what: string) {
    super(`${property}: ${what}`)
    this.name = 'Violation'
  }
}

export interface Checker {
  readonly property: string
  /** How often it looked at something: a check that looked at nothing has not passed. */
  readonly looks: number
  onServe?(member: SimMember, role: string, epoch: number): void
  onDeliver?(member: SimMember, entry: Entry): void
  onAck?(member: SimMember, zxid: Zxid): void
  onVote?(member: SimMember, notification: Notification): void
}
