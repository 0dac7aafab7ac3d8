import type { Alarm, Clock, Random, Timers } from '../../base/ports.ts'

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

export const systemRandom: Random = {
  int: below => Math.floor(Math.random() * below),
}

export const systemTimers: Timers = {
  after: (ms, callback) => cancelling(setTimeout(callback, ms), clearTimeout),
  every: (ms, callback) => cancelling(setInterval(callback, ms), clearInterval),
  soon: callback => void setImmediate(callback),
}

function cancelling<T>(handle: T, clear: (handle: T) => void): Alarm {
  return { cancel: () => clear(handle) }
}
