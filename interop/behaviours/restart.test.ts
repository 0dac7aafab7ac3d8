/** behaviours.md 62, 153 and 158: a server that stops and comes back. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { CreateMode } from '../../wire/opcodes.ts'
import { fails, ok } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'
import { pause } from '../harness/wait.ts'

const TIMEOUT_MS = 3000
const EPHEMERAL = { flags: CreateMode.ephemeral }

suite('restart', { cfg: { tickTime: 1000 } }, item => {
  item('62: numbering continues', async ({ connect, root, server }) => {
    const client = await connect()
    const sequential = { flags: CreateMode.persistentSequential }
    ok(await client.create(root))
    for (let i = 0; i < 3; i++) ok(await client.create(`${root}/n`, sequential))
    ok(await client.delete(`${root}/n0000000002`))
    const before = ok(await client.exists(root))
    await server.kill()
    await server.start()
    const again = await connect()
    assert.deepEqual(ok(await again.exists(root)), before)
    assert.equal(ok(await again.create(`${root}/n`, sequential)), `${root}/n0000000003`)
  })

  item('153: a pause shorter than the timeout', async ({ connect, root, server }) => {
    const client = await connect({ timeOut: TIMEOUT_MS })
    ok(await client.create(root, EPHEMERAL))
    process.kill(server.pid, 'SIGSTOP')
    try {
      await pause(TIMEOUT_MS / 2)
    } finally {
      process.kill(server.pid, 'SIGCONT')
    }
    ok(await client.ping())
    assert.equal(ok(await client.exists(root)).ephemeralOwner, client.session.sessionId)
  })

  item('158: sessions outlive a long restart', async ({ connect, root, server }) => {
    const silent = await connect({ timeOut: TIMEOUT_MS })
    const moved = await connect({ timeOut: TIMEOUT_MS })
    ok(await moved.create(root))
    ok(await silent.create(`${root}/silent`, EPHEMERAL))
    ok(await moved.create(`${root}/moved`, EPHEMERAL))
    await server.kill()
    await pause(TIMEOUT_MS + 500)
    await server.start()
    const observer = await connect()
    const startMs = performance.now()
    assert.deepEqual(ok(await observer.getChildren(root)), ['moved', 'silent'])
    ok(await observer.exists(`${root}/silent`, true))
    const again = await connect(moved.credentials)
    assert.equal(again.session.sessionId, moved.session.sessionId)
    const keepAlive = setInterval(() => void again.ping(), TIMEOUT_MS / 4)
    try {
      await observer.awaitEvents(1)
    } finally {
      clearInterval(keepAlive)
    }
    assert.ok(performance.now() - startMs > TIMEOUT_MS - 1500)
    fails(await observer.exists(`${root}/silent`), ErrorCode.noNode)
    ok(await observer.exists(`${root}/moved`))
  })
})
