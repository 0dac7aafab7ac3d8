/**
 * Names that want a look, each at most once, with back-off for those that failed. A name is given
 * out to one worker at a time; what is added meanwhile comes again afterwards.
 */
import type { Alarm, Clock, Random, Timers } from '../../base/ports.ts'

export interface QueueOptions {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** The first wait after a failure; it doubles up to `backOffMaxMs`. */
  readonly backOffMs: number
  readonly backOffMaxMs: number
  /** Looks per second, over all names. */
  readonly ratePerSecond: number
  readonly work: (name: string) => Promise<Result>
}

/** When to come back although nothing is heard; undefined: only when something is heard. */
export interface Result {
  readonly againMs: number | undefined
  readonly failed: boolean
}

export class Queue {
  readonly #options: QueueOptions
  /** Due now, in order. */
  readonly #due = new Set<string>()
  readonly #later = new Map<string, { readonly atMs: number; readonly alarm: Alarm }>()
  /** What is being worked on, and its end. */
  readonly #busy = new Map<string, Promise<void>>()
  readonly #again = new Set<string>()
  readonly #failures = new Map<string, number>()
  #nextSlotMs = 0
  #pump: Alarm | undefined
  #isStopped = false

  constructor(options: QueueOptions) {
    this.#options = options
  }

  get depth(): number {
    return this.#due.size
  }

  /** As soon as the rate allows. */
  add(name: string): void {
    if (this.#isStopped) return
    if (this.#busy.has(name)) {
      this.#again.add(name)
      return
    }
    this.#forgetLater(name)
    this.#due.add(name)
    this.#schedule()
  }

  /** Not before so long; an earlier appointment stands. */
  addAfter(name: string, ms: number): void {
    if (this.#isStopped || this.#due.has(name)) return
    const { clock, timers } = this.#options
    const atMs = clock.monotonicMs() + ms
    const known = this.#later.get(name)
    if (known !== undefined && known.atMs <= atMs) return
    known?.alarm.cancel()
    const alarm = timers.after(ms, () => {
      this.#later.delete(name)
      this.add(name)
    })
    this.#later.set(name, { atMs, alarm })
  }

  /** The name is gone: its failures are nobody's any more. */
  forget(name: string): void {
    this.#failures.delete(name)
    this.#forgetLater(name)
  }

  /** Resolves when nothing is being worked on. */
  async idle(): Promise<void> {
    while (this.#busy.size > 0) await Promise.all(this.#busy.values())
  }

  /** Takes no more names. Work that has begun goes on to its end. */
  stop(): void {
    this.#isStopped = true
    this.#pump?.cancel()
    for (const { alarm } of this.#later.values()) alarm.cancel()
    this.#later.clear()
    this.#due.clear()
    this.#again.clear()
  }

  #forgetLater(name: string): void {
    this.#later.get(name)?.alarm.cancel()
    this.#later.delete(name)
  }

  #schedule(): void {
    if (this.#pump !== undefined || this.#due.size === 0) return
    const { clock, timers } = this.#options
    const waitMs = Math.max(0, this.#nextSlotMs - clock.monotonicMs())
    this.#pump = timers.after(waitMs, () => {
      this.#pump = undefined
      this.#begin()
      this.#schedule()
    })
  }

  #begin(): void {
    const [name] = this.#due
    if (name === undefined) return
    const { clock, ratePerSecond, work } = this.#options
    this.#nextSlotMs = clock.monotonicMs() + 1000 / ratePerSecond
    this.#due.delete(name)
    const done = work(name).then(
      result => this.#end(name, result),
      () => this.#end(name, { againMs: undefined, failed: true }),
    )
    this.#busy.set(name, done)
  }

  #end(name: string, { againMs, failed }: Result): void {
    this.#busy.delete(name)
    if (failed) this.addAfter(name, this.#backOff(name))
    else this.#failures.delete(name)
    if (this.#again.delete(name) && !failed) this.add(name)
    else if (againMs !== undefined) this.addAfter(name, againMs)
  }

  /** Doubles with every failure in a row; up to a half more by chance, so that names spread. */
  #backOff(name: string): number {
    const { backOffMs, backOffMaxMs, random } = this.#options
    const failures = (this.#failures.get(name) ?? 0) + 1
    this.#failures.set(name, failures)
    const ms = Math.min(backOffMs * 2 ** Math.min(failures - 1, 20), backOffMaxMs)
    return ms + random.int(Math.max(1, Math.floor(ms / 2)))
  }
}
