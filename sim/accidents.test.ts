import { test } from 'node:test'
import { ACCIDENTS } from './scenarios/accidents.ts'

const SEEDS = 10

for (const { name, run } of ACCIDENTS) {
  test(name, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      try {
        run(seed)
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error })
      }
    }
  })
}
