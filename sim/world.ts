/**
 * Simulated time and chance: one event heap, one clock, one generator, one seed. Everything that
 * happens in a simulation happens because an event of this heap ran; the trace of two runs with
 * the same seed is the same, byte for byte.
 */
import { invariant } from '../base/invariant.ts'
import type { Alarm, Clock, Random } from '../base/ports.ts'

/** sfc32 on 32-bit integers. */
export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter: number

  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = 0x9e3779b9 | 0
    this.#c = 0x243f6a88 | 0
    this.#counter = 1
    for (let i = 0; i < 16; i++) this.#next()
  }

  int(below: number): number {
    invariant(below > 0, 'a number below nothing cannot be drawn')
    return this.#next() % below
  }

  /** An integer, low <= n <= high. */
  between(low: number, high: number): number {
    return low + this.int(high - low + 1)
  }

  chance(percent: number): boolean {
    return this.int(100) < percent
  }

  pick<T>(items: readonly T[]): T {
    invariant(items.length > 0, 'nothing to pick from')
    return items[this.int(items.length)]!
  }

  /** Some of the items, in their order, each with even odds. */
  subset<T>(items: readonly T[]): T[] {
    return items.filter(() => this.chance(50))
  }

  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }
}

interface Scheduled {
  readonly atMs: number
  readonly order: number
  callback: (() => void) | undefined
}

/** Lines kept for the report of a failure. */
const TRACE_KEEP = 4000

export class World implements Clock {
  readonly random: SeededRandom
  readonly seed: number
  #heap: Scheduled[]
  #nowMs: number
  #order: number
  #events: number
  #hash: number
  readonly #recent: string[]

  constructor(seed: number) {
    this.seed = seed
    this.random = new SeededRandom(seed)
    this.#heap = []
    this.#nowMs = 0
    this.#order = 0
    this.#events = 0
    this.#hash = 0x811c9dc5 | 0
    this.#recent = []
  }

  get nowMs(): number {
    return this.#nowMs
  }

  get events(): number {
    return this.#events
  }

  /** Hash of every line traced so far. */
  get traceHash(): number {
    return this.#hash >>> 0
  }

  get recentTrace(): readonly string[] {
    return this.#recent.slice(-TRACE_KEEP)
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs
  }

  trace(line: string): void {
    const text = `${this.#nowMs.toFixed(2)} ${line}`
    for (let i = 0; i < text.length; i++) {
      this.#hash = Math.imul(this.#hash ^ text.charCodeAt(i), 0x01000193)
    }
    this.#recent.push(text)
    if (this.#recent.length > TRACE_KEEP * 2) this.#recent.splice(0, TRACE_KEEP)
  }

  after(ms: number, callback: () => void): Alarm {
    const event: Scheduled = {
      atMs: this.#nowMs + Math.max(ms, 0),
      order: this.#order++,
      callback,
    }
    this.#push(event)
    return {
      cancel: () => {
        event.callback = undefined
      },
    }
  }

  /** Runs the next event, whenever it is. Returns whether there was one. */
  step(): boolean {
    const next = this.#heap[0]
    if (next === undefined) return false
    this.#pop()
    this.#runEvent(next)
    return true
  }

  /** Runs everything up to `untilMs`. */
  run(untilMs: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.atMs <= untilMs; ) {
      this.#pop()
      this.#runEvent(next)
      next = this.#heap[0]
    }
    this.#nowMs = untilMs
  }

  #runEvent(event: Scheduled): void {
    if (event.callback === undefined) return
    invariant(event.atMs >= this.#nowMs, 'time does not go back')
    this.#nowMs = event.atMs
    this.#events++
    event.callback()
  }

  #isBefore(a: Scheduled, b: Scheduled): boolean {
    return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order
  }

  #push(event: Scheduled): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#isBefore(event, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = event
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!this.#isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
  }
}
