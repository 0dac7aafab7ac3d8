/** The real clock, timers, chance and hashes. */
import { createHash, randomInt } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Clock, Hash, Random, Timers } from '../../base/ports.ts'

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

export const systemRandom: Random = { int: below => randomInt(below) }

export const systemTimers: Timers = {
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms)
    return { cancel: () => clearTimeout(timer) }
  },
  every: (ms, callback) => {
    const timer = setInterval(callback, ms)
    return { cancel: () => clearInterval(timer) }
  },
  soon: callback => void setImmediate(callback),
}

export const systemHash: Hash = {
  digest: (algorithm, bytes) => createHash(algorithm.toLowerCase()).update(bytes).digest(),
}
