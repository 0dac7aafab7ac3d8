/** Chance for tests: the same seed gives the same run, everywhere. */
import type { Random } from './ports.ts'

export class TestRandom implements Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  int(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let word = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61)
    return Math.floor((((word ^ (word >>> 14)) >>> 0) / 0x100000000) * below)
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.int(high - low + 1)
  }

  /** True once in `odds` times. */
  oneIn(odds: number): boolean {
    return this.int(odds) === 0
  }

  pick<T>(values: readonly T[]): T {
    return values[this.int(values.length)]!
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.int(256))
  }
}
