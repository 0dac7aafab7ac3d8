/**
 * First stage: what a frame is, whether it may go on, and where it goes (client-protocol.md 6.1).
 */
import { failInvariant } from '../../base/invariant.ts'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import type { Reader } from '../../wire/reader.ts'
import { decodeUtf8, encodeUtf8, utf8MaxLength } from '../../wire/utf8.ts'
import { handleAuth, handleSasl, isAuthMissing } from './auth-requests.ts'
import { type Connection, Phase } from './connection.ts'
import { checkEagerly } from './eager-acl.ts'
import { handleConnect } from './handshake.ts'
import { admitLocalWrite, answerInTurn, closeLocalSession } from './local-sessions.ts'
import { type Route, routeOf } from './ops/table.ts'
import type { Pipeline } from './pipeline.ts'
import { sendHeader } from './replies.ts'
import { ROLES } from './roles.ts'
import { serveRead } from './serve-read.ts'
import { mayGoOn } from './throttle.ts'

const HEADER_BYTES = 8

/** A whole frame of a client. False: no further one for now. */
export function onFrame(
  pipeline: Pipeline,
  connection: Connection,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  pipeline.stats.packetsReceived++
  connection.stats.received++
  const { reader } = pipeline
  reader.reset(bytes, start, end)
  if (connection.phase === Phase.fresh) return handleConnect(pipeline, connection, reader)
  if (end - start < HEADER_BYTES) {
    connection.close('a frame shorter than a request header')
    return false
  }
  const xid = reader.int()
  const type = reader.int()
  const { stats } = connection
  stats.lastOperation = type
  stats.lastCxid = xid
  return dispatch(pipeline, connection, xid, type)
}

function dispatch(pipeline: Pipeline, connection: Connection, xid: number, type: number): boolean {
  const route = routeOf(type)
  if (route === undefined) return refuseUnknown(pipeline, connection, xid, type)
  if (route.route === 'auth') {
    return handleAuth(pipeline, connection, xid, pipeline.reader) && mayGoOn(pipeline, connection)
  }
  if (route.route === 'sasl') {
    return handleSasl(pipeline, connection, xid, pipeline.reader) && mayGoOn(pipeline, connection)
  }
  if (isAuthMissing(pipeline, connection)) {
    sendHeader(pipeline, connection, xid, 0n, ErrorCode.sessionClosedRequireSaslAuth)
    connection.endAfterFlush('no id of an enforced scheme')
    return false
  }
  const { session } = connection
  if (session === undefined || session.isGone) {
    // Apache drops such requests without a word; a closed connection tells the client at least.
    connection.close('its session is not known any more')
    return false
  }
  const sizeBytes = pipeline.reader.end - pipeline.reader.position + HEADER_BYTES
  if (!pipeline.largeRequests.mayEnter(sizeBytes)) {
    pipeline.metrics.large_requests_rejected.value++
    connection.close(`a request of ${sizeBytes} bytes while many large ones are on their way`)
    return false
  }
  pipeline.touch(session)
  if (pipeline.throttle.mustWait(pipeline.outstanding)) {
    pipeline.throttle.wait(pipeline, connection, bytesOfRequest(pipeline.reader))
    return false
  }
  takeCounted(pipeline, connection, route, xid, type)
  return mayGoOn(pipeline, connection)
}

/** A request that was throttled goes on. */
export function takeThrottled(pipeline: Pipeline, connection: Connection, bytes: Uint8Array): void {
  const { reader } = pipeline
  reader.reset(bytes, 0, bytes.length)
  const xid = reader.int()
  const type = reader.int()
  const route = routeOf(type)
  if (route === undefined) failInvariant('only known operations are throttled', { type })
  takeCounted(pipeline, connection, route, xid, type)
}

/** If the request is still on its way afterwards, its bytes are. */
function takeCounted(
  pipeline: Pipeline,
  connection: Connection,
  route: Route,
  xid: number,
  type: number,
): void {
  const { reader } = pipeline
  const sizeBytes = reader.end - reader.position + HEADER_BYTES
  const before = connection.waiting.length
  take(pipeline, connection, route, xid, type)
  const newest = connection.waiting.at(before)
  if (newest !== undefined) pipeline.largeRequests.entered(newest, sizeBytes)
}

function take(
  pipeline: Pipeline,
  connection: Connection,
  route: Route,
  xid: number,
  type: number,
): void {
  const role = ROLES[pipeline.role]
  if (route.route === 'write') {
    const err = checkEagerly(pipeline, connection, type, pipeline.reader)
    if (err !== ErrorCode.ok) answerInTurn(pipeline, connection, xid, err)
    else if (connection.session?.isLocal === true) takeLocalWrite(pipeline, connection, xid, type)
    else role.write(pipeline, connection, xid, type, pipeline.reader)
  } else if (route.route === 'sync' && role.sync !== undefined) {
    role.sync(pipeline, connection, bytesOfRequest(pipeline.reader))
  } else if (route.route === 'read' || route.route === 'sync') {
    if (connection.waiting.length === 0) {
      serveRead(pipeline, connection, route, xid, type, pipeline.reader, pipeline.nowMs())
    } else {
      defer(pipeline, connection)
    }
  } else {
    connection.close(`operation ${type} is not for clients`)
  }
}

/** Writes of a session that only this member knows. */
function takeLocalWrite(
  pipeline: Pipeline,
  connection: Connection,
  xid: number,
  type: number,
): void {
  const { session } = connection
  if (session === undefined) return
  if (type === OpCode.closeSession) {
    if (connection.waiting.length === 0) {
      closeLocalSession(pipeline, connection, session, xid)
      return
    }
    session.isCloseAsked = true
    defer(pipeline, connection)
  } else if (session.isCloseAsked) {
    // An upgrade now would leave a session that nobody closes.
    answerInTurn(pipeline, connection, xid, ErrorCode.sessionExpired)
  } else if (admitLocalWrite(pipeline, connection, session, xid, type)) {
    ROLES[pipeline.role].write(pipeline, connection, xid, type, pipeline.reader)
  }
}

/** A request behind a write of its session waits for its turn, in bytes of its own. */
function defer(pipeline: Pipeline, connection: Connection): void {
  const bytes = bytesOfRequest(pipeline.reader)
  connection.waiting.push({ waits: 'turn', bytes, receivedAtMs: pipeline.nowMs() })
  pipeline.outstanding++
}

/** The whole frame, in bytes of its own; the reader stands behind the header. */
function bytesOfRequest(reader: Reader): Uint8Array {
  return reader.bytes.slice(reader.position - HEADER_BYTES, reader.end)
}

/** A deferred request whose turn has come. */
export function serveDeferred(
  pipeline: Pipeline,
  connection: Connection,
  bytes: Uint8Array,
  receivedAtMs: number,
): void {
  const { reader } = pipeline
  reader.reset(bytes, 0, bytes.length)
  const xid = reader.int()
  const type = reader.int()
  const route = routeOf(type)
  const { session } = connection
  if (type === OpCode.closeSession && session?.isLocal === true) {
    closeLocalSession(pipeline, connection, session, xid)
    return
  }
  if (route?.route !== 'read' && route?.route !== 'sync') {
    failInvariant('only reads are deferred', { type })
  }
  serveRead(pipeline, connection, route, xid, type, reader, receivedAtMs)
}

function refuseUnknown(
  pipeline: Pipeline,
  connection: Connection,
  xid: number,
  type: number,
): boolean {
  sendHeader(pipeline, connection, xid, -1n, ErrorCode.unimplemented)
  connection.endAfterFlush(`unknown operation ${type}`)
  return false
}

const WORD_BYTES = 4
const STMK_BYTES = 12
/** What telnet sends on a break: only closes. */
const TELNET_BREAK = 0xfff4fffd | 0

/** The first four bytes of a connection may be a four-letter word (client-protocol.md 1.2). */
export function onBadLength(
  pipeline: Pipeline,
  connection: Connection,
  length: number,
  bytes: Uint8Array,
): boolean {
  if (connection.phase !== Phase.fresh || length === TELNET_BREAK) {
    connection.close(`frame length ${length}`)
    return false
  }
  const word = decodeUtf8(bytes, 0, WORD_BYTES)
  if (word === 'stmk' && bytes.length < STMK_BYTES) return true
  connection.stats.received++
  pipeline.stats.packetsReceived++
  const answer = pipeline.ports.fourLetterWord(word, argumentOf(bytes))
  if (answer === undefined) {
    connection.close(`frame length ${length}`)
    return false
  }
  const out = connection.out()
  const at = out.reserve(utf8MaxLength(answer))
  out.length = encodeUtf8(answer, out.bytes, at)
  connection.endAfterFlush(`answered ${word}`)
  return false
}

function argumentOf(bytes: Uint8Array): bigint {
  if (bytes.length < STMK_BYTES) return 0n
  return new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(WORD_BYTES)
}
