import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Metrics, makeMetrics } from '../../base/metrics.ts'
import type { Timers } from '../../base/ports.ts'
import { fakeView } from '../admin/fake-view.ts'
import {
  CONTENT_TYPE,
  makePrometheusExporter,
  type PrometheusExporter,
  startPrometheusServer,
} from './prometheus.ts'

interface Fixture {
  readonly exporter: PrometheusExporter
  /** Lets the window's timer fire once. */
  readonly tick: () => void
}

async function start(
  t: TestContext,
  metrics: Metrics,
  isRuntimeExported: boolean = false,
): Promise<Fixture> {
  let tick = (): void => assert.fail('no timer was started')
  const alarm = { cancel: () => {} }
  const timers: Timers = {
    after: () => alarm,
    every: (_ms, callback) => {
      tick = callback
      return alarm
    },
    soon: () => {},
  }
  const exporter = await makePrometheusExporter(metrics, timers, isRuntimeExported)
  t.after(() => exporter.close())
  return { exporter, tick: () => tick() }
}

test('233: every kind in the text form of Apache', async t => {
  const { metrics } = fakeView()
  metrics.commit_count.value = 13_847_552
  metrics.quota_exceeded_error_per_namespace.of('a"\\').value = 2
  metrics.fsynctime.observe(7)
  for (const value of [1, 2, 9]) metrics.readlatency.observe(value)
  metrics.write_per_namespace.of('app').observe(3)
  const { exporter } = await start(t, metrics)
  const text = await exporter.scrape([])
  for (const block of [
    '# HELP commit_count commit_count\n# TYPE commit_count counter\ncommit_count 1.3847552E7\n',
    '# TYPE quota_exceeded_error_per_namespace counter\n' +
      'quota_exceeded_error_per_namespace{key="a\\"\\\\",} 2.0\n',
    '# TYPE fsynctime summary\nfsynctime{quantile="0.5",} 7.0\nfsynctime_count 1.0\n' +
      'fsynctime_sum 7.0\n',
    '# TYPE readlatency summary\nreadlatency{quantile="0.5",} 2.0\n' +
      'readlatency{quantile="0.9",} 9.0\nreadlatency{quantile="0.99",} 9.0\n' +
      'readlatency_count 3.0\nreadlatency_sum 12.0\n',
    'write_per_namespace{key="app",quantile="0.5",} 3.0\nwrite_per_namespace_count{key="app",} 1.0\n',
    'updatelatency{quantile="0.99",} NaN\n',
    '# TYPE znode_count gauge\nznode_count 8.0\n',
    'quota_count_limit_per_namespace{key="app",} 10.0\n',
    '# TYPE learner_handler_qp_size summary\n# HELP',
    '# TYPE learners gauge\n# HELP',
  ]) {
    assert.ok(text.includes(block), block)
  }
})

test('233: no zk_ prefix, no _total, every line well formed', async t => {
  const { exporter } = await start(t, makeMetrics())
  const lines = (await exporter.scrape([])).trimEnd().split('\n')
  assert.ok(lines.length > 400)
  for (const line of lines) {
    assert.match(
      line,
      /^# (HELP|TYPE) \w+ \w+$|^\w+(\{(\w+="[^"]*",)+\})? (NaN|-?[\d.]+(E-?\d+)?)$/,
    )
    assert.doesNotMatch(line, /^(# \w+ )?zk_|_total\b/)
  }
})

test('names select samples, not families', async t => {
  const { metrics } = fakeView()
  metrics.readlatency.observe(4)
  const { exporter } = await start(t, metrics)
  assert.equal(
    await exporter.scrape(['znode_count', 'readlatency']),
    `# HELP znode_count znode_count
# TYPE znode_count gauge
znode_count 8.0
# HELP readlatency readlatency
# TYPE readlatency summary
readlatency{quantile="0.5",} 4.0
readlatency{quantile="0.9",} 4.0
readlatency{quantile="0.99",} 4.0
`,
  )
})

test('quantiles forget after a minute, counts and sums do not', async t => {
  const metrics = makeMetrics()
  const { exporter, tick } = await start(t, metrics)
  metrics.readlatency.observe(5)
  for (let step = 0; step < 4; step++) tick()
  assert.equal(exporter.quantile(metrics.readlatency, 0.5), 5)
  tick()
  assert.ok(Number.isNaN(exporter.quantile(metrics.readlatency, 0.5)))
  metrics.readlatency.observe(80)
  assert.equal(exporter.quantile(metrics.readlatency, 0.5), 80)
  assert.match(await exporter.scrape(['readlatency_count']), /readlatency_count 2\.0\n/)
})

test('the process and the runtime are there when asked for', async t => {
  const { exporter } = await start(t, makeMetrics(), true)
  const text = await exporter.scrape([])
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes']) {
    assert.match(text, new RegExp(`\\n${name} [\\d.E-]+\\n`), name)
  }
  assert.match(text, /\njvm_memory_bytes_used\{area="heap",\} /)
  assert.match(text, /\njvm_memory_bytes_max\{area="heap",\} /)
  assert.match(text, /\nnodejs_version_info\{version="/)
  const names = new Set(exporter.processSamples().map(sample => sample.name))
  assert.ok(names.has('process_open_fds'))
  assert.equal(names.has('znode_count'), false)
})

test('234: /metrics and nothing else', async t => {
  const { exporter } = await start(t, fakeView().metrics)
  const server = await startPrometheusServer(exporter, '127.0.0.1', 0)
  t.after(() => server.close())
  const base = `http://127.0.0.1:${server.port}`
  const found = await fetch(`${base}/metrics?name[]=znode_count`)
  assert.equal(found.headers.get('content-type'), CONTENT_TYPE)
  assert.match(await found.text(), /\nznode_count 8\.0\n$/)
  for (const path of ['/', '/metricsx']) {
    const missing = await fetch(`${base}${path}`)
    assert.equal(missing.status, 404)
    await missing.arrayBuffer()
  }
})
