import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Membership, parseMembership, votersOf } from '../../wire/config-string.ts'
import { epochOf, hex, zxid } from '../../wire/ids.ts'
import { SenderState } from '../../wire/notification.ts'
import {
  encodeAckEpoch,
  encodeLearnerInfo,
  encodeQuorumPacket,
  PacketStream,
  PacketType,
  packetName,
  type QuorumPacket,
  readAckEpoch,
  readLearnerInfo,
} from '../../wire/records/quorum.ts'
import { ackPacket, DEFAULT_ZAB_OPTIONS, epochZxid, packet } from './core.ts'
import type { DurableState, Entry, Input } from './inputs.ts'
import { Peer } from './peer.ts'

const DATA = new URL('../../wire/testdata/', import.meta.url).pathname
const LINK = 7

function packetsOf(name: string): QuorumPacket[] {
  const stream = new PacketStream(4 << 20)
  stream.push(new Uint8Array(readFileSync(`${DATA}${name}`)))
  const packets: QuorumPacket[] = []
  for (let next = stream.next(); next !== undefined; next = stream.next()) {
    packets.push(next)
    if (next.type !== PacketType.snap) continue
    const rest = Buffer.from(stream.takeRest())
    stream.push(rest.subarray(rest.indexOf('BenWasHere') + 'BenWasHere'.length))
  }
  return packets
}

/** What the learner of a capture had on disk, as it told its leader. */
function stateOf(sent: readonly QuorumPacket[]): DurableState {
  const acceptedEpoch = epochOf(sent[0]!.zxid)
  const ackEpoch = sent.find(each => each.type === PacketType.ackEpoch)!
  const known = readAckEpoch(ackEpoch.data!)
  const last = ackEpoch.zxid
  return {
    lastLogged: last,
    delivered: last,
    acceptedEpoch,
    currentEpoch: known === -1 ? acceptedEpoch : known,
    recent: { base: last, entries: [] },
  }
}

interface Replay {
  readonly sent: QuorumPacket[]
  readonly effects: string[]
  readonly peer: Peer
}

/** A learner of ours in the place of Apache's: it hears what that one heard. */
function replay(name: string, me: number, leader: number, reconfig: boolean): Replay {
  const heard = packetsOf(`${name}.s2c.bin`)
  const apache = packetsOf(`${name}.c2s.bin`)
  const newLeader = heard.find(each => each.type === PacketType.newLeader)!
  const config = parseMembership(Buffer.from(newLeader.data!).toString(), false)
  const state = stateOf(apache)
  const { configVersion } = readLearnerInfo(apache[0]!.data!)
  const committed: Membership = { ...config, version: configVersion }
  const options = { ...DEFAULT_ZAB_OPTIONS, me, features: 0, isReconfigEnabled: reconfig }
  const peer = new Peer(options, state, committed)
  const sent: QuorumPacket[] = []
  const effects: string[] = []
  const run = (input: Input): void => {
    for (const effect of peer.step(input)) {
      effects.push(effect.do)
      if (effect.do === 'connect') run({ on: 'connected', attempt: effect.attempt, link: LINK })
      else if (effect.do === 'send') sent.push(effect.packet)
      else if (effect.do === 'answerPing') {
        sent.push(packet(PacketType.ping, effect.zxid, new Uint8Array(0)))
      } else if (effect.do === 'append') {
        const { entries, ackTo } = effect
        if (ackTo !== undefined)
          for (const entry of entries) sent.push(packet(PacketType.ack, entry.zxid))
        run({ on: 'durable', upTo: entries.at(-1)!.zxid })
      } else if (effect.do === 'persist') {
        for (const envelope of effect.thenSend) sent.push(envelope.packet)
        run({ on: 'persisted', token: effect.token })
      }
    }
  }
  run({ on: 'start' })
  for (const { id } of votersOf(committed)) {
    const vote = { leader: BigInt(leader), zxid: state.lastLogged, round: 9n, peerEpoch: 9n }
    const senderState = id === leader ? SenderState.leading : SenderState.following
    const notification = { ...vote, state: senderState, version: 2, config: undefined }
    if (id !== me) run({ on: 'vote', from: id, notification })
  }
  for (const each of heard) {
    if (each.type === PacketType.snap) run({ on: 'snapshot', link: LINK, zxid: each.zxid })
    else run({ on: 'packet', link: LINK, packet: each })
  }
  return { sent, effects, peer }
}

/** Everything but what clients caused, and the pings, whose moment is chance. */
function protocolOf(packets: readonly QuorumPacket[]): string[] {
  const clients: readonly number[] = [PacketType.request, PacketType.revalidate, PacketType.ping]
  return packets
    .filter(each => !clients.includes(each.type))
    .map(
      each =>
        `${packetName(each.type)} ${hex(each.zxid)} ${Buffer.from(encodeQuorumPacket(each)).toString('hex')}`,
    )
}

const CAPTURES: readonly [name: string, me: number, leader: number, reconfig: boolean][] = [
  ['quorum-1-first-epoch-empty-DIFF-then-broadcast', 1, 2, false],
  ['quorum-2-SNAP', 3, 2, false],
  ['quorum-3-DIFF', 3, 2, false],
  ['quorum-4-new-epoch-empty-DIFF', 1, 3, false],
  ['quorum-5-TRUNC', 2, 3, false],
  ['quorum-6-reconfig-as-follower-removed-leader', 2, 3, true],
  ['quorum-7-observer-INFORM-REVALIDATE-SYNC-INFORMANDACTIVATE', 4, 3, true],
  ['quorum-8-after-leader-handover', 4, 1, true],
]

for (const [name, me, leader, reconfig] of CAPTURES) {
  test(`says what Apache's learner said: ${name}`, () => {
    const { sent, effects } = replay(name, me, leader, reconfig)
    const apache = protocolOf(packetsOf(`${name}.c2s.bin`))
    const ours = protocolOf(sent)
    assert.ok(apache.length >= 4)
    assert.deepEqual(ours.slice(0, apache.length), apache)
    assert.ok(effects.includes('serve'))
    const pings = (packets: readonly QuorumPacket[]): number =>
      packets.filter(each => each.type === PacketType.ping).length
    const asked = pings(packetsOf(`${name}.s2c.bin`))
    assert.ok(asked - pings(sent) <= 1, 'pings are answered from UPTODATE on')
  })
}

test('a removed leader is left for the one that COMMITANDACTIVATE names', () => {
  const { peer, effects } = replay('quorum-6-reconfig-as-follower-removed-leader', 2, 3, true)
  assert.equal(peer.describe().phase, 'settling')
  assert.equal(effects.filter(name => name === 'activate').length, 4)
  const { committedConfig } = peer.describe()
  assert.deepEqual(
    committedConfig.members.map(member => member.id),
    [1, 2, 4],
  )
  assert.equal(zxid(committedConfig.version), 0x10000000an)
})

test('an observer that became a voter leaves to come back as one', () => {
  const name = 'quorum-7-observer-INFORM-REVALIDATE-SYNC-INFORMANDACTIVATE'
  const { peer } = replay(name, 4, 3, true)
  assert.equal(peer.describe().phase, 'settling')
  assert.ok(votersOf(peer.describe().committedConfig).some(member => member.id === 4))
})

/** Every transaction of the first epoch, as Apache's leader proposed it. */
function firstEpoch(upTo: bigint): Entry[] {
  const name = 'quorum-1-first-epoch-empty-DIFF-then-broadcast.s2c.bin'
  return packetsOf(name)
    .filter(each => each.type === PacketType.proposal && each.zxid <= upTo)
    .map(each => ({ zxid: each.zxid, bytes: each.data! }))
}

interface Lead {
  readonly me: number
  /** Who helps to establish it; not the learner of the capture. */
  readonly helper: number
  readonly epoch: number
  readonly history: readonly Entry[]
  /** Proposed after it was established. */
  readonly proposals: readonly Entry[]
  /** Transactions that it remembers. */
  readonly keep?: number
}

/** A leader of ours in the place of Apache's: what it sends to the learner of the capture. */
function lead(name: string, given: Lead): QuorumPacket[] {
  const { me, helper, epoch, history, proposals, keep = 500 } = given
  const newLeader = packetsOf(`${name}.s2c.bin`).find(each => each.type === PacketType.newLeader)!
  const config = parseMembership(Buffer.from(newLeader.data!).toString(), false)
  const last = history.at(-1)?.zxid ?? zxid(0n)
  const state: DurableState = {
    lastLogged: last,
    delivered: last,
    acceptedEpoch: epoch - 1,
    currentEpoch: epoch - 1,
    recent: { base: zxid(history.length === 0 ? 0n : history[0]!.zxid - 1n), entries: history },
  }
  const options = { ...DEFAULT_ZAB_OPTIONS, me, historyCount: keep, historyMaxBytes: 0 }
  const peer = new Peer(options, state, config)
  const sent: QuorumPacket[] = []
  const run = (input: Input): void => {
    for (const effect of peer.step(input)) {
      if (effect.do === 'send' && effect.to.includes(LINK)) sent.push(effect.packet)
      else if (effect.do === 'sendSnapshot') sent.push(packet(PacketType.snap, effect.zxid))
      else if (effect.do === 'append') run({ on: 'durable', upTo: effect.entries.at(-1)!.zxid })
      else if (effect.do === 'persist') run({ on: 'persisted', token: effect.token })
    }
  }
  run({ on: 'start' })
  for (const { id } of votersOf(config)) {
    const vote = { leader: BigInt(me), zxid: last, round: 1n, peerEpoch: BigInt(epoch - 1) }
    const notification = { ...vote, state: SenderState.looking, version: 2, config: undefined }
    if (id !== me) run({ on: 'vote', from: id, notification })
  }
  const help = (received: QuorumPacket): void => run({ on: 'packet', link: 1, packet: received })
  run({ on: 'accepted', link: 1 })
  const info = {
    serverId: BigInt(helper),
    protocolVersion: 0x10000,
    configVersion: 0n,
    features: 0,
  }
  help(packet(PacketType.followerInfo, epochZxid(epoch - 1), encodeLearnerInfo(info)))
  help(packet(PacketType.ackEpoch, last, encodeAckEpoch(epoch - 1)))
  help(ackPacket(epochZxid(epoch)))
  assert.ok(peer.canPropose, 'the leader is established')
  for (const entry of proposals) {
    run({ on: 'propose', entry })
    help(ackPacket(entry.zxid))
  }
  run({ on: 'accepted', link: LINK })
  for (const received of packetsOf(`${name}.c2s.bin`)) {
    run({ on: 'packet', link: LINK, packet: received })
  }
  return sent
}

const UNTIL_UP_TO_DATE: readonly [name: string, lead: Lead][] = [
  [
    'quorum-2-SNAP',
    // Apache knows of no way from the empty tree; here the leader has forgotten it.
    { me: 2, helper: 1, epoch: 1, history: [], proposals: firstEpoch(0x100000016n), keep: 5 },
  ],
  [
    'quorum-3-DIFF',
    { me: 2, helper: 1, epoch: 1, history: [], proposals: firstEpoch(0x100000022n) },
  ],
  [
    'quorum-4-new-epoch-empty-DIFF',
    { me: 3, helper: 2, epoch: 2, history: firstEpoch(0x100000023n), proposals: [] },
  ],
  [
    'quorum-5-TRUNC',
    { me: 3, helper: 1, epoch: 2, history: firstEpoch(0x100000023n), proposals: [] },
  ],
]

for (const [name, given] of UNTIL_UP_TO_DATE) {
  test(`says what Apache's leader said until UPTODATE: ${name}`, () => {
    const apache = protocolOf(packetsOf(`${name}.s2c.bin`))
    const end = apache.findIndex(line => line.startsWith('UPTODATE'))
    assert.ok(end >= 3)
    assert.deepEqual(protocolOf(lead(name, given)).slice(0, end + 1), apache.slice(0, end + 1))
  })
}
