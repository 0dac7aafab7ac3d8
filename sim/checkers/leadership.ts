/** At most one member is ever established as leader of an epoch (faults.md I5, R8). */
import type { PeerId } from '../../wire/ids.ts'
import type { SimMember } from '../member.ts'
import { type Checker, Violation } from './checker.ts'

export class Leadership implements Checker {
  readonly property: string = 'one leader per epoch'
  looks: number = 0
  readonly #leaders = new Map<number, PeerId>()

  /** Latest epoch that had a leader. */
  get lastEpoch(): number {
    return Math.max(0, ...this.#leaders.keys())
  }

  onServe(member: SimMember, role: string, epoch: number): void {
    if (role !== 'leading') return
    this.looks++
    if (this.#leaders.has(epoch)) {
      const other = this.#leaders.get(epoch)
      throw new Violation(this.property, `${member.id} and ${other} led epoch ${epoch}`)
    }
    this.#leaders.set(epoch, member.id)
  }
}
