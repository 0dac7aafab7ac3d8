/** The Grafana dashboard: rows of panels, each a title and one or more expressions. */

interface Panel {
  readonly title: string
  readonly unit?: string
  readonly exprs: readonly (readonly [expr: string, legend: string])[]
}

interface Row {
  readonly title: string
  readonly panels: readonly Panel[]
}

const SELECTOR = 'zk_cluster=~"$cluster",namespace=~"$namespace",pod=~"$pod"'
const POD = '{{pod}}'

function gauge(title: string, metric: string, unit?: string): Panel {
  return panel(title, [[`${metric}{${SELECTOR}}`, POD]], unit)
}

function rate(title: string, metric: string, unit?: string): Panel {
  return panel(title, [[`rate(${metric}{${SELECTOR}}[$__rate_interval])`, POD]], unit)
}

function mean(title: string, summary: string): Panel {
  const per = (part: string): string => `rate(${summary}_${part}{${SELECTOR}}[$__rate_interval])`
  return panel(title, [[`${per('sum')} / ${per('count')}`, POD]], 'ms')
}

function p99(title: string, summary: string): Panel {
  return panel(title, [[`${summary}{${SELECTOR},quantile="0.99"}`, POD]], 'ms')
}

function panel(title: string, exprs: Panel['exprs'], unit?: string): Panel {
  return unit === undefined ? { title, exprs } : { title, exprs, unit }
}

export const ROWS: readonly Row[] = [
  {
    title: 'Overall',
    panels: [
      panel('Members up', [[`sum by (zk_cluster) (up{zk_cluster=~"$cluster"})`, '{{zk_cluster}}']]),
      panel('Quorum margin', [
        [
          `synced_followers{zk_cluster=~"$cluster"} - floor(quorum_size{zk_cluster=~"$cluster"} / 2)`,
          '{{zk_cluster}}',
        ],
      ]),
      gauge('Znodes', 'znode_count'),
      gauge('Ephemerals', 'ephemerals_count'),
      gauge('Data', 'approximate_data_size', 'bytes'),
      gauge('Sessions', 'global_sessions'),
      gauge('Local sessions', 'local_sessions'),
      rate('Packets in', 'packets_received', 'pps'),
      rate('Packets out', 'packets_sent', 'pps'),
      gauge('Unrecoverable errors', 'unrecoverable_error_count'),
      gauge('Digest mismatches', 'digest_mismatches_count'),
    ],
  },
  {
    title: 'Quorum and elections',
    panels: [
      gauge('Leader since', 'leader_uptime', 'ms'),
      gauge('Quorum size', 'quorum_size'),
      gauge('Synced followers', 'synced_followers'),
      gauge('Non-voting followers', 'synced_non_voting_followers'),
      gauge('Observers', 'synced_observers'),
      gauge('Learners', 'learners'),
      gauge('Uptime', 'uptime', 'ms'),
      mean('Election time', 'election_time'),
      rate('Looking', 'looking_count'),
      rate('Proposals', 'proposal_count', 'ops'),
      rate('Commits', 'commit_count', 'ops'),
      gauge('Proposal size', 'last_proposal_size', 'bytes'),
      rate('Syncs by snapshot', 'snap_count'),
      rate('Syncs by difference', 'diff_count'),
      mean('Follower sync time', 'follower_sync_time'),
      gauge('Pending syncs', 'pending_syncs'),
      rate('Leads given up', 'quit_leading_due_to_disloyal_voter'),
    ],
  },
  {
    title: 'Latency',
    panels: [
      p99('Reads, 99 %', 'readlatency'),
      p99('Writes, 99 %', 'updatelatency'),
      gauge('Average', 'avg_latency', 'ms'),
      gauge('Maximum', 'max_latency', 'ms'),
      p99('Proposals, 99 %', 'proposal_latency'),
      p99('Quorum acks, 99 %', 'quorum_ack_latency'),
      p99('Propagation, 99 %', 'propagation_latency'),
    ],
  },
  {
    title: 'Sessions and watches',
    panels: [
      gauge('Watches', 'watch_count'),
      rate('Watches fired: changed', 'node_changed_watch_count_sum'),
      rate('Watches fired: children', 'node_children_watch_count_sum'),
      rate('Sessions expired', 'stale_sessions_expired'),
      rate('Sessions revalidated', 'revalidate_count'),
    ],
  },
  {
    title: 'Clients',
    panels: [
      gauge('Connections', 'num_alive_connections'),
      gauge('Outstanding requests', 'outstanding_requests'),
      rate('Connection requests', 'connection_request_count'),
      rate('Connections rejected', 'connection_rejected'),
      rate('Connections dropped', 'connection_drop_count'),
      rate('Bytes in', 'bytes_received_count', 'Bps'),
      rate('Bytes out', 'response_bytes', 'Bps'),
      rate('Requests throttled', 'request_throttle_wait_count'),
    ],
  },
  {
    title: 'Disk and process',
    panels: [
      mean('fsync', 'fsynctime'),
      mean('Snapshot', 'snapshottime'),
      gauge('File descriptors', 'open_file_descriptor_count'),
      rate('CPU', 'process_cpu_seconds_total', 'percentunit'),
      gauge('Memory', 'process_resident_memory_bytes', 'bytes'),
      p99('Pauses', 'jvm_pause_time_ms'),
      panel(
        'Volume free',
        [
          [
            'kubelet_volume_stats_available_bytes{namespace=~"$namespace",persistentvolumeclaim=~"(data|log)-$cluster-.*"} / kubelet_volume_stats_capacity_bytes',
            '{{persistentvolumeclaim}}',
          ],
        ],
        'percentunit',
      ),
    ],
  },
  {
    title: 'Operator',
    panels: [
      panel('Conditions', [
        [
          'zkcluster_condition{cluster=~"$cluster",namespace=~"$namespace"}',
          '{{cluster}} {{type}}',
        ],
      ]),
      panel('Steps', [
        ['sum by (step) (rate(zkcluster_operator_steps_total[$__rate_interval]))', '{{step}}'],
      ]),
      panel(
        'Reconcile time, 99 %',
        [
          [
            'histogram_quantile(0.99, sum by (le) (rate(zkcluster_operator_reconcile_seconds_bucket[$__rate_interval])))',
            'operator',
          ],
        ],
        's',
      ),
      panel('Failures', [
        [
          'rate(zkcluster_operator_reconciles_total{result="failed"}[$__rate_interval])',
          'failures',
        ],
      ]),
      panel('Queue', [['zkcluster_operator_queue_depth', 'waiting']]),
    ],
  },
]

const PANEL = { width: 6, height: 7 } as const
const COLUMNS = 24

/** Grafana's JSON. */
export function renderDashboard(): object {
  const panels: object[] = []
  let y = 0
  let id = 1
  for (const row of ROWS) {
    panels.push({
      id: id++,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: COLUMNS, h: 1 },
      panels: [],
    })
    for (const [i, each] of row.panels.entries()) {
      const x = (i * PANEL.width) % COLUMNS
      if (i > 0 && x === 0) y += PANEL.height
      panels.push(renderPanel(each, id++, x, y))
    }
    y += PANEL.height
  }
  return {
    uid: 'zkcluster',
    title: 'ZooKeeper (zkcluster)',
    tags: ['zookeeper', 'zkcluster'],
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: variables() },
    panels,
  }
}

function renderPanel(panel: Panel, id: number, x: number, y: number): object {
  return {
    id,
    type: 'timeseries',
    title: panel.title,
    datasource: { type: 'prometheus', uid: '${datasource}' },
    gridPos: { x, y, w: PANEL.width, h: PANEL.height },
    fieldConfig: { defaults: { unit: panel.unit ?? 'short' }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom' } },
    targets: panel.exprs.map(([expr, legendFormat], i) => ({
      refId: String.fromCharCode(65 + i),
      expr,
      legendFormat,
    })),
  }
}

function variables(): readonly object[] {
  const query = (name: string, text: string): object => ({
    name,
    type: 'query',
    datasource: { type: 'prometheus', uid: '${datasource}' },
    query: text,
    refresh: 2,
    includeAll: true,
    multi: true,
    current: { text: 'All', value: '$__all' },
  })
  return [
    { name: 'datasource', type: 'datasource', query: 'prometheus' },
    query('namespace', 'label_values(znode_count{zk_cluster!=""}, namespace)'),
    query('cluster', 'label_values(znode_count{namespace=~"$namespace"}, zk_cluster)'),
    query('pod', 'label_values(znode_count{zk_cluster=~"$cluster"}, pod)'),
  ]
}
