/**
 * behaviours.md 150, 154 and 155: sessions; expiry is in time.test.ts, restarts in
 * restart.test.ts, moves between members belong to ensembles.
 */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { AddWatchMode, CreateMode, OpCode } from '../../wire/opcodes.ts'
import { createRequest } from '../../wire/records/proto.ts'
import { fails, OPEN, ok } from '../harness/client.ts'
import { requestFrame } from '../harness/raw-client.ts'
import { suite } from '../harness/suite.ts'

const EPHEMERAL = { flags: CreateMode.ephemeral }

suite('sessions', {}, item => {
  item('150: session ids rise below the server id', async ({ connect }) => {
    let last = 0n
    for (let i = 0; i < 5; i++) {
      const { sessionId } = (await connect()).session
      assert.equal(BigInt.asUintN(64, sessionId) >> 56n, 1n)
      assert.ok(sessionId > last)
      last = sessionId
    }
  })

  item('154: closeSession removes all ephemerals with one zxid', async ({ connect, root }) => {
    const [owner, other] = [await connect(), await connect()]
    for (const path of [root, `${root}/a`, `${root}/b`]) ok(await other.create(path))
    for (const name of ['a/1', 'a/2', 'b/1']) ok(await owner.create(`${root}/${name}`, EPHEMERAL))
    ok(await other.addWatch(root, AddWatchMode.persistentRecursive))
    const { zxid } = await owner.close()
    const events = await other.events()
    assert.deepEqual(
      events.map(event => event.path ?? '').sort(),
      ['a/1', 'a/2', 'b/1'].map(name => `${root}/${name}`),
    )
    for (const event of events) assert.deepEqual([event.type, event.zxid], [2, zxid])
    for (const path of [`${root}/a`, `${root}/b`]) {
      const stat = ok(await other.exists(path))
      assert.equal(stat.pzxid, zxid)
      assert.equal(stat.numChildren, 0)
    }
  })

  item('155: nothing behind closeSession has an effect', async ({ connect, root }) => {
    const [client, other] = [await connect(), await connect()]
    const create = requestFrame(
      OpCode.create,
      w => createRequest.write(w, { path: root, data: null, acl: OPEN, flags: 0 }),
      2,
    )
    // In one write, so that the server has both when it looks at the first.
    const both = Buffer.concat([requestFrame(OpCode.closeSession, () => {}, 1), create])
    await client.raw.expect(1, both)
    await client.raw.closed
    fails(await other.exists(root), ErrorCode.noNode)
  })
})
