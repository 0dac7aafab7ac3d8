import { Ring } from '../../base/ring.ts'
import { FrameCutter, type FrameHandler } from '../../wire/frame.ts'
import type { SessionId } from '../../wire/ids.ts'
import { type Acl, type Id, OPEN_ACL } from '../../wire/records/data.ts'
import type { Writer } from '../../wire/writer.ts'
import type { Session } from '../sessions/tracker.ts'
import type { Watcher } from '../tree/watches.ts'
import type { Waiting } from './request.ts'

/** The socket behind a connection, as far as the pipeline is concerned. */
export interface Transport {
  /** Sends bytes[0, length). True when the bytes may be reused at once. */
  send(bytes: Uint8Array, length: number): boolean
  /** Bytes handed over and not yet taken by the operating system. */
  queuedBytes(): number
  pause(): void
  resume(): void
  /** After what was sent has left. */
  end(): void
  /** Now. */
  destroy(): void
}

export interface Remote {
  /** Numeric, as Java writes it. */
  readonly address: string
  readonly port: number
}

/** Where a connection came in. */
export interface Listener {
  readonly secure: boolean
}

/** What connections need of the pipeline. */
export interface ConnectionOwner extends ConnectionFrames {
  borrowOutput(): Writer
  giveBackOutput(writer: Writer): void
  /** Something waits in the connection's output: flush it when the turn ends. */
  needsFlush(connection: Connection): void
  mayRead(connection: Connection, acl: readonly Acl[]): boolean
  /** The connection ended; called once. */
  closed(connection: Connection, reason: string): void
  nowMs(): number
}

interface ConnectionFrames {
  /** As FrameHandler, with the connection. */
  onFrame(connection: Connection, bytes: Uint8Array, start: number, end: number): boolean
  onBadLength(connection: Connection, length: number, bytes: Uint8Array): boolean
}

/** Counters that `cons` and the AdminServer show. */
export class ConnectionStats {
  received = 0
  sent = 0
  lastOperation: number | undefined = undefined
  lastCxid = -1
  lastZxid = 0n
  lastResponseAtMs = 0
  latencyCount = 0
  latencyTotalMs = 0
  lastLatencyMs = 0
  minLatencyMs = 0
  maxLatencyMs = 0

  reset(): void {
    this.received = 0
    this.sent = 0
    this.lastOperation = undefined
    this.lastCxid = -1
    this.lastZxid = 0n
    this.lastResponseAtMs = 0
    this.latencyCount = 0
    this.latencyTotalMs = 0
    this.lastLatencyMs = 0
    this.minLatencyMs = 0
    this.maxLatencyMs = 0
  }

  observe(latencyMs: number): void {
    const whole = Math.max(0, Math.floor(latencyMs))
    if (this.latencyCount === 0 || whole < this.minLatencyMs) this.minLatencyMs = whole
    if (whole > this.maxLatencyMs) this.maxLatencyMs = whole
    this.latencyCount++
    this.latencyTotalMs += whole
    this.lastLatencyMs = whole
  }
}

/** Where a connection stands. */
export const Phase = {
  /** Nothing but, perhaps, a four-letter word is known of it. */
  fresh: 0,
  /** Its session is being made or checked; reading waits. */
  attaching: 1,
  attached: 2,
  /** What was sent still leaves; nothing is read any more. */
  ending: 3,
  closed: 4,
} as const
export type Phase = (typeof Phase)[keyof typeof Phase]

/**
 * One client connection: its session, what it may do, what waits for it. Sockets are behind
 * `Transport`, so that the simulator has connections too.
 */
export class Connection implements Watcher, FrameHandler {
  readonly remote: Remote
  readonly listener: Listener
  readonly transport: Transport
  readonly stats: ConnectionStats = new ConnectionStats()
  readonly establishedAtMs: number
  phase: Phase = Phase.fresh
  session: Session | undefined = undefined
  /** What it has proved to be; `ip` from the start. */
  ids: Id[]
  /** Writes on their way and requests behind them, oldest first. */
  readonly waiting: Ring<Waiting> = new Ring()
  /** Replies carry the read-only byte when the ConnectRequest had it. */
  hasReadOnlyByte = false
  /** Monotonic: when it was last heard of. */
  heardAtMs: number
  output: Writer | undefined = undefined
  #pauses = 0
  #isSuspended = false
  readonly #cutter: FrameCutter
  readonly #owner: ConnectionOwner

  constructor(
    owner: ConnectionOwner,
    transport: Transport,
    remote: Remote,
    listener: Listener,
    maxFrameBytes: number,
    wallMs: number,
  ) {
    this.#owner = owner
    this.transport = transport
    this.remote = remote
    this.listener = listener
    this.establishedAtMs = wallMs
    this.heardAtMs = owner.nowMs()
    this.ids = [{ scheme: 'ip', id: remote.address }]
    this.#cutter = new FrameCutter(this, maxFrameBytes)
  }

  get sessionId(): SessionId {
    return this.session?.id ?? (0n as SessionId)
  }

  get isOpen(): boolean {
    return this.phase < Phase.ending
  }

  /** Bytes that arrived and wait until reading goes on. */
  get unreadBytes(): number {
    return this.#cutter.waitingBytes
  }

  /** Bytes from the socket. */
  receive(chunk: Uint8Array): void {
    if (this.isOpen) this.#cutter.push(chunk)
  }

  frame(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#owner.onFrame(this, bytes, start, end) && this.isOpen
  }

  badLength(length: number, bytes: Uint8Array): boolean {
    return this.#owner.onBadLength(this, length, bytes)
  }

  /** Frames are cut again after `onFrame` said stop. */
  resumeFrames(): void {
    if (this.isOpen) this.#cutter.resume()
  }

  /** Stops reading from the socket; as many `resumeSocket` start it again. */
  pauseSocket(): void {
    if (this.#pauses++ === 0) this.transport.pause()
  }

  resumeSocket(): void {
    if (--this.#pauses === 0 && this.isOpen) this.transport.resume()
  }

  /** Nothing of it is read or cut: the member has no role at the moment. */
  get isSuspended(): boolean {
    return this.#isSuspended
  }

  suspend(): void {
    if (this.#isSuspended) return
    this.#isSuspended = true
    this.#cutter.pause()
    this.pauseSocket()
  }

  /** A connection that is held back for another reason stays so. */
  goOn(isHeldBack: boolean): void {
    if (!this.#isSuspended) return
    this.#isSuspended = false
    this.resumeSocket()
    if (!isHeldBack) this.resumeFrames()
  }

  /** Where the next reply goes. */
  out(): Writer {
    if (this.output === undefined) {
      this.output = this.#owner.borrowOutput()
      this.#owner.needsFlush(this)
    }
    return this.output
  }

  notify(frame: Uint8Array, length: number): void {
    if (!this.isOpen) return
    this.out().raw(frame, 0, length)
    this.stats.sent++
  }

  mayRead(acl: readonly Acl[]): boolean {
    return acl === OPEN_ACL || this.#owner.mayRead(this, acl)
  }

  /** Hands over what waits, once per turn. */
  flush(): void {
    const { output } = this
    if (output === undefined) return
    this.output = undefined
    const reusable =
      output.length === 0 ||
      this.phase === Phase.closed ||
      this.transport.send(output.bytes, output.length)
    if (reusable) this.#owner.giveBackOutput(output)
  }

  /** Nothing more is read; what waits is sent, then the connection ends. */
  endAfterFlush(reason: string): void {
    if (!this.isOpen) return
    this.flush()
    this.phase = Phase.ending
    this.#cutter.close()
    this.transport.end()
    this.#owner.closed(this, reason)
  }

  /** Ends now, without a word. */
  close(reason: string): void {
    if (!this.isOpen) return
    this.phase = Phase.closed
    this.#cutter.close()
    this.transport.destroy()
    this.#owner.closed(this, reason)
  }
}
