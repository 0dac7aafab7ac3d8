/** behaviours.md 137-143: setWatches and setWatches2. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { setWatchesRequest } from '../../wire/records/proto.ts'
import { eventText, fails, ok } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

suite('setWatches', {}, item => {
  item('137: catch-up events have zxid -1 and precede the reply', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/same`))
    const seen = (await client.create(`${root}/changed`)).zxid
    ok(await client.setData(`${root}/changed`, 'x'))
    const reply = await client.setWatches(seen, { data: [`${root}/same`, `${root}/changed`] })
    ok(reply)
    const [event, ...more] = await client.events()
    assert.ok(event !== undefined && event.order < reply.order)
    assert.equal(eventText(event), `DataChanged ${root}/changed`)
    assert.equal(event.zxid, -1n)
    assert.deepEqual(more, [])
    ok(await client.setData(`${root}/same`, 'x'))
    ok(await client.setData(`${root}/changed`, 'y'))
    assert.deepEqual(await client.eventTexts(), [`DataChanged ${root}/same`])
  })

  item('138: data list', async ({ connect, root }) => {
    const client = await connect()
    const created = await client.create(root)
    ok(await client.setWatches(created.zxid, { data: [`${root}/missing`] }))
    ok(await client.setWatches(created.zxid - 1n, { data: [root] }))
    const expected = [`Deleted ${root}/missing`, `DataChanged ${root}`]
    assert.deepEqual(await client.eventTexts(), expected)
  })

  item('139: exist list', async ({ connect, root }) => {
    const client = await connect()
    const { zxid } = await client.create(root)
    ok(await client.setWatches(zxid, { exist: [root, `${root}/later`] }))
    assert.deepEqual(await client.eventTexts(), [`Created ${root}`])
    ok(await client.create(`${root}/later`))
    assert.deepEqual(await client.eventTexts(), [`Created ${root}/later`])
  })

  item('140: child list', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/quiet`))
    const { zxid } = await client.create(`${root}/busy`)
    ok(await client.create(`${root}/busy/a`))
    const child = [`${root}/quiet`, `${root}/busy`, `${root}/missing`]
    ok(await client.setWatches(zxid, { child }))
    assert.deepEqual(await client.eventTexts(), [
      `ChildrenChanged ${root}/busy`,
      `Deleted ${root}/missing`,
    ])
    ok(await client.create(`${root}/quiet/a`))
    assert.deepEqual(await client.eventTexts(), [`ChildrenChanged ${root}/quiet`])
  })

  item('141: persistent lists have no catch-up', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/a`))
    ok(
      await client.setWatches2(0n, {
        persistent: [root],
        persistentRecursive: [`${root}/a`],
      }),
    )
    assert.deepEqual(await client.eventTexts(), [])
    ok(await client.create(`${root}/a/b`))
    ok(await client.setData(root, 'x'))
    ok(await client.create(`${root}/c`))
    assert.deepEqual(await client.eventTexts(), [
      `Created ${root}/a/b`,
      `DataChanged ${root}`,
      `ChildrenChanged ${root}`,
    ])
  })

  item('142: all lists at once, and null lists', async ({ connect, root }) => {
    const client = await connect()
    const { zxid } = await client.create(root)
    ok(await client.setWatches(zxid, { data: [root], exist: [`${root}/a`], child: [root] }))
    ok(await client.create(`${root}/a`))
    ok(await client.setData(root, 'x'))
    assert.deepEqual(await client.eventTexts(), [
      `Created ${root}/a`,
      `ChildrenChanged ${root}`,
      `DataChanged ${root}`,
    ])
    const nulls = { relativeZxid: 0n, data: null, exist: null, child: null }
    fails(
      await client.request(OpCode.setWatches, setWatchesRequest, nulls, () => undefined, -8),
      ErrorCode.marshallingError,
    )
  })

  item('143: several frames with xid -8', async ({ connect, root }) => {
    const client = await connect()
    const { zxid } = await client.create(root)
    const frames = Array.from({ length: 20 }, (_, i) => `${root}/${i}`)
    const replies = await Promise.all(
      frames.map(path => client.setWatches(zxid, { exist: [path] })),
    )
    for (const reply of replies) ok(reply)
    for (const path of frames) ok(await client.create(path))
    assert.deepEqual(
      await client.eventTexts(),
      frames.map(path => `Created ${path}`),
    )
  })
})
