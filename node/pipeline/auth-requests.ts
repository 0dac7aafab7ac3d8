/** auth (100) and sasl (102), answered at once (client-protocol.md 16.2, 16.7, 17). */
import { ErrorCode } from '../../wire/errors.ts'
import { JuteError, type Reader } from '../../wire/reader.ts'
import type { AuthOutcome } from '../auth/schemes.ts'
import type { Connection } from './connection.ts'
import { AUTH_IDS_MAX } from './options.ts'
import type { Pipeline } from './pipeline.ts'
import { beginReply, countReply, endReply, sendHeader } from './replies.ts'

const FAILED: AuthOutcome = { outcome: 'failed' }

/** Whether the member demands an id of some scheme and the connection has none of them. */
export function isAuthMissing(pipeline: Pipeline, connection: Connection): boolean {
  const { enforcedSchemes } = pipeline.options
  if (enforcedSchemes === undefined) return false
  return !connection.ids.some(id => enforcedSchemes.includes(id.scheme))
}

/** `int type (ignored); ustring scheme; buffer auth` */
export function handleAuth(
  pipeline: Pipeline,
  connection: Connection,
  xid: number,
  reader: Reader,
): boolean {
  let scheme: string | null
  let credentials: Uint8Array | null
  try {
    reader.int()
    scheme = reader.string()
    credentials = reader.buffer()
  } catch (error) {
    if (!(error instanceof JuteError)) throw error
    connection.close(`unreadable auth request: ${error.message}`)
    return false
  }
  const outcome: AuthOutcome =
    (connection.ids.length < AUTH_IDS_MAX
      ? pipeline.schemes.get(scheme ?? '')?.authenticate(credentials, connection.remote)
      : undefined) ?? FAILED
  switch (outcome.outcome) {
    case 'ok':
      addIds(connection, outcome)
      sendHeader(pipeline, connection, xid, 0n, ErrorCode.ok)
      return true
    case 'wrongEnsemble':
      pipeline.metrics.ensemble_auth_fail.value++
      connection.close('the client wants another ensemble')
      return false
    case 'failed':
      pipeline.stats.authFailedCount++
      pipeline.ports.log.warn('authentication failed', {
        scheme,
        client: `${connection.remote.address}:${connection.remote.port}`,
      })
      sendHeader(pipeline, connection, xid, 0n, ErrorCode.authFailed)
      connection.endAfterFlush('authentication failed')
      return false
  }
}

function addIds(connection: Connection, { ids }: Extract<AuthOutcome, { outcome: 'ok' }>): void {
  for (const id of ids) {
    const has = connection.ids.some(own => own.scheme === id.scheme && own.id === id.id)
    if (!has) connection.ids.push(id)
  }
}

/** `buffer token`: without SASL configured, every token is answered with none. */
export function handleSasl(
  pipeline: Pipeline,
  connection: Connection,
  xid: number,
  reader: Reader,
): boolean {
  let token: Uint8Array | null
  try {
    token = reader.buffer()
  } catch (error) {
    if (!(error instanceof JuteError)) throw error
    connection.close(`unreadable SASL request: ${error.message}`)
    return false
  }
  if (token === null) {
    connection.close('SASL request without a token')
    return false
  }
  const out = connection.out()
  const mark = beginReply(out, xid, 0n)
  out.int(-1)
  endReply(out, mark, ErrorCode.ok)
  countReply(pipeline, connection, out.length - mark - 4)
  return true
}
