/** ConnectRequest and ConnectResponse (client-protocol.md 2). */
import { hex, type SessionId, sessionId } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { JuteError, type Reader } from '../../wire/reader.ts'
import { isPasswordOf, PASSWORD_BYTES, sessionPassword } from '../sessions/ids.ts'
import { type Connection, Phase } from './connection.ts'
import type { Pipeline } from './pipeline.ts'
import { proposeSession } from './prepare.ts'

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
  if (request.sessionId === 0n) {
    proposeSession(pipeline, connection, timeoutMs)
    return false
  }
  reattach(pipeline, connection, request, timeoutMs)
  return connection.isOpen
}

/** Why the connection is closed without an answer; undefined when it goes on. */
function refusalOf(pipeline: Pipeline, request: ConnectRequest): string | undefined {
  if (!pipeline.isServing) {
    pipeline.metrics.cnxn_closed_without_zk_server_running.value++
    return 'not serving'
  }
  if (!pipeline.connectionThrottle.admit(request.sessionId !== 0n, pipeline.nowMs())) {
    pipeline.metrics.connection_drop_count.value++
    return 'connection throttle'
  }
  const { lastZxid } = pipeline.database
  if (request.lastZxidSeen > lastZxid) {
    return `client has seen zxid ${hex(request.lastZxidSeen)}, this member is at ${hex(lastZxid)}`
  }
  return undefined
}

function negotiate(pipeline: Pipeline, askedMs: number): number {
  const { minSessionTimeoutMs, maxSessionTimeoutMs } = pipeline.options
  return Math.min(Math.max(askedMs, minSessionTimeoutMs), maxSessionTimeoutMs)
}

function reattach(
  pipeline: Pipeline,
  connection: Connection,
  request: ConnectRequest,
  timeoutMs: number,
): void {
  pipeline.metrics.connection_revalidate_count.value++
  const known = pipeline.tracker.get(request.sessionId)
  const isRight = request.password !== null && isPasswordOf(request.sessionId, request.password)
  // Refused before the owner's connection is touched: a wrong password must not cut it off.
  if (known === undefined || known.isClosing || !isRight) {
    pipeline.ports.log.info('session not re-attached', {
      session: request.sessionId,
      reason: isRight ? 'unknown or expired' : 'wrong password',
    })
    sendConnectResponse(connection, 0n as SessionId, 0)
    connection.endAfterFlush('invalid session')
    return
  }
  pipeline.attached.get(request.sessionId)?.close('its session was attached by another connection')
  pipeline.tracker.add(request.sessionId, timeoutMs, pipeline.nowMs())
  attach(pipeline, connection, request.sessionId)
}

/** The session is there: the client is told, and its next frames are read. */
export function attach(pipeline: Pipeline, connection: Connection, id: SessionId): void {
  const session = pipeline.tracker.get(id)
  if (session === undefined || session.isClosing) {
    connection.close('its session ended while it was being made')
    return
  }
  connection.session = session
  connection.phase = Phase.attached
  pipeline.attached.set(id, connection)
  sendConnectResponse(connection, id, session.timeoutMs)
  connection.stats.lastOperation = OpCode.createSession
  pipeline.ports.log.debug('session attached', {
    session: id,
    client: `${connection.remote.address}:${connection.remote.port}`,
    timeoutMs: session.timeoutMs,
  })
}

const NO_PASSWORD: Uint8Array = new Uint8Array(PASSWORD_BYTES)

function sendConnectResponse(connection: Connection, id: SessionId, timeoutMs: number): void {
  const out = connection.out()
  const mark = out.beginFrame()
  out.int(0).int(timeoutMs).long(id)
  out.buffer(id === 0n ? NO_PASSWORD : sessionPassword(id))
  if (connection.hasReadOnlyByte) out.boolean(false)
  out.endFrame(mark)
  connection.stats.sent++
}
