/** behaviours.md 66-77: delete, setData, check. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode, Perms } from '../../wire/opcodes.ts'
import { acl, fails, ok } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

const world = (perms: number) => [acl(perms, 'world', 'anyone')]

suite('delete and setData', {}, item => {
  item('66: delete looks at the version before the children', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/a`))
    fails(await client.delete(root, 9), ErrorCode.badVersion)
  })

  item('67: delete of a node with children', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/a`))
    fails(await client.delete(root), ErrorCode.notEmpty)
  })

  item('68: built-in nodes are not deleted', async ({ connect }) => {
    const client = await connect()
    for (const path of ['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']) {
      fails(await client.delete(path), ErrorCode.badArguments)
    }
  })

  item("69: delete needs DELETE on the parent, the node's ACL is irrelevant", async scene => {
    const { root } = scene
    const client = await scene.connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/closed`, { acl: world(0) }))
    ok(await client.create(`${root}/open`))
    ok(await client.delete(`${root}/closed`))
    ok(await client.setAcl(root, world(Perms.all & ~Perms.delete)))
    fails(await client.delete(`${root}/open`), ErrorCode.noAuth)
  })

  item('70: version -1 matches always, -2 never', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.setData(root, 'x'))
    fails(await client.delete(root, -2), ErrorCode.badVersion)
    fails(await client.delete(root, 0), ErrorCode.badVersion)
    ok(await client.delete(root, -1))
  })

  item('71: what setData changes', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/a`, { data: 'one' }))
    const parent = ok(await client.exists(root))
    const before = ok(await client.exists(`${root}/a`))
    const set = await client.setData(`${root}/a`, 'three')
    const after = ok(set)
    assert.ok(after.mtime >= before.mtime)
    assert.deepEqual(after, {
      ...before,
      version: 1,
      mzxid: set.zxid,
      mtime: after.mtime,
      dataLength: 5,
    })
    assert.deepEqual(ok(await client.exists(`${root}/a`)), after)
    assert.deepEqual(ok(await client.exists(root)), parent)
  })

  item('72: setData looks at the ACL before the version', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { acl: world(Perms.read) }))
    fails(await client.setData(root, 'x', 7), ErrorCode.noAuth)
  })

  item('73: setData of missing nodes and bad paths', async ({ connect, root }) => {
    const client = await connect()
    fails(await client.setData(`${root}/missing`, 'x'), ErrorCode.noNode)
    fails(await client.setData('/a//b', 'x'), ErrorCode.badArguments)
    fails(await client.setData('', 'x'), ErrorCode.badArguments)
    fails(await client.setData(`${root}/`, 'x'), ErrorCode.badArguments)
  })

  item('74: setData of / and /zookeeper', async ({ connect }) => {
    const client = await connect()
    for (const path of ['/', '/zookeeper']) {
      const before = ok(await client.exists(path))
      const after = ok(await client.setData(path, 'x'))
      assert.equal(after.version, before.version + 1)
      ok(await client.setData(path, null))
    }
  })

  item('75: /zookeeper/config is not for users', async ({ connect }) => {
    const client = await connect()
    fails(await client.setData('/zookeeper/config', 'x'), ErrorCode.noAuth)
    ok(await client.getData('/zookeeper/config'))
  })

  item('76: setData stores null', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { data: 'x' }))
    assert.equal(ok(await client.setData(root, null)).dataLength, 0)
    assert.equal(ok(await client.getData(root)).data, null)
    ok(await client.setData(root, ''))
    assert.equal(ok(await client.getData(root)).data?.length, 0)
  })

  item('77: check outside of a multi', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const reply = await client.raw.call(OpCode.check, w => w.string(root).int(-1))
    assert.equal(reply.err, ErrorCode.unimplemented)
    await client.raw.closed
  })
})
