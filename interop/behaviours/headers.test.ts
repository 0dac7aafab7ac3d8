/** behaviours.md 19-33: headers, xids, zxids. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { pathVersion, pathWatch } from '../../wire/records/proto.ts'
import { fails, ok } from '../harness/client.ts'
import { ClosedError } from '../harness/raw-client.ts'
import { suite } from '../harness/suite.ts'

suite('headers', {}, item => {
  item('19: ping with xid -2', async ({ connect, root }) => {
    const client = await connect()
    const created = await client.create(root)
    const ping = await client.ping()
    assert.equal(ping.frame.length, 16)
    assert.equal(ping.xid, -2)
    assert.equal(ping.err, 0)
    assert.equal(ping.zxid, created.zxid)
  })

  item('20: ping with xid 77 is answered with -2', async ({ connect }) => {
    const ping = await (await connect()).ping(77)
    assert.equal(ping.xid, -2)
    assert.equal(ping.err, 0)
  })

  item('21: auth echoes its xid, with zxid 0', async ({ connect }) => {
    const client = await connect()
    for (const xid of [5, -4]) {
      const reply = await client.auth('digest', 'u:p', xid)
      assert.equal(reply.xid, xid)
      assert.equal(reply.zxid, 0n)
      assert.equal(reply.err, 0)
    }
  })

  item('22: setWatches echoes its xid', async ({ connect }) => {
    const client = await connect()
    for (const xid of [7, -8]) {
      const reply = await client.setWatches(0n, {}, xid)
      assert.equal(reply.xid, xid)
      assert.equal(reply.err, 0)
      assert.equal(reply.frame.length, 16)
    }
  })

  item("23: the reply of create has the node's czxid", async ({ connect, root }) => {
    const client = await connect()
    const created = await client.create(root)
    assert.equal(ok(await client.exists(root)).czxid, created.zxid)
  })

  item('24: the reply of a read has the last applied zxid', async ({ connect, root }) => {
    const client = await connect()
    const created = await client.create(root)
    assert.ok(created.zxid > 0n)
    assert.equal((await client.getData('/')).zxid, created.zxid)
    assert.equal((await client.exists(`${root}/missing`)).zxid, created.zxid)
  })

  item('25: a failed delete takes a zxid', async ({ connect, root }) => {
    const client = await connect()
    const before = (await client.exists('/')).zxid
    const failed = await client.delete(`${root}/missing`)
    fails(failed, ErrorCode.noNode)
    assert.equal(failed.zxid, before + 1n)
    assert.equal((await client.create(root)).zxid, before + 2n)
  })

  item('26: an error is a frame of 16 bytes', async ({ connect, root }) => {
    const client = await connect()
    fails(await client.getData(`${root}/missing`), ErrorCode.noNode)
    fails(await client.setData(`${root}/missing`, 'x'), ErrorCode.noNode)
    fails(await client.getChildren2(`${root}/missing`), ErrorCode.noNode)
  })

  item('27: unknown opcodes are answered with -6 and closed', async ({ connect }) => {
    for (const type of [99, 1000, 0, 10, OpCode.check, -1, -2]) {
      const client = await connect()
      const reply = await client.raw.call(type, w => w.string('/').int(-1))
      assert.equal(reply.err, ErrorCode.unimplemented, `opcode ${type}`)
      assert.equal(reply.zxid, -1n)
      assert.equal(reply.frame.length, 16)
      await client.raw.closed
    }
  })

  item('28: a truncated create is -5 and the connection stays', async ({ connect, root }) => {
    const client = await connect()
    fails(
      await client.send(
        OpCode.create,
        w => w.string(root).int(10),
        () => undefined,
      ),
      ErrorCode.marshallingError,
    )
    ok(await client.create(root))
  })

  item('29: getData of a null path is -5 and the connection stays', async ({ connect }) => {
    const client = await connect()
    fails(await client.getData(null), ErrorCode.marshallingError)
    fails(await client.getChildren(null), ErrorCode.marshallingError)
    fails(await client.exists(null), ErrorCode.marshallingError)
    ok(await client.getData('/'))
  })

  item('30: bytes after a record are ignored', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const answer = await client.raw.call(OpCode.exists, w => {
      pathWatch.write(w, { path: root, watch: false })
      w.int(1).int(2)
    })
    assert.equal(answer.err, 0)
    const deleted = await client.raw.call(OpCode.delete, w => {
      pathVersion.write(w, { path: root, version: -1 })
      w.byte(7)
    })
    assert.equal(deleted.err, 0)
    fails(await client.exists(root), ErrorCode.noNode)
  })

  item('31: a pipeline is answered in order, reads see writes', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { data: 'start' }))
    const work: Promise<number>[] = []
    for (let i = 0; i < 50; i++) {
      work.push(client.setData(root, `${i}`).then(answer => (ok(answer), answer.order)))
      const read = client.getData(root).then(answer => {
        assert.equal(Buffer.from(ok(answer).data ?? []).toString(), `${i}`)
        return answer.order
      })
      work.push(read)
    }
    const orders = await Promise.all(work)
    assert.deepEqual(
      orders,
      [...orders].sort((a, b) => a - b),
    )
    assert.equal(orders.length, 100)
  })

  item('32: closeSession is answered, then FIN', async ({ connect }) => {
    const client = await connect()
    const before = (await client.ping()).zxid
    const closed = await client.close()
    assert.equal(closed.err, 0)
    assert.equal(closed.zxid, before + 1n)
    assert.equal(closed.frame.length, 16)
  })

  item('33: opcodes from 108 on are unknown', async ({ connect }) => {
    for (const type of [108, 200, 500]) {
      const client = await connect()
      const reply = await client.raw.call(type)
      assert.equal(reply.err, ErrorCode.unimplemented)
      await client.raw.closed
      await assert.rejects(client.ping(), ClosedError)
    }
  })
})
