/** behaviours.md 196-200: containers and TTL nodes, with a reaper that looks often. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { AddWatchMode, OpCode } from '../../wire/opcodes.ts'
import { type Client, eventText, fails, ok } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'
import { pause } from '../harness/wait.ts'

const CHECK_MS = 200
const OPTIONS = {
  cfg: { extendedTypesEnabled: true },
  jvm: { 'znode.container.checkIntervalMs': CHECK_MS },
  concurrent: true,
}

suite('reaper', OPTIONS, item => {
  item('196: a container goes after its last child', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.createContainer(root))
    ok(await client.create(`${root}/a`))
    await severalChecks()
    ok(await client.exists(root, true))
    ok(await client.delete(`${root}/a`))
    assert.deepEqual((await client.awaitEvents(1)).map(eventText), [`Deleted ${root}`])
  })

  item('197: a container never used stays', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.createContainer(root))
    await severalChecks()
    ok(await client.exists(root))
  })

  item('198: a TTL node goes when nothing has touched it', async ({ connect, root }) => {
    const client = await connect()
    const ttl = 1500n
    for (const name of ['', '-set', '-parent']) ok(await client.createTtl(root + name, { ttl }))
    ok(await client.create(`${root}-parent/child`))
    for (const name of ['', '-set', '-parent']) ok(await client.exists(root + name, true))
    await pause(1000)
    // setData restarts the clock of one; its one-shot watch is used up by that.
    const setMs = performance.now()
    ok(await client.setData(`${root}-set`, 'x'))
    ok(await client.exists(`${root}-set`, true))
    const events = await gone(client, 3)
    assert.deepEqual(events, [`DataChanged ${root}-set`, `Deleted ${root}`, `Deleted ${root}-set`])
    assert.ok(performance.now() - setMs >= Number(ttl) - 50)
    await severalChecks()
    ok(await client.exists(`${root}-parent`))
    ok(await client.delete(`${root}-parent/child`))
    assert.deepEqual(await gone(client, 1), [`Deleted ${root}-parent`])
  })

  item("199: the reaper's deletion fires watches", async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.addWatch(root, AddWatchMode.persistent))
    ok(await client.createContainer(`${root}/c`))
    ok(await client.addWatch(`${root}/c`, AddWatchMode.persistentRecursive))
    ok(await client.create(`${root}/c/a`))
    ok(await client.delete(`${root}/c/a`))
    const events = await client.awaitEvents(5)
    assert.deepEqual(events.map(eventText), [
      `ChildrenChanged ${root}`,
      `Created ${root}/c/a`,
      `Deleted ${root}/c/a`,
      `Deleted ${root}/c`,
      `ChildrenChanged ${root}`,
    ])
    assert.equal(events[3]?.zxid, events[4]?.zxid)
    fails(await client.exists(`${root}/c`), ErrorCode.noNode)
  })

  item("200: a client's deleteContainer closes its connection", async ({ connect, root }) => {
    const [client, other] = [await connect(), await connect()]
    ok(await other.createContainer(root))
    await assert.rejects(client.raw.call(OpCode.deleteContainer, w => w.string(root)))
    await client.raw.closed
    ok(await other.exists(root))
  })
})

async function severalChecks(): Promise<void> {
  await pause(CHECK_MS * 4)
}

async function gone(client: Client, count: number): Promise<string[]> {
  return (await client.awaitEvents(count)).map(eventText)
}
