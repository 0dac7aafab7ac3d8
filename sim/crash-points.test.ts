import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crashPoints, type Stop, type SyncKind } from './scenarios/crash-points.ts'

const KINDS: readonly SyncKind[] = ['diff', 'trunc', 'snap']
const STOPS: readonly Stop[] = ['crash', 'leaderCrash', 'linkBreak']

for (const kind of KINDS) {
  for (const stop of STOPS) {
    test(`${kind}: ${stop} at every point of becoming level loses nothing`, () => {
      let points = 0
      for (let seed = 1; seed <= 3; seed++) {
        const result = crashPoints(seed, kind, stop)
        assert.ok(result.sawKind, `the way is ${kind}`)
        points += result.points
      }
      assert.ok(points > 40, `${points} points`)
    })
  }
}
