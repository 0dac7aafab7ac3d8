import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { membership } from '../../sim/cluster.ts'
import { reconfigTxn } from '../../sim/reconfig.ts'
import { makeZxid, type Zxid, zxid } from '../../wire/ids.ts'
import { NO_VOTE, type Notification, SenderState } from '../../wire/notification.ts'
import {
  encodeAckEpoch,
  encodeLeaderInfo,
  encodeLearnerInfo,
  PacketType,
  type QuorumPacket,
} from '../../wire/records/quorum.ts'
import { DEFAULT_ZAB_OPTIONS } from './core.ts'
import type { Effect } from './effects.ts'
import { AlarmName, type DurableState, type Input } from './inputs.ts'
import { Peer } from './peer.ts'

/** Zxids near each other, so that some fit together. */
const anyZxid = fc
  .oneof(
    { weight: 8, arbitrary: fc.tuple(fc.nat(3), fc.nat(6)) },
    { weight: 1, arbitrary: fc.constantFrom([-1, 0] as [number, number], [0x7fffffff, 1]) },
  )
  .map(([epoch, counter]): Zxid => makeZxid(epoch, counter))

const config = { ...membership(4, 1), version: makeZxid(2, 3) as bigint }

const anyData = fc.oneof(
  fc.constant(null),
  fc.uint8Array({ maxLength: 40 }),
  fc.nat(4).map(epoch => encodeAckEpoch(epoch - 1)),
  fc.constant(encodeLeaderInfo(1)),
  fc.nat(6).map(id =>
    encodeLearnerInfo({
      serverId: BigInt(id - 1),
      protocolVersion: 0x10000,
      configVersion: 0n,
      features: id % 2,
    }),
  ),
  fc.constant(reconfigTxn(config)),
)

const anyPacket: fc.Arbitrary<QuorumPacket> = fc.record({
  type: fc.oneof(fc.constantFrom(...Object.values(PacketType)), fc.integer()),
  zxid: anyZxid,
  data: anyData,
  authinfo: fc.constant(null),
})

const wildNotification: fc.Arbitrary<Notification> = fc.record({
  state: fc.constantFrom(...Object.values(SenderState)),
  leader: fc.oneof(fc.bigInt({ min: -1n, max: 6n }), fc.constant(NO_VOTE)),
  zxid: anyZxid,
  round: fc.bigInt({ min: 0n, max: 5n }),
  peerEpoch: fc.bigInt({ min: 0n, max: 4n }),
  version: fc.constantFrom(0, 2),
  config: fc.constantFrom(undefined, 'nonsense', 'server.1=a:1:2\nversion=ffff'),
})

/** Of members that agree on something, so that elections are decided. */
const plausibleNotification: fc.Arbitrary<Notification> = fc.record({
  state: fc.constantFrom(SenderState.looking, SenderState.following, SenderState.leading),
  leader: fc.bigInt({ min: 1n, max: 3n }),
  zxid: fc.constant(makeZxid(1, 4)),
  round: fc.constant(1n),
  peerEpoch: fc.constant(1n),
  version: fc.constant(2),
  config: fc.constant(undefined),
})

const anyNotification = fc.oneof(
  { weight: 1, arbitrary: wildNotification },
  { weight: 4, arbitrary: plausibleNotification },
)

/** What others can cause, and the passing of time. */
type Outside =
  | { readonly kind: 'packet'; readonly packet: QuorumPacket }
  | { readonly kind: 'vote'; readonly from: number; readonly notification: Notification }
  | { readonly kind: 'other'; readonly what: string }

const anyOutside: fc.Arbitrary<Outside> = fc.oneof(
  { weight: 8, arbitrary: anyPacket.map(packet => ({ kind: 'packet', packet }) as const) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 6 }), anyNotification)
      .map(([from, notification]) => ({ kind: 'vote', from, notification }) as const),
  },
  {
    weight: 6,
    arbitrary: fc
      .constantFrom('accept', 'connect', 'refuse', 'down', 'disk', 'alarms', 'snapshot', 'fail')
      .map(what => ({ kind: 'other', what }) as const),
  },
)

/** A shell that answers honestly, whatever others say. */
class Shell {
  readonly peer: Peer
  readonly links = new Set<number>()
  readonly jobs: Effect[] = []
  readonly alarms = new Set<AlarmName>()
  attempt = -1
  #links = 0
  #state: DurableState

  constructor(me: number, last: Zxid) {
    const recent = { base: last, entries: [] }
    this.#state = { lastLogged: last, delivered: last, acceptedEpoch: 1, currentEpoch: 1, recent }
    const options = { ...DEFAULT_ZAB_OPTIONS, me, isReconfigEnabled: true }
    this.peer = new Peer(options, this.#state, membership(3, 1))
    this.#step({ on: 'start' })
  }

  meet(outside: Outside): void {
    const [link = 0] = this.links
    if (outside.kind === 'packet') {
      const { packet } = outside
      if (packet.type !== PacketType.snap) this.#step({ on: 'packet', link, packet })
    } else if (outside.kind === 'vote') {
      this.#step({ on: 'vote', from: outside.from, notification: outside.notification })
    } else {
      this.#other(outside.what, link)
    }
  }

  #other(what: string, link: number): void {
    if (what === 'accept') this.#step({ on: 'accepted', link: this.#open() })
    else if (what === 'connect') {
      this.#step({ on: 'connected', attempt: this.attempt, link: this.#open() })
    } else if (what === 'refuse') this.#step({ on: 'connectFailed', attempt: this.attempt })
    else if (what === 'down' && this.links.delete(link)) this.#step({ on: 'linkDown', link })
    else if (what === 'disk') this.#write()
    else if (what === 'snapshot' && this.links.has(link)) {
      this.#step({ on: 'snapshot', link, zxid: makeZxid(1, 5) })
    } else if (what === 'fail') {
      this.jobs.splice(0, this.jobs.length, ...this.jobs.filter(job => job.do === 'settle'))
      this.#step({ on: 'diskFailed', why: 'test' })
    } else if (what === 'alarms') {
      const rung = Array.from(this.alarms)
      this.alarms.clear()
      for (const name of rung) {
        this.#step({ on: 'alarm', name })
      }
    }
  }

  #open(): number {
    this.links.add(++this.#links)
    return this.#links
  }

  #write(): void {
    for (const job of this.jobs.splice(0)) {
      if (job.do === 'settle') {
        const { lastLogged } = this.#state
        const recent = { base: lastLogged, entries: [] }
        const state = { ...this.#state, delivered: lastLogged, recent }
        this.#step({ on: 'settled', generation: job.generation, state })
      } else if (job.do === 'append') {
        this.#logged(job.entries.at(-1)!.zxid)
        this.#step({ on: 'durable', upTo: job.entries.at(-1)!.zxid })
      } else if (job.do === 'persist') {
        for (const step of job.steps) {
          if (step.step === 'append') this.#logged(step.entries.at(-1)!.zxid)
          else if (step.step === 'truncate') this.#logged(step.log)
          else if (step.step === 'install') this.#logged(step.zxid)
          else if (step.step === 'reset') this.#logged(zxid(0n))
          else if (step.step === 'acceptedEpoch') {
            assert.ok(step.epoch >= this.#state.acceptedEpoch, 'accepted epochs grow')
            this.#state = { ...this.#state, acceptedEpoch: step.epoch }
          } else if (step.step === 'currentEpoch') {
            assert.ok(step.epoch <= this.#state.acceptedEpoch, 'what is current was accepted')
            this.#state = { ...this.#state, currentEpoch: step.epoch }
          }
        }
        this.#step({ on: 'persisted', token: job.token })
      }
    }
  }

  #logged(lastLogged: Zxid): void {
    this.#state = { ...this.#state, lastLogged }
  }

  #step(input: Input): void {
    for (const effect of this.peer.step(input)) {
      if (effect.do === 'append' || effect.do === 'persist') this.jobs.push(effect)
      else if (effect.do === 'settle') this.jobs.push(effect)
      else if (effect.do === 'connect') this.attempt = effect.attempt
      else if (effect.do === 'close') this.links.delete(effect.link)
      else if (effect.do === 'setAlarm') this.alarms.add(effect.name)
      else if (effect.do === 'clearAlarm') this.alarms.delete(effect.name)
    }
  }
}

test('nothing that others send makes a member throw or break its own rules', () => {
  const reached = new Set<string>()
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.oneof(
        fc.constant(makeZxid(1, 4)),
        anyZxid.filter(last => last < makeZxid(3, 0)),
      ),
      fc.array(anyOutside, { maxLength: 80 }),
      (me, last, events) => {
        const shell = new Shell(me, last)
        for (const event of events) {
          shell.meet(event)
          reached.add(shell.peer.describe().phase)
        }
      },
    ),
    { numRuns: 3000 },
  )
  for (const phase of ['looking', 'settling', 'discovery', 'connecting', 'accepting']) {
    assert.ok(reached.has(phase), `${phase} of ${[...reached].join(' ')}`)
  }
})

const LAST = makeZxid(1, 4)
const DISK: Outside = { kind: 'other', what: 'disk' }

function packetOf(type: number, z: Zxid, data: Uint8Array | null): Outside {
  return { kind: 'packet', packet: { type, zxid: z, data, authinfo: null } }
}

function voteOf(from: number, state: SenderState): Outside {
  const base = { leader: 3n, zxid: LAST, round: 1n, peerEpoch: 1n, version: 2, config: undefined }
  return { kind: 'vote', from, notification: { ...base, state } }
}

/** Member 1 joins an honest leader and serves. */
const LEARNER_WAY: readonly Outside[] = [
  voteOf(2, SenderState.following),
  voteOf(3, SenderState.leading),
  { kind: 'other', what: 'connect' },
  packetOf(PacketType.leaderInfo, makeZxid(2, 0), encodeLeaderInfo(1)),
  DISK,
  packetOf(PacketType.diff, LAST, null),
  packetOf(PacketType.newLeader, makeZxid(2, 0), null),
  DISK,
  packetOf(PacketType.upToDate, zxid(-1n), null),
  packetOf(PacketType.proposal, makeZxid(2, 1), new Uint8Array(8)),
  DISK,
  packetOf(PacketType.commit, makeZxid(2, 1), null),
]

const ME = { serverId: 1n, protocolVersion: 0x10000, configVersion: 0n, features: 1 }

/** Member 3 is elected and established by an honest follower. */
const LEADER_WAY: readonly Outside[] = [
  voteOf(1, SenderState.looking),
  voteOf(2, SenderState.looking),
  { kind: 'other', what: 'accept' },
  packetOf(PacketType.followerInfo, makeZxid(1, 0), encodeLearnerInfo(ME)),
  DISK,
  packetOf(PacketType.ackEpoch, LAST, encodeAckEpoch(1)),
  DISK,
  packetOf(PacketType.ack, makeZxid(2, 0), null),
  packetOf(PacketType.ack, makeZxid(2, 0), null),
  packetOf(PacketType.ping, zxid(0n), new Uint8Array(0)),
]

function garbageOnTheWay(me: number, way: readonly Outside[]): Set<string> {
  const reached = new Set<string>()
  fc.assert(
    fc.property(fc.nat(way.length), fc.array(anyOutside, { maxLength: 12 }), (point, events) => {
      const shell = new Shell(me, LAST)
      for (const event of way.slice(0, point)) shell.meet(event)
      reached.add(shell.peer.describe().phase)
      for (const event of events) shell.meet(event)
      for (const event of way.slice(point)) shell.meet(event)
    }),
    { numRuns: 3000 },
  )
  return reached
}

test('garbage at every point of the way of a learner', () => {
  const reached = garbageOnTheWay(1, LEARNER_WAY)
  for (const phase of ['promising', 'promised', 'syncing', 'logging', 'acked', 'serving']) {
    assert.ok(reached.has(phase), `${phase} of ${[...reached].join(' ')}`)
  }
})

test('garbage at every point of the way of a leader', () => {
  const reached = garbageOnTheWay(3, LEADER_WAY)
  for (const phase of ['discovery', 'promises', 'synchronisation', 'established']) {
    assert.ok(reached.has(phase), `${phase} of ${[...reached].join(' ')}`)
  }
})
