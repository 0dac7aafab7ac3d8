import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { Alarm, Timers } from '../../base/ports.ts'
import { TestRandom } from '../../base/test-random.ts'
import { Queue, type Result } from './queue.ts'

/** Time that passes when told. */
class TestTime implements Timers {
  nowMs = 0
  #alarms: { atMs: number; callback: () => void }[] = []

  after(ms: number, callback: () => void): Alarm {
    const alarm = { atMs: this.nowMs + ms, callback }
    this.#alarms.push(alarm)
    return { cancel: () => (this.#alarms = this.#alarms.filter(each => each !== alarm)) }
  }

  every(): Alarm {
    throw new Error('the queue needs no such thing')
  }

  soon(callback: () => void): void {
    this.after(0, callback)
  }

  async pass(ms: number): Promise<void> {
    const end = this.nowMs + ms
    for (let i = 0; i < 10; i++) await Promise.resolve()
    for (;;) {
      const next = this.#alarms.filter(each => each.atMs <= end).sort((a, b) => a.atMs - b.atMs)[0]
      if (next === undefined) break
      this.#alarms = this.#alarms.filter(each => each !== next)
      this.nowMs = Math.max(this.nowMs, next.atMs)
      next.callback()
      for (let i = 0; i < 10; i++) await Promise.resolve()
    }
    this.nowMs = end
  }
}

interface Bench {
  readonly time: TestTime
  readonly queue: Queue
  readonly seen: string[]
}

function bench(work: (name: string, seen: number) => Result | Promise<Result>): Bench {
  const time = new TestTime()
  const seen: string[] = []
  const queue = new Queue({
    clock: { wallMs: () => time.nowMs, monotonicMs: () => time.nowMs },
    timers: time,
    random: new TestRandom(1),
    backOffMs: 100,
    backOffMaxMs: 1600,
    ratePerSecond: 100,
    work: async name => {
      seen.push(`${name}@${time.nowMs}`)
      return work(name, seen.length)
    },
  })
  return { time, queue, seen }
}

const DONE: Result = { againMs: undefined, failed: false }

test('a name that is added often is looked at once', async () => {
  const { time, queue, seen } = bench(() => DONE)
  for (let i = 0; i < 5; i++) queue.add('a')
  queue.add('b')
  await time.pass(1000)
  deepEqual(seen, ['a@0', 'b@10'])
})

test('what is added during the work comes again afterwards, never beside it', async () => {
  const { promise, resolve } = Promise.withResolvers<Result>()
  const { time, queue, seen } = bench((_name, count) => (count === 1 ? promise : DONE))
  queue.add('a')
  await time.pass(50)
  queue.add('a')
  queue.add('a')
  await time.pass(50)
  equal(seen.length, 1)
  resolve(DONE)
  await time.pass(50)
  equal(seen.length, 2)
})

test('failures wait longer and longer, up to a limit; a success ends that', async () => {
  const { time, queue, seen } = bench((_name, count) => ({ ...DONE, failed: count <= 8 }))
  queue.add('a')
  await time.pass(30_000)
  const times = seen.map(line => Number(line.slice(2)))
  const waits = times.slice(1).map((ms, i) => ms - (times[i] ?? 0))
  equal(waits.length, 8)
  for (const [i, ms] of waits.entries()) {
    const least = Math.min(100 * 2 ** i, 1600)
    ok(ms >= least && ms <= least * 1.5 + 10, `wait ${i} is ${ms}`)
  }
})

test('an appointment is kept, an earlier reason comes earlier', async () => {
  const { time, queue, seen } = bench(() => ({ againMs: 500, failed: false }))
  queue.add('a')
  await time.pass(100)
  queue.add('a')
  await time.pass(600)
  deepEqual(seen, ['a@0', 'a@100', 'a@600'])
})

test('a stopped queue takes nothing and waits for what has begun', async () => {
  const { promise, resolve } = Promise.withResolvers<Result>()
  const { time, queue, seen } = bench(() => promise)
  queue.add('a')
  await time.pass(10)
  queue.stop()
  queue.add('b')
  let isIdle = false
  const idle = queue.idle().then(() => (isIdle = true))
  await time.pass(100)
  equal(isIdle, false)
  resolve(DONE)
  await idle
  deepEqual(seen, ['a@0'])
})
