/** client-protocol.md 18.4 and 18.5. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TestRandom } from '../../base/test-random.ts'
import { ConnectionThrottle, type ConnectionThrottleOptions } from './connection-throttle.ts'
import { TEST_OPTIONS, TestMember } from './test-member.ts'

function throttle(options: Partial<ConnectionThrottleOptions>): ConnectionThrottle {
  const all = { ...TEST_OPTIONS.connectionThrottle, ...options }
  return new ConnectionThrottle(all, new TestRandom(1), 0)
}

/** How many of `count` attempts at `nowMs` come in. */
function admitted(one: ConnectionThrottle, count: number, nowMs: number): number {
  let inside = 0
  for (let i = 0; i < count; i++) if (one.admit('global', nowMs)) inside++
  return inside
}

test('switched off, everybody comes in', () => {
  const off = throttle({ tokens: 0 })
  assert.equal(admitted(off, 10_000, 0), 10_000)
  assert.equal(off.dropProbability, 0)
})

test('as many as there are tokens and time adds, never more than the bucket holds', () => {
  const one = throttle({ tokens: 10, fillTimeMs: 100, fillCount: 2 })
  assert.equal(admitted(one, 20, 0), 10)
  assert.equal(one.deficit, 10)
  assert.equal(admitted(one, 20, 99), 0)
  assert.equal(admitted(one, 20, 100), 2)
  assert.equal(admitted(one, 20, 350), 4)
  // 50 ms of the last step are not lost.
  assert.equal(admitted(one, 20, 400), 2)
  assert.equal(admitted(one, 50, 1_000_000), 10)
})

test('sessions weigh by their kind', () => {
  const one = throttle({
    tokens: 7,
    fillTimeMs: 1_000_000,
    weightEnabled: true,
    globalSessionWeight: 3,
    localSessionWeight: 1,
    renewSessionWeight: 2,
  })
  assert.ok(one.admit('global', 0))
  assert.equal(one.deficit, 3)
  assert.ok(one.admit('renewed', 0))
  assert.equal(one.deficit, 5)
  assert.ok(!one.admit('global', 0))
  assert.ok(one.admit('local', 0))
  assert.ok(!one.admit('renewed', 0))
  assert.ok(one.admit('local', 0))
  assert.equal(one.deficit, 7)
})

test('an empty bucket raises the chance of being refused early, a filled one lowers it', () => {
  const one = throttle({
    tokens: 5,
    fillTimeMs: 1,
    fillCount: 1,
    freezeTimeMs: 10,
    dropIncrease: 0.25,
    dropDecrease: 0.1,
  })
  admitted(one, 5, 0)
  admitted(one, 100, 0)
  assert.equal(one.dropProbability, 0.25)
  admitted(one, 5, 5)
  assert.equal(one.dropProbability, 0.25)
  // At 11 there are tokens again, and it goes down, step by step and not below nothing.
  for (let nowMs = 11; nowMs < 100; nowMs += 11) one.admit('global', nowMs)
  assert.equal(one.dropProbability, 0)
})

test('who gets no token is closed without a word', () => {
  const { connectionThrottle } = TEST_OPTIONS
  const options = { connectionThrottle: { ...connectionThrottle, tokens: 2, fillTimeMs: 1000 } }
  const member = new TestMember({ options })
  member.connect()
  const second = member.connect()
  const refused = member.open()
  refused.attach()
  assert.ok(!refused.isOpen)
  assert.equal(refused.receivedBytes, 0)
  assert.equal(member.pipeline.metrics.connection_drop_count.value, 1)
  member.clock.nowMs += 1000
  const again = member.open()
  again.reattach(second.session!)
  assert.equal(again.session, second.session)
})

test('connections are counted by address and by listener, until they end', () => {
  const member = new TestMember({ options: { maxClientConnections: 2, maxConnections: 3 } })
  const { admission } = member.pipeline
  const plain = member.open('10.0.0.1').connection.listener
  const other = { secure: true }
  assert.equal(admission.refusal(plain, '10.0.0.1'), undefined)
  const second = member.open('10.0.0.1')
  assert.match(admission.refusal(plain, '10.0.0.1') ?? '', /maxClientCnxns=2 .* 10\.0\.0\.1/)
  assert.equal(admission.refusal(plain, '10.0.0.2'), undefined)
  assert.equal(admission.refusal(other, '10.0.0.1'), undefined)
  const third = member.open('10.0.0.2')
  assert.match(admission.refusal(plain, '10.0.0.3') ?? '', /maxCnxns=3/)
  assert.equal(admission.refusal(other, '10.0.0.3'), undefined)
  second.cut()
  third.cut()
  third.cut()
  assert.equal(admission.refusal(plain, '10.0.0.1'), undefined)
})
