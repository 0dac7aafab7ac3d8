import type { SessionId } from '../../wire/ids.ts'
import type { Txn } from '../../wire/records/txn.ts'
import type { Connection } from './connection.ts'

/** A write on its way: from its proposal to its commit. */
export class WriteRequest {
  readonly waits = 'commit'
  /** Undefined for what the member itself asks: expiry, the reaper. */
  readonly connection: Connection | undefined
  readonly sessionId: SessionId
  readonly xid: number
  readonly type: number
  readonly txn: Txn
  /** Monotonic clock. */
  readonly receivedAtMs: number
  readonly sizeBytes: number

  constructor(
    connection: Connection | undefined,
    sessionId: SessionId,
    xid: number,
    type: number,
    txn: Txn,
    receivedAtMs: number,
    sizeBytes: number,
  ) {
    this.connection = connection
    this.sessionId = sessionId
    this.xid = xid
    this.type = type
    this.txn = txn
    this.receivedAtMs = receivedAtMs
    this.sizeBytes = sizeBytes
  }
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

export type Waiting = WriteRequest | DeferredRequest | DeferredAnswer
