/** A client of a member without sockets: it sends what a test wants, and keeps what it is sent. */
import { failInvariant, invariant } from '../../base/invariant.ts'
import { FrameCutter } from '../../wire/frame.ts'
import { type SessionId, sessionId, zxid } from '../../wire/ids.ts'
import { OpCode, Xid } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import { OPEN_ACL } from '../../wire/records/data.ts'
import * as proto from '../../wire/records/proto.ts'
import { Writer } from '../../wire/writer.ts'
import { sessionPassword } from '../sessions/ids.ts'
import { Connection, type Listener, type Transport } from './connection.ts'
import type { TestMember } from './test-member.ts'

const LISTENER: Listener = { secure: false }

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
      // A local one that becomes global may move before its transaction is applied there.
      const mayBeLocal = pipeline.options.localSessions
      const isKnown = id === 0n || mayBeLocal || database.sessions.has(this.session)
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
