import type { SessionId, Zxid } from '../../wire/ids.ts'
import type { Txn } from '../../wire/records/txn.ts'
import type { Connection } from './connection.ts'

const NO_BYTES: Uint8Array = new Uint8Array(0)

/**
 * A write that this member decided: from its proposal to its commit. In an ensemble it is the entry
 * that consensus carries, with the bytes of the log.
 */
export class WriteRequest {
  readonly waits = 'commit'
  /** Undefined for what others ask: expiry, the reaper, a learner. */
  readonly connection: Connection | undefined
  readonly sessionId: SessionId
  readonly xid: number
  readonly type: number
  readonly txn: Txn
  readonly zxid: Zxid
  /** Monotonic clock. */
  readonly receivedAtMs: number
  /** The role that proposed it has ended: nobody here waits for it, though it may be committed. */
  isAbandoned = false
  /** The entry of the log; empty where the member decides alone. */
  bytes: Uint8Array = NO_BYTES

  constructor(
    connection: Connection | undefined,
    sessionId: SessionId,
    xid: number,
    type: number,
    txn: Txn,
    receivedAtMs: number,
  ) {
    this.connection = connection
    this.sessionId = sessionId
    this.xid = xid
    this.type = type
    this.txn = txn
    this.zxid = txn.zxid
    this.receivedAtMs = receivedAtMs
  }
}

/** A learner's write, on its way to the leader and back. */
export interface ForwardedWrite {
  readonly waits: 'forwarded'
  readonly xid: number
  readonly type: number
  readonly receivedAtMs: number
}

/** A sync that the ensemble has to answer first. */
export interface OpenSync {
  readonly waits: 'sync'
  readonly bytes: Uint8Array
  readonly receivedAtMs: number
  isAnswered: boolean
}

/** A request that came behind a write of its session: its bytes, until its turn comes. */
export interface DeferredRequest {
  readonly waits: 'turn'
  readonly bytes: Uint8Array
  readonly receivedAtMs: number
}

/** An answer that is known already but not due yet. */
export interface DeferredAnswer {
  readonly waits: 'answer'
  readonly xid: number
  readonly err: number
  readonly receivedAtMs: number
}

export type Waiting = WriteRequest | ForwardedWrite | OpenSync | DeferredRequest | DeferredAnswer
