/**
 * behaviours.md 116-149: watches; 143, 147 and 148 wait for expiry or many frames and are in
 * time.test.ts and set-watches.test.ts.
 */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { AddWatchMode, CreateMode, WatcherType } from '../../wire/opcodes.ts'
import { acl, eventText, fails, OPEN, ok } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

const { persistent, persistentRecursive } = AddWatchMode

suite('one-shot watches', {}, item => {
  item('116: getData watch fires once', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.getData(root, true))
    ok(await client.setData(root, '1'))
    ok(await client.setData(root, '2'))
    assert.deepEqual(await client.eventTexts(), [`DataChanged ${root}`])
  })

  item('117: exists watch on a missing node', async ({ connect, root }) => {
    const [client, other] = [await connect(), await connect()]
    fails(await client.exists(root, true), ErrorCode.noNode)
    ok(await other.create(root))
    assert.deepEqual(await client.eventTexts(), [`Created ${root}`])
    ok(await other.delete(root))
    assert.deepEqual(await client.eventTexts(), [])
  })

  item('118: getChildren watch', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.getChildren(root, true))
    ok(await client.create(`${root}/a`))
    ok(await client.getChildren2(root, true))
    ok(await client.setData(`${root}/a`, 'x'))
    assert.deepEqual(await client.eventTexts(), [`ChildrenChanged ${root}`])
    ok(await client.delete(`${root}/a`))
    assert.deepEqual(await client.eventTexts(), [`ChildrenChanged ${root}`])
  })

  item('119: getChildren watch on a node that is deleted', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.getChildren(root, true))
    ok(await client.delete(root))
    assert.deepEqual(await client.eventTexts(), [`Deleted ${root}`])
  })

  item('120: data and child watch, one Deleted', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.getData(root, true))
    ok(await client.getChildren(root, true))
    ok(await client.delete(root))
    ok(await client.create(root))
    ok(await client.create(`${root}/a`))
    assert.deepEqual(await client.eventTexts(), [`Deleted ${root}`])
  })

  item('121: two watches on one path, one event', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.getData(root, true))
    ok(await client.getData(root, true))
    ok(await client.exists(root, true))
    ok(await client.setData(root, 'x'))
    assert.deepEqual(await client.eventTexts(), [`DataChanged ${root}`])
  })

  item('122: one-shot and persistent on one path', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.addWatch(root, persistent))
    ok(await client.getData(root, true))
    for (let i = 0; i < 2; i++) {
      ok(await client.setData(root, `${i}`))
      assert.deepEqual(await client.eventTexts(), [`DataChanged ${root}`])
    }
  })

  item('126: setACL fires nothing', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.getData(root, true))
    ok(await client.getChildren(root, true))
    ok(await client.addWatch(root, persistentRecursive))
    ok(await client.setAcl(root, [acl(31, 'ip', '127.0.0.1')]))
    assert.deepEqual(await client.eventTexts(), [])
  })

  item('127: the header of a notification', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.getData(root, true))
    const set = await client.setData(root, 'x')
    const [event] = await client.events()
    assert.equal(event?.xid, -1)
    assert.equal(event?.err, 0)
    assert.equal(event?.zxid, set.zxid)
  })

  item('128: state 3 and types 1..4', async ({ connect, root }) => {
    const client = await connect()
    fails(await client.exists(root, true), ErrorCode.noNode)
    ok(await client.create(root))
    ok(await client.getChildren(root, true))
    ok(await client.getData(root, true))
    ok(await client.create(`${root}/a`))
    ok(await client.setData(root, 'x'))
    ok(await client.delete(`${root}/a`))
    ok(await client.getData(root, true))
    ok(await client.delete(root))
    const events = await client.events()
    assert.deepEqual(
      events.map(event => event.type),
      [1, 4, 3, 2],
    )
    for (const event of events) assert.equal(event.state, 3)
  })

  item("129: the own write's event comes before its reply", async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.getData(root, true))
    const set = await client.setData(root, 'x')
    const [event] = await client.events()
    assert.ok(event !== undefined && event.order < set.order)
  })

  item('136: watches end with the connection', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.getData(root, true))
    ok(await client.addWatch(root, persistentRecursive))
    const again = await connect(client.credentials)
    ok(await again.setData(root, 'x'))
    assert.deepEqual(await again.eventTexts(), [])
  })
})

suite('persistent watches', {}, item => {
  item('123: what a persistent watch sees', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.addWatch(root, persistent))
    ok(await client.create(`${root}/a`))
    ok(await client.setData(root, 'x'))
    ok(await client.setData(`${root}/a`, 'x'))
    ok(await client.delete(`${root}/a`))
    ok(await client.delete(root))
    ok(await client.create(root))
    assert.deepEqual(await client.eventTexts(), [
      `ChildrenChanged ${root}`,
      `DataChanged ${root}`,
      `ChildrenChanged ${root}`,
      `Deleted ${root}`,
      `Created ${root}`,
    ])
  })

  item('124: a recursive watch names the changed node', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/b`))
    ok(await client.addWatch(root, persistentRecursive))
    ok(await client.create(`${root}/b/c`))
    ok(await client.setData(`${root}/b/c`, 'x'))
    assert.deepEqual(await client.eventTexts(), [`Created ${root}/b/c`, `DataChanged ${root}/b/c`])
  })

  item('125: a recursive watch on the root', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.addWatch('/', persistentRecursive))
    ok(await client.create(root))
    ok(await client.create(`${root}/a`))
    ok(await client.setData('/', 'x'))
    assert.deepEqual(await client.eventTexts(), [
      `Created ${root}`,
      `Created ${root}/a`,
      'DataChanged /',
    ])
  })

  item('130: addWatch answers four bytes', async ({ connect, root }) => {
    const client = await connect()
    const answer = await client.addWatch(root, persistent)
    assert.equal(ok(answer), 0)
    assert.equal(answer.body.length, 4)
  })

  item('131: addWatch of mode 2', async ({ connect, root }) => {
    const client = await connect()
    fails(await client.addWatch(root, 2), ErrorCode.marshallingError)
    fails(await client.addWatch(root, -1), ErrorCode.marshallingError)
    ok(await client.exists('/'))
  })

  item('132: removeWatches', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    for (let type = 1; type <= 5; type++) {
      fails(await client.removeWatches(root, type), ErrorCode.noWatcher)
    }
    ok(await client.getData(root, true))
    const removed = await client.removeWatches(root, WatcherType.data)
    ok(removed)
    assert.equal(removed.frame.length, 16)
    ok(await client.setData(root, 'x'))
    assert.deepEqual(await client.eventTexts(), [])
    fails(await client.removeWatches(root, 0), ErrorCode.marshallingError)
    fails(await client.removeWatches(root, 6), ErrorCode.marshallingError)
  })

  item('133: checkWatches after addWatch', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.addWatch(root, persistent))
    ok(await client.checkWatches(root, WatcherType.persistent))
    ok(await client.checkWatches(root, WatcherType.any))
    for (const type of [WatcherType.children, WatcherType.data, WatcherType.persistentRecursive]) {
      fails(await client.checkWatches(root, type), ErrorCode.noWatcher)
    }
  })

  item('134: removing a data watch leaves a recursive one', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.addWatch(root, persistentRecursive))
    ok(await client.getData(root, true))
    ok(await client.removeWatches(root, WatcherType.data))
    ok(await client.setData(root, 'x'))
    assert.deepEqual(await client.eventTexts(), [`DataChanged ${root}`])
  })

  item('135: removing any removes all', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.getData(root, true))
    ok(await client.getChildren(root, true))
    ok(await client.addWatch(root, persistent))
    ok(await client.addWatch(root, persistentRecursive))
    ok(await client.removeWatches(root, WatcherType.any))
    ok(await client.create(`${root}/a`))
    ok(await client.setData(root, 'x'))
    assert.deepEqual(await client.eventTexts(), [])
    for (let type = 1; type <= 5; type++) {
      fails(await client.checkWatches(root, type), ErrorCode.noWatcher)
    }
  })

  item('149: a deleted child of a recursive watch', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/a`))
    ok(await client.addWatch(root, persistentRecursive))
    ok(await client.delete(`${root}/a`))
    assert.deepEqual(await client.eventTexts(), [`Deleted ${root}/a`])
  })
})

suite('watches and ACLs', {}, item => {
  const ownerOnly = [acl(31, 'auth', '')]

  item('144: without READ no event, but the watch is used up', async ({ connect, root }) => {
    const [watcher, owner] = [await connect(), await connect()]
    ok(await owner.auth('digest', 'owner:secret'))
    ok(await owner.create(root))
    ok(await watcher.getData(root, true))
    ok(await owner.setAcl(root, ownerOnly))
    ok(await owner.setData(root, '1'))
    ok(await owner.setAcl(root, OPEN))
    ok(await owner.setData(root, '2'))
    assert.deepEqual(await watcher.eventTexts(), [])
  })

  item("145: ChildrenChanged looks at the parent's ACL", async ({ connect, root }) => {
    const [watcher, owner] = [await connect(), await connect()]
    ok(await owner.auth('digest', 'owner:secret'))
    ok(await owner.create(root))
    ok(await watcher.addWatch(root, persistent))
    ok(await owner.create(`${root}/hidden`, { acl: ownerOnly }))
    assert.deepEqual(await watcher.eventTexts(), [`ChildrenChanged ${root}`])
    ok(await owner.setAcl(root, ownerOnly))
    ok(await owner.create(`${root}/open`))
    assert.deepEqual(await watcher.eventTexts(), [])
  })

  item('146: catch-up events are withheld without READ', async ({ connect, root }) => {
    const [watcher, owner] = [await connect(), await connect()]
    ok(await owner.auth('digest', 'owner:secret'))
    ok(await owner.create(root, { acl: ownerOnly }))
    ok(await owner.setData(root, 'x'))
    ok(await watcher.setWatches(0n, { data: [root, `${root}/gone`], exist: [root] }))
    assert.deepEqual((await watcher.events()).map(eventText), [`Deleted ${root}/gone`])
    ok(await owner.setWatches(0n, { data: [root] }))
    assert.deepEqual((await owner.events()).map(eventText), [`DataChanged ${root}`])
  })

  item('148: ChildrenChanged for every type of child', async ({ connect, root }) => {
    const [watcher, owner] = [await connect(), await connect()]
    ok(await owner.create(root))
    ok(await watcher.addWatch(root, persistent))
    for (const flags of [CreateMode.ephemeral, CreateMode.ephemeralSequential]) {
      ok(await owner.create(`${root}/e${flags}`, { flags }))
    }
    ok(await owner.createContainer(`${root}/c`))
    assert.equal((await watcher.eventTexts()).length, 3)
    await owner.close()
    const both = [`ChildrenChanged ${root}`, `ChildrenChanged ${root}`]
    assert.deepEqual(await watcher.eventTexts(), both)
  })
})
