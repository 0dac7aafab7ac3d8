import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SnapshotSchedule } from './snapshot-schedule.ts'

function intervals(schedule: SnapshotSchedule, entryBytes: number, triggers: number): number[] {
  const found: number[] = []
  for (let i = 0, since = 0; found.length < triggers; i++) {
    assert.ok(i < 1_000_000, 'no trigger')
    since += 1
    if (!schedule.onAppend(entryBytes)) continue
    found.push(since)
    since = 0
  }
  return found
}

test('a snapshot is due between half the count and all of it, drawn anew each time', () => {
  let draw = 0
  const random = { int: (below: number): number => [0, below - 1, 7][draw++ % 3]! }
  // Draws alternate between count and size; the size is off.
  const schedule = new SnapshotSchedule(1_000, 0, random)
  assert.deepEqual(intervals(schedule, 100, 3), [501, 1_000, 508])
})

test('large transactions make it due by size', () => {
  const schedule = new SnapshotSchedule(1_000_000, 1_024, { int: () => 0 })
  assert.deepEqual(intervals(schedule, 1_024, 2), [513, 513])
})

test('the smallest count is two', () => {
  assert.deepEqual(intervals(new SnapshotSchedule(0, 0, { int: () => 0 }), 1, 2), [2, 2])
})

test('sizes beyond what the random source gives are drawn within its range', () => {
  let largest = 0
  const random = {
    int: (below: number): number => {
      largest = Math.max(largest, below)
      return 0
    },
  }
  const schedule = new SnapshotSchedule(100, 2 ** 40, random)
  assert.equal(schedule.onAppend(1), false)
  assert.ok(largest <= 2 ** 31)
})
