import { invariant } from '../base/invariant.ts'
import { TestRandom } from '../base/test-random.ts'
import { Phase } from '../node/pipeline/connection.ts'
import { type TestClient, TestMember } from '../node/pipeline/test-member.ts'
import { ErrorCode } from '../wire/errors.ts'
import { OpCode } from '../wire/opcodes.ts'
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
 * InvariantError, with the member's seed in the message of the caller, when anything is wrong.
 */
export function fuzzMembers(seed: number, inputs: number): FuzzResult {
  const total = { inputs: 0, connections: 0, frames: 0, rounds: 0, txns: 0 }
  for (let member = 0; total.inputs < inputs; member++) {
    const run = new FuzzRun((seed + member) | 0)
    run.go(Math.min(INPUTS_PER_MEMBER, inputs - total.inputs))
    total.inputs += run.inputs
    total.connections += run.connections
    total.frames += run.frames
    total.rounds += run.rounds
    total.txns += run.member.log.entries.length
  }
  return total
}

class FuzzRun {
  readonly member: TestMember = new TestMember({ options: { globalOutstandingLimit: 100 } })
  readonly #random: TestRandom
  readonly #source: HostileInputs
  readonly #healthy: TestClient
  #open: Hostile[] = []
  inputs = 0
  connections = 0
  frames = 0
  rounds = 0

  constructor(seed: number) {
    this.#random = new TestRandom(seed)
    this.#source = new HostileInputs(this.#random)
    this.#healthy = this.member.connect()
    this.#healthy.create('/healthy')
    this.#healthy.create('/h')
    this.member.settle()
  }

  go(inputs: number): void {
    while (this.inputs < inputs && this.member.database.tree.nodeCount < ZNODES_MAX) {
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
      if (random.oneIn(2)) this.member.durable(random.int(4))
      hostile.push(bytes.slice(at))
    } else {
      hostile.push(bytes)
    }
    if (random.oneIn(3)) this.member.durable(random.int(20))
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
    const hostile = new Hostile(this.member, 1024 + (this.connections % 60_000))
    this.connections++
    this.#open.push(hostile)
    // Half of them behave until they have a session.
    if (!this.#random.oneIn(2)) return
    hostile.push(this.#source.connect())
    if (this.#random.oneIn(2)) this.member.settle()
  }

  #let(hostile: Hostile): void {
    if (!hostile.isEnded) hostile.cut()
    this.frames += hostile.frames
    this.#open = this.#open.filter(other => other !== hostile)
  }

  #advance(): void {
    this.#healthy.ping()
    this.member.advance(this.#random.int(3000))
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
    this.member.settle()
    for (const hostile of this.#open) if (this.#random.oneIn(4)) hostile.drain()
    this.member.settle()
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
    const [created] = this.member.database.tree.childNames(
      this.member.database.tree.find('/healthy'),
    )
    client.delete(`/healthy/${created}`)
    this.member.settle()
    invariant(client.last.err === ErrorCode.ok, 'the healthy client deletes what it created')
    this.rounds++
  }

  /** Once the hostile connections are gone nothing is left of them but sessions and znodes. */
  #checkLeft(): void {
    const { member } = this
    const { pipeline, database } = member
    member.settle()
    member.checkQuiet()
    invariant(pipeline.connections.size === 1, 'only the healthy connection is left')
    invariant(pipeline.attached.size === 1, 'only the healthy session is attached')
    invariant(database.watches.size === 0, 'no watch is left')
    member.checkRecovery()
  }
}
