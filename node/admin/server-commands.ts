/** AdminServer commands about the member itself: settings, statistics, snapshots taken. */

import { fourDecimals } from '../../base/java-format.ts'
import type { SizeStats } from '../../base/server-stats.ts'
import { hexDigits } from '../../wire/ids.ts'
import { connectionLists } from './client-commands.ts'
import { type Command, command, done } from './command.ts'
import { resetServerStats } from './gauges.ts'
import { JsonDouble, type JsonMap, type JsonValue, jsonObject } from './json.ts'
import { monitorEntries } from './mntr.ts'
import type { AdminView } from './view.ts'

export const SERVER_COMMANDS: readonly Command[] = [
  command('configuration', ['conf', 'config'], view => {
    const conf = view.configuration()
    return {
      client_port: conf.clientPort,
      data_dir: conf.dataDir,
      data_log_dir: conf.dataLogDir,
      tick_time: conf.tickTimeMs,
      max_client_cnxns: conf.maxClientConnections,
      min_session_timeout: conf.minSessionTimeoutMs,
      max_session_timeout: conf.maxSessionTimeoutMs,
      server_id: conf.serverId,
      client_port_listen_backlog: conf.clientPortListenBacklog,
    }
  }),
  command('hash', [], view => ({
    digests: view
      .digests()
      .map(({ zxid, digestVersion, digest }) =>
        jsonObject({ zxid, digest: BigInt.asIntN(64, digest), digest_version: digestVersion }),
      ),
  })),
  command('dirs', [], view => {
    const sizes = view.directorySizes()
    return { datadir_size: sizes.dataDirBytes, logdir_size: sizes.logDirBytes }
  }),
  command('environment', ['env', 'envi'], view => Object.fromEntries(view.environment()), false),
  command('get_trace_mask', ['gtmk'], view => ({ tracemask: view.traceMask() }), false),
  command(
    'set_trace_mask',
    ['stmk'],
    (view, query) => setTraceMask(view, query.get('traceMask')),
    false,
  ),
  command('initial_configuration', ['icfg'], view => ({
    initial_configuration: view.initialConfiguration(),
  })),
  command('is_read_only', ['isro'], view => ({ read_only: view.mode() === 'read-only' })),
  command('last_snapshot', ['lsnp'], view => {
    const last = view.lastSnapshot()
    return {
      zxid: hexDigits(last?.zxid ?? -1n),
      timestamp: last === undefined ? -1 : Math.floor(last.takenAtMs / 1000),
    }
  }),
  {
    name: 'monitor',
    aliases: ['mntr'],
    needsServer: true,
    run: monitorEntries,
  },
  command('ruok', [], done),
  command('server_stats', ['srvr'], serverStats),
  command('stats', ['stat'], view => ({ ...serverStats(view), ...connectionLists(view, true) })),
  command('stat_reset', ['srst'], view => {
    resetServerStats(view)
    return {}
  }),
  {
    name: 'system_properties',
    aliases: ['sysp'],
    needsServer: false,
    run: view => [...view.systemProperties()].sort(([a], [b]) => (a < b ? -1 : 1)),
  },
]

const LONG = /^[+-]?\d{1,19}$/

function setTraceMask(view: AdminView, text: string | undefined): Record<string, JsonValue> {
  const mask = text !== undefined && LONG.test(text) ? BigInt(text.replace('+', '')) : undefined
  if (mask === undefined || BigInt.asIntN(64, mask) !== mask) {
    return { error: 'setTraceMask requires long traceMask argument' }
  }
  view.setTraceMask(mask)
  return { tracemask: mask }
}

function sizes(stats: SizeStats): JsonMap {
  return jsonObject({
    last_buffer_size: stats.lastBytes,
    min_buffer_size: stats.minBytes,
    max_buffer_size: stats.maxBytes,
  })
}

function serverStats(view: AdminView): Record<string, JsonValue> {
  const { stats } = view
  return {
    version: view.version,
    read_only: view.mode() === 'read-only',
    server_stats: statsObject(view),
    client_response: sizes(stats.clientResponse),
    ...(view.mode() === 'leader' ? { proposal_stats: sizes(stats.proposal) } : {}),
    node_count: view.treeCounts().nodeCount,
  }
}

function statsObject(view: AdminView): JsonMap {
  const { stats } = view
  const directories = view.directorySizes()
  return jsonObject({
    packets_sent: stats.packetsSent,
    packets_received: stats.packetsReceived,
    fsync_threshold_exceed_count: stats.fsyncThresholdExceedCount,
    client_response_stats: sizes(stats.clientResponse),
    data_dir_size: directories.dataDirBytes,
    log_dir_size: directories.logDirBytes,
    provider_null: false,
    last_processed_zxid: view.lastProcessedZxid(),
    outstanding_requests: view.outstandingRequests(),
    server_state: view.mode(),
    avg_latency: new JsonDouble(fourDecimals(stats.latencyAverageMs)),
    max_latency: stats.latencyMaxMs,
    min_latency: stats.latencyMinMs,
    num_alive_client_connections: view.connectionCounts().alive,
    uptime: Math.floor(view.uptimeMs()),
    auth_failed_count: stats.authFailedCount,
    // Both spelled so: Jackson takes apart MTLSRemote in its own way.
    non_mtlsremote_conn_count: stats.nonMtlsRemoteConnectionCount,
    non_mtlslocal_conn_count: stats.nonMtlsLocalConnectionCount,
  })
}
