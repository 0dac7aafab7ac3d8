import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InvariantError } from '../base/invariant.ts'
import { Violation } from './checkers/checker.ts'
import { DEFAULT_CLUSTER } from './cluster.ts'
import type { Sabotage } from './sabotage.ts'
import { chaos } from './scenarios/chaos.ts'
import { crashPoints } from './scenarios/crash-points.ts'

const SEEDS_MAX = 200

/** Runs seeds until the bug shows; returns how it showed. */
function find(sabotage: Sabotage): string | undefined {
  for (let seed = 1; seed <= SEEDS_MAX; seed++) {
    const nemesis = { everyMs: 150, hasDiskFaults: false, hasReconfigs: false }
    const options = { ...DEFAULT_CLUSTER, seed, rounds: 2, faultyMs: 8000, nemesis }
    try {
      chaos(options, cluster => {
        for (const member of cluster.members) member.disk.sabotage = sabotage
      })
    } catch (error) {
      if (error instanceof Violation || error instanceof InvariantError) {
        return `seed ${seed}: ${error.message}`
      }
      throw error
    }
  }
  return undefined
}

const RETURNED = /was committed|no leader has committed|applied in order|no holes/

const BUGS: readonly Sabotage[] = ['historyInMemory', 'ackEarly', 'noSettle', 'epochFirst']

for (const sabotage of BUGS) {
  test(`${sabotage} does not go unnoticed`, () => {
    const found = find(sabotage)
    assert.ok(found !== undefined, `not seen in ${SEEDS_MAX} seeds`)
  })
}

test('keepSnapshots does not go unnoticed: what was cut off returns after a restart', () => {
  assert.throws(() => crashPoints(1, 'trunc', 'linkBreak', 'keepSnapshots'), RETURNED)
  assert.throws(() => crashPoints(1, 'trunc', 'crash', 'keepSnapshots'), RETURNED)
})
