/**
 * Alerts, each with the series that must make it fire. `%name%` is a threshold: a value of the
 * chart, with the default of THRESHOLDS. Metrics of members carry zk_cluster, zk_role and pod.
 */

export interface Alert {
  readonly name: string
  readonly severity: 'critical' | 'warning' | 'info'
  readonly expr: string
  readonly for: string
  readonly summary: string
  /** What to do about it. */
  readonly description: string
  /** Input of the unit test: series and values in promtool's notation, one value a minute. */
  readonly fires: Readonly<Record<string, string>>
  /** Minutes until it holds, where neither `for` nor a range says so. */
  readonly holdsAfterMinutes?: number
}

export const THRESHOLDS: Readonly<Record<string, number>> = {
  readLatencyMs: 500,
  updateLatencyMs: 1000,
  fsyncMs: 100,
  outstandingRequests: 100,
  openFilesRatio: 0.7,
  pendingSyncs: 10,
  elections: 3,
  restarts: 3,
  znodes: 1_000_000,
  watches: 1_000_000,
  dataBytes: 1_073_741_824,
  volumeFreeRatio: 0.2,
  notReadyMinutes: 30,
}

const CLUSTER = 'namespace, zk_cluster'
const M = '{zk_cluster="zk",namespace="apps",pod="zk-0"}'
const ZK = '{zk_cluster!=""}'

/** More than nothing of a counter within five minutes. */
function counted(
  name: string,
  severity: Alert['severity'],
  metric: string,
  summary: string,
  description: string,
): Alert {
  return {
    name,
    severity,
    expr: `increase(${metric}${ZK}[5m]) > 0`,
    for: '0m',
    summary,
    description,
    fires: { [`${metric}${M}`]: '0+5x20' },
  }
}

/** A gauge above a threshold. */
function above(
  name: string,
  metric: string,
  threshold: string,
  duration: string,
  summary: string,
  description: string,
): Alert {
  return {
    name,
    severity: 'warning',
    expr: `${metric}${ZK} > %${threshold}%`,
    for: duration,
    summary,
    description,
    fires: { [`${metric}${M}`]: `${(THRESHOLDS[threshold] ?? 0) * 2}x40` },
  }
}

function latency(name: string, metric: string, threshold: string, what: string): Alert {
  return {
    name,
    severity: 'warning',
    expr: `${metric}{zk_cluster!="",quantile="0.99"} > %${threshold}%`,
    for: '15m',
    summary: `{{ $labels.pod }}: ${what} take {{ $value }} ms`,
    description: 'Look at the disk (fsynctime), at pauses of the process and at the load.',
    fires: {
      [`${metric}{zk_cluster="zk",namespace="apps",pod="zk-0",quantile="0.99"}`]: '5000x40',
    },
  }
}

export const MEMBER_ALERTS: readonly Alert[] = [
  {
    name: 'ZkMemberDown',
    severity: 'critical',
    expr: `up${ZK} == 0`,
    for: '2m',
    summary: '{{ $labels.pod }} cannot be scraped',
    description: 'kubectl describe pod and kubectl get zk tell why it does not run.',
    fires: { [`up${M}`]: '0x20' },
  },
  {
    name: 'ZkNoLeader',
    severity: 'critical',
    expr: `count by (${CLUSTER}) (up${ZK}) unless count by (${CLUSTER}) (leader_uptime${ZK})`,
    for: '1m',
    summary: '{{ $labels.zk_cluster }} has no leader',
    description:
      'Nothing can be written. See docs/operations/quorum-lost.md before doing anything.',
    fires: { [`up${M}`]: '1x20' },
  },
  {
    name: 'ZkTwoLeaders',
    severity: 'critical',
    expr: `count by (${CLUSTER}) (leader_uptime${ZK}) > 1`,
    for: '1m',
    summary: '{{ $value }} members of {{ $labels.zk_cluster }} say that they lead',
    description: 'One of them is cut off, or there are two ensembles of one name.',
    fires: {
      [`leader_uptime${M}`]: '1000x20',
      'leader_uptime{zk_cluster="zk",namespace="apps",pod="zk-1"}': '1000x20',
    },
  },
  {
    name: 'ZkNoMargin',
    severity: 'critical',
    expr: `synced_followers${ZK} - floor(quorum_size${ZK} / 2) < 1 and quorum_size${ZK} > 2`,
    for: '10m',
    summary: '{{ $labels.zk_cluster }}: the loss of one more voter stops the ensemble',
    description: 'A voter is missing. kubectl get zk -o yaml lists all members.',
    fires: { [`synced_followers${M}`]: '1x30', [`quorum_size${M}`]: '3x30' },
  },
  {
    name: 'ZkVoterNotSynced',
    severity: 'warning',
    expr: `synced_followers${ZK} < quorum_size${ZK} - 1`,
    for: '5m',
    summary: '{{ $labels.zk_cluster }}: only {{ $value }} followers are synced',
    description: 'A voter is away, or too slow to follow.',
    fires: { [`synced_followers${M}`]: '3x30', [`quorum_size${M}`]: '5x30' },
  },
  latency('ZkReadsSlow', 'readlatency', 'readLatencyMs', 'reads'),
  latency('ZkWritesSlow', 'updatelatency', 'updateLatencyMs', 'writes'),
  {
    name: 'ZkDiskSlow',
    severity: 'warning',
    expr: `rate(fsynctime_sum${ZK}[5m]) / rate(fsynctime_count${ZK}[5m]) > %fsyncMs%`,
    for: '5m',
    summary: '{{ $labels.pod }}: syncing its log takes {{ $value }} ms',
    description: 'Give the log a volume of its own, on a faster class.',
    fires: { [`fsynctime_sum${M}`]: '0+60000x30', [`fsynctime_count${M}`]: '0+60x30' },
  },
  above(
    'ZkOutstandingRequests',
    'outstanding_requests',
    'outstandingRequests',
    '10m',
    '{{ $labels.pod }}: {{ $value }} requests wait',
    'The member takes more than it can answer.',
  ),
  {
    name: 'ZkFileDescriptors',
    severity: 'warning',
    expr: `open_file_descriptor_count${ZK} / max_file_descriptor_count${ZK} > %openFilesRatio%`,
    for: '10m',
    summary: '{{ $labels.pod }} uses most of its file descriptors',
    description: 'Count the connections; raise the limit of the nodes.',
    fires: {
      [`open_file_descriptor_count${M}`]: '90x30',
      [`max_file_descriptor_count${M}`]: '100x30',
    },
  },
  above(
    'ZkPendingSyncs',
    'pending_syncs',
    'pendingSyncs',
    '5m',
    '{{ $labels.pod }}: {{ $value }} syncs are pending',
    'Followers do not answer the leader in time.',
  ),
  {
    name: 'ZkElections',
    severity: 'warning',
    expr: `increase(election_time_count${ZK}[30m]) > %elections%`,
    for: '0m',
    summary: '{{ $labels.pod }} took part in {{ $value }} elections within half an hour',
    description: 'Leaders come and go: look at the network and at pauses.',
    fires: { [`election_time_count${M}`]: '0+1x60' },
  },
  {
    name: 'ZkRestarts',
    severity: 'warning',
    expr: `changes(process_start_time_seconds${ZK}[1h]) > %restarts%`,
    for: '0m',
    summary: '{{ $labels.pod }} started {{ $value }} times within an hour',
    description: 'kubectl logs --previous tells how it ended.',
    fires: { [`process_start_time_seconds${M}`]: '0+10x60' },
  },
  counted(
    'ZkConnectionsRejected',
    'warning',
    'connection_rejected',
    '{{ $labels.pod }} rejects connections',
    'A client address has more than maxClientCnxns connections.',
  ),
  counted(
    'ZkRequestsThrottled',
    'warning',
    'request_throttle_wait_count',
    '{{ $labels.pod }} makes requests wait',
    'The throttle of requests is at its limit.',
  ),
  counted(
    'ZkStaleRequestsDropped',
    'warning',
    'stale_requests_dropped',
    '{{ $labels.pod }} drops stale requests',
    'Requests waited until nobody wanted the answer any more.',
  ),
  counted(
    'ZkLargeRequestsRejected',
    'warning',
    'large_requests_rejected',
    '{{ $labels.pod }} rejects large requests',
    'largeRequestMaxBytes is used up.',
  ),
  counted(
    'ZkUnrecoverableError',
    'critical',
    'unrecoverable_error_count',
    '{{ $labels.pod }} has met an error that it cannot recover from',
    'Its log says which one.',
  ),
  counted(
    'ZkDigestMismatch',
    'critical',
    'digest_mismatches_count',
    '{{ $labels.pod }} has another tree than its leader',
    'Keep its disk for the analysis, and let it sync again on an empty one.',
  ),
  counted(
    'ZkEnsembleAuthFailed',
    'warning',
    'ensemble_auth_fail',
    '{{ $labels.pod }} is connected to with the name of another ensemble',
    'A client has the wrong address.',
  ),
  counted(
    'ZkHandshakesFailed',
    'warning',
    'unsuccessful_handshake',
    '{{ $labels.pod }}: TLS handshakes fail',
    'Certificates of clients are wrong or have expired.',
  ),
  counted(
    'ZkSessionlessConnections',
    'info',
    'sessionless_connections_expired',
    '{{ $labels.pod }}: connections never begin a session',
    'Something connects without speaking the protocol, such as a port check.',
  ),
  above(
    'ZkManyZnodes',
    'znode_count',
    'znodes',
    '5m',
    '{{ $labels.pod }} has {{ $value }} znodes',
    'Starts and syncs take longer the more there are.',
  ),
  above(
    'ZkManyWatches',
    'watch_count',
    'watches',
    '5m',
    '{{ $labels.pod }} has {{ $value }} watches',
    'Every change of a path with many watches is a burst.',
  ),
  above(
    'ZkMuchData',
    'approximate_data_size',
    'dataBytes',
    '5m',
    '{{ $labels.pod }} holds {{ $value | humanize1024 }}B of data',
    'ZooKeeper keeps all of it in memory.',
  ),
  {
    name: 'ZkVolumeFull',
    severity: 'critical',
    expr:
      'kubelet_volume_stats_available_bytes{persistentvolumeclaim=~"(data|log)-.*"} / ' +
      'kubelet_volume_stats_capacity_bytes < %volumeFreeRatio%',
    for: '5m',
    summary: 'claim {{ $labels.persistentvolumeclaim }} is almost full',
    description: 'Raise spec.storage.data.size (or log.size): claims grow while members run.',
    fires: {
      'kubelet_volume_stats_available_bytes{namespace="apps",persistentvolumeclaim="data-zk-0"}':
        '1x20',
      'kubelet_volume_stats_capacity_bytes{namespace="apps",persistentvolumeclaim="data-zk-0"}':
        '10x20',
    },
  },
  {
    name: 'ZkVolumeFillsUp',
    severity: 'warning',
    expr:
      'predict_linear(kubelet_volume_stats_available_bytes' +
      '{persistentvolumeclaim=~"(data|log)-.*"}[6h], 86400) < 0',
    for: '1h',
    summary: 'claim {{ $labels.persistentvolumeclaim }} is full within a day',
    description: 'Raise its size, or keep fewer snapshots (autopurge).',
    fires: {
      'kubelet_volume_stats_available_bytes{namespace="apps",persistentvolumeclaim="data-zk-0"}':
        '100000-100x900',
    },
  },
]

const OP = '{namespace="apps",cluster="zk"'

export const OPERATOR_ALERTS: readonly Alert[] = [
  {
    name: 'ZkOperatorAbsent',
    severity: 'warning',
    expr: 'absent(zkcluster_operator_leading == 1)',
    for: '5m',
    summary: 'no operator acts on ZkClusters',
    description: 'Ensembles go on; nobody restarts, grows or repairs them.',
    fires: { 'zkcluster_operator_leading{pod="operator-0"}': '0x20' },
  },
  {
    name: 'ZkNotReconciled',
    severity: 'warning',
    expr: 'time() - zkcluster_operator_last_reconcile_timestamp_seconds > 600',
    for: '5m',
    summary: '{{ $labels.cluster }} has not been looked at for ten minutes',
    description: 'The log of the operator says why.',
    fires: { [`zkcluster_operator_last_reconcile_timestamp_seconds${OP}}`]: '0x40' },
    holdsAfterMinutes: 10,
  },
  {
    name: 'ZkClusterNotReady',
    severity: 'warning',
    expr: 'zkcluster_condition{type="Ready"} == 0',
    for: '%notReadyMinutes%m',
    summary: '{{ $labels.cluster }} is not what its spec says',
    description: 'kubectl get zk shows what is going on.',
    fires: { [`zkcluster_condition${OP},type="Ready"}`]: '0x90' },
  },
  {
    name: 'ZkClusterDegraded',
    severity: 'critical',
    expr: 'zkcluster_condition{type="Degraded"} == 1',
    for: '1m',
    summary: '{{ $labels.cluster }} needs somebody',
    description: 'The condition Degraded names the pod and the reason.',
    fires: { [`zkcluster_condition${OP},type="Degraded"}`]: '1x20' },
  },
  {
    name: 'ZkDataAtRisk',
    severity: 'critical',
    expr: 'zkcluster_condition{type="DataAtRisk"} == 1',
    for: '0m',
    summary: '{{ $labels.cluster }}: a voter has lost its disk',
    description: 'One is rebuilt by the operator. See docs/operations/lost-disk.md.',
    fires: { [`zkcluster_condition${OP},type="DataAtRisk"}`]: '1x20' },
  },
  {
    name: 'ZkReconcileErrors',
    severity: 'warning',
    expr: 'increase(zkcluster_operator_reconciles_total{result="failed"}[15m]) > 5',
    for: '15m',
    summary: 'the operator fails again and again',
    description: 'Its log says why: missing permissions, or an API server in trouble.',
    fires: { 'zkcluster_operator_reconciles_total{result="failed"}': '0+2x90' },
  },
]
