import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { KEYED_KINDS, METRIC_KINDS } from './metric-names.ts'
import {
  Counter,
  Gauge,
  KEYS_PER_SET_MAX,
  makeMetrics,
  OVERFLOW_KEY,
  Summary,
  SummarySet,
} from './metrics.ts'

test('every declared metric is a field of its own name and kind', () => {
  const metrics = makeMetrics()
  const names = Object.keys(METRIC_KINDS)
  assert.equal(names.length, 160)
  assert.deepEqual(
    metrics.all.map(metric => metric.name),
    names,
  )
  assert.ok(metrics.commit_count instanceof Counter)
  assert.ok(metrics.znode_count instanceof Gauge)
  assert.equal(metrics.readlatency.advanced, true)
  assert.equal(metrics.fsynctime.advanced, false)
  assert.ok(metrics.ack_latency instanceof SummarySet)
})

test('every set says what its key is', () => {
  const sets = Object.entries(METRIC_KINDS).filter(([, kind]) => kind.endsWith('Set'))
  assert.deepEqual(Object.keys(KEYED_KINDS).sort(), sets.map(([name]) => name).sort())
})

test('two members share nothing', () => {
  const one = makeMetrics()
  const other = makeMetrics()
  one.commit_count.value++
  assert.equal(other.commit_count.value, 0)
})

test('a summary of nothing is all zeros', () => {
  const summary = new Summary('x', true)
  assert.deepEqual(
    [summary.min, summary.max, summary.average, summary.count, summary.sum, summary.quantile(0.5)],
    [0, 0, 0, 0, 0, 0],
  )
  assert.equal(summary.quantileSince(undefined, 0.5), undefined)
})

test('small values have exact quantiles', () => {
  const summary = new Summary('x', true)
  for (let value = 1; value <= 20; value++) summary.observe(value)
  assert.equal(summary.quantile(0.5), 10)
  assert.equal(summary.quantile(0.95), 19)
  assert.equal(summary.quantile(0.99), 20)
  assert.equal(summary.average, 10.5)
})

test('one large value is its own quantile', () => {
  const summary = new Summary('x', true)
  summary.observe(123_456_789)
  assert.equal(summary.quantile(0.999), 123_456_789)
  assert.equal(summary.max, 123_456_789)
})

test('fractions are dropped and a clock that went back counts as zero', () => {
  const summary = new Summary('x', true)
  summary.observe(0.9)
  summary.observe(-5)
  summary.observe(Number.NaN)
  assert.deepEqual([summary.min, summary.max, summary.sum, summary.count], [0, 0, 0, 3])
})

test('quantiles stay within 1/16 of the sorted list for any observations', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 0x7fffffff }), { minLength: 1 }),
      fc.constantFrom(0.5, 0.9, 0.95, 0.99, 0.999),
      (values, q) => {
        const summary = new Summary('x', true)
        for (const value of values) summary.observe(value)
        const sorted = values.toSorted((a, b) => a - b)
        const exact = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!
        assert.ok(Math.abs(summary.quantile(q) - exact) <= exact / 16)
      },
    ),
  )
})

test('a mark separates what came before from what came after', () => {
  const summary = new Summary('x', true)
  for (let i = 0; i < 100; i++) summary.observe(5)
  const mark = summary.mark()
  assert.equal(summary.quantileSince(mark, 0.5), undefined)
  summary.observe(900)
  assert.equal(summary.quantileSince(mark, 0.5), 900)
  assert.equal(summary.quantile(0.5), 5)
})

test('a reset starts again without forgetting keys', () => {
  const metrics = makeMetrics()
  metrics.commit_count.value = 7
  metrics.readlatency.observe(9)
  metrics.ack_latency.of('2').observe(4)
  metrics.resetAll()
  assert.equal(metrics.commit_count.value, 0)
  assert.equal(metrics.readlatency.count, 0)
  assert.deepEqual(
    [...metrics.ack_latency.entries()].map(([key, one]) => [key, one.count, one.max]),
    [['2', 0, 0]],
  )
})

test('a set has a limit and counts the rest under one key', () => {
  const { read_per_namespace: set } = makeMetrics()
  for (let i = 0; i < KEYS_PER_SET_MAX + 50; i++) set.of(`n${i}`).observe(1)
  const entries = [...set.entries()]
  assert.equal(entries.length, KEYS_PER_SET_MAX + 1)
  assert.equal(set.of(OVERFLOW_KEY).count, 50)
})
