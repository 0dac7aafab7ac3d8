/** A member without a quorum that serves what it has (client-protocol.md 19). */
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import type { Connection } from './connection.ts'
import { answerInTurn, openLocalSession } from './local-sessions.ts'
import type { Pipeline } from './pipeline.ts'

export function refuseWrite(
  pipeline: Pipeline,
  connection: Connection,
  xid: number,
  type: number,
): void {
  if (type === OpCode.closeSession) {
    connection.close('a global session cannot be closed without a quorum')
    return
  }
  answerInTurn(pipeline, connection, xid, ErrorCode.notReadOnly)
}

export function refuseSync(pipeline: Pipeline, connection: Connection, request: Uint8Array): void {
  const xid = new DataView(request.buffer, request.byteOffset).getInt32(0)
  answerInTurn(pipeline, connection, xid, ErrorCode.notReadOnly)
}

/** Apache sends a reply header in place of the response; no client can read that. */
export function newReadOnlySession(
  pipeline: Pipeline,
  connection: Connection,
  timeoutMs: number,
): void {
  if (pipeline.options.localSessions) openLocalSession(pipeline, connection, timeoutMs)
  else connection.close('a new session needs a quorum')
}

export function refuseReattach(_pipeline: Pipeline, connection: Connection): void {
  connection.close('a global session needs a quorum')
}
