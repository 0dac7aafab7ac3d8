/** What goes wrong at random: crashes, pauses, cuts, slow and failing disks, old votes. */
import { type Cluster, membership } from './cluster.ts'
import type { SimMember } from './member.ts'

export interface NemesisOptions {
  /** Average time between two faults. */
  readonly everyMs: number
  /** Whether writes may fail, too. */
  readonly hasDiskFaults: boolean
  /** Whether members change their roles, leave and return. */
  readonly hasReconfigs: boolean
}

const FAULTS = [
  'crash',
  'crash',
  'crashLeader',
  'restart',
  'restart',
  'restart',
  'crashAll',
  'isolate',
  'halves',
  'oneWay',
  'heal',
  'heal',
  'pause',
  'resume',
  'slowDisk',
  'failDisk',
  'snapshot',
  'snapshot',
  'oldVote',
  'handOver',
  'reconfig',
  'reconfig',
] as const
type Fault = (typeof FAULTS)[number]

export class Nemesis {
  readonly #cluster: Cluster
  readonly #options: NemesisOptions
  #isRunning: boolean
  readonly counts: Map<Fault, number>

  constructor(cluster: Cluster, options: NemesisOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#isRunning = false
    this.counts = new Map()
  }

  start(): void {
    this.#isRunning = true
    this.#next()
  }

  stop(): void {
    this.#isRunning = false
  }

  #next(): void {
    const { world } = this.#cluster
    world.after(1 + world.random.int(this.#options.everyMs * 2), () => {
      if (!this.#isRunning) return
      const fault = world.random.pick(FAULTS)
      this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1)
      this.#inflict(fault)
      this.#next()
    })
  }

  #inflict(fault: Fault): void {
    const { members, net, world } = this.#cluster
    const { random } = world
    const one = random.pick(members)
    world.trace(`nemesis ${fault} ${one.id}`)
    switch (fault) {
      case 'crash':
        one.crash()
        return
      case 'crashLeader':
        this.#cluster.leader?.crash()
        return
      case 'crashAll':
        if (random.chance(30)) for (const member of members) member.crash()
        return
      case 'restart':
        for (const member of members) if (!member.isRunning && random.chance(60)) member.start()
        return
      case 'isolate':
        this.#cutBetween([one], members)
        return
      case 'halves':
        this.#cutBetween(random.subset(members), members)
        return
      case 'oneWay':
        for (const other of members) if (other !== one) net.cut(one.id, other.id)
        return
      case 'heal':
        net.heal()
        return
      case 'pause':
        one.pause()
        return
      case 'resume':
        for (const member of members) member.resume()
        return
      case 'slowDisk': {
        const high = random.pick([1, 5, 50, 400])
        one.disk.setTimes({ syncMs: { low: 0.1, high } })
        return
      }
      case 'failDisk':
        if (this.#options.hasDiskFaults) one.disk.failWrites(1)
        return
      case 'snapshot':
        if (one.isServing) one.disk.takeSnapshot(one.tree, random.chance(50))
        return
      case 'oldVote':
        for (const other of members) if (other !== one) net.repeatVote(one.id, other.id)
        return
      case 'handOver':
        this.#cluster.leader?.handOver(random.chance(50) ? one.id : undefined)
        return
      case 'reconfig':
        if (this.#options.hasReconfigs) this.#reconfigure()
        return
      default:
        fault satisfies never
    }
  }

  /** One member leaves, comes, or changes its role; two or more voters stay. */
  #reconfigure(): void {
    const { leader, members, world } = this.#cluster
    if (leader === undefined) return
    const { committedConfig } = leader.describe()
    const one = world.random.pick(membership(members.length, 0).members)
    const others = committedConfig.members.filter(each => each.id !== one.id)
    const role = world.random.chance(70) ? 'participant' : 'observer'
    const wanted = world.random.chance(30) ? others : [...others, { ...one, role } as const]
    wanted.sort((a, b) => a.id - b.id)
    if (wanted.filter(each => each.role === 'participant').length < 2) return
    leader.reconfigure({ ...committedConfig, members: wanted })
  }

  #cutBetween(some: readonly SimMember[], all: readonly SimMember[]): void {
    const { net } = this.#cluster
    for (const a of all) {
      for (const b of all) {
        if (some.includes(a) !== some.includes(b)) net.cut(a.id, b.id)
      }
    }
  }
}
