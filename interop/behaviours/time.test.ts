/** behaviours.md 12, 16, 147, 151, 152, 162 and 163: what happens when time passes. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { AddWatchMode, CreateMode } from '../../wire/opcodes.ts'
import { type Client, eventText, fails, ok } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'
import { pause, within } from '../harness/wait.ts'

const TICK_MS = 1000
const TIMEOUT_MS = 2000
/** Expiry comes with the bucket after the timeout; the rest is scheduling on a busy machine. */
const LATE_MS = TICK_MS + 700
const EPHEMERAL = { flags: CreateMode.ephemeral }
const CFG = { tickTime: TICK_MS, 'nio.sessionlessCnxnTimeout': 1000 }

suite('time', { cfg: CFG, concurrent: true }, item => {
  item('12: re-attaching may change the timeout', async ({ connect, root }) => {
    const observer = await connect()
    const first = await connect({ timeOut: TIMEOUT_MS })
    assert.equal(first.session.timeOut, TIMEOUT_MS)
    ok(await first.create(root, EPHEMERAL))
    ok(await observer.exists(root, true))
    const startMs = performance.now()
    const again = await connect({ ...first.credentials, timeOut: 4000 })
    assert.equal(again.session.timeOut, 4000)
    await observer.awaitEvents(1)
    between(performance.now() - startMs, 4000, 4000 + LATE_MS)
  })

  item('16: a connection that says nothing is closed', async ({ open }) => {
    const startMs = performance.now()
    await within((await open()).closed, 'the silent connection is closed')
    between(performance.now() - startMs, 900, 3000)
  })

  item('147: expiry fires the watches of what it removes', async ({ connect, root }) => {
    const observer = await connect()
    ok(await observer.create(root))
    ok(await observer.addWatch(root, AddWatchMode.persistent))
    ok(await observer.addWatch(`${root}/e`, AddWatchMode.persistent))
    const owner = await connect({ timeOut: TIMEOUT_MS })
    const created = await owner.create(`${root}/e`, EPHEMERAL)
    ok(created)
    const events = await observer.awaitEvents(4)
    assert.deepEqual(events.map(eventText), [
      `Created ${root}/e`,
      `ChildrenChanged ${root}`,
      `Deleted ${root}/e`,
      `ChildrenChanged ${root}`,
    ])
    const closed = events[2]?.zxid
    assert.ok(closed !== undefined && closed > created.zxid)
    assert.equal(events[3]?.zxid, closed)
    assert.equal(ok(await observer.exists(root)).pzxid, closed)
  })

  item('151: a silent session expires within a tick of its timeout', async scene => {
    const observer = await scene.connect()
    const owner = await scene.connect({ timeOut: TIMEOUT_MS })
    ok(await owner.create(scene.root, EPHEMERAL))
    const startMs = performance.now()
    ok(await observer.exists(scene.root, true))
    await observer.awaitEvents(1)
    between(performance.now() - startMs, TIMEOUT_MS - 50, TIMEOUT_MS + LATE_MS)
    await within(owner.raw.closed, "the expired session's connection is closed")
  })

  item('152: pings alone keep a session', async ({ connect, root }) => {
    const owner = await connect({ timeOut: TIMEOUT_MS })
    ok(await owner.create(root, EPHEMERAL))
    const endMs = performance.now() + 3 * TIMEOUT_MS
    while (performance.now() < endMs) {
      await pause(TIMEOUT_MS / 4)
      ok(await owner.ping())
    }
    ok(await (await connect()).exists(root))
  })

  item('162: a broken connection removes nothing before the timeout', async scene => {
    const { connect, root } = scene
    const observer = await connect()
    ok(await observer.create(root))
    const owner = await connect({ timeOut: TIMEOUT_MS })
    ok(await owner.create(`${root}/e`, EPHEMERAL))
    const startMs = performance.now()
    owner.destroy()
    ok(await observer.exists(`${root}/e`, true))
    await pause(TIMEOUT_MS / 2)
    ok(await observer.exists(`${root}/e`))
    fails(await observer.delete(root), ErrorCode.notEmpty)
    await observer.awaitEvents(1)
    between(performance.now() - startMs, TIMEOUT_MS - 50, TIMEOUT_MS + LATE_MS)
    ok(await observer.delete(root))
  })

  item('163: an expired session is not attached again', async ({ connect, root }) => {
    const observer = await connect()
    const owner = await connect({ timeOut: TIMEOUT_MS })
    ok(await owner.create(root, EPHEMERAL))
    ok(await observer.exists(root, true))
    await observer.awaitEvents(1)
    const again: Client = await connect(owner.credentials)
    assert.equal(again.session.timeOut, 0)
    assert.equal(again.session.sessionId, 0n)
    await again.raw.closed
  })
})

function between(elapsedMs: number, leastMs: number, mostMs: number): void {
  assert.ok(
    elapsedMs >= leastMs && elapsedMs <= mostMs,
    `after ${Math.round(elapsedMs)} ms, not within ${leastMs}..${mostMs}`,
  )
}
