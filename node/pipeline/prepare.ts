/**
 * Second stage of a write: its checks against the tree plus everything on its way, and the
 * transaction that comes of it (client-protocol.md 6.3, 6.4). A refused write is a transaction too.
 */
import { unreachable } from '../../base/invariant.ts'
import { type Membership, parseMembership } from '../../wire/config-string.ts'
import { ErrorCode } from '../../wire/errors.ts'
import type { SessionId } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { JuteError, type Reader } from '../../wire/reader.ts'
import { DIGEST_VERSION, type TxnBody } from '../../wire/records/txn.ts'
import { decodeUtf8 } from '../../wire/utf8.ts'
import { LOCAL_OWNER, type Session } from '../sessions/tracker.ts'
import type { Connection } from './connection.ts'
import { prepareCloseSession } from './ops/close-session.ts'
import { prepareCreate, readCreate } from './ops/create.ts'
import { prepareDelete, prepareDeleteContainer, readDelete } from './ops/delete.ts'
import { multiFailure, NoTransaction, prepareMulti, readMulti } from './ops/multi.ts'
import { prepareReconfig, readReconfig } from './ops/reconfig.ts'
import { prepareSetAcl, readSetAcl } from './ops/set-acl.ts'
import { prepareSetData, readSetData } from './ops/set-data.ts'
import type { Pipeline } from './pipeline.ts'
import type { Requester } from './preparer.ts'
import { sendHeader } from './replies.ts'
import { WriteRequest } from './request.ts'

/** What is left to do once the record has been read: check, and change what is pending. */
type Check = (pipeline: Pipeline, requester: Requester) => TxnBody | ErrorCode

export function prepareWrite(
  pipeline: Pipeline,
  connection: Connection,
  xid: number,
  type: number,
  reader: Reader,
): void {
  let check: Check
  try {
    check = readWrite(type, reader)
  } catch (error) {
    if (!(error instanceof JuteError)) throw error
    // Apache logs an error transaction under the current zxid here; a multi gets a new one.
    if (type !== OpCode.multi || error instanceof NoTransaction) {
      answerUnreadable(pipeline, connection, xid)
      return
    }
    check = () => ErrorCode.marshallingError
  }
  const requester: Requester = {
    sessionId: connection.sessionId,
    session: connection.session,
    ids: connection.ids,
    isInternal: false,
    owner: LOCAL_OWNER,
  }
  const request = propose(pipeline, connection, requester, xid, type, check)
  connection.waiting.push(request)
}

/** closeSession of an expired session, deleteContainer of the reaper. */
export function proposeInternal(
  pipeline: Pipeline,
  sessionId: SessionId,
  type: typeof OpCode.closeSession | typeof OpCode.deleteContainer,
  path: string | undefined,
): void {
  const requester: Requester = { sessionId, ids: [], isInternal: true, owner: LOCAL_OWNER }
  const check: Check = ({ preparer }) =>
    type === OpCode.closeSession
      ? prepareCloseSession(preparer, sessionId)
      : prepareDeleteContainer(preparer, path ?? '')
  propose(pipeline, undefined, requester, 0, type, check)
}

/** The write of a learner's client: its record is read here, its answer goes with the commit. */
export function prepareForwarded(
  pipeline: Pipeline,
  requester: Requester,
  xid: number,
  type: number,
  reader: Reader,
): void {
  let check: Check
  try {
    check = readWrite(type, reader)
  } catch (error) {
    if (!(error instanceof JuteError)) throw error
    check = () => ErrorCode.marshallingError
  }
  propose(pipeline, undefined, requester, xid, type, check)
}

/** A local session of our own becomes global; the write that needs it follows. */
export function proposeUpgrade(pipeline: Pipeline, { id, timeoutMs }: Session): void {
  const requester = { sessionId: id, ids: [], isInternal: true, owner: LOCAL_OWNER }
  const type = OpCode.createSession
  propose(pipeline, undefined, requester, 0, type, () => ({ type, timeoutMs }))
}

/** A new session of a learner's client, which drew the id. */
export function proposeForwardedSession(
  pipeline: Pipeline,
  requester: Requester,
  timeoutMs: number,
): void {
  const session = pipeline.tracker.add(requester.sessionId, timeoutMs, pipeline.nowMs())
  session.owner = requester.owner
  const type = OpCode.createSession
  propose(pipeline, undefined, requester, 0, type, () => ({ type, timeoutMs }))
}

/** A new session: tracked from now on, answered when its transaction is applied. */
export function proposeSession(
  pipeline: Pipeline,
  connection: Connection,
  timeoutMs: number,
): void {
  const sessionId = pipeline.takeSessionId()
  pipeline.tracker.add(sessionId, timeoutMs, pipeline.nowMs()).owner = LOCAL_OWNER
  const { ids } = connection
  const requester: Requester = { sessionId, ids, isInternal: false, owner: LOCAL_OWNER }
  const check: Check = () => ({ type: OpCode.createSession, timeoutMs })
  const type = OpCode.createSession
  connection.waiting.push(propose(pipeline, connection, requester, 0, type, check))
}

function readWrite(type: number, reader: Reader): Check {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTtl: {
      const request = readCreate(type, reader)
      return ({ preparer }, requester) => prepareCreate(preparer, requester, request)
    }
    case OpCode.delete: {
      const request = readDelete(reader)
      return ({ preparer }, requester) => prepareDelete(preparer, requester, request)
    }
    case OpCode.setData: {
      const request = readSetData(reader)
      return ({ preparer }, requester) => prepareSetData(preparer, requester, request)
    }
    case OpCode.setAcl: {
      const request = readSetAcl(reader)
      return ({ preparer }, requester) => prepareSetAcl(preparer, requester, request)
    }
    case OpCode.multi: {
      const parts = readMulti(reader)
      return ({ preparer }, requester) => prepareMulti(preparer, requester, parts)
    }
    case OpCode.reconfig: {
      const request = readReconfig(reader)
      return ({ preparer }, requester) => prepareReconfig(preparer, requester, request)
    }
    case OpCode.closeSession:
      return ({ preparer }, { sessionId }) => prepareCloseSession(preparer, sessionId)
    default:
      return unreachable(type as never)
  }
}

function propose(
  pipeline: Pipeline,
  connection: Connection | undefined,
  requester: Requester,
  xid: number,
  type: number,
  check: Check,
): WriteRequest {
  const { changes, options } = pipeline
  const zxid = pipeline.takeZxid()
  const timeMs = pipeline.ports.clock.wallMs()
  changes.begin(zxid, timeMs)
  const outcome = check(pipeline, requester)
  const body: TxnBody = typeof outcome === 'number' ? { type: OpCode.error, err: outcome } : outcome
  const failed =
    body.type === OpCode.error || (body.type === OpCode.multi && multiFailure(body) !== undefined)
  if (failed) changes.undo()
  else changes.keep()
  // A refused write changes nothing and promises nothing; Apache writes no digest there either.
  const digest =
    options.digestEnabled && body.type !== OpCode.error
      ? { version: DIGEST_VERSION, treeDigest: changes.digest }
      : null
  const txn = { clientId: requester.sessionId, cxid: xid, zxid, timeMs, body, digest }
  const nowMs = pipeline.nowMs()
  const { sessionId } = requester
  const request = new WriteRequest(connection, sessionId, xid, type, txn, nowMs)
  pipeline.propose(request, proposedConfig(body))
  return request
}

/** The configuration that consensus has to count with from this transaction on. */
function proposedConfig(body: TxnBody): Membership | undefined {
  if (body.type !== OpCode.reconfig || body.data === null) return undefined
  return parseMembership(decodeUtf8(body.data, 0, body.data.length), true)
}

function answerUnreadable(pipeline: Pipeline, connection: Connection, xid: number): void {
  const err = ErrorCode.marshallingError
  if (connection.waiting.length === 0) {
    sendHeader(pipeline, connection, xid, pipeline.database.lastZxid, err)
    return
  }
  connection.waiting.push({ waits: 'answer', xid, err, receivedAtMs: pipeline.nowMs() })
  pipeline.outstanding++
}
