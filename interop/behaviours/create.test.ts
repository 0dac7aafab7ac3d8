/** behaviours.md 34-54: create in all its forms. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { CreateMode, OpCode, Perms } from '../../wire/opcodes.ts'
import { createRequest } from '../../wire/records/proto.ts'
import { acl, type Client, fails, OPEN, ok } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

const READ_ONLY = [acl(Perms.read, 'world', 'anyone')]

suite('create', {}, item => {
  item('34: null data stays null', async ({ connect, root }) => {
    const client = await connect()
    assert.equal(ok(await client.create(root, { data: null })), root)
    const { data, stat } = ok(await client.getData(root))
    assert.equal(data, null)
    assert.equal(stat.dataLength, 0)
  })

  item('35: empty data stays empty', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { data: '' }))
    const { data, stat } = ok(await client.getData(root))
    assert.equal(data?.length, 0)
    assert.equal(stat.dataLength, 0)
  })

  item('36: paths that are not below the root', async ({ connect }) => {
    const client = await connect()
    fails(await client.create('/'), ErrorCode.nodeExists)
    fails(await client.create(''), ErrorCode.badArguments)
    fails(await client.create('a'), ErrorCode.badArguments)
    fails(await client.create('a/b'), ErrorCode.noNode)
    fails(await client.create(null), ErrorCode.marshallingError)
  })

  item('37: empty components and dots', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    fails(await client.create(`${root}/`), ErrorCode.badArguments)
    fails(await client.create(`${root}//b`), ErrorCode.noNode)
    fails(await client.create(`${root}/.`), ErrorCode.badArguments)
    fails(await client.create(`${root}/..`), ErrorCode.badArguments)
    ok(await client.create(`${root}/...`))
    ok(await client.create(`${root}/.x`))
  })

  item('38: forbidden characters', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    for (const name of ['\u0000', '\u0001', '\u007f', '\ue000', '\uffff', '\u{1f600}']) {
      fails(await client.create(`${root}/a${name}`), ErrorCode.badArguments)
    }
    const names = [
      [0xf0, 0x9f, 0x98, 0x80], // U+1F600 as ordinary UTF-8
      [0xff],
      [0xc3],
    ]
    for (const name of names) {
      const path = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)])
      const body = { path: null, data: null, acl: OPEN, flags: 0 }
      const answer = await client.send(
        OpCode.create,
        w => {
          w.buffer(path)
          // The record's own path is replaced by the bytes above.
          const at = w.length
          createRequest.write(w, body)
          w.bytes.copyWithin(at, at + 4, w.length)
          w.length -= 4
        },
        () => undefined,
      )
      fails(answer, ErrorCode.badArguments)
    }
    ok(await client.create(`${root}/\u00e4\u20ac\ud7ff`))
    assert.deepEqual(ok(await client.getChildren(root)), ['\u00e4\u20ac\ud7ff'])
  })

  item('39: parent missing', async ({ connect, root }) => {
    fails(await (await connect()).create(`${root}/a`), ErrorCode.noNode)
  })

  item('40: the ACL is checked before the parent', async ({ connect, root }) => {
    const bad = [acl(31, 'world', 'other')]
    fails(await (await connect()).create(`${root}/a`, { acl: bad }), ErrorCode.invalidAcl)
  })

  item('41: invalid flags and invalid path', async ({ connect }) => {
    const client = await connect()
    for (const flags of [7, -1, 99]) {
      fails(await client.create('bad', { flags }), ErrorCode.badArguments)
      fails(await client.create('/fine', { flags }), ErrorCode.badArguments)
    }
  })

  item('42: no CREATE on the parent hides that the node exists', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/a`))
    ok(await client.setAcl(root, READ_ONLY))
    fails(await client.create(`${root}/a`), ErrorCode.noAuth)
  })

  item('43: an ephemeral has no children', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { flags: CreateMode.ephemeral }))
    fails(await client.create(`${root}/a`), ErrorCode.noChildrenForEphemerals)
  })

  item('44: empty and null ACL', async ({ connect, root }) => {
    const client = await connect()
    fails(await client.create(root, { acl: [] }), ErrorCode.invalidAcl)
    fails(await client.create(root, { acl: null }), ErrorCode.invalidAcl)
  })

  item('45: create2 answers path and Stat', async ({ connect, root }) => {
    const client = await connect()
    const { path, stat } = ok(await client.create2(root, { data: 'abc' }))
    assert.equal(path, root)
    assert.deepEqual(stat, ok(await client.exists(root)))
    assert.equal(stat.dataLength, 3)
  })

  item('46: create2 without CREATE on the parent', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { acl: READ_ONLY }))
    fails(await client.create2(`${root}/a`), ErrorCode.noAuth)
  })

  item('47: createContainer shows ephemeralOwner 0', async ({ connect, root }) => {
    const client = await connect()
    const { path, stat } = ok(await client.createContainer(root))
    assert.equal(path, root)
    assert.equal(stat.ephemeralOwner, 0n)
    assert.deepEqual(ok(await client.exists(root)), stat)
  })

  item('49: createTTL without extended types', async ({ connect, root }) => {
    fails(await (await connect()).createTtl(root), ErrorCode.unimplemented)
  })

  item('53: an empty name', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    fails(await client.create(`${root}/`), ErrorCode.badArguments)
    fails(await client.create2(`${root}/`), ErrorCode.badArguments)
    assert.deepEqual(ok(await client.getChildren(root)), [])
  })

  item('54: an ephemeral is owned by its session and ends with it', async ({ connect, root }) => {
    const owner = await connect()
    const other = await connect()
    ok(await owner.create(root, { flags: CreateMode.ephemeral }))
    assert.equal(ok(await other.exists(root)).ephemeralOwner, owner.session.sessionId)
    await owner.close()
    fails(await other.exists(root), ErrorCode.noNode)
  })
})

suite('create with extended types', { cfg: { extendedTypesEnabled: true } }, item => {
  item('48: createTTL consumes its ttl', async ({ connect, root }) => {
    const client = await connect()
    const [created, read] = await Promise.all([client.createTtl(root), client.exists(root)])
    const { path, stat } = ok(created)
    assert.equal(path, root)
    assert.equal(stat.ephemeralOwner, 0n)
    assert.deepEqual(ok(read), stat)
    const sequential = { flags: CreateMode.persistentSequentialWithTtl }
    assert.equal(ok(await client.createTtl(`${root}/s`, sequential)).path, `${root}/s0000000000`)
  })

  item('50: ttl out of range', async ({ connect, root }) => {
    const client = await connect()
    for (const ttl of [0n, -1n, 1n << 40n]) {
      fails(await client.createTtl(root, { ttl }), ErrorCode.badArguments)
    }
    ok(await client.createTtl(root, { ttl: (1n << 40n) - 1n }))
  })

  item('51: create and create2 know no TTL', async ({ connect, root }) => {
    const client = await connect()
    for (const flags of [CreateMode.persistentWithTtl, CreateMode.persistentSequentialWithTtl]) {
      fails(await client.create(root, { flags }), ErrorCode.badArguments)
      fails(await client.create2(root, { flags }), ErrorCode.badArguments)
    }
  })
})

suite('createTTL without TTL (Apache logs it and dies at every replay)', {
  cfg: { extendedTypesEnabled: true },
  only: ['ours'],
}, item => {
  item('52: createTTL with flag 0 and ttl -1', async ({ connect, root }) => {
    const client: Client = await connect()
    fails(await client.createTtl(root, { flags: 0, ttl: -1n }), ErrorCode.badArguments)
    ok(await client.create(root))
  })
})
