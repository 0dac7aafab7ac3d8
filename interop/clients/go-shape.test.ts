/**
 * behaviours.md 241: what go-zookeeper puts on the wire: no readOnly byte, positive xids for auth
 * and setWatches, and a strict reading of multi results.
 */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import { ok, op } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

suite('the shape of go-zookeeper', {}, item => {
  item('241: connect, auth, setWatches and multi', async ({ connect, root }) => {
    const client = await connect({ withoutReadOnly: true })
    assert.equal(client.session.bodyBytes, 36)
    // One counter for everything: the replies come in the order of the xids.
    const xid = () => client.raw.nextXid()
    ok(await client.auth('digest', 'u:p', xid()))
    const { zxid } = await client.create(root)
    ok(await client.setWatches(zxid, { data: [root], exist: [`${root}/a`], child: [root] }, xid()))
    const answer = await client.multi([
      op.create(`${root}/a`),
      op.setData(root, 'x'),
      op.check(root),
    ])
    assert.deepEqual(
      ok(answer).map(result => result.type),
      [OpCode.create, OpCode.setData, OpCode.check],
    )
    assert.deepEqual(await client.eventTexts(), [
      `Created ${root}/a`,
      `ChildrenChanged ${root}`,
      `DataChanged ${root}`,
    ])
    const failed = await client.multi([op.delete(`${root}/a`), op.check(root, 9)])
    const reader = new Reader(failed.body)
    for (const err of [0, ErrorCode.badVersion]) {
      assert.deepEqual(
        [reader.int(), reader.boolean(), reader.int(), reader.int()],
        [-1, false, err, err],
      )
    }
    assert.deepEqual([reader.int(), reader.boolean(), reader.int()], [-1, true, -1])
    assert.equal(reader.remaining, 0)
  })
})
