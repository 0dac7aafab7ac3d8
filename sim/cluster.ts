/** An ensemble in one simulated world, with its clients and the checkers that watch it. */
import { failInvariant, invariant } from '../base/invariant.ts'
import { DEFAULT_ZAB_OPTIONS, type ZabOptions } from '../node/zab/core.ts'
import type { Entry } from '../node/zab/inputs.ts'
import type { Membership } from '../wire/config-string.ts'
import { parseMembership } from '../wire/config-string.ts'
import { hex, type PeerId, type Zxid } from '../wire/ids.ts'
import type { Notification } from '../wire/notification.ts'
import { Agreement } from './checkers/agreement.ts'
import { type Checker, Violation } from './checkers/checker.ts'
import { Durability } from './checkers/durability.ts'
import { Leadership } from './checkers/leadership.ts'
import { SimMember } from './member.ts'
import { SimNet } from './sim-net.ts'
import type { Watcher } from './watcher.ts'
import { Workload } from './workload.ts'
import { World } from './world.ts'

export interface ClusterOptions {
  readonly seed: number
  readonly voters: number
  readonly observers: number
  readonly zab: Partial<ZabOptions>
  readonly isWireReal: boolean
  /** `group.N=` and `weight.N=` lines of a hierarchical quorum; empty for a majority. */
  readonly groups: string
}

export const DEFAULT_CLUSTER: ClusterOptions = {
  seed: 1,
  voters: 3,
  observers: 0,
  // Short times make many elections; what counts is their ratio.
  zab: {
    tickTimeMs: 200,
    initLimitTicks: 10,
    syncLimitTicks: 5,
    historyCount: 20,
    historyMaxBytes: 0,
    sliceCount: 4,
  },
  isWireReal: false,
  groups: '',
}

/** Longest that a healed ensemble may take to serve everywhere (faults.md L1, L4). */
const LIVENESS_MS = 60_000

export class Cluster implements Watcher {
  readonly world: World
  readonly net: SimNet
  readonly members: readonly SimMember[]
  readonly workload: Workload
  readonly agreement: Agreement
  readonly leadership: Leadership
  readonly durability: Durability
  readonly #checkers: readonly Checker[]

  constructor(options: ClusterOptions) {
    this.world = new World(options.seed)
    this.net = new SimNet(this.world, { delayMs: { low: 0.2, high: 3 } })
    const config = membership(options.voters, options.observers, options.groups)
    this.members = config.members.map(({ id }) => {
      const zab = { ...DEFAULT_ZAB_OPTIONS, ...options.zab, me: id }
      const disk = { syncMs: { low: 0.2, high: 5 } }
      const own = { zab, disk, isWireReal: options.isWireReal }
      return new SimMember(this.world, this.net, own, config, this)
    })
    this.workload = new Workload(this.world, this.members)
    this.agreement = new Agreement()
    this.leadership = new Leadership()
    this.durability = new Durability(this.members)
    this.#checkers = [this.agreement, this.leadership, this.durability]
  }

  member(id: PeerId): SimMember {
    const member = this.members.find(each => each.id === id)
    invariant(member !== undefined, 'a member of this ensemble')
    return member
  }

  /** The one that leads and serves, if any; the one of the latest epoch if there are two. */
  get leader(): SimMember | undefined {
    const leaders = this.members.filter(member => member.isLeading)
    return leaders.sort((a, b) => b.describe().epoch - a.describe().epoch)[0]
  }

  get looks(): number {
    return this.#checkers.reduce((sum, checker) => sum + checker.looks, 0)
  }

  startAll(): void {
    for (const member of this.members) if (!member.isRunning) member.start()
  }

  run(ms: number): void {
    this.world.run(this.world.nowMs + ms)
  }

  /** Runs until `holds`; fails after `limitMs`. */
  runUntil(what: string, holds: () => boolean, limitMs: number = LIVENESS_MS): void {
    const end = this.world.nowMs + limitMs
    while (!holds()) {
      if (this.world.nowMs >= end) {
        throw new Violation('liveness', `not within ${limitMs} ms: ${what}; ${this.summary()}`)
      }
      this.world.run(Math.min(end, this.world.nowMs + 10))
    }
  }

  /** Everything works again: all must serve, a write must commit, and all must show it. */
  healAndSettle(): void {
    this.net.heal()
    for (const member of this.members) {
      member.resume()
      member.disk.failWrites(0)
    }
    this.startAll()
    this.runUntil('every member serves', () => this.members.every(member => member.isServing))
    const before = this.workload.acknowledgedWrites
    this.runUntil('a write commits', () => {
      const { leader } = this
      if (leader !== undefined) this.workload.write(leader)
      return this.workload.acknowledgedWrites > before
    })
    this.runUntil('all show the same', () =>
      this.members.every(
        member => member.isServing && member.tree.length === this.agreement.committed.length,
      ),
    )
    if (this.agreement.committed.length < this.workload.acknowledged) {
      throw new Violation('acknowledged is kept', 'fewer are committed than were acknowledged')
    }
  }

  /** Writes at the leader until `zxid` counts `count` more commits. */
  writeSome(count: number): void {
    const target = this.workload.acknowledgedWrites + count
    this.runUntil(`${count} writes`, () => {
      const { leader } = this
      if (leader !== undefined) this.workload.write(leader)
      return this.workload.acknowledgedWrites >= target
    })
  }

  summary(): string {
    return this.members
      .map(member => {
        if (!member.isRunning) return `${member.id} down`
        const { phase, lastLogged, delivered, leader } = member.describe()
        return `${member.id} ${phase} ${hex(lastLogged)} ${hex(delivered)} of ${leader ?? '-'}`
      })
      .join('; ')
  }

  onServe(member: SimMember, role: string, epoch: number): void {
    for (const checker of this.#checkers) checker.onServe?.(member, role, epoch)
  }

  onEstablished(member: SimMember): void {
    this.agreement.onEstablished(member)
  }

  onDeliver(member: SimMember, entry: Entry): void {
    for (const checker of this.#checkers) checker.onDeliver?.(member, entry)
    this.workload.onDeliver(member, entry)
  }

  onAck(member: SimMember, zxid: Zxid): void {
    for (const checker of this.#checkers) checker.onAck?.(member, zxid)
  }

  onVote(member: SimMember, notification: Notification): void {
    for (const checker of this.#checkers) checker.onVote?.(member, notification)
  }

  onSynced(member: SimMember, token: number): void {
    this.workload.onSynced(member, token)
  }

  onLostRole(member: SimMember): void {
    this.workload.onLostRole(member)
  }
}

/** Voters 1..n, then observers. */
export function membership(voters: number, observers: number, groups: string = ''): Membership {
  const lines = [groups]
  for (let id = 1; id <= voters + observers; id++) {
    const role = id <= voters ? 'participant' : 'observer'
    lines.push(`server.${id}=host${id}:2888:3888:${role};2181`)
  }
  const parsed = parseMembership(lines.join('\n'), false)
  if (parsed.members.length === 0) failInvariant('an ensemble has members')
  return parsed
}
