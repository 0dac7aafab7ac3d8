/** behaviours.md 202, 207 and 235-237: limits, and reconfiguration of a standalone server. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { CreateMode } from '../../wire/opcodes.ts'
import { fails, ok, op } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'
import { pause } from '../harness/wait.ts'

suite('reconfig disabled', {}, item => {
  item('202: the configuration of a standalone server is empty', async ({ connect }) => {
    const client = await connect()
    const { data } = ok(await client.getData('/zookeeper/config'))
    assert.equal(data?.length ?? 0, 0)
    fails(await client.reconfig({ leavingServers: '3' }), ErrorCode.reconfigDisabled)
  })

  item('207: every reconfig is refused', async ({ connect }) => {
    const client = await connect()
    fails(await client.reconfig({}), ErrorCode.reconfigDisabled)
    fails(await client.reconfig({ curConfigId: 77n }), ErrorCode.reconfigDisabled)
    fails(await client.reconfig({ newMembers: 'nonsense' }), ErrorCode.reconfigDisabled)
  })
})

suite('reconfig enabled', { cfg: { reconfigEnabled: true } }, item => {
  item('202: reconfig of a standalone server', async ({ connect }) => {
    const client = await connect()
    fails(await client.reconfig({ leavingServers: '3' }), ErrorCode.unimplemented)
  })
})

suite('globalOutstandingLimit', { cfg: { globalOutstandingLimit: 5 } }, item => {
  item('235: who does not read replies is not read from', async ({ connect, root }) => {
    const [slow, other] = [await connect(), await connect()]
    ok(await slow.create(root, { data: 'x'.repeat(100_000) }))
    slow.raw.pauseReading()
    const requests = Array.from({ length: 300 }, () => slow.getData(root))
    await pause(200)
    // Others are served meanwhile.
    ok(await other.setData(root, 'y'.repeat(100_000)))
    slow.raw.resumeReading()
    const answers = await Promise.all(requests)
    for (const answer of answers) assert.equal(ok(answer).data?.length, 100_000)
    ok(await slow.ping())
  })
})

const THROTTLED = {
  request_throttle_max_requests: 1,
  request_throttle_stall_time: 20,
  throttled_op_wait_time: 1,
}

suite('throttled_op_wait_time', { cfg: THROTTLED }, item => {
  item('236: what waited too long is answered with -127', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => client.setData(root, `${i}`)),
    )
    const refused = answers.filter(answer => answer.err === ErrorCode.throttledOp)
    const done = answers.filter(answer => answer.err === 0)
    assert.equal(refused.length + done.length, answers.length)
    assert.ok(refused.length > 0, 'something waited')
    assert.deepEqual(
      answers.map(answer => answer.order),
      answers.map(answer => answer.order).sort((a, b) => a - b),
    )
    assert.equal(ok(await client.exists(root)).version, done.length)
    const pings = await Promise.all(Array.from({ length: 20 }, () => client.ping()))
    for (const ping of pings) ok(ping)
  })
})

suite('large replies', {}, item => {
  item('237: getChildren of more than 1 MiB', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const name = 'n'.repeat(200)
    const count = 6000
    for (let made = 0; made < count; made += 500) {
      const creates = Array.from({ length: 500 }, (_, i) =>
        op.create(`${root}/${name}${made + i}`, { flags: CreateMode.persistent }),
      )
      ok(await client.multi(creates))
    }
    const answer = await client.getChildren(root)
    assert.equal(ok(answer).length, count)
    assert.ok(answer.frame.length > 1024 * 1024)
  })
})
