/**
 * Exposes base/metrics to Prometheus (operations.md 10): a prom-client registry that reads the
 * metrics when scraped and adds the process's own, printed in the text form of Apache's provider.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { getHeapStatistics } from 'node:v8'
import type { Metric as ClientMetric, Registry } from 'prom-client'
import { javaDouble } from '../../base/java-format.ts'
import {
  Counter,
  CounterSet,
  type Metric,
  type Metrics,
  Summary,
  type SummaryMark,
  SummarySet,
} from '../../base/metrics.ts'
import type { Alarm, Timers } from '../../base/ports.ts'
import { escapeLabel, prometheusSamples } from '../admin/mntr.ts'
import type { PrometheusSample, PrometheusView } from '../admin/view.ts'
import { createHttpServer, listen, type RunningServer } from './http-listen.ts'

export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** Quantiles are of the last minute, which moves on in steps. */
const WINDOW_STEPS = 5
const WINDOW_STEP_MS = 12_000

interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly samples: readonly PrometheusSample[]
}

/** What prom-client asks of a metric; ours are read, never written through it. */
interface Collected {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly {
    readonly metricName?: string
    readonly labels: Readonly<Record<string, string | number>>
    readonly value: number
  }[]
}

export class PrometheusExporter implements PrometheusView {
  readonly #registry: Registry
  readonly #metrics: Metrics
  readonly #marks = new WeakMap<Summary, SummaryMark[]>()
  readonly #alarm: Alarm
  readonly #ownNames: ReadonlySet<string>
  #processSamples: readonly PrometheusSample[] = []

  constructor(registry: Registry, metrics: Metrics, timers: Timers) {
    this.#registry = registry
    this.#metrics = metrics
    this.#ownNames = new Set(metrics.all.map(metric => metric.name))
    for (const metric of metrics.all) registry.registerMetric(this.#adapter(metric))
    this.#alarm = timers.every(WINDOW_STEP_MS, () => {
      this.moveWindow()
      this.collect().catch(() => {})
    })
  }

  /** NaN when nothing was observed in the window. */
  quantile(summary: Summary, q: number): number {
    const marks = this.#marks.get(summary)
    const baseline = marks?.length === WINDOW_STEPS ? marks[0] : undefined
    return summary.quantileSince(baseline, q) ?? Number.NaN
  }

  processSamples(): readonly PrometheusSample[] {
    return this.#processSamples
  }

  /** Forgets the oldest step of the window; the timer calls it. */
  moveWindow(): void {
    for (const metric of this.#metrics.all) {
      if (metric instanceof Summary) this.#mark(metric)
      else if (metric instanceof SummarySet) for (const [, one] of metric.entries()) this.#mark(one)
    }
  }

  /** Reads everything; also what `processSamples` gives until the next time. */
  async collect(): Promise<readonly Family[]> {
    const collected = (await this.#registry.getMetricsAsJSON()) as unknown as Collected[]
    const families = collected.map(toFamily)
    const process = families.filter(family => !this.#ownNames.has(family.name))
    if (process.length > 0) process.push(...runtimeFamilies(process))
    this.#processSamples = process.flatMap(family => family.samples)
    return [...families.filter(family => this.#ownNames.has(family.name)), ...process]
  }

  /** The text of a scrape. `names` selects samples by their full name; empty selects all. */
  async scrape(names: readonly string[]): Promise<string> {
    return formatFamilies(await this.collect(), new Set(names))
  }

  close(): void {
    this.#alarm.cancel()
  }

  #mark(summary: Summary): void {
    const marks = this.#marks.get(summary)
    if (marks === undefined) this.#marks.set(summary, [summary.mark()])
    else {
      marks.push(summary.mark())
      if (marks.length > WINDOW_STEPS) marks.shift()
    }
  }

  /** prom-client has no metric that is only read, so this one has just the methods it calls. */
  #adapter(metric: Metric): ClientMetric {
    const quantile = (summary: Summary, q: number): number => this.quantile(summary, q)
    const get = (): Promise<Collected> => {
      const values = [...prometheusSamples(metric, quantile)].map(sample => ({
        metricName: sample.name,
        labels: Object.fromEntries(sample.labels),
        value: sample.value,
      }))
      return Promise.resolve({ name: metric.name, help: metric.name, type: typeOf(metric), values })
    }
    return { name: metric.name, get, reset: () => {} } as unknown as ClientMetric
  }
}

function typeOf(metric: Metric): string {
  if (metric instanceof Counter || metric instanceof CounterSet) return 'counter'
  return metric instanceof Summary || metric instanceof SummarySet ? 'summary' : 'gauge'
}

function toFamily({ name, help, type, values }: Collected): Family {
  const samples = values.map(({ metricName, labels, value }) => ({
    name: metricName ?? name,
    labels: Object.entries(labels).map(([key, text]) => [key, String(text)] as const),
    value,
  }))
  return { name, help, type, samples }
}

/** The Java names that alerts and dashboards use, where ours mean the same. */
function runtimeFamilies(process: readonly Family[]): Family[] {
  const heap = getHeapStatistics()
  const memory = (kind: string, bytes: number): Family => ({
    name: `jvm_memory_bytes_${kind}`,
    help: `${kind} bytes of the JavaScript heap`,
    type: 'gauge',
    samples: [{ name: `jvm_memory_bytes_${kind}`, labels: [['area', 'heap']], value: bytes }],
  })
  const families = [
    memory('used', heap.used_heap_size),
    memory('committed', heap.total_heap_size),
    memory('max', heap.heap_size_limit),
  ]
  const pauses = process.find(family => family.name === 'nodejs_gc_duration_seconds')
  if (pauses !== undefined) families.push(garbageFamily(pauses))
  return families
}

/** Counts and sums of the histogram, by kind of collection. */
function garbageFamily(pauses: Family): Family {
  const samples = pauses.samples
    .filter(({ name }) => name.endsWith('_count') || name.endsWith('_sum'))
    .map(({ name, labels, value }) => ({
      name: name.replace('nodejs_gc_duration_seconds', 'jvm_gc_collection_seconds'),
      labels: labels.map(([, kind]) => ['gc', kind] as const),
      value,
    }))
  const help = 'time spent in garbage collection'
  return { name: 'jvm_gc_collection_seconds', help, type: 'summary', samples }
}

function formatFamilies(families: readonly Family[], names: ReadonlySet<string>): string {
  const lines: string[] = []
  for (const { name, help, type, samples } of families) {
    const wanted = names.size === 0 ? samples : samples.filter(sample => names.has(sample.name))
    if (wanted.length === 0 && names.size > 0) continue
    lines.push(`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`)
    for (const sample of wanted) lines.push(formatSample(sample))
  }
  return `${lines.join('\n')}\n`
}

function formatSample({ name, labels, value }: PrometheusSample): string {
  if (labels.length === 0) return `${name} ${formatValue(value)}`
  // The comma after the last label is the old Java library's, and part of the text form.
  const text = labels.map(([label, of]) => `${label}="${escapeLabel(of)}",`).join('')
  return `${name}{${text}} ${formatValue(value)}`
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : javaDouble(value)
}

function escapeHelp(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')
}

/**
 * Loads prom-client, which is not done before somebody wants it: it would cost every start.
 * `isRuntimeExported` is metricsProvider.exportJvmInfo.
 */
export async function makePrometheusExporter(
  metrics: Metrics,
  timers: Timers,
  isRuntimeExported: boolean,
): Promise<PrometheusExporter> {
  const { default: client } = await import('prom-client')
  const registry = new client.Registry()
  const exporter = new PrometheusExporter(registry, metrics, timers)
  if (isRuntimeExported) {
    client.collectDefaultMetrics({ register: registry })
    await exporter.collect()
  }
  return exporter
}

/** Serves `GET /metrics`; everything else is 404. Rejects when the port cannot be bound. */
export function startPrometheusServer(
  exporter: PrometheusExporter,
  host: string,
  port: number,
): Promise<RunningServer> {
  const server = createHttpServer((request, response) => {
    answer(exporter, request, response).catch(() => response.destroy())
  })
  return listen(server, host, port)
}

async function answer(
  exporter: PrometheusExporter,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume()
  const url = URL.parse(request.url ?? '/', 'http://localhost')
  if (url?.pathname !== '/metrics') {
    response.writeHead(404, { 'Content-Length': 0 }).end()
    return
  }
  const body = Buffer.from(await exporter.scrape(url.searchParams.getAll('name[]')))
  response.writeHead(200, { 'Content-Type': CONTENT_TYPE, 'Content-Length': body.length })
  response.end(request.method === 'HEAD' ? undefined : body)
}
