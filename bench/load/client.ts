/** One session over a raw socket: pipelined requests, replies checked in place. */
import { connect, type Socket } from 'node:net'
import { Xid } from '../../wire/opcodes.ts'
import { Writer } from '../../wire/writer.ts'
import { append, CLOSE, connectFrame, type Frame } from './frames.ts'

const SESSION_TIMEOUT_MS = 30_000
const CONNECT_LIMIT_MS = 20_000
const CLOSE_LIMIT_MS = 5_000
/** More than any load keeps in flight: where the times of sending are kept. */
const IN_FLIGHT_MAX = 1024
const REPLY_HEADER_BYTES = 20

/** What went wrong in a run; every number must be 0. */
export interface Faults {
  errors: number
  outOfOrder: number
  malformed: number
}

export interface ClientEvents {
  /** A request sent at `sentMs` was answered. */
  readonly answered: (client: Client, sentMs: number, nowMs: number) => void
  readonly notified?: (client: Client, nowMs: number) => void
}

export class Client {
  readonly index: number
  inFlight = 0
  /** For loads that number their requests or take turns. */
  counter = 0
  readonly #socket: Socket
  readonly #events: ClientEvents
  readonly #faults: Faults
  readonly #out = new Writer(16 << 10)
  readonly #sentMs = new Float64Array(IN_FLIGHT_MAX)
  #nextXid = 1
  #nextReply = 1
  #rest: Buffer | undefined = undefined
  #onConnected: (() => void) | undefined = undefined
  #isClosing = false

  private constructor(index: number, socket: Socket, events: ClientEvents, faults: Faults) {
    this.index = index
    this.#socket = socket
    this.#events = events
    this.#faults = faults
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', () => (this.#faults.malformed += this.#isClosing ? 0 : 1))
  }

  /** Resolves with the session; rejects when it is not there in time. */
  static open(port: number, index: number, events: ClientEvents, faults: Faults): Promise<Client> {
    const { promise, resolve, reject } = Promise.withResolvers<Client>()
    const socket = connect({ port, host: '127.0.0.1' })
    const client = new Client(index, socket, events, faults)
    const limit = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no session from port ${port} within ${CONNECT_LIMIT_MS} ms`))
    }, CONNECT_LIMIT_MS)
    client.#onConnected = () => {
      clearTimeout(limit)
      resolve(client)
    }
    socket.once('connect', () => socket.write(connectFrame(SESSION_TIMEOUT_MS)))
    return promise
  }

  /** Puts a request into the output; `flush` sends all of them in one write. */
  add(frame: Frame, nowMs: number, number: number = 0): void {
    const xid = this.#nextXid
    this.#nextXid = (xid + 1) & 0x7fffffff
    this.#sentMs[xid % IN_FLIGHT_MAX] = nowMs
    append(this.#out, frame, xid, number)
    this.inFlight++
  }

  flush(): void {
    if (this.#out.length === 0) return
    // A copy: the socket may hold on to it while the next requests are written.
    this.#socket.write(this.#out.copy())
    this.#out.clear()
  }

  send(frame: Frame, nowMs: number, number: number = 0): void {
    this.add(frame, nowMs, number)
    this.flush()
  }

  /** closeSession, and waits for the server to close the connection. */
  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#isClosing = true
    const limit = setTimeout(() => this.#socket.destroy(), CLOSE_LIMIT_MS)
    this.#socket.once('close', () => {
      clearTimeout(limit)
      resolve()
    })
    this.send(CLOSE, 0)
    await promise
  }

  destroy(): void {
    this.#isClosing = true
    this.#socket.destroy()
  }

  #onData(chunk: Buffer): void {
    const bytes = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = undefined
    const nowMs = performance.now()
    let at = 0
    while (bytes.length - at >= 4) {
      const end = at + 4 + bytes.readInt32BE(at)
      if (end > bytes.length) break
      if (this.#onConnected === undefined) this.#onReply(bytes, at, end, nowMs)
      else this.#onSession()
      at = end
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at)
    this.flush()
  }

  #onSession(): void {
    const connected = this.#onConnected
    this.#onConnected = undefined
    connected?.()
  }

  #onReply(bytes: Buffer, at: number, end: number, nowMs: number): void {
    if (end - at < REPLY_HEADER_BYTES) {
      this.#faults.malformed++
      return
    }
    const xid = bytes.readInt32BE(at + 4)
    if (xid === Xid.notification) {
      this.#events.notified?.(this, nowMs)
      return
    }
    const isPing = xid === Xid.ping
    if (!isPing && xid !== this.#nextReply) this.#faults.outOfOrder++
    if (bytes.readInt32BE(at + 16) !== 0 && !this.#isClosing) this.#faults.errors++
    const sentMs = this.#sentMs[this.#nextReply % IN_FLIGHT_MAX]!
    this.#nextReply = (this.#nextReply + 1) & 0x7fffffff
    this.inFlight--
    this.#events.answered(this, sentMs, nowMs)
  }
}
