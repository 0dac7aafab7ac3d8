/**
 * The samples behind `mntr` and `monitor`, in the forms of both providers (operations.md 10, 11.1).
 */

import { fourDecimals, javaDouble } from '../../base/java-format.ts'
import {
  Counter,
  CounterSet,
  Gauge,
  GaugeSet,
  type Metric,
  Summary,
  SummarySet,
} from '../../base/metrics.ts'
import { JsonDouble, type JsonValue } from './json.ts'
import type { AdminView, PrometheusSample, PrometheusView, QuorumView } from './view.ts'

/** `isDouble`: whether Java would print the value with a point. */
export interface Sample {
  readonly key: string
  readonly value: number | bigint
  readonly isDouble: boolean
}

/** Gauges whose value is a double in Java, whatever it is at the moment. */
const DOUBLE_GAUGES: ReadonlySet<string> = new Set(['avg_latency', 'connection_drop_probability'])

const ADVANCED_QUANTILES = [
  ['p50', 0.5],
  ['p95', 0.95],
  ['p99', 0.99],
  ['p999', 0.999],
] as const

export type QuantileReader = (summary: Summary, q: number) => number

export const BASIC_QUANTILES: readonly number[] = [0.5]
export const PROMETHEUS_QUANTILES: readonly number[] = [0.5, 0.9, 0.99]

/** Samples of the default provider, `zk_` not yet in front. */
export function* defaultSamples(metrics: readonly Metric[]): Generator<Sample> {
  for (const metric of metrics) yield* samplesOf(metric)
}

function* samplesOf(metric: Metric): Generator<Sample> {
  const { name } = metric
  if (metric instanceof Counter) yield whole(name, metric.value)
  else if (metric instanceof Gauge) {
    const value = metric.read?.()
    if (value !== undefined) yield gaugeSample(name, value)
  } else if (metric instanceof GaugeSet) {
    for (const [key, value] of metric.read?.() ?? []) yield whole(`${key}_${name}`, value)
  } else if (metric instanceof CounterSet) {
    for (const [key, counter] of metric.entries()) yield whole(`${key}_${name}`, counter.value)
  } else if (metric instanceof Summary) yield* summarySamples(name, metric)
  else {
    for (const [key, one] of metric.entries()) yield* summarySamples(`${key}_${name}`, one)
  }
}

function gaugeSample(name: string, value: number | bigint): Sample {
  if (typeof value === 'bigint' || !DOUBLE_GAUGES.has(name)) return whole(name, value)
  return { key: name, value: fourDecimals(value), isDouble: true }
}

function whole(key: string, value: number | bigint): Sample {
  return { key, value, isDouble: typeof value === 'number' && !Number.isInteger(value) }
}

function* summarySamples(name: string, summary: Summary): Generator<Sample> {
  yield { key: `avg_${name}`, value: fourDecimals(summary.average), isDouble: true }
  yield whole(`min_${name}`, summary.min)
  yield whole(`max_${name}`, summary.max)
  yield whole(`cnt_${name}`, summary.count)
  yield whole(`sum_${name}`, summary.sum)
  if (!summary.advanced) return
  for (const [label, q] of ADVANCED_QUANTILES) yield whole(`${label}_${name}`, summary.quantile(q))
}

/** Samples of one metric as Prometheus sees them, without the default provider's prefixes. */
export function* prometheusSamples(
  metric: Metric,
  quantile: QuantileReader,
): Generator<PrometheusSample> {
  const { name } = metric
  if (metric instanceof Counter) yield { name, labels: [], value: metric.value }
  else if (metric instanceof Gauge) {
    const value = metric.read?.()
    if (value !== undefined) yield { name, labels: [], value: Number(value) }
  } else if (metric instanceof GaugeSet) {
    for (const [key, value] of metric.read?.() ?? []) {
      yield { name, labels: [['key', key]], value: Number(value) }
    }
  } else if (metric instanceof CounterSet) {
    for (const [key, one] of metric.entries()) {
      yield { name, labels: [['key', key]], value: one.value }
    }
  } else if (metric instanceof SummarySet) {
    for (const [key, one] of metric.entries()) {
      yield* quantileSamples(name, one, [['key', key]], quantile)
    }
  } else yield* quantileSamples(name, metric, [], quantile)
}

function* quantileSamples(
  name: string,
  summary: Summary,
  labels: PrometheusSample['labels'],
  quantile: QuantileReader,
): Generator<PrometheusSample> {
  for (const q of summary.advanced ? PROMETHEUS_QUANTILES : BASIC_QUANTILES) {
    yield { name, labels: [...labels, ['quantile', String(q)]], value: quantile(summary, q) }
  }
  yield { name: `${name}_count`, labels, value: summary.count }
  yield { name: `${name}_sum`, labels, value: summary.sum }
}

/** A label value inside quotes. */
export function escapeLabel(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}

/** The state lines that come before the metrics: `version`, `server_state`, and the quorum's. */
export function stateEntries(view: AdminView): readonly (readonly [string, string | number])[] {
  const entries: (readonly [string, string | number])[] = [
    ['version', view.version],
    ['server_state', view.mode()],
  ]
  const quorum = view.quorum()
  if (quorum === undefined) return entries
  entries.push(['peer_state', peerState(quorum)])
  if (quorum.observerMasterId !== undefined) {
    entries.push(['observer_master_id', quorum.observerMasterId])
  }
  return entries
}

/** `leading - broadcast`, `following - synchronization`, `looking - election` … */
function peerState(quorum: QuorumView): string {
  return `${quorum.role} - ${quorum.phase}`
}

/** All samples of the configured provider: keys without `zk_`, labels without a trailing comma. */
export function* providerSamples(view: AdminView): Generator<Sample> {
  const { prometheus } = view
  if (prometheus === undefined) {
    yield* defaultSamples(view.metrics.all)
    return
  }
  for (const { name, labels, value } of allPrometheusSamples(view.metrics.all, prometheus)) {
    yield { key: `${name}${labelText(labels)}`, value, isDouble: true }
  }
}

function* allPrometheusSamples(
  metrics: readonly Metric[],
  prometheus: PrometheusView,
): Generator<PrometheusSample> {
  const quantile: QuantileReader = (summary, q) => prometheus.quantile(summary, q)
  for (const metric of metrics) yield* prometheusSamples(metric, quantile)
  yield* prometheus.processSamples()
}

function labelText(labels: PrometheusSample['labels']): string {
  if (labels.length === 0) return ''
  return `{${labels.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`
}

/** The text of `mntr`. */
export function mntrText(view: AdminView): string {
  let text = ''
  for (const [key, value] of stateEntries(view)) text += `zk_${key}\t${value}\n`
  for (const { key, value, isDouble } of providerSamples(view)) {
    text += `zk_${key}\t${isDouble ? javaDouble(Number(value)) : String(value)}\n`
  }
  return text
}

/** The entries of `monitor`. */
export function monitorEntries(view: AdminView): Map<string, JsonValue> {
  const entries = new Map<string, JsonValue>(stateEntries(view))
  for (const { key, value, isDouble } of providerSamples(view)) {
    entries.set(key, isDouble ? new JsonDouble(Number(value)) : value)
  }
  return entries
}
