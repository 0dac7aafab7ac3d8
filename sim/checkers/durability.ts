/**
 * An ack names only what is on that disk with everything before it; a commit rests on the disks of
 * a quorum; a vote names what is durable; epoch files keep their order (faults.md I4, I11, I14,
 * I16, R1, R3).
 */

import type { Entry } from '../../node/zab/inputs.ts'
import { isQuorum, quorumRule } from '../../node/zab/quorum.ts'
import { hex, type Zxid } from '../../wire/ids.ts'
import type { Notification } from '../../wire/notification.ts'
import type { SimMember } from '../member.ts'
import { type Checker, Violation } from './checker.ts'

export class Durability implements Checker {
  readonly property: string = 'acknowledged is durable'
  looks: number = 0
  readonly #members: readonly SimMember[]

  constructor(members: readonly SimMember[]) {
    this.#members = members
  }

  onAck(member: SimMember, zxid: Zxid): void {
    this.looks++
    if (!member.disk.has(zxid)) this.#fail(member, `acknowledges ${hex(zxid)} without having it`)
  }

  onVote(member: SimMember, notification: Notification): void {
    const { disk } = member
    if (disk.acceptedEpoch < disk.currentEpoch) this.#fail(member, 'lost an accepted epoch')
    const description = member.describe()
    if (description.phase === 'looking' && description.lastLogged !== disk.lastLogged) {
      const { lastLogged } = description
      this.#fail(member, `votes with ${hex(lastLogged)}, but logged ${hex(disk.lastLogged)}`)
    }
    if (notification.leader !== BigInt(member.id)) return
    this.looks++
    // An empty disk may decline to vote.
    const isBlank = disk.lastLogged === 0n && notification.zxid === -1n
    if (!isBlank && notification.zxid !== disk.lastLogged) {
      this.#fail(member, `votes ${hex(notification.zxid)}, but logged ${hex(disk.lastLogged)}`)
    }
  }

  onDeliver(member: SimMember, entry: Entry): void {
    if (member.isLeading) this.#judge(member, entry)
  }

  onServe(member: SimMember, role: string): void {
    const last = member.tree.length - 1
    if (role === 'leading' && last >= 0) this.#judge(member, member.tree.at(last))
  }

  #judge(member: SimMember, { zxid }: Entry): void {
    this.looks++
    const { committedConfig } = member.describe()
    const holders = new Set(this.#members.filter(each => each.disk.has(zxid)).map(each => each.id))
    if (!isQuorum(quorumRule(committedConfig), id => holders.has(id))) {
      this.#fail(member, `commits ${hex(zxid)}, which only ${[...holders].join(' ')} have`)
    }
  }

  #fail(member: SimMember, what: string): never {
    throw new Violation(this.property, `member ${member.id} ${what}`)
  }
}
