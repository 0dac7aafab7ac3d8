import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FAKE_QUORUM, FAKE_VERSION, fakeView } from './fake-view.ts'
import { mntrText } from './mntr.ts'
import type { AdminView } from './view.ts'

function linesOf(view: AdminView): Map<string, string> {
  const lines = mntrText(view).trimEnd().split('\n')
  return new Map(lines.map(line => line.split('\t') as [string, string]))
}

test('220: every line is zk_name, a tab and a value, the state first', () => {
  const text = mntrText(fakeView())
  const lines = text.trimEnd().split('\n')
  assert.ok(lines.length > 300)
  for (const line of lines) assert.match(line, /^zk_[\w.-]+\t\S.*$/)
  assert.equal(lines[0], `zk_version\t${FAKE_VERSION}`)
  assert.equal(lines[1], 'zk_server_state\tstandalone')
  assert.ok(text.endsWith('\n'))
})

test('a standalone member prints exactly the keys of Apache without a quorum', () => {
  const keys = linesOf(fakeView())
  for (const absent of ['quorum_size', 'learners', 'synced_observers', 'last_proposal_size']) {
    assert.equal(keys.has(`zk_${absent}`), false, absent)
  }
  // Counted on Apache 3.9.6: 2 of the state, 24 gauges, 51 counters, 42 BASIC, 23 ADVANCED; here
  // one quota in addition.
  assert.equal(keys.size, 2 + 24 + 51 + 42 * 5 + 23 * 9 + 1)
})

test('values have the form of their type', () => {
  const view = fakeView()
  view.stats.observeLatency(1)
  view.stats.observeLatency(2)
  for (const value of [1, 1, 4]) view.metrics.readlatency.observe(value)
  view.metrics.read_per_namespace.of('app').observe(100)
  const keys = linesOf(view)
  const expected = {
    zk_avg_latency: '1.5',
    zk_min_latency: '1',
    zk_connection_drop_probability: '0.0',
    zk_znode_count: '8',
    zk_last_client_response_size: '-1',
    zk_avg_readlatency: '2.0',
    zk_sum_readlatency: '6',
    zk_cnt_readlatency: '3',
    zk_p50_readlatency: '1',
    zk_p999_readlatency: '4',
    zk_avg_fsynctime: '0.0',
    zk_avg_app_read_per_namespace: '100.0',
    zk_app_quota_count_limit_per_namespace: '10',
  }
  for (const [key, value] of Object.entries(expected)) assert.equal(keys.get(key), value, key)
})

test('a leader adds its state and its gauges', () => {
  const view = fakeView({ quorum: () => FAKE_QUORUM, mode: () => 'leader' })
  const keys = linesOf(view)
  assert.equal(keys.get('zk_peer_state'), 'leading - broadcast')
  assert.equal(keys.get('zk_quorum_size'), '1')
  assert.equal(keys.get('zk_synced_observers'), '1')
  assert.equal(keys.get('zk_min_proposal_size'), '-1')
})

test('an observer names its master', () => {
  const quorum = { ...FAKE_QUORUM, role: 'observing', leader: undefined, observers: undefined }
  const observing = { ...quorum, role: 'observing' as const, observerMasterId: 2 }
  const keys = linesOf(fakeView({ quorum: () => observing, mode: () => 'observer' }))
  assert.equal(keys.get('zk_peer_state'), 'observing - broadcast')
  assert.equal(keys.get('zk_observer_master_id'), '2')
  assert.equal(keys.has('zk_synced_observers'), false)
})

test('with Prometheus mntr prints its samples, without a trailing comma', () => {
  const process = { name: 'process_open_fds', labels: [], value: 60 }
  const prometheus = { quantile: () => 2, processSamples: () => [process] }
  const view = fakeView({ prometheus })
  view.metrics.write_per_namespace.of('a"b').observe(3)
  const keys = linesOf(view)
  const expected = {
    'zk_readlatency{quantile="0.99"}': '2.0',
    zk_readlatency_count: '0.0',
    'zk_write_per_namespace{key="a\\"b",quantile="0.5"}': '2.0',
    'zk_quota_count_limit_per_namespace{key="app"}': '10.0',
    zk_znode_count: '8.0',
    zk_process_open_fds: '60.0',
  }
  for (const [key, value] of Object.entries(expected)) assert.equal(keys.get(key), value, key)
  assert.equal(keys.has('zk_fsynctime{quantile="0.9"}'), false)
})
