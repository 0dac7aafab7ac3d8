import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { METRIC_KINDS, type MetricKind } from '../base/metric-names.ts'
import { OPERATOR_METRICS } from '../operator/io/metrics.ts'
import { staleFiles } from './gen-crd.ts'
import { MEMBER_ALERTS, OPERATOR_ALERTS, THRESHOLDS } from './monitoring/alerts.ts'
import { ROWS } from './monitoring/dashboard.ts'
import { monitoringFiles, withThresholds } from './monitoring/rules.ts'

test('rules, tests and dashboard are what the tables say; run node tools/gen-monitoring.ts', () => {
  const files = monitoringFiles()
  ok(files.size > 5, 'a check that looked at nothing has not passed')
  deepEqual(staleFiles(files), [])
})

/** What a metric of each kind is exported as. */
const SUFFIXES: Readonly<Record<MetricKind, readonly string[]>> = {
  gauge: [''],
  gaugeSet: [''],
  counter: [''],
  counterSet: [''],
  basic: ['', '_sum', '_count'],
  basicSet: ['', '_sum', '_count'],
  advanced: ['', '_sum', '_count'],
  advancedSet: ['', '_sum', '_count'],
}

/** Metrics of others: Prometheus itself, the kubelet, the process. */
const FOREIGN: ReadonlySet<string> = new Set([
  'up',
  'ALERTS',
  'kubelet_volume_stats_available_bytes',
  'kubelet_volume_stats_capacity_bytes',
  'process_start_time_seconds',
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
])

function known(): ReadonlySet<string> {
  const names = new Set(FOREIGN)
  for (const [name, kind] of Object.entries(METRIC_KINDS)) {
    for (const suffix of SUFFIXES[kind]) names.add(name + suffix)
  }
  for (const name of Object.keys(OPERATOR_METRICS)) {
    for (const suffix of ['', '_bucket', '_sum', '_count']) names.add(name + suffix)
  }
  return names
}

const FUNCTIONS = new Set(
  (
    'sum count by rate increase changes floor time unless and absent predict_linear ' +
    'histogram_quantile le bool namespace zk_cluster step'
  ).split(' '),
)

/** Names in an expression that are no function, label or text. */
function metricsIn(expr: string): readonly string[] {
  const bare = expr
    .replace(/"[^"]*"/g, '')
    .replace(/\{[^}]*\}/g, '')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/%\w+%/g, '')
  return (bare.match(/[a-zA-Z_]\w*/g) ?? []).filter(name => !FUNCTIONS.has(name))
}

test('every metric that an alert or a panel uses exists', () => {
  const names = known()
  const exprs = [
    ...[...MEMBER_ALERTS, ...OPERATOR_ALERTS].map(alert => alert.expr),
    ...ROWS.flatMap(row => row.panels.flatMap(panel => panel.exprs.map(([expr]) => expr))),
  ]
  const used = exprs.flatMap(metricsIn)
  ok(used.length > 80, 'a check that looked at nothing has not passed')
  deepEqual([...new Set(used.filter(name => !names.has(name)))], [])
})

test('every threshold is used, and nothing is left open', () => {
  const text = [...MEMBER_ALERTS, ...OPERATOR_ALERTS].map(each => each.expr + each.for).join('\n')
  for (const name of Object.keys(THRESHOLDS)) ok(text.includes(`%${name}%`), name)
  equal(/%\w+%/.exec(withThresholds(text)), null)
})

test('names are unique and say whom they are about', () => {
  const alerts = [...MEMBER_ALERTS, ...OPERATOR_ALERTS]
  equal(new Set(alerts.map(alert => alert.name)).size, alerts.length)
  for (const alert of alerts) {
    ok(alert.name.startsWith('Zk'), alert.name)
    ok(alert.description.endsWith('.'), alert.name)
  }
  const files = monitoringFiles()
  const rules = parse(files.get('manifests/monitoring/rules.yaml') ?? '') as {
    groups: readonly { rules: readonly unknown[] }[]
  }
  equal(rules.groups.flatMap(group => group.rules).length, alerts.length)
})
