/** client-protocol.md 18.2 and 18.3. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import type { TestClient } from './test-client.ts'
import { TestMember } from './test-member.ts'

test('no more than the maximum is in process, and answers come in order', () => {
  let throttled = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = new TestRandom(seed)
      const max = random.between(1, 5)
      const member = new TestMember({ options: { requestThrottleMax: max } })
      const clients = [member.connect(), member.connect(), member.connect()]
      const asked = clients.map((): number[] => [])
      for (let i = 0; i < 150; i++) {
        const at = random.int(3)
        const client = clients[at]!
        if (random.oneIn(3)) asked[at]!.push(client.read(OpCode.exists, '/a'))
        else asked[at]!.push(client.create('/s-', null, 2))
        assert.ok(member.pipeline.outstanding <= max)
        throttled += member.pipeline.throttle.size
        if (random.oneIn(2)) member.durable(random.int(4))
      }
      member.settle()
      for (const [i, client] of clients.entries()) {
        assert.deepEqual(
          client.replies.map(reply => reply.xid),
          asked[i],
        )
        assert.ok(client.replies.every(({ err }) => err === 0 || err === ErrorCode.noNode))
      }
      member.checkQuiet()
      member.checkRecovery()
    }),
    { numRuns: 30, endOnFailure: true },
  )
  assert.ok(throttled > 1000, 'a check that looked at nothing has not passed')
})

test('the oldest request that waits goes first, whoever sent it', () => {
  const member = new TestMember({ options: { requestThrottleMax: 1 } })
  const clients = [member.connect(), member.connect(), member.connect()]
  for (const client of clients) client.create('/s-', null, 2)
  for (const client of clients) client.create('/s-', null, 2)
  const order: TestClient[] = []
  while (member.undelivered > 0) {
    const before = clients.map(client => client.replies.length)
    member.durable(1)
    for (const [i, client] of clients.entries()) {
      if (client.replies.length > before[i]!) order.push(client)
    }
  }
  assert.deepEqual(
    order.map(client => clients.indexOf(client)),
    [0, 1, 2, 0, 1, 2],
  )
})

test('a request that waited too long is answered -127 and not executed', () => {
  const member = new TestMember({
    options: { requestThrottleMax: 1, throttledOpWaitMs: 1000 },
  })
  const [first, late, pinging] = [member.connect(), member.connect(), member.connect()]
  first.create('/a')
  late.create('/b')
  late.read(OpCode.exists, '/a')
  pinging.ping()
  member.clock.nowMs += 1001
  member.settle()
  assert.equal(first.last.err, ErrorCode.ok)
  assert.deepEqual(
    late.replies.map(({ xid, err }) => [xid, err]),
    [
      [1, ErrorCode.throttledOp],
      [2, ErrorCode.ok],
    ],
  )
  assert.equal(pinging.last.err, ErrorCode.ok)
  assert.equal(pinging.last.xid, -2)
  assert.equal(member.database.tree.find('/b'), -1)
  assert.equal(member.pipeline.metrics.throttled_ops.value, 1)
  member.checkQuiet()
})

test('closing a session is never too late', () => {
  const member = new TestMember({
    options: { requestThrottleMax: 1, throttledOpWaitMs: 1000 },
  })
  const [first, late] = [member.connect(), member.connect()]
  first.create('/a')
  late.ask(OpCode.closeSession)
  member.clock.nowMs += 5000
  member.settle()
  assert.equal(late.last.err, ErrorCode.ok)
  assert.ok(!late.isOpen)
})

test('whoever leaves while waiting is forgotten', () => {
  const member = new TestMember({ options: { requestThrottleMax: 1 } })
  const [first, gone, last] = [member.connect(), member.connect(), member.connect()]
  first.create('/a')
  gone.create('/b')
  last.create('/c')
  gone.cut()
  assert.equal(member.pipeline.metrics.stale_requests_dropped.value, 1)
  member.settle()
  assert.equal(member.database.tree.find('/b'), -1)
  assert.equal(last.last.err, ErrorCode.ok)
  member.checkQuiet()
})

test('a stale request takes its connection with it, if that is asked for', () => {
  for (const dropStaleRequests of [true, false]) {
    const member = new TestMember({
      options: { requestThrottleMax: 1, staleLatencyCheck: true, dropStaleRequests },
    })
    const [first, late] = [member.connect(30_000), member.connect(4000)]
    first.create('/a')
    late.create('/b')
    member.clock.nowMs += 4001
    member.settle()
    assert.equal(late.isOpen, !dropStaleRequests)
    assert.equal(member.database.tree.find('/b') === -1, dropStaleRequests)
  }
})

test('large requests have a sum; whoever would exceed it is closed, and others are not', () => {
  const member = new TestMember({
    options: { largeRequestThresholdBytes: 1000, largeRequestMaxBytes: 5000 },
  })
  const [one, two, small] = [member.connect(), member.connect(), member.connect()]
  one.create('/a', new Uint8Array(2000))
  one.create('/b', new Uint8Array(2000))
  two.create('/c', new Uint8Array(2000))
  small.create('/d', new Uint8Array(500))
  assert.ok(!two.isOpen)
  assert.equal(member.pipeline.metrics.large_requests_rejected.value, 1)
  member.settle()
  assert.deepEqual(
    one.replies.map(reply => reply.err),
    [0, 0],
  )
  assert.equal(small.last.err, 0)
  assert.equal(member.pipeline.largeRequests.totalBytes, 0)
  const again = member.connect()
  again.create('/c', new Uint8Array(4000))
  member.settle()
  assert.equal(again.last.err, 0)
  again.create('/too-large', new Uint8Array(6000))
  assert.ok(!again.isOpen)
})

test('the sum of large requests goes back to nothing, however they end', () => {
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = new TestRandom(seed)
      const member = new TestMember({
        options: {
          largeRequestThresholdBytes: 500,
          largeRequestMaxBytes: 6000,
          requestThrottleMax: random.pick([0, 2]),
        },
      })
      let clients = [member.connect()]
      for (let i = 0; i < 100; i++) {
        clients = clients.filter(client => client.isOpen)
        if (clients.length < 3) {
          const client = member.open()
          client.attach()
          clients.push(client)
        }
        const client = random.pick(clients)
        const data = new Uint8Array(random.int(1500))
        if (random.oneIn(15)) client.cut()
        else if (random.oneIn(4)) client.read(OpCode.getData, `/${'x'.repeat(data.length)}`)
        else client.create('/n-', data, 2)
        assert.ok(member.pipeline.largeRequests.totalBytes <= 6000)
        if (random.oneIn(3)) member.durable(random.int(3))
      }
      member.settle()
      assert.equal(member.pipeline.largeRequests.totalBytes, 0)
      member.checkQuiet()
    }),
    { numRuns: 40, endOnFailure: true },
  )
})
