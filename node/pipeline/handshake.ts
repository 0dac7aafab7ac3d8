/** ConnectRequest and ConnectResponse (client-protocol.md 2). */
import { hex, type SessionId, sessionId } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { JuteError, type Reader } from '../../wire/reader.ts'
import { isPasswordOf, PASSWORD_BYTES, sessionPassword } from '../sessions/ids.ts'
import { LOCAL_OWNER, type Session } from '../sessions/tracker.ts'
import { type Connection, Phase } from './connection.ts'
import type { WantedSession } from './connection-throttle.ts'
import { openLocalSession, reattachLocal } from './local-sessions.ts'
import type { Pipeline } from './pipeline.ts'
import { ROLES } from './roles.ts'

interface ConnectRequest {
  readonly lastZxidSeen: bigint
  readonly timeoutMs: number
  readonly sessionId: SessionId
  readonly password: Uint8Array | null
  /** Undefined from old clients, whose response has no such byte either. */
  readonly readOnly: boolean | undefined
}

function readConnectRequest(reader: Reader): ConnectRequest {
  reader.int()
  const lastZxidSeen = reader.long()
  const timeoutMs = reader.int()
  const id = sessionId(reader.long())
  const password = reader.buffer()
  const readOnly = reader.remaining > 0 ? reader.boolean() : undefined
  return { lastZxidSeen, timeoutMs, sessionId: id, password, readOnly }
}

/** The first frame of a connection. Reading stops until the session is there. */
export function handleConnect(pipeline: Pipeline, connection: Connection, reader: Reader): boolean {
  pipeline.metrics.connection_request_count.value++
  let request: ConnectRequest
  try {
    request = readConnectRequest(reader)
  } catch (error) {
    if (!(error instanceof JuteError)) throw error
    connection.close(`unreadable ConnectRequest: ${error.message}`)
    return false
  }
  const refusal = refusalOf(pipeline, request)
  if (refusal !== undefined) {
    pipeline.ports.log.info('connection refused', {
      client: `${connection.remote.address}:${connection.remote.port}`,
      reason: refusal,
    })
    connection.close(refusal)
    return false
  }
  connection.hasReadOnlyByte = request.readOnly !== undefined
  connection.phase = Phase.attaching
  const timeoutMs = negotiate(pipeline, request.timeoutMs)
  const role = ROLES[pipeline.role]
  if (request.sessionId === 0n) {
    if (pipeline.options.localSessions) openLocalSession(pipeline, connection, timeoutMs)
    else role.newSession(pipeline, connection, timeoutMs)
    return isAttached(connection)
  }
  const { sessionId: id, password } = request
  if (password === null || !isPasswordOf(id, password)) {
    // Refused before the owner's connection is touched: a wrong password must not cut it off.
    refuseSession(pipeline, connection, id, 'wrong password')
    return false
  }
  pipeline.metrics.connection_revalidate_count.value++
  if (!reattachLocal(pipeline, connection, id, timeoutMs)) {
    role.reattach(pipeline, connection, id, timeoutMs)
  }
  return isAttached(connection)
}

function isAttached(connection: Connection): boolean {
  return connection.phase === Phase.attached
}

/** Why the connection is closed without an answer; undefined when it goes on. */
function refusalOf(pipeline: Pipeline, request: ConnectRequest): string | undefined {
  if (!pipeline.isServing) {
    pipeline.metrics.cnxn_closed_without_zk_server_running.value++
    return 'not serving'
  }
  if (pipeline.role === 'readOnly' && request.readOnly !== true) return 'read-only mode'
  if (!pipeline.connectionThrottle.admit(wantedSession(pipeline, request), pipeline.nowMs())) {
    pipeline.metrics.connection_drop_count.value++
    return 'connection throttle'
  }
  const { lastZxid } = pipeline.database
  if (request.lastZxidSeen > lastZxid) {
    return `client has seen zxid ${hex(request.lastZxidSeen)}, this member is at ${hex(lastZxid)}`
  }
  return undefined
}

function wantedSession({ options }: Pipeline, request: ConnectRequest): WantedSession {
  if (request.sessionId !== 0n) return 'renewed'
  return options.localSessions ? 'local' : 'global'
}

function negotiate(pipeline: Pipeline, askedMs: number): number {
  const { minSessionTimeoutMs, maxSessionTimeoutMs } = pipeline.options
  return Math.min(Math.max(askedMs, minSessionTimeoutMs), maxSessionTimeoutMs)
}

/** Where the sessions are known: standalone and leader. */
export function reattachHere(
  pipeline: Pipeline,
  connection: Connection,
  id: SessionId,
  timeoutMs: number,
): void {
  const known = pipeline.tracker.get(id)
  if (known === undefined || known.isClosing) {
    refuseSession(pipeline, connection, id, 'unknown or expired')
    return
  }
  known.owner = LOCAL_OWNER
  attach(pipeline, connection, id, timeoutMs)
}

/** The only way a client learns that its session is over (client-protocol.md 2.4). */
export function refuseSession(
  pipeline: Pipeline,
  connection: Connection,
  id: SessionId,
  reason: string,
): void {
  pipeline.ports.log.info('session not attached', { session: id, reason })
  sendConnectResponse(connection, 0n as SessionId, 0, pipeline.role === 'readOnly')
  connection.endAfterFlush('invalid session')
}

/** The session is there: the client is told, and its next frames are read. */
export function attach(
  pipeline: Pipeline,
  connection: Connection,
  id: SessionId,
  timeoutMs: number,
): void {
  // First: a learner forgets a session with the last connection of it.
  pipeline.attached.get(id)?.close('its session was attached by another connection')
  const session = pipeline.tracker.add(id, timeoutMs, pipeline.nowMs())
  if (session.isClosing) connection.close('its session ended while it was being made')
  else attachSession(pipeline, connection, session)
}

export function attachSession(pipeline: Pipeline, connection: Connection, session: Session): void {
  const { id } = session
  pipeline.attached.get(id)?.close('its session was attached by another connection')
  connection.session = session
  connection.phase = Phase.attached
  pipeline.attached.set(id, connection)
  sendConnectResponse(connection, id, session.timeoutMs, pipeline.role === 'readOnly')
  connection.stats.lastOperation = OpCode.createSession
  pipeline.ports.log.debug('session attached', {
    session: id,
    client: `${connection.remote.address}:${connection.remote.port}`,
    timeoutMs: session.timeoutMs,
  })
}

const NO_PASSWORD: Uint8Array = new Uint8Array(PASSWORD_BYTES)

function sendConnectResponse(
  connection: Connection,
  id: SessionId,
  timeoutMs: number,
  isReadOnly: boolean,
): void {
  const out = connection.out()
  const mark = out.beginFrame()
  out.int(0).int(timeoutMs).long(id)
  out.buffer(id === 0n ? NO_PASSWORD : sessionPassword(id))
  if (connection.hasReadOnlyByte) out.boolean(isReadOnly)
  out.endFrame(mark)
  connection.stats.sent++
}
