/**
 * A leader and learners whose links deliver in order, but when the test says so. Consensus is a
 * queue here: what the leader proposes is committed oldest first.
 */
import { invariant } from '../../base/invariant.ts'
import type { TestRandom } from '../../base/test-random.ts'
import type { Zxid } from '../../wire/ids.ts'
import { PacketType, type QuorumPacket, UNUSED_ZXID } from '../../wire/records/quorum.ts'
import { onForwarded, onTouches } from './lead.ts'
import type { PipelineOptions } from './options.ts'
import type { EnsemblePort } from './pipeline.ts'
import type { WriteRequest } from './request.ts'
import { TestMember } from './test-member.ts'

/** What a learner gets from its leader, in one queue as over one link. */
type ToLearner =
  | { readonly is: 'commit'; readonly entry: WriteRequest }
  | { readonly is: 'packet'; readonly packet: QuorumPacket }

type ToLeader =
  | { readonly is: 'packet'; readonly packet: QuorumPacket }
  | { readonly is: 'touches'; readonly data: Uint8Array }

interface OpenSync {
  readonly after: Zxid
  readonly token: number
  readonly link: number | undefined
}

export class TestEnsemble {
  /** The leader first. */
  readonly members: TestMember[] = []
  readonly #toLearner: ToLearner[][] = []
  readonly #toLeader: ToLeader[][] = []
  #syncs: OpenSync[] = []

  constructor(learners: number, options: Partial<PipelineOptions> = {}) {
    for (let i = 0; i <= learners; i++) {
      this.#toLearner.push([])
      this.#toLeader.push([])
      const own = { ...options, isStandalone: false, serverId: i + 1 }
      const ensemble = i === 0 ? this.#leaderPort() : this.#learnerPort(i)
      const member = new TestMember({ options: own, ports: { ensemble } })
      this.members.push(member)
      member.pipeline.isServing = false
      member.pipeline.assume(i === 0 ? 'leader' : 'learner', member.database)
      member.pipeline.isServing = true
    }
  }

  get leader(): TestMember {
    return this.members[0]!
  }

  #leaderPort(): EnsemblePort {
    return {
      forward: () => invariant(false, 'a leader forwards nothing'),
      state: () => invariant(false, 'nobody reconfigures here') as never,
      answer: (link, packet) => this.#toLearner[link]!.push({ is: 'packet', packet }),
      sync: (token, link) => {
        this.#syncs.push({ after: this.leader.pipeline.lastProposed, token, link })
      },
    }
  }

  #learnerPort(link: number): EnsemblePort {
    return {
      forward: packet => this.#toLeader[link]!.push({ is: 'packet', packet }),
      state: () => invariant(false, 'a learner does not decide') as never,
      answer: () => invariant(false, 'a learner answers nobody'),
      sync: () => invariant(false, 'a learner asks its leader'),
    }
  }

  /** The oldest proposals are committed on the leader, and on their way to the learners. */
  commit(count: number): void {
    const { leader } = this
    invariant(leader.isFlushed, 'what a turn proposes is flushed at its end')
    for (let i = 0; i < count && leader.undelivered > 0; i++) {
      const entry = leader.log.entries[leader.durableCount++]!
      for (const queue of this.#toLearner.slice(1)) queue.push({ is: 'commit', entry })
      this.#deliver(leader, entry)
    }
  }

  #deliver(member: TestMember, entry: WriteRequest): void {
    member.durableZxid = entry.zxid
    const { zxid, bytes } = entry
    const own = member === this.leader
    member.pipeline.turn(() => member.pipeline.deliverEntry(own ? entry : { zxid, bytes }))
  }

  /**
   * Syncs are confirmed for which everything is committed that was proposed when they came. That
   * may be later than commits of what came behind them: a quorum has to answer.
   */
  confirmSyncs(): void {
    const { database, pipeline } = this.leader
    const due = this.#syncs.filter(({ after }) => after <= database.lastZxid)
    this.#syncs = this.#syncs.filter(sync => !due.includes(sync))
    for (const { token, link } of due) {
      if (link === undefined) {
        pipeline.turn(() => pipeline.leaderSyncs.answered(pipeline, token))
      } else {
        const packet = { type: PacketType.sync, zxid: UNUSED_ZXID, data: null, authinfo: null }
        this.#toLearner[link]!.push({ is: 'packet', packet })
      }
    }
  }

  /** A learner takes what its link has brought. */
  pump(link: number, count: number): void {
    const member = this.members[link]!
    const { pipeline } = member
    for (const what of this.#toLearner[link]!.splice(0, count)) {
      if (what.is === 'commit') this.#deliver(member, what.entry)
      else pipeline.turn(() => pipeline.forwarding.onAnswer(pipeline, what.packet))
    }
  }

  /** The leader takes what a learner has sent. */
  pumpLeader(link: number, count: number): void {
    const { pipeline } = this.leader
    for (const what of this.#toLeader[link]!.splice(0, count)) {
      pipeline.turn(() => {
        if (what.is === 'packet') onForwarded(pipeline, link, what.packet)
        else onTouches(pipeline, what.data)
      })
    }
  }

  /** A learner answers a ping: the leader will hear which sessions it has heard of. */
  ping(link: number): void {
    const data = this.members[link]!.pipeline.forwarding.takeTouches()
    this.#toLeader[link]!.push({ is: 'touches', data })
  }

  /** Something moves somewhere. */
  stir(random: TestRandom): void {
    const link = random.between(1, this.members.length - 1)
    switch (random.int(7)) {
      case 0:
      case 1:
        this.commit(random.int(4))
        return
      case 2:
      case 3:
        this.pump(link, random.int(4))
        return
      case 4:
        this.pumpLeader(link, random.int(4))
        return
      case 5:
        this.confirmSyncs()
        return
      default:
        this.ping(link)
    }
  }

  /** Time passes for everybody; the leader expires sessions. */
  advance(ms: number): void {
    for (const member of this.members) member.clock.nowMs += ms
    this.leader.advance(0)
  }

  /** Until nothing is on its way anywhere. */
  settle(): void {
    for (;;) {
      const busy = [...this.#toLearner, ...this.#toLeader].some(queue => queue.length > 0)
      if (!busy && this.leader.undelivered === 0 && this.#syncs.length === 0) return
      for (let link = 1; link < this.members.length; link++) {
        this.pumpLeader(link, Number.POSITIVE_INFINITY)
      }
      this.commit(Number.POSITIVE_INFINITY)
      this.confirmSyncs()
      for (let link = 1; link < this.members.length; link++) {
        this.pump(link, Number.POSITIVE_INFINITY)
      }
    }
  }
}
