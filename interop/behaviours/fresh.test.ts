/** behaviours.md 85 and 90: a tree that nobody has written to. */
import assert from 'node:assert/strict'
import { ok } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

suite('a fresh tree', {}, item => {
  item('85: getAllChildrenNumber of the root is 3', async ({ connect }) => {
    const client = await connect()
    assert.equal(ok(await client.getAllChildrenNumber('/')), 3)
    assert.equal(ok(await client.getAllChildrenNumber('/zookeeper')), 2)
  })

  item('90: cversions of the built-in nodes', async ({ connect }) => {
    const client = await connect()
    const root = ok(await client.exists('/'))
    assert.equal(root.cversion, -1)
    assert.equal(root.czxid, 0n)
    assert.equal(root.numChildren, 1)
    assert.equal(ok(await client.exists('/zookeeper')).cversion, -2)
    assert.equal(ok(await client.exists('/zookeeper/quota')).cversion, 0)
  })
})
