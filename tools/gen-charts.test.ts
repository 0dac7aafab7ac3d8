import { deepEqual, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'yaml'
import { CHARTS, chartFiles } from './gen-charts.ts'
import { inRepository, staleFiles } from './gen-crd.ts'
import { THRESHOLDS } from './monitoring/alerts.ts'

test('schemas, READMEs and CRDs of the charts are fresh; run node tools/gen-charts.ts', () => {
  const files = chartFiles()
  ok(files.size >= 6, 'a check that looked at nothing has not passed')
  deepEqual(staleFiles(files), [])
})

function read(path: string): string {
  return readFileSync(inRepository(path), 'utf8')
}

test('the versions of charts and project agree', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  for (const chart of CHARTS) {
    const found = parse(read(`charts/${chart}/Chart.yaml`)) as Record<string, string>
    deepEqual([found['version'], found['appVersion']], [version, version], chart)
  }
})

test('the thresholds of the charts are those of the alerts', () => {
  const cluster = parse(read('charts/zk-cluster/values.yaml')) as {
    metrics: { prometheusRule: { thresholds: Record<string, number> } }
  }
  const operator = parse(read('charts/zk-operator/values.yaml')) as {
    metrics: { prometheusRule: { notReadyMinutes: number } }
  }
  const { thresholds } = cluster.metrics.prometheusRule
  const { notReadyMinutes } = operator.metrics.prometheusRule
  deepEqual({ ...thresholds, notReadyMinutes }, THRESHOLDS)
})
