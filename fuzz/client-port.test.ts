import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { test } from 'node:test'
import { fuzzMembers } from './member.ts'

const INPUTS = 20_000

test('hostile inputs harm nobody: the same seed as every time, and one that is new', () => {
  for (const seed of [1, randomInt(2 ** 31)]) {
    try {
      const { inputs, frames, rounds, txns } = fuzzMembers(seed, INPUTS / 2)
      assert.equal(inputs, INPUTS / 2)
      assert.ok(frames > 1000 && rounds > 100 && txns > 1000, 'it looked at something')
    } catch (error) {
      throw new Error(`npm run fuzz -- --seed ${seed} --inputs ${INPUTS / 2}`, { cause: error })
    }
  }
})
