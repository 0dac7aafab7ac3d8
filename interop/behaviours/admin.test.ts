/** behaviours.md 227-229 and 231-234: AdminServer and Prometheus; 230 needs an ensemble. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { fails, ok } from '../harness/client.ts'
import { type HttpAnswer, http } from '../harness/http.ts'
import { freePorts } from '../harness/ports.ts'
import { suite } from '../harness/suite.ts'
import { poll } from '../harness/wait.ts'

const ALIASES: readonly (readonly [string, readonly string[]])[] = [
  ['configuration', ['conf', 'config']],
  ['monitor', ['mntr']],
  ['server_stats', ['srvr']],
  ['stats', ['stat']],
  ['watch_summary', ['wchs']],
  ['watches', ['wchc']],
  ['watches_by_path', ['wchp']],
  ['connections', ['cons']],
  ['is_read_only', ['isro']],
  ['dirs', []],
  ['dump', []],
  ['hash', []],
  ['voting_view', []],
  ['zabstate', []],
  ['environment', ['env', 'envi']],
  ['initial_configuration', ['icfg']],
  ['last_snapshot', ['lsnp']],
  ['leader', ['lead']],
  ['system_properties', ['sysp']],
]

suite('AdminServer', { cfg: { 'admin.enableServer': true } }, item => {
  item('227: ruok', async ({ server }) => {
    const answer = await http(server.adminPort, '/commands/ruok')
    assert.equal(answer.status, 200)
    assert.match(String(answer.headers['content-type']), /^application\/json/)
    assert.deepEqual(json(answer), { command: 'ruok', error: null })
  })

  item('228: an unknown command is 200 with an error', async ({ server }) => {
    const answer = await http(server.adminPort, '/commands/nosuch')
    assert.equal(answer.status, 200)
    assert.deepEqual(json(answer), { command: 'nosuch', error: 'Unknown command: nosuch' })
    assert.equal((await http(server.adminPort, '/elsewhere')).status, 404)
  })

  item('229: aliases answer with the primary name', async ({ server }) => {
    for (const [primary, aliases] of ALIASES) {
      const answers = [primary, ...aliases].map(async name => {
        const answer = await http(server.adminPort, `/commands/${name}`)
        assert.equal(answer.status, 200, name)
        return json(answer)
      })
      for (const answer of await Promise.all(answers)) {
        assert.equal(answer['command'], primary)
        assert.deepEqual(Object.keys(answer), Object.keys(await answers[0]!))
        assert.ok('error' in answer)
      }
    }
    const list = await http(server.adminPort, '/commands')
    assert.equal(list.status, 200)
    for (const [primary] of ALIASES) {
      assert.ok(list.text.includes(`<a href="/commands/${primary}">${primary}</a>`), primary)
    }
  })

  item('231: snapshot needs authorization', async ({ connect, server, root }) => {
    const client = await connect()
    ok(await client.create(root))
    assert.equal((await http(server.adminPort, '/commands/snapshot')).status, 401)
    const wrong = { Authorization: 'nonsense x' }
    const refused = await http(server.adminPort, '/commands/snapshot', { headers: wrong })
    assert.equal(refused.status, 401)
    const snapshot = await http(server.adminPort, '/commands/snapshot', { headers: DIGEST })
    assert.equal(snapshot.status, 200)
    assert.match(String(snapshot.headers['last_zxid']), /^0x[0-9a-f]+$/)
    assert.equal(Number(snapshot.headers['snapshot_size']), snapshot.body.length)
    assert.equal(snapshot.body.subarray(0, 4).toString(), 'ZKSN')
    assert.ok(snapshot.body.includes(root))
  })

  item('232: restore by GET, and by POST', async ({ connect, server, root }) => {
    const path = '/commands/restore'
    assert.equal((await http(server.adminPort, path)).status, 401)
    assert.equal((await http(server.adminPort, path, { headers: DIGEST })).status, 500)
    const client = await connect()
    ok(await client.create(root, { data: 'kept' }))
    // One snapshot in 0.3 seconds is allowed (operations.md 9.4), and 231 has taken one.
    const body = await poll('a snapshot', async () => {
      const snapshot = await http(server.adminPort, '/commands/snap', { headers: DIGEST })
      return snapshot.status === 429 ? undefined : snapshot.body
    })
    ok(await client.create(`${root}/later`))
    const post = { method: 'POST', headers: DIGEST, body }
    const answer = await http(server.adminPort, path, post)
    assert.equal(answer.status, 200, answer.text)
    assert.deepEqual(Object.keys(json(answer)), ['last_zxid', 'command', 'error'])
    const again = await connect()
    assert.equal(Buffer.from(ok(await again.getData(root)).data ?? []).toString(), 'kept')
    fails(await again.exists(`${root}/later`), ErrorCode.noNode)
  })
})

const [metricsPort] = await freePorts(1)
const PROMETHEUS = {
  'metricsProvider.className': 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
  'metricsProvider.httpHost': '127.0.0.1',
  'metricsProvider.httpPort': metricsPort ?? 0,
}

suite('Prometheus', { cfg: PROMETHEUS }, item => {
  item('233: names and labels', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const { text } = await http(metricsPort ?? 0, '/metrics')
    const lines = text.split('\n')
    assert.match(text, /^readlatency\{quantile="0\.5",\} \S+$/m)
    assert.match(text, /^# TYPE connection_request_count counter$/m)
    assert.match(text, /^connection_request_count \d+\.\d+$/m)
    assert.match(text, /^znode_count 6\.0$/m)
    // What the runtime itself exports is called after the runtime.
    const ours = lines.filter(line => !/^(# |jvm_|nodejs_|process_|$)/.test(line))
    assert.ok(ours.length > 300, `${ours.length} samples`)
    for (const line of ours) {
      assert.doesNotMatch(line, /^zk_/)
      assert.match(line, /^\w+(\{.*,\})? \S+$/)
      assert.doesNotMatch(line, /^\w+_total\b/)
    }
  })

  item('234: other paths and the content type', async () => {
    assert.equal((await http(metricsPort ?? 0, '/elsewhere')).status, 404)
    const metrics = await http(metricsPort ?? 0, '/metrics')
    assert.match(String(metrics.headers['content-type']), /^text\/plain; version=0\.0\.4/i)
  })
})

const DIGEST = { Authorization: 'digest a:b' }

function json(answer: HttpAnswer): Record<string, unknown> {
  return JSON.parse(answer.text) as Record<string, unknown>
}
