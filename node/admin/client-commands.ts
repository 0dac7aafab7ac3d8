/** AdminServer commands about clients: connections, sessions, ephemerals, watches. */

import { hostAndPort } from '../../base/java-format.ts'
import { type Command, command } from './command.ts'
import { type JsonValue, jsonObject } from './json.ts'
import { operationName } from './operation-names.ts'
import type { AdminView, ConnectionView, ExpiryBucket } from './view.ts'

export const CLIENT_COMMANDS: readonly Command[] = [
  command('connection_stat_reset', ['crst'], view => {
    view.resetConnectionStats()
    return {}
  }),
  command('connections', ['cons'], view => connectionLists(view, false)),
  command('dump', [], view => ({
    expiry_time_to_session_ids: expiryTimes(view),
    session_id_to_ephemeral_paths: keyed(view.ephemerals(), String),
  })),
  command('watches', ['wchc'], view => ({
    session_id_to_watched_paths: keyed(view.watchesBySession(), String),
  })),
  command('watches_by_path', ['wchp'], view => ({
    path_to_session_ids: keyed(view.watchesByPath(), path => path),
  })),
  command('watch_summary', ['wchs'], view => {
    const { connectionCount, pathCount, watchCount } = view.watchSummary()
    return {
      num_connections: connectionCount,
      num_paths: pathCount,
      num_total_watches: watchCount,
    }
  }),
]

function keyed<K>(
  map: ReadonlyMap<K, readonly JsonValue[]>,
  text: (key: K) => string,
): Map<string, JsonValue> {
  return new Map([...map].map(([key, values]) => [text(key), values]))
}

/** Empty on learners, which do not expire sessions; local sessions are not listed. */
function expiryTimes(view: AdminView): Map<string, JsonValue> {
  const sessions = view.sessions()
  const buckets: readonly ExpiryBucket[] = sessions.kind === 'expiring' ? sessions.global : []
  return new Map(
    buckets
      .toSorted((a, b) => a.expiresAtMonotonicMs - b.expiresAtMonotonicMs)
      .map(bucket => [String(Math.floor(bucket.expiresAtMonotonicMs)), bucket.sessionIds]),
  )
}

/** The connections of both ports; `isBrief` leaves out what belongs to the session. */
export function connectionLists(view: AdminView, isBrief: boolean): Record<string, JsonValue> {
  const all = view.connections()
  const list = (isSecure: boolean): readonly JsonValue[] =>
    all
      .filter(connection => connection.secure === isSecure)
      .map(connection => jsonObject(connectionFields(connection, isBrief)))
  return { connections: list(false), secure_connections: list(true) }
}

function connectionFields(connection: ConnectionView, isBrief: boolean): Record<string, JsonValue> {
  const brief = {
    remote_socket_address: hostAndPort(connection.remote.address, connection.remote.port),
    interest_ops: connection.interestOps,
    outstanding_requests: connection.outstandingRequests,
    packets_received: connection.packetsReceived,
    packets_sent: connection.packetsSent,
  }
  if (isBrief) return brief
  return {
    ...brief,
    session_id: connection.sessionId,
    last_operation: operationName(connection.lastOperation),
    established: Math.floor(connection.establishedAtMs),
    session_timeout: connection.sessionTimeoutMs,
    last_cxid: connection.lastCxid,
    last_zxid: connection.lastZxid,
    last_response_time: Math.floor(connection.lastResponseAtMs),
    last_latency: Math.floor(connection.lastLatencyMs),
    min_latency: Math.floor(connection.minLatencyMs),
    avg_latency: Math.floor(connection.averageLatencyMs),
    max_latency: Math.floor(connection.maxLatencyMs),
  }
}
