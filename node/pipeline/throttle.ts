/**
 * What keeps requests from coming faster than they can be answered (client-protocol.md 18): limits
 * on what is on its way, and connections of which nothing more is taken for now.
 */
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { type Connection, Phase } from './connection.ts'
import { answerInTurn } from './local-sessions.ts'
import {
  type PipelineOptions,
  UNREAD_REPLIES_MAX_BYTES,
  UNREAD_REPLIES_PAUSE_BYTES,
  UNREAD_REQUESTS_PAUSE_BYTES,
} from './options.ts'
import type { Pipeline } from './pipeline.ts'

/** Back-pressure: whether the next frame of this connection is taken at once. */
export function mayGoOn(pipeline: Pipeline, connection: Connection): boolean {
  if (!connection.isOpen) return false
  if (!isHeldBack(pipeline, connection)) return true
  pipeline.metrics.request_throttle_wait_count.value++
  hold(pipeline, connection)
  return false
}

/** Whether nothing more of this connection is taken for now. */
function isHeldBack(pipeline: Pipeline, connection: Connection): boolean {
  if (pipeline.throttle.holds(connection)) return true
  if (isOverLimit(pipeline, connection)) return true
  return connection.phase === Phase.attaching || isUnread(connection)
}

/** globalOutstandingLimit: only connections that already have something on its way wait. */
function isOverLimit({ outstanding, options }: Pipeline, connection: Connection): boolean {
  return connection.waiting.length > 0 && outstanding > options.globalOutstandingLimit
}

/** A client that does not read its replies gets no further ones. */
function isUnread(connection: Connection): boolean {
  return unsentBytes(connection) > UNREAD_REPLIES_PAUSE_BYTES
}

function unsentBytes(connection: Connection): number {
  return (connection.output?.length ?? 0) + connection.transport.queuedBytes()
}

/** Many replies at once leave early, and a client for which too much waits is let go. */
export function limitUnread(connection: Connection): void {
  if (!isUnread(connection)) return
  connection.flush()
  const unsent = unsentBytes(connection)
  if (unsent <= UNREAD_REPLIES_MAX_BYTES) return
  connection.close(`${unsent} bytes of replies and notifications are not being read`)
}

/** Nothing more is read of this connection until `release` finds that it may go on. */
export function hold(pipeline: Pipeline, connection: Connection): void {
  if (pipeline.heldBack.has(connection)) return
  pipeline.heldBack.add(connection)
  connection.pauseSocket()
}

/** What piles up on a connection whose session is being made stays below a limit as well. */
export function holdIfFlooded(pipeline: Pipeline, connection: Connection): void {
  if (connection.phase !== Phase.attaching) return
  if (connection.unreadBytes > UNREAD_REQUESTS_PAUSE_BYTES) hold(pipeline, connection)
}

/** Lets go on whoever need not be held back any more. */
export function release(pipeline: Pipeline): void {
  pipeline.throttle.release(pipeline)
  for (const connection of pipeline.heldBack) {
    if (isHeldBack(pipeline, connection)) continue
    pipeline.heldBack.delete(connection)
    connection.resumeSocket()
    connection.resumeFrames()
  }
}

/** A request that waits until fewer are in process: the only one of its connection. */
interface ThrottledRequest {
  /** The whole frame. */
  readonly bytes: Uint8Array
  readonly receivedAtMs: number
}

/** Takes a request whose time has come; the bytes are its whole frame. */
export type TakeThrottled = (pipeline: Pipeline, connection: Connection, bytes: Uint8Array) => void

/** request_throttle_max_requests (18.2): while so many are in process, others wait in order. */
export class RequestThrottle {
  readonly #options: PipelineOptions
  readonly #take: TakeThrottled
  /** Oldest first. */
  readonly #waiting = new Map<Connection, ThrottledRequest>()

  constructor(options: PipelineOptions, take: TakeThrottled) {
    this.#options = options
    this.#take = take
  }

  /** Requests that wait. */
  get size(): number {
    return this.#waiting.size
  }

  holds(connection: Connection): boolean {
    return this.#waiting.has(connection)
  }

  mustWait(outstanding: number): boolean {
    const { requestThrottleMax } = this.#options
    if (requestThrottleMax <= 0) return false
    return outstanding >= requestThrottleMax || this.#waiting.size > 0
  }

  /** The request waits, and with it whatever else its connection sends. */
  wait(pipeline: Pipeline, connection: Connection, bytes: Uint8Array): void {
    // Nothing is read while it waits: whatever is left came with the last chunk, or before.
    const request = { bytes, receivedAtMs: connection.heardAtMs }
    this.#waiting.set(connection, request)
    pipeline.largeRequests.entered(request, bytes.length)
    pipeline.metrics.request_throttle_wait_count.value++
    hold(pipeline, connection)
  }

  /** The connection ended, and its request with it. */
  forget(pipeline: Pipeline, connection: Connection): void {
    const request = this.#waiting.get(connection)
    if (request === undefined) return
    this.#waiting.delete(connection)
    pipeline.largeRequests.left(request)
    pipeline.metrics.stale_requests_dropped.value++
  }

  /** Takes requests until as many are in process as may be. */
  release(pipeline: Pipeline): void {
    for (const [connection, request] of this.#waiting) {
      if (pipeline.outstanding >= this.#options.requestThrottleMax) return
      this.#waiting.delete(connection)
      pipeline.largeRequests.left(request)
      this.#go(pipeline, connection, request)
    }
  }

  #go(pipeline: Pipeline, connection: Connection, request: ThrottledRequest): void {
    const { bytes, receivedAtMs } = request
    const waitedMs = pipeline.nowMs() - receivedAtMs
    pipeline.metrics.request_throttle_queue_time_ms.observe(waitedMs)
    if (this.#isStale(connection, waitedMs)) {
      pipeline.metrics.stale_requests_dropped.value++
      connection.close('its request waited longer than its session lives')
      return
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const { throttledOpWaitMs } = this.#options
    const isLate = throttledOpWaitMs > 0 && waitedMs > throttledOpWaitMs
    if (isLate && !NEVER_LATE.has(view.getInt32(4))) {
      pipeline.metrics.throttled_ops.value++
      answerInTurn(pipeline, connection, view.getInt32(0), ErrorCode.throttledOp)
    } else {
      this.#take(pipeline, connection, bytes)
    }
  }

  #isStale({ session }: Connection, waitedMs: number): boolean {
    const { dropStaleRequests, staleLatencyCheck } = this.#options
    if (!dropStaleRequests || !staleLatencyCheck || session === undefined) return false
    return waitedMs > session.timeoutMs
  }
}

/** Executed however long they waited. */
const NEVER_LATE: ReadonlySet<number> = new Set([OpCode.ping, OpCode.closeSession])

/** largeRequestThreshold (18.3): how many bytes of large requests are on their way. */
export class LargeRequests {
  readonly #thresholdBytes: number
  readonly #maxBytes: number
  readonly #sizes = new Map<object, number>()
  #totalBytes = 0

  constructor({ largeRequestThresholdBytes, largeRequestMaxBytes }: PipelineOptions) {
    this.#thresholdBytes = largeRequestThresholdBytes
    this.#maxBytes = largeRequestMaxBytes
  }

  get totalBytes(): number {
    return this.#totalBytes
  }

  /** Whether a request of this size fits beside those that are on their way. */
  mayEnter(sizeBytes: number): boolean {
    return !this.#isLarge(sizeBytes) || this.#totalBytes + sizeBytes <= this.#maxBytes
  }

  /** The request stays on its way until `left`, which is told of the same object. */
  entered(request: object, sizeBytes: number): void {
    if (!this.#isLarge(sizeBytes)) return
    this.#sizes.set(request, sizeBytes)
    this.#totalBytes += sizeBytes
  }

  left(request: object): void {
    if (this.#sizes.size === 0) return
    const sizeBytes = this.#sizes.get(request)
    if (sizeBytes === undefined) return
    this.#sizes.delete(request)
    this.#totalBytes -= sizeBytes
  }

  clear(): void {
    this.#sizes.clear()
    this.#totalBytes = 0
  }

  #isLarge(sizeBytes: number): boolean {
    return this.#thresholdBytes > 0 && sizeBytes > this.#thresholdBytes
  }
}
