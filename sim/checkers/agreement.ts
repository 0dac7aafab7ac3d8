/**
 * Everybody applies the same transactions in the same order, and what was committed once stays
 * (faults.md I1, I2, I4, I6, I8). Leaders commit first: what a leader delivers is committed, and
 * all others may only deliver what is.
 */

import type { Entry } from '../../node/zab/inputs.ts'
import { epochOf, hex } from '../../wire/ids.ts'
import { isSameEntry } from '../log-tree.ts'
import type { SimMember } from '../member.ts'
import { type Checker, Violation } from './checker.ts'

export class Agreement implements Checker {
  readonly property: string = 'one history'
  looks: number = 0
  /** The history of the ensemble. */
  readonly committed: Entry[] = []
  /** How much each process has shown to clients: never less again (I9). */
  readonly #shown = new Map<SimMember, { readonly process: number; readonly length: number }>()

  onDeliver(member: SimMember): void {
    // Before `serve` a tree may still hold, from a restart, what nobody committed.
    if (member.isServing) this.#compare(member, member.tree.length - 1, member.isLeading)
  }

  /** It may step down in the same moment, as a leader that its configuration does not list. */
  onEstablished(member: SimMember): void {
    this.#compare(member, Math.max(0, this.committed.length - 1), true)
  }

  /**
   * From here on clients see the tree: all of it is judged. A leader has what was committed in
   * every lower epoch; one that was paused may be established after a later one, and is stale.
   */
  onServe(member: SimMember, role: string, epoch: number): void {
    this.#compare(member, 0, role === 'leading')
    const missing = this.committed[member.tree.length]
    if (role === 'leading' && missing !== undefined && epochOf(missing.zxid) < epoch) {
      throw new Violation(this.property, `leader ${member.id} lacks committed ${hex(missing.zxid)}`)
    }
  }

  #compare(member: SimMember, from: number, commits: boolean): void {
    const { tree } = member
    if (member.isServing) this.#show(member)
    for (let i = from; i < tree.length; i++) {
      this.looks++
      const entry = tree.at(i)
      const known = this.committed[i]
      if (known !== undefined) {
        if (isSameEntry(known, entry)) continue
        const what = `${hex(entry.zxid)} where ${hex(known.zxid)} was committed`
        throw new Violation(this.property, `member ${member.id} has ${what}`)
      }
      if (!commits) {
        const what = `${hex(entry.zxid)}, which no leader has committed`
        throw new Violation(this.property, `member ${member.id} shows ${what}`)
      }
      this.committed.push(entry)
    }
  }

  #show(member: SimMember): void {
    const { length } = member.tree
    const shown = this.#shown.get(member)
    if (shown !== undefined && shown.process === member.process && shown.length > length) {
      const what = `${length} transactions after ${shown.length}`
      throw new Violation(this.property, `member ${member.id} shows ${what}`)
    }
    this.#shown.set(member, { process: member.process, length })
  }
}
