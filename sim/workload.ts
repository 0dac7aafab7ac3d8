/**
 * Clients: unique writes at any member, and syncs after which a read must show everything that was
 * acknowledged before the sync began, to whomever (faults.md I20, I28 made strong).
 */
import { invariant } from '../base/invariant.ts'
import type { Entry } from '../node/zab/inputs.ts'
import { Violation } from './checkers/checker.ts'
import type { SimMember } from './member.ts'
import type { World } from './world.ts'

/** Bytes of a write; too short to be taken for a reconfig. */
const WRITE_BYTES = 12

interface OpenSync {
  readonly member: SimMember
  /** Length of the acknowledged history when it began. */
  readonly mustSee: number
}

export class Workload {
  readonly #world: World
  readonly #members: readonly SimMember[]
  /** Writes not yet answered, by the member they were given to. */
  readonly #open: Map<SimMember, Set<number>>
  readonly #syncs: Map<number, OpenSync>
  #counter: number
  #isRunning: boolean
  /** Longest history that any client was told of. */
  #acknowledged: number
  acknowledgedWrites: number
  answeredSyncs: number

  constructor(world: World, members: readonly SimMember[]) {
    this.#world = world
    this.#members = members
    this.#open = new Map(members.map(member => [member, new Set()]))
    this.#syncs = new Map()
    this.#counter = 0
    this.#isRunning = false
    this.#acknowledged = 0
    this.acknowledgedWrites = 0
    this.answeredSyncs = 0
  }

  get acknowledged(): number {
    return this.#acknowledged
  }

  start(everyMs: number): void {
    this.#isRunning = true
    this.#tick(everyMs)
  }

  stop(): void {
    this.#isRunning = false
  }

  /** One write at this member. Returns whether it went anywhere. */
  write(member: SimMember): boolean {
    const bytes = new Uint8Array(WRITE_BYTES)
    const view = new DataView(bytes.buffer)
    const number = ++this.#counter
    view.setInt32(0, number)
    view.setInt32(4, this.#world.random.int(1 << 30))
    this.#openOf(member).add(number)
    const isSent = member.write(bytes)
    if (!isSent) this.#openOf(member).delete(number)
    return isSent
  }

  sync(member: SimMember): boolean {
    const token = ++this.#counter
    this.#syncs.set(token, { member, mustSee: this.#acknowledged })
    const isSent = member.sync(token)
    if (!isSent) this.#syncs.delete(token)
    return isSent
  }

  onDeliver(member: SimMember, entry: Entry): void {
    const open = this.#openOf(member)
    if (!member.isServing || entry.bytes.length !== WRITE_BYTES) return
    const number = new DataView(entry.bytes.buffer, entry.bytes.byteOffset).getInt32(0)
    if (!open.delete(number)) return
    this.acknowledgedWrites++
    this.#acknowledged = Math.max(this.#acknowledged, member.tree.length)
  }

  onSynced(member: SimMember, token: number): void {
    const sync = this.#syncs.get(token)
    this.#syncs.delete(token)
    if (sync === undefined || sync.member !== member) return
    this.answeredSyncs++
    if (member.tree.length < sync.mustSee) {
      throw new Violation(
        'sync and read are linearizable',
        `member ${member.id} shows ${member.tree.length} of ${sync.mustSee} acknowledged writes`,
      )
    }
  }

  /** Nobody waits at a member that stopped serving: the outcome stays unknown. */
  onLostRole(member: SimMember): void {
    this.#openOf(member).clear()
  }

  #tick(everyMs: number): void {
    if (!this.#isRunning) return
    const member = this.#world.random.pick(this.#members)
    if (this.#world.random.chance(10)) this.sync(member)
    else for (let i = this.#world.random.between(1, 3); i > 0; i--) this.write(member)
    const wait = 1 + this.#world.random.int(everyMs * 2)
    this.#world.after(wait, () => {
      this.#tick(everyMs)
    })
  }

  #openOf(member: SimMember): Set<number> {
    const open = this.#open.get(member)
    invariant(open !== undefined, 'a member of this simulation')
    return open
  }
}
