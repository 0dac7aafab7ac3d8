/**
 * Local sessions (client-protocol.md 15.7): known to this member only, without a transaction, until
 * an ephemeral znode makes one global.
 */
import { ErrorCode } from '../../wire/errors.ts'
import type { SessionId } from '../../wire/ids.ts'
import { CreateMode, OpCode } from '../../wire/opcodes.ts'
import { JuteError, type Reader } from '../../wire/reader.ts'
import { LOCAL_OWNER, type Session } from '../sessions/tracker.ts'
import type { Connection } from './connection.ts'
import { attachSession } from './handshake.ts'
import { readCreate } from './ops/create.ts'
import { readDelete } from './ops/delete.ts'
import { readSetData } from './ops/set-data.ts'
import type { Pipeline } from './pipeline.ts'
import { sendHeader } from './replies.ts'
import { ROLES } from './roles.ts'

/** A new session that nobody else hears of. */
export function openLocalSession(
  pipeline: Pipeline,
  connection: Connection,
  timeoutMs: number,
): void {
  const id = pipeline.takeSessionId()
  const session = pipeline.localTracker.add(id, timeoutMs, pipeline.nowMs())
  session.isLocal = true
  session.owner = LOCAL_OWNER
  attachSession(pipeline, connection, session)
}

/** Whether the session is a local one of this member; then it is attached. */
export function reattachLocal(
  pipeline: Pipeline,
  connection: Connection,
  id: SessionId,
  timeoutMs: number,
): boolean {
  const known = pipeline.localTracker.get(id)
  if (known === undefined || known.isClosing) return false
  known.isCloseAsked = false
  pipeline.forwarding.passOver(connection, known.writesForwarded)
  pipeline.localTracker.add(id, timeoutMs, pipeline.nowMs())
  attachSession(pipeline, connection, known)
  return true
}

/** closeSession of a local session: no transaction, it owns nothing. */
export function closeLocalSession(
  pipeline: Pipeline,
  connection: Connection,
  session: Session,
  xid: number,
): void {
  pipeline.localTracker.remove(session.id)
  sendHeader(pipeline, connection, xid, pipeline.database.lastZxid, ErrorCode.ok)
  connection.endAfterFlush('session closed by its client')
}

/**
 * What a write of a local session needs before it may go its way: nothing (true), an upgrade, which
 * is begun here (true), or it is answered already (false).
 */
export function admitLocalWrite(
  pipeline: Pipeline,
  connection: Connection,
  session: Session,
  xid: number,
  type: number,
): boolean {
  if (!ownsEphemerals(type, pipeline.reader)) return true
  if (pipeline.options.localSessionsUpgrading) {
    upgrade(pipeline, session)
    return true
  }
  // Where writes are prepared the check is one of many, with its place in the order.
  if (pipeline.role !== 'learner') return true
  answerInTurn(pipeline, connection, xid, ErrorCode.ephemeralOnLocalSession)
  return false
}

/** An answer that is known at once, behind what the connection still waits for. */
export function answerInTurn(
  pipeline: Pipeline,
  connection: Connection,
  xid: number,
  err: ErrorCode,
): void {
  if (connection.waiting.length === 0) {
    sendHeader(pipeline, connection, xid, pipeline.database.lastZxid, err)
    return
  }
  connection.waiting.push({ waits: 'answer', xid, err, receivedAtMs: pipeline.nowMs() })
  pipeline.outstanding++
}

/** The ensemble hears of the session before it hears of its ephemeral. */
function upgrade(pipeline: Pipeline, session: Session): void {
  pipeline.localTracker.remove(session.id)
  session.isLocal = false
  pipeline.tracker.adopt(session, pipeline.nowMs())
  ROLES[pipeline.role].upgradeSession(pipeline, session)
}

/** Whether a write creates an ephemeral znode. Leaves the reader where it was. */
function ownsEphemerals(type: number, reader: Reader): boolean {
  const { position } = reader
  try {
    if (type === OpCode.create || type === OpCode.create2) {
      return isEphemeral(readCreate(type, reader).flags)
    }
    return type === OpCode.multi && anyEphemeral(reader)
  } catch (error) {
    // What cannot be read is refused by whoever prepares it.
    if (error instanceof JuteError) return false
    throw error
  } finally {
    reader.position = position
  }
}

function isEphemeral(flags: number): boolean {
  return flags === CreateMode.ephemeral || flags === CreateMode.ephemeralSequential
}

function anyEphemeral(reader: Reader): boolean {
  for (;;) {
    const type = reader.int()
    const done = reader.boolean()
    reader.int()
    if (done) return false
    switch (type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTtl:
        if (isEphemeral(readCreate(type, reader).flags)) return true
        break
      case OpCode.setData:
        readSetData(reader)
        break
      case OpCode.delete:
      case OpCode.check:
        readDelete(reader)
        break
      default:
        return false
    }
  }
}
