import { invariant } from '../../base/invariant.ts'
import type { SessionId } from '../../wire/ids.ts'

/** A session that this member keeps alive. Connections hold it: no look-up per request. */
export class Session {
  readonly id: SessionId
  timeoutMs: number
  /** Its closeSession is on its way: nothing else of it is accepted. */
  isClosing = false
  /** No tracker knows it any more. */
  isGone = false
  /** Through which link its requests come (LOCAL_OWNER: a client of this member); 0: not known. */
  owner: number = UNKNOWN_OWNER
  /** Known to this member alone (client-protocol.md 15.7). */
  isLocal = false
  /** Its client has asked to close a local session, which waits for its turn: nothing follows. */
  isCloseAsked = false
  /** Writes of a local session that its member has forwarded and not seen committed. */
  writesForwarded = 0
  /** A learner has heard of it since it last told its leader. */
  isTouched = false
  /** The bucket it sits in: a monotonic time in milliseconds, a multiple of the tick. */
  expiresAtMs = 0

  constructor(id: SessionId, timeoutMs: number) {
    this.id = id
    this.timeoutMs = timeoutMs
  }
}

/** Owners of sessions on a leader: other values are the links of learners. */
export const UNKNOWN_OWNER = 0
export const LOCAL_OWNER = -1

export interface Bucket {
  readonly expiresAtMs: number
  readonly sessions: readonly Session[]
}

/**
 * Who is alive (client-protocol.md 15.2). Time comes in as an argument, on the monotonic clock.
 * Sessions sit in buckets of one tick: a session expires between its time-out and one tick later
 * after it was last heard of.
 */
export class SessionTracker {
  readonly #tickMs: number
  readonly #sessions = new Map<SessionId, Session>()
  readonly #buckets = new Map<number, Set<Session>>()
  /** Buckets before this one are done. */
  #nextBucketMs: number

  constructor(tickMs: number, nowMs: number) {
    invariant(tickMs > 0, 'tickTime is positive')
    this.#tickMs = tickMs
    this.#nextBucketMs = this.#roundUp(nowMs)
  }

  get size(): number {
    return this.#sessions.size
  }

  get(id: SessionId): Session | undefined {
    return this.#sessions.get(id)
  }

  /** Tracks a session from now on; a known one is touched with the new time-out. */
  add(id: SessionId, timeoutMs: number, nowMs: number): Session {
    let session = this.#sessions.get(id)
    if (session === undefined) {
      session = new Session(id, timeoutMs)
      this.#sessions.set(id, session)
    } else {
      session.timeoutMs = timeoutMs
    }
    this.touch(session, nowMs)
    return session
  }

  /** Takes over a session that another tracker has let go. */
  adopt(session: Session, nowMs: number): void {
    this.#sessions.set(session.id, session)
    session.isGone = false
    session.expiresAtMs = 0
    this.touch(session, nowMs)
  }

  /** It was heard of. Cheap when that does not move it to another bucket. */
  touch(session: Session, nowMs: number): void {
    // Never a bucket that is done already: whoever sits there would live for ever.
    const bucketMs = Math.max(this.#nextBucketMs, this.#roundUp(nowMs + session.timeoutMs))
    if (bucketMs === session.expiresAtMs || session.isClosing) return
    this.#leaveBucket(session)
    session.expiresAtMs = bucketMs
    const bucket = this.#buckets.get(bucketMs)
    if (bucket === undefined) this.#buckets.set(bucketMs, new Set([session]))
    else bucket.add(session)
  }

  remove(id: SessionId): void {
    const session = this.#sessions.get(id)
    if (session === undefined) return
    this.#leaveBucket(session)
    this.#sessions.delete(id)
    session.isGone = true
  }

  /** Sessions whose time is over; each is marked closing and given once. */
  expire(nowMs: number): Session[] {
    const due: Session[] = []
    for (; this.#nextBucketMs <= nowMs; this.#nextBucketMs += this.#tickMs) {
      const bucket = this.#buckets.get(this.#nextBucketMs)
      if (bucket === undefined) continue
      this.#buckets.delete(this.#nextBucketMs)
      for (const session of bucket) {
        session.isClosing = true
        due.push(session)
      }
    }
    return due
  }

  /** Milliseconds until `expire` may have something to give. */
  untilNextMs(nowMs: number): number {
    return Math.max(1, this.#nextBucketMs - nowMs)
  }

  /** By time, for `dump`. */
  buckets(): Bucket[] {
    return [...this.#buckets.entries()]
      .map(([expiresAtMs, sessions]) => ({ expiresAtMs, sessions: [...sessions] }))
      .sort((a, b) => a.expiresAtMs - b.expiresAtMs)
  }

  #leaveBucket(session: Session): void {
    const bucket = this.#buckets.get(session.expiresAtMs)
    if (bucket === undefined) return
    bucket.delete(session)
    if (bucket.size === 0) this.#buckets.delete(session.expiresAtMs)
  }

  #roundUp(timeMs: number): number {
    return (Math.floor(timeMs / this.#tickMs) + 1) * this.#tickMs
  }
}
