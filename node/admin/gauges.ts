/** Ties the gauges of base/metrics.ts to the view: once, when the member is put together. */

import type { Metrics } from '../../base/metrics.ts'
import type { AdminView, LeaderView } from './view.ts'

/**
 * Gives every gauge of operations.md 11.2 its reader. Gauges of a role answer undefined in any
 * other role, and nothing but the process's own gauges is answered before the member serves.
 */
export function connectGauges(metrics: Metrics, view: AdminView): void {
  connectServerGauges(metrics, view)
  connectTreeGauges(metrics, view)
  connectQuorumGauges(metrics, view)
}

function connectServerGauges(metrics: Metrics, view: AdminView): void {
  const stats = view.stats
  metrics.avg_latency.read = () => stats.latencyAverageMs
  metrics.min_latency.read = () => stats.latencyMinMs
  metrics.max_latency.read = () => stats.latencyMaxMs
  metrics.packets_received.read = () => stats.packetsReceived
  metrics.packets_sent.read = () => stats.packetsSent
  metrics.auth_failed_count.read = () => stats.authFailedCount
  metrics.non_mtls_remote_conn_count.read = () => stats.nonMtlsRemoteConnectionCount
  metrics.non_mtls_local_conn_count.read = () => stats.nonMtlsLocalConnectionCount
  metrics.last_client_response_size.read = () => stats.clientResponse.lastBytes
  metrics.max_client_response_size.read = () => stats.clientResponse.maxBytes
  metrics.min_client_response_size.read = () => stats.clientResponse.minBytes
  metrics.num_alive_connections.read = () => view.connectionCounts().alive
  metrics.connection_drop_probability.read = () => view.connectionCounts().dropProbability
  metrics.outstanding_tls_handshake.read = () => view.connectionCounts().outstandingTlsHandshakes
  metrics.outstanding_requests.read = () => view.outstandingRequests()
  metrics.uptime.read = () => view.uptimeMs()
  metrics.open_file_descriptor_count.read = () => view.fileDescriptors().open
  metrics.max_file_descriptor_count.read = () => view.fileDescriptors().max
}

function connectTreeGauges(metrics: Metrics, view: AdminView): void {
  metrics.znode_count.read = () => view.treeCounts().nodeCount
  metrics.watch_count.read = () => view.treeCounts().watchCount
  metrics.ephemerals_count.read = () => view.treeCounts().ephemeralCount
  metrics.approximate_data_size.read = () => view.treeCounts().approximateDataSizeBytes
  metrics.global_sessions.read = () => view.sessionCounts().global
  metrics.local_sessions.read = () => view.sessionCounts().local
  metrics.quota_count_limit_per_namespace.read = () => view.quotas().countLimit
  metrics.quota_bytes_limit_per_namespace.read = () => view.quotas().bytesLimit
  metrics.quota_count_usage_per_namespace.read = () => view.quotas().countUsage
  metrics.quota_bytes_usage_per_namespace.read = () => view.quotas().bytesUsage
}

function connectQuorumGauges(metrics: Metrics, view: AdminView): void {
  const leader = (): LeaderView | undefined => view.quorum()?.leader
  metrics.quorum_size.read = () =>
    view.quorum()?.members.filter(member => member.isParticipant).length
  metrics.learners.read = () => leader()?.learners
  metrics.synced_followers.read = () => leader()?.syncedFollowers
  metrics.synced_non_voting_followers.read = () => leader()?.syncedNonVotingFollowers
  metrics.synced_observers.read = () =>
    leader()?.syncedObservers ?? view.quorum()?.observers?.length
  metrics.pending_syncs.read = () => leader()?.pendingSyncs
  metrics.leader_uptime.read = () => leader()?.uptimeMs
  const proposal = view.stats.proposal
  const whenLeading = (size: number): number | undefined =>
    leader() === undefined ? undefined : size
  metrics.last_proposal_size.read = () => whenLeading(proposal.lastBytes)
  metrics.max_proposal_size.read = () => whenLeading(proposal.maxBytes)
  metrics.min_proposal_size.read = () => whenLeading(proposal.minBytes)
}

/** `srst` and `stat_reset`: with Prometheus its values go on, only the server's own start again. */
export function resetServerStats(view: AdminView): void {
  view.stats.reset()
  if (view.prometheus === undefined) view.metrics.resetAll()
}
