/**
 * A learner's side of writes, sessions and syncs: they go to the leader, and their answers are made
 * here when the commit arrives (quorum-protocol.md 7.3 to 7.6).
 */
import { Ring } from '../../base/ring.ts'
import { NO_ZXID, type SessionId, type Zxid } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { JuteError, type Reader } from '../../wire/reader.ts'
import type { Id } from '../../wire/records/data.ts'
import {
  encodeForwardedRequest,
  encodeTouches,
  PacketType,
  type QuorumPacket,
  readRevalidated,
  UNUSED_ZXID,
} from '../../wire/records/quorum.ts'
import type { Txn } from '../../wire/records/txn.ts'
import { Writer } from '../../wire/writer.ts'
import type { Session } from '../sessions/tracker.ts'
import { serveWaiting } from './commit.ts'
import type { Connection } from './connection.ts'
import { attach, refuseSession } from './handshake.ts'
import type { Pipeline } from './pipeline.ts'
import type { ForwardedWrite, OpenSync } from './request.ts'

/** Bytes of a request's header in its frame: what a REQUEST packet does not carry. */
const HEADER_BYTES = 8

interface Revalidation {
  readonly connection: Connection
  readonly id: SessionId
  readonly timeoutMs: number
}

/** What a learner has asked its leader and not heard of yet. */
export class Forwarding {
  /** Connections whose session is being created. */
  readonly #creating = new Map<SessionId, Connection>()
  readonly #revalidations: Revalidation[] = []
  /** Syncs in the order in which they were sent; of connections that have ended too. */
  readonly #syncs: Ring<{ readonly connection: Connection; readonly sync: OpenSync }> = new Ring()
  #touched: Session[] = []
  /** Transactions up to here are not what a connection asked: it came later. */
  readonly #since = new Map<Connection, Zxid>()
  /** So many writes of its local session were on their way already when a connection came. */
  readonly #toSkip = new Map<Connection, number>()
  /** Sessions, with their time-outs, of the observers that hang on this member. */
  readonly #relayed = new Map<SessionId, number>()

  clear(): void {
    this.#creating.clear()
    this.#revalidations.length = 0
    this.#syncs.clear()
    this.#since.clear()
    this.#toSkip.clear()
    this.#touched = []
    this.#relayed.clear()
  }

  forget(connection: Connection): void {
    this.#since.delete(connection)
    this.#toSkip.delete(connection)
    for (const [id, creating] of this.#creating) {
      if (creating === connection) this.#creating.delete(id)
    }
  }

  /** The leader shall hear of the session with the next ping. */
  touch(session: Session): void {
    session.isTouched = true
    this.#touched.push(session)
  }

  /** An observer has heard of the session; the leader shall hear of it from us. */
  relayTouch(session: SessionId, timeoutMs: number): void {
    this.#relayed.set(session, timeoutMs)
  }

  /** Data of the next PING reply. */
  takeTouches(): Uint8Array {
    const touched = this.#touched
    this.#touched = []
    for (const session of touched) session.isTouched = false
    const heardOf = touched.map(({ id, timeoutMs }) => ({ session: id, timeoutMs }))
    for (const [session, timeoutMs] of this.#relayed) heardOf.push({ session, timeoutMs })
    this.#relayed.clear()
    return encodeTouches(heardOf)
  }

  /** The next so many commits of the connection's session are not what it asked. */
  passOver(connection: Connection, count: number): void {
    if (count > 0) this.#toSkip.set(connection, count)
  }

  creating(id: SessionId, connection: Connection): void {
    this.#creating.set(id, connection)
  }

  revalidating(revalidation: Revalidation): void {
    this.#revalidations.push(revalidation)
  }

  syncing(connection: Connection, sync: OpenSync): void {
    this.#syncs.push({ connection, sync })
  }

  /** The connection that waits for this transaction: its oldest write has the same cxid. */
  askedBy(
    pipeline: Pipeline,
    txn: Txn,
  ): { readonly connection: Connection; readonly request: ForwardedWrite } | undefined {
    const isNew = txn.body.type === OpCode.createSession
    const connection = isNew
      ? this.#creating.get(txn.clientId)
      : pipeline.attached.get(txn.clientId)
    if (!isNew) this.#localCommitted(pipeline, txn.clientId)
    if (connection !== undefined && !isNew && this.#isSkipped(connection)) return undefined
    const request = connection === undefined ? undefined : oldestForwarded(connection)
    if (connection === undefined || request?.xid !== txn.cxid) return undefined
    if (txn.zxid <= (this.#since.get(connection) ?? NO_ZXID)) return undefined
    if (isNew) this.#creating.delete(txn.clientId)
    return { connection, request }
  }

  #localCommitted({ localTracker }: Pipeline, id: SessionId): void {
    const session = localTracker.size === 0 ? undefined : localTracker.get(id)
    if (session !== undefined && session.writesForwarded > 0) session.writesForwarded--
  }

  #isSkipped(connection: Connection): boolean {
    const left = this.#toSkip.get(connection)
    if (left === undefined) return false
    if (left > 1) this.#toSkip.set(connection, left - 1)
    else this.#toSkip.delete(connection)
    return true
  }

  /** SYNC or REVALIDATE has come back. */
  onAnswer(pipeline: Pipeline, packet: QuorumPacket): void {
    if (packet.type === PacketType.sync) this.#onSync(pipeline)
    else if (packet.type === PacketType.revalidate) this.#onRevalidated(pipeline, packet)
  }

  #onSync(pipeline: Pipeline): void {
    const open = this.#syncs.shift()
    if (open !== undefined) answerSync(pipeline, open.connection, open.sync)
  }

  #onRevalidated(pipeline: Pipeline, packet: QuorumPacket): void {
    let answer: ReturnType<typeof readRevalidated>
    try {
      answer = readRevalidated(packet.data ?? new Uint8Array(0))
    } catch (error) {
      if (error instanceof JuteError) return
      throw error
    }
    const at = this.#revalidations.findIndex(open => open.id === answer.session)
    const open = this.#revalidations[at]
    if (open === undefined) return
    this.#revalidations.splice(at, 1)
    if (!open.connection.isOpen) return
    if (!answer.isValid) {
      refuseSession(pipeline, open.connection, open.id, 'the leader does not know it')
      return
    }
    this.#since.set(open.connection, packet.zxid)
    attach(pipeline, open.connection, open.id, open.timeoutMs)
    open.connection.resumeFrames()
  }
}

/** A sync that is not confirmed yet may be in front of it, and reads behind that. */
function oldestForwarded({ waiting }: Connection): ForwardedWrite | undefined {
  for (let i = 0; i < waiting.length; i++) {
    const request = waiting.at(i)
    if (request?.waits === 'forwarded') return request
  }
  return undefined
}

/** A sync is answered; what waited behind it goes on. */
export function answerSync(pipeline: Pipeline, connection: Connection, sync: OpenSync): void {
  sync.isAnswered = true
  if (connection.isOpen) serveWaiting(pipeline, connection)
}

function send(
  pipeline: Pipeline,
  session: SessionId,
  cxid: number,
  opcode: number,
  body: Uint8Array,
  ids: readonly Id[],
): void {
  const data = encodeForwardedRequest({ session, cxid, opcode, body })
  const packet = { type: PacketType.request, zxid: UNUSED_ZXID, data, authinfo: ids }
  pipeline.ports.ensemble?.forward(packet)
}

export function forwardWrite(
  pipeline: Pipeline,
  connection: Connection,
  xid: number,
  type: number,
  reader: Reader,
): void {
  const { session } = connection
  if (session?.isLocal === true) session.writesForwarded++
  connection.waiting.push({ waits: 'forwarded', xid, type, receivedAtMs: pipeline.nowMs() })
  pipeline.outstanding++
  const body = reader.bytes.subarray(reader.position, reader.end)
  send(pipeline, connection.sessionId, xid, type, body, connection.ids)
}

export function forwardSession(
  pipeline: Pipeline,
  connection: Connection,
  timeoutMs: number,
): void {
  const id = pipeline.takeSessionId()
  const type = OpCode.createSession
  connection.waiting.push({ waits: 'forwarded', xid: 0, type, receivedAtMs: pipeline.nowMs() })
  pipeline.outstanding++
  pipeline.forwarding.creating(id, connection)
  send(pipeline, id, 0, type, new Writer(4).int(timeoutMs).copy(), connection.ids)
}

/** A local session becomes global; the write that needs it follows on the same link. */
export function forwardUpgrade(pipeline: Pipeline, session: Session): void {
  const body = new Writer(4).int(session.timeoutMs).copy()
  send(pipeline, session.id, 0, OpCode.createSession, body, [])
}

/** Whether a session still lives is known to the leader alone. */
export function revalidate(
  pipeline: Pipeline,
  connection: Connection,
  id: SessionId,
  timeoutMs: number,
): void {
  pipeline.forwarding.revalidating({ connection, id, timeoutMs })
  const data = new Writer(12).long(id).int(timeoutMs).copy()
  const packet = { type: PacketType.revalidate, zxid: UNUSED_ZXID, data, authinfo: null }
  pipeline.ports.ensemble?.forward(packet)
}

export function forwardSync(pipeline: Pipeline, connection: Connection, request: Uint8Array): void {
  const sync: OpenSync = {
    waits: 'sync',
    bytes: request,
    receivedAtMs: pipeline.nowMs(),
    isAnswered: false,
  }
  connection.waiting.push(sync)
  pipeline.outstanding++
  pipeline.forwarding.syncing(connection, sync)
  const xid = new DataView(request.buffer, request.byteOffset).getInt32(0)
  const body = request.subarray(HEADER_BYTES)
  send(pipeline, connection.sessionId, xid, OpCode.sync, body, connection.ids)
}
