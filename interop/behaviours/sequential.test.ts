/** behaviours.md 56-61, 64 and 65; 62 restarts the server: restart.test.ts. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { CreateMode } from '../../wire/opcodes.ts'
import { fails, ok, op } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

const SEQUENTIAL = { flags: CreateMode.persistentSequential }

suite('sequential nodes', {}, item => {
  item('56: numbers start at 0', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    for (const number of ['0000000000', '0000000001', '0000000002']) {
      assert.equal(ok(await client.create(`${root}/n-`, SEQUENTIAL)), `${root}/n-${number}`)
    }
  })

  item('57: deletions do not count', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    for (let i = 0; i < 3; i++) ok(await client.create(`${root}/n-`, SEQUENTIAL))
    ok(await client.delete(`${root}/n-0000000001`))
    assert.equal(ok(await client.create(`${root}/n-`, SEQUENTIAL)), `${root}/n-0000000003`)
  })

  item('58: other children take numbers', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/plain`))
    assert.equal(ok(await client.create(`${root}/n-`, SEQUENTIAL)), `${root}/n-0000000001`)
    ok(await client.create(`${root}/ephemeral`, { flags: CreateMode.ephemeral }))
    assert.equal(ok(await client.create(`${root}/m`, SEQUENTIAL)), `${root}/m0000000003`)
  })

  item('59: a name may be only the number', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    assert.equal(ok(await client.create(`${root}/`, SEQUENTIAL)), `${root}/0000000000`)
  })

  item('60: pipelined creates are numbered in order', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => client.create(`${root}/n`, SEQUENTIAL)),
    )
    assert.deepEqual(
      answers.map(ok),
      answers.map((_, i) => `${root}/n${String(i).padStart(10, '0')}`),
    )
  })

  item('61: a failed multi gives its numbers back', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const results = ok(
      await client.multi([
        op.create(`${root}/n`, SEQUENTIAL),
        op.create(`${root}/n`, SEQUENTIAL),
        op.delete(`${root}/missing`),
      ]),
    )
    assert.equal(results.length, 3)
    assert.equal(ok(await client.create(`${root}/n`, SEQUENTIAL)), `${root}/n0000000000`)
  })

  item('64: two in one multi follow each other', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const results = ok(
      await client.multi([op.create(`${root}/n`, SEQUENTIAL), op.create2(`${root}/m`, SEQUENTIAL)]),
    )
    assert.deepEqual(
      results.map(result => ('path' in result ? result.path : result)),
      [`${root}/n0000000000`, `${root}/m0000000001`],
    )
  })

  item('65: grandchildren and data do not count', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/a`))
    ok(await client.create(`${root}/a/b`))
    ok(await client.setData(`${root}/a`, 'x'))
    ok(await client.setData(root, 'x'))
    fails(await client.create(`${root}/a`), ErrorCode.nodeExists)
    assert.equal(ok(await client.create(`${root}/n`, SEQUENTIAL)), `${root}/n0000000001`)
  })
})
