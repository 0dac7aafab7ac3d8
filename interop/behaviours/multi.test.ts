/** behaviours.md 100-115: multi and multiRead; 113 is about quotas: quota.test.ts. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { AddWatchMode, CreateMode, OpCode } from '../../wire/opcodes.ts'
import type { MultiResult } from '../../wire/records/proto.ts'
import { type Client, eventText, fails, ok, op } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

const END = 'ffffffff01ffffffff'

suite('multi', {}, item => {
  item('100: an empty multi', async ({ connect }) => {
    const client = await connect()
    const answer = await client.multi([])
    assert.deepEqual(ok(answer), [])
    assert.equal(hex(answer.body), END)
  })

  item('101: results repeat the types', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const results = ok(
      await client.multi([
        op.create(`${root}/a`),
        op.create2(`${root}/b`),
        op.delete(`${root}/a`),
        op.setData(`${root}/b`, 'x'),
        op.check(`${root}/b`, 1),
        op.createContainer(`${root}/c`),
      ]),
    )
    assert.deepEqual(types(results), [1, 15, 2, 5, 13, 15])
  })

  item('102: the second of three fails', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const answer = await client.multi([
      op.create(`${root}/a`),
      op.delete(`${root}/missing`),
      op.setData(root, 'x'),
    ])
    assert.deepEqual(errors(ok(answer)), [0, ErrorCode.noNode, ErrorCode.runtimeInconsistency])
    const result = (err: string) => `ffffffff00${err}${err}`
    assert.equal(
      hex(answer.body),
      `${result('00000000')}${result('ffffff9b')}${result('fffffffe')}${END}`,
    )
  })

  item('103: a failed multi changes nothing and takes one zxid', async ({ connect, root }) => {
    const client = await connect()
    const created = await client.create(root)
    ok(await client.getData(root, true))
    ok(await client.getChildren(root, true))
    const answer = await client.multi([
      op.setData(root, 'x'),
      op.create(`${root}/a`),
      op.check(`${root}/a`, 5),
    ])
    assert.deepEqual(errors(ok(answer)), [0, 0, ErrorCode.badVersion])
    assert.equal(answer.zxid, created.zxid + 1n)
    assert.deepEqual(await client.eventTexts(), [])
    assert.deepEqual(ok(await client.getChildren(root)), [])
    const next = await client.setData(root, 'y')
    assert.equal(ok(next).version, 1)
    assert.equal(next.zxid, created.zxid + 2n)
  })

  item('104: operations see each other', async ({ connect, root }) => {
    const client = await connect()
    const results = ok(
      await client.multi([
        op.create(root),
        op.create(`${root}/b`),
        op.setData(root, 'x'),
        op.delete(`${root}/b`),
        op.check(root, 1),
      ]),
    )
    assert.deepEqual(types(results), [1, 1, 5, 2, 13])
    assert.deepEqual(ok(await client.getChildren(root)), [])
  })

  item('105: delete and create of the same node', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { data: 'old' }))
    ok(await client.setData(root, 'older'))
    const answer = await client.multi([op.delete(root), op.create(root, { data: 'new' })])
    assert.deepEqual(types(ok(answer)), [2, 1])
    const { stat } = ok(await client.getData(root))
    assert.equal(stat.czxid, answer.zxid)
    assert.equal(stat.version, 0)
  })

  item('106: reads and writes are not mixed', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const mixed = [op.setData(root, 'x'), op.getData(root)]
    fails(await client.multi(mixed), ErrorCode.marshallingError)
    fails(await client.multi([op.getData(root)]), ErrorCode.marshallingError)
    // Apache adds a body to the refusal of a multiRead, which no client reads.
    assert.equal((await client.multiRead(mixed)).err, ErrorCode.marshallingError)
    assert.equal(ok(await client.exists(root)).version, 0)
  })

  item('107: an unknown type inside', async ({ connect, root }) => {
    const client = await connect()
    for (const type of [OpCode.setAcl, 99, 0, OpCode.exists]) {
      const unknown = { type, write: () => {} }
      fails(await client.multi([op.create(root), unknown]), ErrorCode.marshallingError)
    }
    fails(await client.exists(root), ErrorCode.noNode)
  })

  item('108: results of multiRead are independent', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { data: 'x' }))
    const results = ok(
      await client.multiRead([
        op.getData(root),
        op.getChildren(`${root}/missing`),
        op.getChildren('/zookeeper'),
      ]),
    )
    assert.deepEqual(types(results), [OpCode.getData, OpCode.error, OpCode.getChildren])
    assert.deepEqual(errors(results), [0, ErrorCode.noNode, 0])
  })

  item('109: multiRead leaves no watch', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.multiRead([op.getData(root, true), op.getChildren(root, true)]))
    ok(await client.create(`${root}/a`))
    ok(await client.setData(root, 'x'))
    assert.deepEqual(await client.eventTexts(), [])
  })

  item('110: create with the container flag returns type 15', async ({ connect, root }) => {
    const client = await connect()
    const results = ok(await client.multi([op.create(root, { flags: CreateMode.container })]))
    assert.deepEqual(types(results), [OpCode.create2])
  })

  item('111: events come in operation order with one zxid', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.addWatch(root, AddWatchMode.persistentRecursive))
    const answer = await client.multi([
      op.create(`${root}/b`),
      op.setData(root, 'x'),
      op.create(`${root}/a`),
      op.delete(`${root}/b`),
    ])
    ok(answer)
    const events = await client.events()
    assert.deepEqual(events.map(eventText), [
      `Created ${root}/b`,
      `DataChanged ${root}`,
      `Created ${root}/a`,
      `Deleted ${root}/b`,
    ])
    for (const event of events) assert.equal(event.zxid, answer.zxid)
  })

  item("112: a multi's events come before its reply", async ({ connect, root }) => {
    const client = await connect()
    ok(await client.exists(root, true).then(answer => ({ ...answer, err: 0 })))
    const answer = await client.multi([op.create(root)])
    const [event] = await client.events()
    assert.equal(event?.path, root)
    assert.ok(event !== undefined && event.order < answer.order)
  })

  item('114: check of a missing node', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const answer = await client.multi([
      op.check(`${root}/missing`),
      op.setData(root, 'x'),
      op.create(`${root}/a`),
    ])
    assert.deepEqual(errors(ok(answer)), [
      ErrorCode.noNode,
      ErrorCode.runtimeInconsistency,
      ErrorCode.runtimeInconsistency,
    ])
  })

  item('115: the connection is usable after a failed multi', async ({ connect, root }) => {
    const client: Client = await connect()
    const failing = [op.create(root), op.create(root)]
    assert.deepEqual(errors(ok(await client.multi(failing))), [0, ErrorCode.nodeExists])
    ok(await client.create(root))
    ok(await client.multi([op.setData(root, 'x', 0)]))
    assert.equal(ok(await client.getData(root)).stat.version, 1)
  })
})

function types(results: readonly MultiResult[]): number[] {
  return results.map(result => result.type)
}

function errors(results: readonly MultiResult[]): number[] {
  return results.map(result => ('err' in result ? result.err : 0))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
