import type { Alarm, Timers } from '../../base/ports.ts'
import { reapable } from '../tree/reapable.ts'
import type { Pipeline } from './pipeline.ts'
import { proposeReap } from './session-duties.ts'

export interface ReaperOptions {
  readonly checkIntervalMs: number
  readonly maxPerMinute: number
  /** 0: containers that never had a child stay. */
  readonly maxNeverUsedMs: number
}

/** Deletions are spread evenly; this many of the intervals make one wake-up. */
const WAKE_UP_MS = 100

/**
 * Deletes containers that became empty and TTL znodes whose time is over (client-protocol.md 10.4).
 */
export class Reaper {
  readonly #pipeline: Pipeline
  readonly #timers: Timers
  readonly #options: ReaperOptions
  readonly #check: Alarm
  #due: string[] = []
  #next: Alarm | undefined = undefined

  constructor(pipeline: Pipeline, timers: Timers, options: ReaperOptions) {
    this.#pipeline = pipeline
    this.#timers = timers
    this.#options = options
    this.#check = timers.every(options.checkIntervalMs, () => this.#look())
  }

  stop(): void {
    this.#check.cancel()
    this.#next?.cancel()
    this.#due = []
  }

  #look(): void {
    if (this.#due.length > 0) return
    const { database, ports } = this.#pipeline
    this.#due = reapable(database.tree, {
      nowMs: ports.clock.wallMs(),
      neverUsedMs: this.#options.maxNeverUsedMs,
    })
    if (this.#due.length > 0) this.#reapSome()
  }

  #reapSome(): void {
    const perWakeUp = Math.max(1, Math.floor((this.#options.maxPerMinute * WAKE_UP_MS) / 60_000))
    const batch = this.#due.splice(0, perWakeUp)
    this.#pipeline.turn(() => {
      for (const path of batch) proposeReap(this.#pipeline, path)
    })
    if (this.#due.length === 0) return
    const pauseMs = Math.max(1, (60_000 * perWakeUp) / Math.max(1, this.#options.maxPerMinute))
    this.#next = this.#timers.after(pauseMs, () => this.#reapSome())
  }
}
