import { invariant } from '../base/invariant.ts'
import { TestRandom } from '../base/test-random.ts'
import { Phase } from '../node/pipeline/connection.ts'
import type { TestClient } from '../node/pipeline/test-client.ts'
import { TestEnsemble } from '../node/pipeline/test-ensemble.ts'
import { TestMember } from '../node/pipeline/test-member.ts'
import { ErrorCode } from '../wire/errors.ts'
import { OpCode } from '../wire/opcodes.ts'
import { Reader } from '../wire/reader.ts'
import { Hostile } from './hostile.ts'
import { HostileInputs } from './inputs.ts'

export interface FuzzResult {
  readonly inputs: number
  /** Connections that hostile inputs were sent on. */
  readonly connections: number
  /** Frames that the member answered with. */
  readonly frames: number
  /** Rounds in which the healthy client was served. */
  readonly rounds: number
  readonly txns: number
}

/** A member is replaced by a fresh one after so many inputs, and once its tree is so large. */
const INPUTS_PER_MEMBER = 20_000
const ZNODES_MAX = 5000
const HOSTILE_MAX = 8
/** What may be waiting on one connection for frames and for the client. */
const WAITING_MAX_BYTES = 80 << 20

/**
 * Throws hostile inputs at members without sockets, beside a client that must stay served. Throws
 * InvariantError when anything is wrong; the same seed sends the same inputs.
 */
export function fuzzMembers(seed: number, inputs: number): FuzzResult {
  const total = { inputs: 0, connections: 0, frames: 0, rounds: 0, txns: 0 }
  for (let member = 0; total.inputs < inputs; member++) {
    const run = new FuzzRun((seed + member) | 0, TARGETS[member % TARGETS.length]!())
    run.go(Math.min(INPUTS_PER_MEMBER, inputs - total.inputs))
    total.inputs += run.inputs
    total.connections += run.connections
    total.frames += run.frames
    total.rounds += run.rounds
    total.txns += run.target.leader.log.entries.length
  }
  return total
}

/** Members that hostile connections are made to, and how they come to rest. */
interface Target {
  readonly members: readonly TestMember[]
  readonly leader: TestMember
  stir(random: TestRandom): void
  advance(ms: number): void
  settle(): void
}

const OPTIONS = { globalOutstandingLimit: 100 }

const TARGETS: readonly (() => Target)[] = [
  () => standalone(new TestMember({ options: OPTIONS })),
  () => ensemble(new TestEnsemble(2, OPTIONS)),
  () =>
    ensemble(
      new TestEnsemble(1, { ...OPTIONS, localSessions: true, localSessionsUpgrading: true }),
    ),
  () => standalone(new TestMember({ options: { ...OPTIONS, requestThrottleMax: 20 } })),
]

function standalone(member: TestMember): Target {
  return {
    members: [member],
    leader: member,
    stir: random => member.durable(random.int(8)),
    advance: ms => member.advance(ms),
    settle: () => member.settle(),
  }
}

function ensemble(target: TestEnsemble): Target {
  return {
    members: target.members,
    leader: target.leader,
    stir: random => target.stir(random),
    advance: ms => {
      for (let link = 1; link < target.members.length; link++) target.ping(link)
      target.settle()
      target.advance(ms)
    },
    settle: () => target.settle(),
  }
}

class FuzzRun {
  readonly target: Target
  readonly #random: TestRandom
  readonly #source: HostileInputs
  readonly #healthy: TestClient
  #open: Hostile[] = []
  inputs = 0
  connections = 0
  frames = 0
  rounds = 0

  constructor(seed: number, target: Target) {
    this.target = target
    this.#random = new TestRandom(seed)
    this.#source = new HostileInputs(this.#random)
    this.#healthy = this.#random.pick(target.members).open()
    this.#healthy.attach()
    target.settle()
    this.#healthy.create('/healthy')
    this.#healthy.create('/h')
    this.target.settle()
  }

  go(inputs: number): void {
    while (this.inputs < inputs && this.target.leader.database.tree.nodeCount < ZNODES_MAX) {
      this.#step()
      this.inputs++
      if (this.inputs % 50 === 0) this.#serveHealthy()
    }
    for (const hostile of this.#open) this.#let(hostile)
    this.#serveHealthy()
    this.#checkLeft()
  }

  #step(): void {
    const random = this.#random
    if (this.#open.length === 0 || (random.oneIn(6) && this.#open.length < HOSTILE_MAX))
      this.#enter()
    const hostile = random.pick(this.#open)
    const bytes = this.#source.next(hostile.connection.phase === Phase.fresh)
    if (random.oneIn(3)) {
      const at = random.int(bytes.length + 1)
      hostile.push(bytes.slice(0, at))
      if (random.oneIn(2)) this.target.stir(random)
      hostile.push(bytes.slice(at))
    } else {
      hostile.push(bytes)
    }
    for (let i = random.int(4); i > 0; i--) this.target.stir(random)
    if (random.oneIn(200)) this.#advance()
    if (random.oneIn(100)) hostile.isReading = !hostile.isReading
    if (random.oneIn(20)) hostile.drain()
    if (random.oneIn(60)) hostile.cut()
    const { connection } = hostile
    const waiting =
      connection.unreadBytes + hostile.queuedBytes() + (connection.output?.length ?? 0)
    invariant(waiting <= WAITING_MAX_BYTES, 'what waits on a connection is bounded')
    if (hostile.isEnded) this.#let(hostile)
  }

  #enter(): void {
    const hostile = new Hostile(
      this.#random.pick(this.target.members),
      1024 + (this.connections % 60_000),
    )
    this.connections++
    this.#open.push(hostile)
    // Half of them behave until they have a session.
    if (!this.#random.oneIn(2)) return
    hostile.push(this.#source.connect())
    if (this.#random.oneIn(2)) this.target.settle()
  }

  #let(hostile: Hostile): void {
    if (!hostile.isEnded) hostile.cut()
    this.frames += hostile.frames
    this.#open = this.#open.filter(other => other !== hostile)
  }

  #advance(): void {
    this.#healthy.ping()
    // A learner tells of its sessions in time.
    this.target.settle()
    this.target.advance(this.#random.int(3000))
  }

  /** It is answered at once when the disk is done, and sees its own writes. */
  #serveHealthy(): void {
    const client = this.#healthy
    const data = this.#random.bytes(8)
    client.received.length = 0
    client.setData('/healthy', data)
    client.read(OpCode.getData, '/healthy')
    client.create('/healthy/s-', data, 3)
    client.ping()
    this.target.settle()
    for (const hostile of this.#open) if (this.#random.oneIn(4)) hostile.drain()
    this.target.settle()
    const { replies } = client
    invariant(replies.length === 4, 'the healthy client is served', () => ({
      replies: replies.length,
    }))
    for (const { err } of replies) {
      invariant(err === ErrorCode.ok, 'the healthy client is served well', () => ({ err }))
    }
    const body = replies[1]!.body
    const isOwn = data.every((byte, i) => body[4 + i] === byte)
    invariant(isOwn, 'the healthy client reads what it wrote')
    client.delete(new Reader(replies[2]!.body).text())
    this.target.settle()
    invariant(client.last.err === ErrorCode.ok, 'the healthy client deletes what it created')
    this.rounds++
  }

  /** Once the hostile connections are gone nothing is left of them but sessions and znodes. */
  #checkLeft(): void {
    const { leader, members } = this.target
    this.target.settle()
    for (const { pipeline, database } of members) {
      const isHome = pipeline === this.#healthy.member.pipeline
      invariant(pipeline.connections.size === (isHome ? 1 : 0), 'one connection is left')
      invariant(pipeline.attached.size === (isHome ? 1 : 0), 'one session is attached')
      invariant(pipeline.outstanding === 0, 'nothing is outstanding')
      invariant(pipeline.heldBack.size === 0, 'nobody is held back')
      invariant(pipeline.throttle.size === 0, 'nobody is throttled')
      invariant(database.watches.size === 0, 'no watch is left')
      invariant(database.tree.digest === leader.database.tree.digest, 'all trees are the same')
    }
    leader.checkQuiet()
    leader.checkRecovery()
  }
}
