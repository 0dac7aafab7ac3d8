import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { type SessionId, sessionId } from '../../wire/ids.ts'
import { SessionTracker } from './tracker.ts'

interface Twin {
  timeoutMs: number
  /** client-protocol.md 15.2, undefined once it is closing. */
  expiresAtMs: number | undefined
}

function expiry(nowMs: number, timeoutMs: number, tickMs: number): number {
  return Math.floor((nowMs + timeoutMs) / tickMs + 1) * tickMs
}

test('sessions expire when the formula says, for any calls at any times', () => {
  let expired = 0
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(1, 7, 1000, 2000), (seed, tickMs) => {
      const random = new TestRandom(seed)
      let nowMs = random.int(100_000) + random.int(1000) / 1000
      const tracker = new SessionTracker(tickMs, nowMs)
      const twins = new Map<SessionId, Twin>()
      for (let i = 0; i < 400; i++) {
        nowMs += random.oneIn(30) ? random.int(20 * tickMs) : random.int(tickMs) / 3
        const id = sessionId(BigInt(random.int(12)))
        const session = tracker.get(id)
        const twin = twins.get(id)
        assert.equal(session === undefined, twin === undefined)
        switch (random.int(6)) {
          case 0:
          case 1: {
            const timeoutMs = random.between(1, 8 * tickMs)
            tracker.add(id, timeoutMs, nowMs)
            const closing = twin !== undefined && twin.expiresAtMs === undefined
            const expiresAtMs = closing ? undefined : expiry(nowMs, timeoutMs, tickMs)
            twins.set(id, { timeoutMs, expiresAtMs })
            break
          }
          case 2:
          case 3:
            if (session === undefined || twin === undefined) break
            tracker.touch(session, nowMs)
            if (twin.expiresAtMs !== undefined) {
              twin.expiresAtMs = expiry(nowMs, twin.timeoutMs, tickMs)
            }
            break
          case 4:
            tracker.remove(id)
            twins.delete(id)
            if (session !== undefined) assert.ok(session.isGone)
            break
          default: {
            const due = tracker.expire(nowMs).map(one => one.id)
            const expected: SessionId[] = []
            for (const [one, state] of twins) {
              if (state.expiresAtMs === undefined || state.expiresAtMs > nowMs) continue
              state.expiresAtMs = undefined
              expected.push(one)
            }
            assert.deepEqual(new Set(due), new Set(expected))
            assert.equal(due.length, expected.length)
            for (const one of due) assert.ok(tracker.get(one)!.isClosing)
            expired += due.length
            const next = Math.min(...[...twins.values()].map(one => one.expiresAtMs ?? Infinity))
            assert.ok(nowMs + tracker.untilNextMs(nowMs) <= Math.max(next, nowMs + 1))
          }
        }
        assert.equal(tracker.size, twins.size)
        const alive = [...twins.values()].filter(one => one.expiresAtMs !== undefined)
        assert.equal(
          tracker.buckets().reduce((sum, one) => sum + one.sessions.length, 0),
          alive.length,
        )
      }
    }),
    { numRuns: 60, endOnFailure: true },
  )
  assert.ok(expired > 300, 'a check that looked at nothing has not passed')
})

test('a session lives at least its time-out and at most one tick longer', () => {
  for (const startMs of [0, 1, 999, 1000, 1001, 5000.5]) {
    const tracker = new SessionTracker(1000, startMs)
    tracker.add(sessionId(1n), 2000, startMs)
    assert.deepEqual(tracker.expire(startMs + 2000), [])
    assert.equal(tracker.expire(startMs + 3000).length, 1)
    assert.deepEqual(tracker.expire(startMs + 60_000), [])
  }
})

test('a time-out that is none expires soon, not never', () => {
  for (const timeoutMs of [0, -1, -100_000, -(2 ** 31)]) {
    const tracker = new SessionTracker(1000, 50_000)
    tracker.expire(60_000)
    tracker.add(sessionId(1n), timeoutMs, 60_000)
    assert.equal(tracker.expire(62_000).length, 1, `time-out ${timeoutMs}`)
  }
})

test('buckets are listed by time', () => {
  const tracker = new SessionTracker(1000, 0)
  tracker.add(sessionId(1n), 5000, 0)
  tracker.add(sessionId(2n), 2000, 0)
  tracker.add(sessionId(3n), 2500, 0)
  assert.deepEqual(
    tracker.buckets().map(({ expiresAtMs, sessions }) => [expiresAtMs, sessions.length]),
    [
      [3000, 2],
      [6000, 1],
    ],
  )
})
