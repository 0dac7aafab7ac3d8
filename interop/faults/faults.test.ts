/** A short slice of `npm run faults`. `ZKCLUSTER_SEED=n` repeats a run's choices. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { APACHE, type MemberPlan, OUR_OBSERVER, OURS } from '../ensemble/ensemble.ts'
import { runFaults } from './run.ts'

const SLICE_MS = 15_000
const SEED = Number(process.env['ZKCLUSTER_SEED'] ?? Date.now() % 1_000_000)

const ENSEMBLES: readonly (readonly [string, readonly MemberPlan[]])[] = [
  ['three of ours and an observer', [OURS, OURS, OURS, OUR_OBSERVER]],
  ['two of ours and one Apache', [OURS, APACHE, OURS]],
]

void describe('clients and the misfortunes of members', () => {
  for (const [name, members] of ENSEMBLES) {
    void test(`${name}, seed ${SEED}`, async context => {
      const report = await runFaults({ members, seed: SEED, durationMs: SLICE_MS })
      assert.ok(report.strikes.length > 0, 'something happened')
      context.diagnostic(JSON.stringify(report))
    })
  }
})
