import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { type TestContext, test } from 'node:test'
import type { Clock, Log } from '../../base/ports.ts'
import { FAKE_QUORUM, fakeView } from '../admin/fake-view.ts'
import type { AdminView } from '../admin/view.ts'
import { startAdminServer } from './admin-server.ts'

const SILENT: Log = { trace() {}, debug() {}, info() {}, warn() {}, error() {} }
const DIGEST = { authorization: 'digest a:b' }

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
}

interface Fixture {
  readonly view: AdminView
  readonly now: { ms: number }
  readonly ask: (method: string, path: string, options?: AskOptions) => Promise<Answer>
}

interface AskOptions {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** A server on a free port; time only moves when a test says so. */
async function start(t: TestContext, view: AdminView = fakeView()): Promise<Fixture> {
  const now = { ms: 0 }
  const clock: Clock = { wallMs: () => now.ms, monotonicMs: () => now.ms }
  const server = await startAdminServer(
    { view, clock, log: SILENT, commandUrl: '/commands' },
    { host: '127.0.0.1', port: 0, idleTimeoutMs: 30_000 },
  )
  t.after(() => server.close())
  return { view, now, ask: (method, path, options) => ask(server.port, method, path, options) }
}

function ask(
  port: number,
  method: string,
  path: string,
  { headers = {}, body }: AskOptions = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers, agent: false }
    const request = httpRequest(options, response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

test('227: ruok answers 200 and JSON', async t => {
  const { ask } = await start(t)
  const answer = await ask('GET', '/commands/ruok')
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'application/json')
  assert.equal(answer.text, '{\n  "command" : "ruok",\n  "error" : null\n}')
})

test('228: unknown commands answer 200, with both methods and below known names', async t => {
  const { ask } = await start(t)
  const table: readonly (readonly [string, string])[] = [
    ['GET', 'nosuch'],
    ['POST', 'nosuch'],
    ['GET', 'ruok/'],
    ['GET', '%zz'],
  ]
  for (const [method, name] of table) {
    const answer = await ask(method, `/commands/${name}`)
    assert.equal(answer.status, 200, name)
    assert.equal(JSON.parse(answer.text).error, `Unknown command: ${name}`)
  }
})

test('a member without a quorum answers 200 and says so', async t => {
  const { ask } = await start(t, fakeView({ isServing: () => false }))
  const error = 'This ZooKeeper instance is not currently serving requests'
  for (const path of ['/commands/srvr', '/commands/snapshot']) {
    const answer = await ask('GET', path, { headers: DIGEST })
    assert.equal(answer.status, 200)
    assert.equal(JSON.parse(answer.text).error, error)
  }
})

test('the listing has a link a line', async t => {
  const { ask } = await start(t)
  for (const path of ['/commands', '/commands/']) {
    const { status, text } = await ask('GET', path)
    assert.equal(status, 200)
    const lines = text.trimEnd().split('\n')
    assert.equal(lines.length, 2 * 30)
    assert.equal(lines[0], '<a href="/commands/configuration">configuration</a>')
    assert.equal(lines[1], '<br/>')
  }
})

test('paths outside the command URL are 404', async t => {
  const { ask } = await start(t)
  for (const path of ['/', '/x', '/commandsx', '//']) {
    assert.equal((await ask('GET', path)).status, 404, path)
  }
})

test('methods have the status of Apache', async t => {
  const { ask } = await start(t)
  const statuses: Record<string, number> = {
    HEAD: 200,
    OPTIONS: 200,
    PUT: 405,
    DELETE: 405,
    TRACE: 403,
    PATCH: 501,
    POST: 500,
  }
  for (const [method, status] of Object.entries(statuses)) {
    const answer = await ask(method, '/commands/ruok')
    assert.equal(answer.status, status, method)
    if (method !== 'POST') assert.equal(answer.text, '', method)
  }
})

test('query parameters reach the command', async t => {
  const { ask, view } = await start(t)
  const answer = await ask('GET', '/commands/stmk?traceMask=7')
  assert.equal(JSON.parse(answer.text).tracemask, 7)
  assert.equal(view.traceMask(), 7n)
})

test('229: alias and name answer the same in a quorum', async t => {
  const { ask } = await start(t, fakeView({ quorum: () => FAKE_QUORUM }))
  const [alias, name] = [await ask('GET', '/commands/lead'), await ask('GET', '/commands/leader')]
  assert.equal(alias.text, name.text)
  assert.equal(JSON.parse(name.text).leader_id, 1)
})

test('231: a snapshot needs credentials with all permissions on the root', async t => {
  const { ask } = await start(t)
  const table: readonly (readonly [string | undefined, number, string])[] = [
    [undefined, 401, 'Auth info is missing for the command'],
    ['foo a:b', 401, 'Not authenticated'],
    ['foo', 401, 'Not authenticated'],
    ['digest nobody:x', 403, 'Not authorized'],
  ]
  for (const [authorization, status, error] of table) {
    const headers = authorization === undefined ? {} : { authorization }
    const answer = await ask('GET', '/commands/snapshot', { headers })
    assert.equal(answer.status, status)
    assert.deepEqual(JSON.parse(answer.text), { command: 'snapshot', error })
  }
})

test('231: a snapshot is streamed with its zxid and size', async t => {
  const { ask } = await start(t)
  const answer = await ask('GET', '/commands/snap', { headers: DIGEST })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['last_zxid'], '0x1a')
  assert.equal(answer.headers['snapshot_size'], '3')
  assert.equal(answer.headers['content-type'], 'application/octet-stream')
  assert.equal(answer.text, '\u0001\u0002\u0003')
})

test('without streaming only the answer comes', async t => {
  const { ask } = await start(t)
  const answer = await ask('GET', '/commands/snapshot?streaming=false', { headers: DIGEST })
  assert.equal(answer.headers['last_zxid'], '0x1a')
  assert.equal(answer.text, '{\n  "command" : "snapshot",\n  "error" : null\n}')
})

test('snapshots are limited to one per 0.3 s, restores to one per 5 minutes', async t => {
  const { ask, now, view } = await start(t)
  const snapshot = async (): Promise<number> =>
    (await ask('GET', '/commands/snapshot', { headers: DIGEST })).status
  const restore = async (): Promise<number> =>
    (await ask('POST', '/commands/restore', { headers: DIGEST, body: 'abc' })).status
  assert.deepEqual([await snapshot(), await snapshot(), await restore()], [200, 429, 200])
  now.ms = 300
  assert.deepEqual([await snapshot(), await restore()], [200, 429])
  now.ms = 300_000
  assert.equal(await restore(), 200)
  assert.equal(view.metrics.snapshot_rate_limited_count.value, 1)
  assert.equal(view.metrics.restore_rate_limited_count.value, 1)
})

test('232: restore with GET is 500, 401 without credentials', async t => {
  const { ask } = await start(t)
  assert.equal((await ask('GET', '/commands/restore')).status, 401)
  assert.equal((await ask('GET', '/commands/restore', { headers: DIGEST })).status, 500)
  assert.equal((await ask('POST', '/commands/snapshot', { headers: DIGEST })).status, 500)
})

test('restore reads the body and tells the last zxid in decimal', async t => {
  const { ask } = await start(t)
  const answer = await ask('POST', '/commands/rest', { headers: DIGEST, body: 'abcd' })
  assert.deepEqual(JSON.parse(answer.text), { last_zxid: 4, command: 'restore', error: null })
})

test('a restore that fails is 500 and counted', async t => {
  const { ask, view } = await start(t)
  const answer = await ask('POST', '/commands/restore', { headers: DIGEST })
  assert.equal(answer.status, 500)
  assert.deepEqual(JSON.parse(answer.text), { command: 'restore', error: null })
  assert.equal(view.metrics.restore_error_count.value, 1)
})

test('a feature that is off is 503, an unrestorable snapshot 500', async t => {
  const { snapshots } = fakeView()
  const off = await start(
    t,
    fakeView({ snapshots: { ...snapshots, isSnapshotEnabled: false, isRestorable: false } }),
  )
  const get = (): Promise<Answer> => off.ask('GET', '/commands/snapshot', { headers: DIGEST })
  assert.equal((await get()).status, 503)
  assert.equal((await off.ask('POST', '/commands/restore', { headers: DIGEST })).status, 500)
})

test('a snapshot that fails is 500 and counted; a bug is 500 too', async t => {
  const { snapshots } = fakeView()
  const view = fakeView({
    snapshots: { ...snapshots, take: () => Promise.reject(new Error('no space')) },
    treeCounts: () => {
      throw new Error('bug')
    },
  })
  const { ask } = await start(t, view)
  assert.equal((await ask('GET', '/commands/snapshot', { headers: DIGEST })).status, 500)
  assert.equal(view.metrics.snapshot_error_count.value, 1)
  assert.equal((await ask('GET', '/commands/srvr')).status, 500)
})

test('a port that is taken rejects', async t => {
  const view = fakeView()
  const clock: Clock = { wallMs: () => 0, monotonicMs: () => 0 }
  const options = { view, clock, log: SILENT, commandUrl: '/commands' }
  const first = await startAdminServer(options, { host: '127.0.0.1', port: 0, idleTimeoutMs: 1000 })
  t.after(() => first.close())
  const address = { host: '127.0.0.1', port: first.port, idleTimeoutMs: 1000 }
  await assert.rejects(startAdminServer(options, address), { code: 'EADDRINUSE' })
})

test('our own commands want POST and credentials', async t => {
  const levels: string[] = []
  const { ask } = await start(
    t,
    fakeView(fakeView({ setLogLevel: level => void levels.push(level) })),
  )
  assert.equal((await ask('POST', '/commands/log_level?level=debug')).status, 401)
  const headers = { Authorization: 'digest u:p' }
  assert.equal((await ask('GET', '/commands/log_level?level=debug', { headers })).status, 405)
  const bad = await ask('POST', '/commands/log_level?level=loud', { headers })
  assert.equal(bad.status, 400)
  assert.match(bad.text, /level=loud: valid are trace, debug, info, warn, error/)
  assert.equal((await ask('POST', '/commands/log_level?level=debug', { headers })).status, 200)
  assert.deepEqual(levels, ['debug'])
  assert.equal((await ask('POST', '/commands/hand_over?to=x', { headers })).status, 400)
})
