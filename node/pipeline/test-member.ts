/**
 * A member without sockets and without a disk: the pipeline over a database, whose transactions
 * become durable when the test says so, and clients that keep what they are sent. It checks itself
 * that nothing leaves the member which is not durable.
 */
import { failInvariant, invariant } from '../../base/invariant.ts'
import { makeMetrics } from '../../base/metrics.ts'
import type { Clock, Hash, Log } from '../../base/ports.ts'
import { ServerStats } from '../../base/server-stats.ts'
import { TestRandom } from '../../base/test-random.ts'
import { FrameCutter } from '../../wire/frame.ts'
import type { SessionId, Zxid } from '../../wire/ids.ts'
import { sessionId, zxid } from '../../wire/ids.ts'
import { OpCode, Xid } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import { OPEN_ACL } from '../../wire/records/data.ts'
import * as proto from '../../wire/records/proto.ts'
import { readTxn, writeTxn } from '../../wire/records/txn.ts'
import { Writer } from '../../wire/writer.ts'
import { Schemes } from '../auth/schemes.ts'
import { sessionPassword } from '../sessions/ids.ts'
import { Database } from '../tree/database.ts'
import { TREE_OPTIONS } from '../tree/test-twin.ts'
import { Connection, type Listener, type Transport } from './connection.ts'
import type { PipelineOptions } from './options.ts'
import { Pipeline, type PipelinePorts, type Proposals } from './pipeline.ts'
import type { WriteRequest } from './request.ts'
import { expireSessions } from './session-duties.ts'

export const TEST_OPTIONS: PipelineOptions = {
  tickTimeMs: 2000,
  minSessionTimeoutMs: 4000,
  maxSessionTimeoutMs: 40_000,
  maxBufferBytes: 0xfffff,
  maxFieldBytes: 0xfffff * 2,
  globalOutstandingLimit: 1000,
  maxClientConnections: 0,
  maxConnections: 0,
  enforceQuota: true,
  extendedTypes: true,
  reconfigEnabled: false,
  standaloneEnabled: true,
  closeSessionTxn: true,
  digestEnabled: true,
  throttledOpWaitMs: 0,
  requestThrottleMax: 0,
  dropStaleRequests: true,
  staleLatencyCheck: false,
  largeRequestThresholdBytes: -1,
  largeRequestMaxBytes: 104_857_600,
  eagerAclCheck: false,
  enforcedSchemes: undefined,
  connectionThrottle: {
    tokens: 0,
    fillTimeMs: 1,
    fillCount: 1,
    freezeTimeMs: -1,
    dropIncrease: 0.02,
    dropDecrease: 0.002,
    decreaseRatio: 0,
    weightEnabled: false,
    globalSessionWeight: 3,
    localSessionWeight: 1,
    renewSessionWeight: 2,
  },
  serverId: 1,
  localSessions: false,
  localSessionsUpgrading: false,
  isStandalone: true,
}

const NO_LOG: Log = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}

/** Not a hash to trust: ids only have to differ where their credentials do. */
const COUNTING_HASH: Hash = {
  digest: (_algorithm, bytes) => {
    let sum = 7
    for (const byte of bytes) sum = Math.imul(sum, 31) + byte
    return new Writer().int(sum).copy()
  },
}

const LISTENER: Listener = { secure: false }

export class TestClock implements Clock {
  nowMs = 5000
  wallMs(): number {
    return 1_795_348_607_645 + this.nowMs
  }
  monotonicMs(): number {
    return this.nowMs
  }
}

/** What is proposed, in bytes, and how much of it is durable. */
class TestLog implements Proposals {
  readonly entries: WriteRequest[] = []
  /** Only what was flushed is ever written. */
  flushedCount = 0
  #newest: Zxid

  constructor(newest: Zxid) {
    this.#newest = newest
  }

  propose(request: WriteRequest): number {
    const { txn } = request
    invariant(txn.zxid > this.#newest, 'transactions are proposed in the order of their zxids')
    this.#newest = txn.zxid
    const writer = new Writer()
    writeTxn(writer, txn)
    request.bytes = writer.copy()
    this.entries.push(request)
    return writer.length
  }

  flush(): void {
    this.flushedCount = this.entries.length
  }
}

export interface TestMemberSettings {
  readonly options?: Partial<PipelineOptions>
  readonly hash?: Hash
  readonly superDigest?: string
  readonly seed?: number
  readonly ports?: Partial<PipelinePorts>
  readonly database?: Database
}

export class TestMember {
  readonly clock: TestClock = new TestClock()
  readonly database: Database
  readonly pipeline: Pipeline
  readonly log: TestLog
  readonly clients: TestClient[] = []
  /** Transactions up to here, as a count, are durable and delivered. */
  durableCount = 0
  durableZxid: Zxid
  #nextPort = 40_000

  constructor(settings: TestMemberSettings = {}) {
    const options = { ...TEST_OPTIONS, ...settings.options }
    const { extendedTypes, digestEnabled } = options
    this.database =
      settings.database ?? new Database({ ...TREE_OPTIONS, extendedTypes, digestEnabled })
    this.durableZxid = this.database.lastZxid
    this.log = new TestLog(this.database.lastZxid)
    const schemes = new Schemes({
      hash: settings.hash ?? COUNTING_HASH,
      digestEnabled: true,
      digestAlgorithm: 'SHA1',
      superDigest: settings.superDigest,
      ensembleNames: [],
      skipAcl: false,
    })
    const ports: PipelinePorts = {
      clock: this.clock,
      random: new TestRandom(settings.seed ?? 1),
      log: NO_LOG,
      fourLetterWord: word => (word === 'ruok' ? 'imok' : undefined),
      ...settings.ports,
    }
    const stats = new ServerStats()
    const metrics = makeMetrics()
    this.pipeline = new Pipeline(this.database, options, schemes, metrics, stats, this.log, ports)
    this.pipeline.isServing = true
  }

  /** A connection that has said nothing yet. */
  open(address: string = '127.0.0.1'): TestClient {
    const client = new TestClient(this, address, this.#nextPort++)
    this.clients.push(client)
    return client
  }

  /** A client with a session. */
  connect(timeoutMs: number = 10_000): TestClient {
    const client = this.open()
    client.attach({ timeOut: timeoutMs })
    this.settle()
    invariant(client.session !== undefined, 'the session is there when its transaction is durable')
    return client
  }

  get isFlushed(): boolean {
    return this.log.flushedCount === this.log.entries.length
  }

  get undelivered(): number {
    return this.log.entries.length - this.durableCount
  }

  /** The next transactions are durable: delivered in one go. */
  durable(count: number = this.undelivered): void {
    invariant(this.isFlushed, 'what a turn proposes is flushed at its end')
    const upTo = Math.min(this.log.entries.length, this.durableCount + count)
    const last = this.log.entries[upTo - 1]
    if (upTo === this.durableCount || last === undefined) return
    this.durableCount = upTo
    this.durableZxid = last.zxid
    this.pipeline.deliver(last.zxid)
  }

  /** Until nothing is on its way. */
  settle(): void {
    while (this.undelivered > 0) this.durable()
  }

  /** Time passes, and sessions expire. */
  advance(ms: number): void {
    this.clock.nowMs += ms
    expireSessions(this.pipeline)
  }

  /** What a restart would make of the log is what is served. Returns the entries looked at. */
  checkRecovery(): number {
    const again = new Database({ ...this.database.tree.options, hashSeed: 99 })
    const { entries } = this.log
    for (let i = 0; i < this.durableCount; i++) {
      const txn = readTxn(new Reader(entries[i]!.bytes, 2 ** 31 - 1))
      again.apply(txn)
      const promised = txn.digest
      if (promised !== null && BigInt.asUintN(64, promised.treeDigest) !== again.tree.digest) {
        failInvariant('the digest in the log is that of the tree', { zxid: txn.zxid })
      }
    }
    const { tree } = this.database
    invariant(again.tree.digest === tree.digest, 'a replayed log gives the same tree')
    invariant(again.tree.nodeCount === tree.nodeCount, 'a replayed log gives as many znodes')
    invariant(again.lastZxid === this.database.lastZxid, 'a replayed log gives the same zxid')
    invariant(again.sessions.size === this.database.sessions.size, 'and as many sessions')
    return this.durableCount
  }

  /** Once nothing is on its way, nothing is counted as such. */
  checkQuiet(): void {
    invariant(this.undelivered === 0, 'settle first')
    const { outstanding, queuedWrites, changes, heldBack } = this.pipeline
    invariant(outstanding === 0, 'no request is outstanding', () => ({ outstanding }))
    invariant(queuedWrites === 0, 'no write is queued')
    invariant(changes.size === 0, 'no change is pending')
    invariant(heldBack.size === 0, 'nobody is held back')
  }
}

/** One thing that a client was sent. */
export type Received =
  | { readonly kind: 'event'; readonly type: number; readonly path: string; readonly zxid: bigint }
  | {
      readonly kind: 'reply'
      readonly xid: number
      readonly zxid: bigint
      readonly err: number
      readonly body: Uint8Array
    }

export type Reply = Extract<Received, { kind: 'reply' }>

/** A client, its socket, and what it has received. */
export class TestClient implements Transport {
  readonly member: TestMember
  readonly connection: Connection
  readonly received: Received[] = []
  /** What came before any session: the answer to a four-letter word. */
  text = ''
  session: SessionId | undefined = undefined
  timeoutMs = 0
  isEnded = false
  isPaused = false
  /** False: what is sent stays in the member's queue until `drain`. */
  isReading = true
  receivedBytes = 0
  /** As if so much more were waiting in the member's queue. */
  otherQueuedBytes = 0
  #isConnecting = false
  /** What the member's side of the socket holds, and what it was when it was handed over. */
  #queued: { readonly held: Uint8Array; readonly bytes: Uint8Array }[] = []
  #takenOfFirst = 0
  #queuedBytes = 0
  #nextXid = 1
  readonly #cutter: FrameCutter = new FrameCutter(
    {
      frame: (bytes, start, end) => this.#take(bytes.slice(start, end)),
      badLength: length => failInvariant('a member sends possible lengths', { length }),
    },
    2 ** 31 - 1,
  )

  constructor(member: TestMember, address: string, port: number) {
    this.member = member
    const { pipeline, clock } = member
    const remote = { address, port }
    const { maxBufferBytes } = pipeline.options
    this.connection = new Connection(
      pipeline,
      this,
      remote,
      LISTENER,
      maxBufferBytes,
      clock.wallMs(),
    )
    pipeline.connections.add(this.connection)
    pipeline.admission.entered(this.connection)
  }

  get isOpen(): boolean {
    return !this.isEnded
  }

  get replies(): Reply[] {
    return this.received.filter(item => item.kind === 'reply')
  }

  get events(): string[] {
    return this.received
      .filter(item => item.kind === 'event')
      .map(({ type, path, zxid }) => `${type} ${path} ${zxid}`)
  }

  /** The newest reply. */
  get last(): Reply {
    const last = this.replies.at(-1)
    if (last === undefined) return failInvariant('no reply has come')
    return last
  }

  /** Bytes as they come out of a socket. */
  push(bytes: Uint8Array): void {
    if (!this.isEnded) this.member.pipeline.receive(this.connection, bytes)
  }

  /** One frame, its length in front. */
  frameOf(write: (writer: Writer) => unknown): Uint8Array {
    const writer = new Writer()
    const mark = writer.beginFrame()
    write(writer)
    writer.endFrame(mark)
    return writer.copy()
  }

  /** Sends a ConnectRequest. */
  attach(fields: Partial<proto.ConnectRequest> = {}): void {
    this.expectSession()
    this.push(this.connectFrame(fields))
  }

  /** The next frame that comes is a ConnectResponse. */
  expectSession(): void {
    this.#isConnecting = true
  }

  connectFrame(fields: Partial<proto.ConnectRequest> = {}): Uint8Array {
    const request: proto.ConnectRequest = {
      protocolVersion: 0,
      lastZxidSeen: 0n,
      timeOut: 10_000,
      sessionId: 0n,
      passwd: new Uint8Array(16),
      readOnly: false,
      ...fields,
    }
    return this.frameOf(writer => proto.connectRequest.write(writer, request))
  }

  /** Comes back with the session of another client. */
  reattach(session: SessionId, fields: Partial<proto.ConnectRequest> = {}): void {
    this.attach({ sessionId: session, passwd: sessionPassword(session), ...fields })
  }

  requestFrame(xid: number, type: number, write: (writer: Writer) => unknown): Uint8Array {
    return this.frameOf(writer => {
      writer.int(xid).int(type)
      write(writer)
    })
  }

  takeXid(): number {
    return this.#nextXid++
  }

  /** Sends a request; returns its xid. */
  ask(type: number, write: (writer: Writer) => unknown = () => {}): number {
    const xid = this.takeXid()
    this.push(this.requestFrame(xid, type, write))
    return xid
  }

  create(path: string, data: Uint8Array | null = new Uint8Array(0), flags: number = 0): number {
    const acl = OPEN_ACL.map(({ perms, id }) => ({ perms, ...id }))
    return this.ask(OpCode.create, writer =>
      proto.createRequest.write(writer, { path, data, acl, flags }),
    )
  }

  delete(path: string, version: number = -1): number {
    return this.ask(OpCode.delete, writer => proto.pathVersion.write(writer, { path, version }))
  }

  setData(path: string, data: Uint8Array | null, version: number = -1): number {
    return this.ask(OpCode.setData, writer =>
      proto.setDataRequest.write(writer, { path, data, version }),
    )
  }

  /** exists, getData, getChildren, getChildren2. */
  read(type: number, path: string, watch: boolean = false): number {
    return this.ask(type, writer => proto.pathWatch.write(writer, { path, watch }))
  }

  ping(): void {
    this.push(this.requestFrame(Xid.ping, OpCode.ping, () => {}))
  }

  /** The client's machine is gone. */
  cut(): void {
    this.isEnded = true
    this.member.pipeline.turn(() => this.connection.close('the connection broke'))
  }

  /** Takes what waits in the member's queue; `bytes` of it, or all. */
  drain(bytes: number = this.#queuedBytes): void {
    for (let left = bytes; left > 0 && this.#queued.length > 0; ) {
      const first = this.#queued[0]!
      const taken = Math.min(left, first.bytes.length - this.#takenOfFirst)
      this.#cutter.push(first.bytes.slice(this.#takenOfFirst, this.#takenOfFirst + taken))
      this.#takenOfFirst += taken
      this.#queuedBytes -= taken
      left -= taken
      if (this.#takenOfFirst < first.bytes.length) continue
      invariant(isSame(first.held, first.bytes), 'bytes that a socket holds are not used again')
      this.#queued.shift()
      this.#takenOfFirst = 0
    }
    if (this.#queuedBytes === 0) this.member.pipeline.drained(this.connection)
  }

  // ----------------------------------------------------------------------------------- Transport

  send(bytes: Uint8Array, length: number): boolean {
    invariant(!this.isEnded, 'nothing is sent on a connection that has ended')
    this.receivedBytes += length
    if (!this.isReading || this.#queued.length > 0) {
      this.#queued.push({ held: bytes.subarray(0, length), bytes: bytes.slice(0, length) })
      this.#queuedBytes += length
      return false
    }
    if (this.session === undefined && !this.#isConnecting) {
      for (let i = 0; i < length; i++) this.text += String.fromCharCode(bytes[i]!)
      return true
    }
    this.#cutter.push(bytes.slice(0, length))
    bytes.fill(0xdd, 0, length)
    return true
  }

  queuedBytes(): number {
    return this.#queuedBytes + this.otherQueuedBytes
  }

  pause(): void {
    invariant(!this.isPaused, 'a socket is paused once')
    this.isPaused = true
  }

  resume(): void {
    invariant(this.isPaused, 'only a paused socket is resumed')
    this.isPaused = false
  }

  end(): void {
    this.isEnded = true
  }

  destroy(): void {
    this.isEnded = true
  }

  #take(frame: Uint8Array): boolean {
    const reader = new Reader(frame, 2 ** 31 - 1)
    if (this.#isConnecting) {
      this.#isConnecting = false
      const { sessionId: id, timeOut } = proto.connectResponse.read(reader)
      this.session = sessionId(id)
      this.timeoutMs = timeOut
      const { database, pipeline } = this.member
      const isLocal = pipeline.localTracker.get(this.session) !== undefined
      const isKnown = id === 0n || isLocal || database.sessions.has(this.session)
      invariant(isKnown, 'a session is told of when its transaction is applied')
      return true
    }
    const { xid, zxid: id, err } = proto.replyHeader.read(reader)
    invariant(id <= this.member.durableZxid, 'nothing leaves that is not durable', () => ({
      xid,
      zxid: id,
      durable: this.member.durableZxid,
    }))
    if (xid === Xid.notification) {
      const { type, path } = proto.watcherEvent.read(reader)
      this.received.push({ kind: 'event', type, path: path ?? '', zxid: zxid(id) })
    } else {
      const body = frame.slice(reader.position)
      this.received.push({ kind: 'reply', xid, zxid: id, err, body })
    }
    return true
  }
}

function isSame(held: Uint8Array, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (held[i] !== bytes[i]) return false
  return true
}
