/**
 * The client protocol with every knob open: what a test wants on the wire goes on the wire, and
 * what comes back is kept as it came. One RawClient is one TCP connection.
 */
import { createConnection, type Socket } from 'node:net'
import { Reader } from '../../wire/reader.ts'
import {
  type ConnectRequest,
  type ConnectResponse,
  connectRequest,
  connectResponse,
  replyHeader,
  requestHeader,
  type WatcherEvent,
  watcherEvent,
} from '../../wire/records/proto.ts'
import { Writer } from '../../wire/writer.ts'
import { WAIT_MS, within } from './wait.ts'

/** One reply: its header, and the body as it came. */
export interface Reply {
  readonly xid: number
  readonly zxid: bigint
  readonly err: number
  readonly body: Uint8Array
  /** The frame without its length. */
  readonly frame: Uint8Array
  /** Position among all frames of this connection. */
  readonly order: number
}

export interface Notification extends WatcherEvent {
  readonly xid: number
  readonly zxid: bigint
  readonly err: number
  readonly frame: Uint8Array
  readonly order: number
}

/** The server's answer to a ConnectRequest, with the length of its body. */
export interface Handshake extends ConnectResponse {
  readonly bodyBytes: number
}

/** The ConnectRequest, field by field; what is absent is what a Java client would send. */
export interface ConnectKnobs extends Partial<ConnectRequest> {
  /** Sent after the record, inside the frame. */
  readonly trailing?: Uint8Array
  /** Clients before 3.4 and go-zookeeper: no readOnly byte. */
  readonly withoutReadOnly?: boolean
}

/** Longer than any test's reply. */
const MAX_FRAME = 64 * 1024 * 1024

export class ClosedError extends Error {
  constructor(what: string) {
    super(what)
    this.name = 'ClosedError'
  }
}

interface Pending {
  readonly xid: number
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
}

export class RawClient {
  /** Notifications in the order they came; tests take them away. */
  readonly notifications: Notification[] = []
  /** Resolves when the server has ended the connection (FIN or reset). */
  readonly closed: Promise<void>
  isClosed = false
  readonly #socket: Socket
  readonly #pending: Pending[] = []
  #handshake: ((answer: Handshake) => void) | undefined
  #handshakeFailed: ((error: Error) => void) | undefined
  #eventWaiters: (() => void)[] = []
  #received: Buffer = Buffer.alloc(0)
  #frames = 0
  #lastXid = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.closed = promise
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    // A reset is an end like any other; what is left of it is told by 'close'.
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#onClose()
      resolve()
    })
    socket.once('end', () => socket.end())
  }

  /** A TCP connection that has sent nothing yet. */
  static async open(port: number, host: string = '127.0.0.1'): Promise<RawClient> {
    const { promise, resolve, reject } = Promise.withResolvers<RawClient>()
    const socket = createConnection({ host, port }, () => {
      socket.off('error', reject)
      resolve(new RawClient(socket))
    })
    socket.once('error', reject)
    return within(promise, `connection to ${port}`)
  }

  /** Sends a ConnectRequest and returns the answer; rejects with ClosedError when there is none. */
  async handshake(knobs: ConnectKnobs = {}): Promise<Handshake> {
    const { promise, resolve, reject } = Promise.withResolvers<Handshake>()
    this.#handshake = resolve
    this.#handshakeFailed = reject
    if (this.isClosed) this.#onClose()
    else this.send(connectFrame(knobs))
    return within(promise, 'ConnectResponse')
  }

  /** Bytes as they are. */
  send(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The client's next xid. */
  nextXid(): number {
    return ++this.#lastXid
  }

  /** Sends a request and returns its reply, whatever its error code is. */
  async call(
    type: number,
    body: (writer: Writer) => unknown = nothing,
    xid: number = this.nextXid(),
  ): Promise<Reply> {
    return this.expect(xid, requestFrame(type, body, xid))
  }

  /** Sends `frame` and returns the reply to `xid`, or the next one in order. */
  async expect(xid: number, frame: Uint8Array): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    this.#pending.push({ xid, resolve, reject })
    if (this.isClosed) this.#onClose()
    else this.send(frame)
    return within(promise, `reply to ${xid}`)
  }

  /** Waits until `count` notifications have come since they were last taken away. */
  async waitEvents(count: number, timeoutMs: number = WAIT_MS): Promise<void> {
    while (this.notifications.length < count) {
      if (this.isClosed) throw new ClosedError(`closed before event ${count}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#eventWaiters.push(resolve)
      await within(promise, `event ${this.notifications.length + 1} of ${count}`, timeoutMs)
    }
  }

  /** Stops reading: the server's replies stay in the sockets' buffers. */
  pauseReading(): void {
    this.#socket.pause()
  }

  resumeReading(): void {
    this.#socket.resume()
  }

  /** Ends the connection without closing the session. */
  destroy(): void {
    this.#socket.destroy()
  }

  /** Half-closes: FIN after what was sent. */
  end(): void {
    this.#socket.end()
  }

  #onData(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    let at = 0
    while (this.#received.length - at >= 4) {
      const length = this.#received.readInt32BE(at)
      if (length < 0 || length > MAX_FRAME) throw new Error(`frame of ${length} bytes`)
      if (this.#received.length - at < 4 + length) break
      this.#onFrame(Uint8Array.from(this.#received.subarray(at + 4, at + 4 + length)))
      at += 4 + length
    }
    this.#received = this.#received.subarray(at)
  }

  #onFrame(frame: Uint8Array): void {
    const reader = new Reader(frame, MAX_FRAME)
    if (this.#handshake !== undefined) {
      const answer = { ...connectResponse.read(reader), bodyBytes: frame.length }
      const resolve = this.#handshake
      this.#handshake = undefined
      resolve(answer)
      return
    }
    const order = this.#frames++
    const header = replyHeader.read(reader)
    if (header.xid === -1) {
      this.notifications.push({ ...header, ...watcherEvent.read(reader), frame, order })
      for (const wake of this.#eventWaiters.splice(0)) wake()
      return
    }
    // Auth replies may overtake; everything else comes in order.
    const same = this.#pending.findIndex(pending => pending.xid === header.xid)
    const [pending] = this.#pending.splice(Math.max(same, 0), 1)
    if (pending === undefined) throw new Error(`reply to ${header.xid}, but nothing was asked`)
    pending.resolve({ ...header, body: frame.subarray(16), frame, order })
  }

  #onClose(): void {
    this.isClosed = true
    if (this.#handshake !== undefined)
      this.#handshakeFailed?.(new ClosedError('no ConnectResponse'))
    this.#handshake = undefined
    for (const pending of this.#pending.splice(0)) {
      pending.reject(new ClosedError(`closed before the reply to ${pending.xid}`))
    }
    for (const wake of this.#eventWaiters.splice(0)) wake()
  }
}

function nothing(): void {}

/** A ConnectRequest with its length. */
export function connectFrame(knobs: ConnectKnobs = {}): Uint8Array {
  const { trailing, withoutReadOnly, ...fields } = knobs
  const writer = new Writer()
  const mark = writer.beginFrame()
  connectRequest.write(writer, {
    protocolVersion: 0,
    lastZxidSeen: 0n,
    timeOut: 10_000,
    sessionId: 0n,
    passwd: new Uint8Array(16),
    readOnly: false,
    ...fields,
    ...(withoutReadOnly === true ? { readOnly: undefined } : {}),
  })
  if (trailing !== undefined) writer.raw(trailing)
  writer.endFrame(mark)
  return writer.copy()
}

/** A request with its header and length. */
export function requestFrame(
  type: number,
  body: (writer: Writer) => unknown,
  xid: number,
): Uint8Array {
  const writer = new Writer()
  const mark = writer.beginFrame()
  requestHeader.write(writer, { xid, type })
  body(writer)
  writer.endFrame(mark)
  return writer.copy()
}
