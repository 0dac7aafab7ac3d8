/** behaviours.md 113 and 189-195: quotas. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { type Client, fails, ok, op } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

suite('enforced quotas', { cfg: { enforceQuota: true } }, item => {
  item('189: countHardLimit counts the node itself', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    await setQuota(client, root, hard(-1, 3))
    ok(await client.create(`${root}/a`))
    ok(await client.create(`${root}/b`))
    fails(await client.create(`${root}/c`), ErrorCode.quotaExceeded)
    fails(await client.create2(`${root}/a/c`), ErrorCode.quotaExceeded)
    ok(await client.setData(root, 'large enough'))
    ok(await client.delete(`${root}/a`))
    ok(await client.create(`${root}/c`))
  })

  item('190: byteHardLimit', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    await setQuota(client, root, hard(10, -1))
    ok(await client.create(`${root}/a`, { data: '12345' }))
    ok(await client.setData(`${root}/a`, '1234567890'))
    fails(await client.setData(`${root}/a`, '12345678901'), ErrorCode.quotaExceeded)
    fails(await client.create(`${root}/b`, { data: '1' }), ErrorCode.quotaExceeded)
    ok(await client.create(`${root}/b`))
    ok(await client.setData(`${root}/a`, '123'))
    ok(await client.setData(`${root}/b`, '1234567'))
  })

  item('191: soft limits never refuse', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    await setQuota(client, root, 'count=1,bytes=1')
    ok(await client.create(`${root}/a`, { data: '12345' }))
    ok(await client.setData(`${root}/a`, '1234567890'))
  })

  item('194: only the innermost quota counts', async ({ connect, root }) => {
    const client = await connect()
    for (const path of [root, `${root}/in`]) ok(await client.create(path))
    await setQuota(client, root, hard(-1, 3))
    await setQuota(client, `${root}/in`, hard(-1, 10))
    for (let i = 0; i < 5; i++) ok(await client.create(`${root}/in/${i}`))
    assert.equal(await stats(client, `${root}/in`), 'count=6,bytes=0')
    assert.equal(await stats(client, root), 'count=2,bytes=0')
  })

  item('113: a multi is checked against committed usage', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    await setQuota(client, root, hard(-1, 2))
    const creates = ['a', 'b', 'c'].map(name => op.create(`${root}/${name}`))
    assert.equal(ok(await client.multi(creates)).filter(result => 'err' in result).length, 0)
    fails(await client.create(`${root}/d`), ErrorCode.quotaExceeded)
  })

  item('195: texts of limits and stats', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { data: '12345' }))
    ok(await client.create(`${root}/a`, { data: '678' }))
    await setQuota(client, root, 'count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=3')
    assert.equal(await stats(client, root), 'count=2,bytes=8')
    fails(await client.setData(root, '12345678'), ErrorCode.quotaExceeded)
    ok(await client.create(`${root}/b`))
    fails(await client.create(`${root}/c`), ErrorCode.quotaExceeded)
  })

  item('193: stats follow the tree', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    await setQuota(client, root, 'count=100,bytes=1000')
    const before = ok(await client.exists(`/zookeeper/quota${root}/zookeeper_stats`, true))
    ok(await client.create(`${root}/a`, { data: '12345' }))
    assert.equal(await stats(client, root), 'count=2,bytes=5')
    ok(await client.setData(`${root}/a`, '1'))
    assert.equal(await stats(client, root), 'count=2,bytes=1')
    ok(await client.delete(`${root}/a`))
    assert.equal(await stats(client, root), 'count=1,bytes=0')
    const after = ok(await client.exists(`/zookeeper/quota${root}/zookeeper_stats`))
    assert.equal(after.version, 0)
    assert.equal(after.mzxid, before.mzxid)
    assert.deepEqual(await client.eventTexts(), [])
  })
})

suite('quotas that are not enforced', {}, item => {
  item('192: hard limits never refuse', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    await setQuota(client, root, hard(1, 1))
    ok(await client.create(`${root}/a`, { data: '12345' }))
    assert.equal(await stats(client, root), 'count=2,bytes=5')
  })
})

function hard(bytes: number, count: number): string {
  return `count=-1,bytes=-1=;byteHardLimit=${bytes};countHardLimit=${count}`
}

/** As the command line does it: the folders one by one, then both leaves. */
async function setQuota(client: Client, path: string, limits: string): Promise<void> {
  let folder = '/zookeeper/quota'
  for (const name of path.slice(1).split('/')) {
    folder += `/${name}`
    const created = await client.create(folder)
    assert.ok(created.err === 0 || created.err === ErrorCode.nodeExists)
  }
  ok(await client.create(`${folder}/zookeeper_limits`, { data: limits }))
  ok(await client.create(`${folder}/zookeeper_stats`, { data: limits }))
}

async function stats(client: Client, path: string): Promise<string> {
  const { data } = ok(await client.getData(`/zookeeper/quota${path}/zookeeper_stats`))
  return Buffer.from(data ?? []).toString()
}
