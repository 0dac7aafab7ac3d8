/**
 * Metrics (operations.md 11): plain objects whose hot side is a number field or one call without
 * allocation, read when somebody asks. A holder on a hot path keeps the metric itself
 * (`readonly #commits = metrics.commit_count`), not the registry.
 */

import { unreachable } from './invariant.ts'
import { KEYED_KINDS, METRIC_KINDS, type MetricKind } from './metric-names.ts'

export type MetricName = keyof typeof METRIC_KINDS

/**
 * Keys of one set beyond this share the key `OVERFLOW_KEY`: namespaces are chosen by clients, and a
 * million top-level znodes must not become a million summaries.
 */
export const KEYS_PER_SET_MAX = 1000
export const OVERFLOW_KEY = '_other'

/** Only ever grows: `counter.value++` or `counter.value += n`. */
export class Counter {
  readonly name: string
  value = 0

  constructor(name: string) {
    this.name = name
  }

  reset(): void {
    this.value = 0
  }
}

/** What a gauge may answer; undefined means "does not apply here" and is not printed. */
export type GaugeValue = number | bigint | undefined

/** Read when somebody asks; without a reader it is not printed. */
export class Gauge {
  readonly name: string
  read: (() => GaugeValue) | undefined = undefined

  constructor(name: string) {
    this.name = name
  }
}

/** A gauge per key, all keys read at once. */
export class GaugeSet {
  readonly name: string
  read: (() => ReadonlyMap<string, number | bigint>) | undefined = undefined

  constructor(name: string) {
    this.name = name
  }
}

/** Values below this have a bucket of their own; each octave above is cut into SUB_BUCKETS. */
const EXACT_BELOW = 32
const SUB_BUCKETS = 16
/** 2^31 - 1: larger observations count as this one in quantiles, not in min, max and sum. */
const VALUE_MAX = 0x7fffffff
const FIRST_SIZE = 32

/** The bucket of a whole number, 0 <= value <= VALUE_MAX. */
function bucketOf(value: number): number {
  if (value < EXACT_BELOW) return value
  const octave = 31 - Math.clz32(value)
  return EXACT_BELOW + (octave - 5) * SUB_BUCKETS + ((value >>> (octave - 4)) & (SUB_BUCKETS - 1))
}

/** The middle of a bucket, at most 1/32 away from every value in it. */
function valueOf(bucket: number): number {
  if (bucket < EXACT_BELOW) return bucket
  const above = bucket - EXACT_BELOW
  const octave = 5 + Math.floor(above / SUB_BUCKETS)
  const width = 2 ** (octave - 4)
  return (SUB_BUCKETS + (above % SUB_BUCKETS)) * width + Math.floor((width - 1) / 2)
}

/**
 * How observations are distributed: whole numbers, as Apache's clocks give (fractions are dropped).
 * Quantiles come from a logarithmic histogram, so the same observations give the same answer, the
 * memory is bounded (below 4 KiB) and small values are exact.
 */
export class Summary {
  readonly name: string
  readonly advanced: boolean
  count = 0
  sum = 0
  #min = 0
  #max = 0
  #buckets = new Float64Array(FIRST_SIZE)

  constructor(name: string, advanced: boolean) {
    this.name = name
    this.advanced = advanced
  }

  /** Adds an observation; below zero (a clock that went back) counts as zero. */
  observe(value: number): void {
    const whole = value > 0 ? Math.floor(value) : 0
    if (this.count === 0 || whole < this.#min) this.#min = whole
    if (whole > this.#max) this.#max = whole
    this.count++
    this.sum += whole
    const bucket = bucketOf(whole > VALUE_MAX ? VALUE_MAX : whole)
    if (bucket >= this.#buckets.length) this.#grow(bucket)
    this.#buckets[bucket]!++
  }

  /** 0 when nothing was observed. */
  get min(): number {
    return this.#min
  }

  get max(): number {
    return this.#max
  }

  get average(): number {
    return this.count === 0 ? 0 : this.sum / this.count
  }

  /** The value below or at which the share `q` (0..1) of the observations lies; 0 without any. */
  quantile(q: number): number {
    const value = quantileOf(this.#buckets, undefined, q)
    return value === undefined ? 0 : Math.min(Math.max(value, this.#min), this.#max)
  }

  /** As `quantile`, over the observations since `earlier`; undefined when there were none. */
  quantileSince(earlier: SummaryMark | undefined, q: number): number | undefined {
    const value = quantileOf(this.#buckets, earlier, q)
    return value === undefined ? undefined : Math.min(Math.max(value, this.#min), this.#max)
  }

  /** A copy to give to `quantileSince` later; a reset in between makes it useless. */
  mark(): SummaryMark {
    return this.#buckets.slice()
  }

  reset(): void {
    this.count = 0
    this.sum = 0
    this.#min = 0
    this.#max = 0
    this.#buckets.fill(0)
  }

  #grow(bucket: number): void {
    const grown = new Float64Array(Math.max(bucket + 1, this.#buckets.length * 2))
    grown.set(this.#buckets)
    this.#buckets = grown
  }
}

/** The distribution of a summary at one moment. */
export type SummaryMark = Float64Array

function quantileOf(
  now: Float64Array,
  earlier: Float64Array | undefined,
  q: number,
): number | undefined {
  let total = 0
  for (let at = 0; at < now.length; at++) total += now[at]! - (earlier?.[at] ?? 0)
  if (total <= 0) return undefined
  let rank = Math.max(1, Math.ceil(q * total))
  for (let at = 0; at < now.length; at++) {
    rank -= now[at]! - (earlier?.[at] ?? 0)
    if (rank <= 0) return valueOf(at)
  }
  return undefined
}

/** One metric per key, made at the first use; keep what `of` returns where the key is known. */
export class KeyedSet<T extends { reset(): void }> {
  readonly name: string
  readonly #make: (name: string) => T
  readonly #byKey = new Map<string, T>()

  constructor(name: string, make: (name: string) => T) {
    this.name = name
    this.#make = make
  }

  of(key: string): T {
    const found = this.#byKey.get(key)
    if (found !== undefined) return found
    if (this.#byKey.size >= KEYS_PER_SET_MAX && key !== OVERFLOW_KEY) return this.of(OVERFLOW_KEY)
    const made = this.#make(this.name)
    this.#byKey.set(key, made)
    return made
  }

  /** For a key that will not come back, such as a learner that left. */
  forget(key: string): void {
    this.#byKey.delete(key)
  }

  entries(): IterableIterator<[string, T]> {
    return this.#byKey.entries()
  }

  reset(): void {
    for (const one of this.#byKey.values()) one.reset()
  }
}

export class CounterSet extends KeyedSet<Counter> {
  constructor(name: string) {
    super(name, key => new Counter(key))
  }
}

export class SummarySet extends KeyedSet<Summary> {
  readonly advanced: boolean

  constructor(name: string, advanced: boolean) {
    super(name, key => new Summary(key, advanced))
    this.advanced = advanced
  }
}

export type Metric = Gauge | GaugeSet | Counter | CounterSet | Summary | SummarySet

interface ByKind {
  readonly gauge: Gauge
  readonly gaugeSet: GaugeSet
  readonly counter: Counter
  readonly counterSet: CounterSet
  readonly basic: Summary
  readonly basicSet: SummarySet
  readonly advanced: Summary
  readonly advancedSet: SummarySet
}

/** Every metric of operations.md 11 as a field of its exact name, and the list of all. */
export type Metrics = {
  readonly [N in MetricName]: ByKind[(typeof METRIC_KINDS)[N]]
} & {
  /** In the order in which they are printed. */
  readonly all: readonly Metric[]
  /** What `srst` does with the default provider: everything but gauges starts again. */
  readonly resetAll: () => void
}

function make(name: string, kind: MetricKind): Metric {
  switch (kind) {
    case 'gauge':
      return new Gauge(name)
    case 'gaugeSet':
      return new GaugeSet(name)
    case 'counter':
      return new Counter(name)
    case 'counterSet':
      return new CounterSet(name)
    case 'basic':
    case 'advanced':
      return new Summary(name, kind === 'advanced')
    case 'basicSet':
    case 'advancedSet':
      return new SummarySet(name, kind === 'advancedSet')
    default:
      return unreachable(kind)
  }
}

/** A fresh set of all metrics: one per member, never a global. */
export function makeMetrics(): Metrics {
  const all = Object.entries(METRIC_KINDS).map(([name, kind]) => make(name, kind))
  const resetAll = (): void => {
    for (const metric of all) if ('reset' in metric) metric.reset()
  }
  const byName = Object.fromEntries(all.map(metric => [metric.name, metric]))
  return { ...byName, all, resetAll } as unknown as Metrics
}

/** What the key of each set names, for documentation: `namespace` or `sid`. */
export function keyMeaning(name: MetricName): string | undefined {
  return KEYED_KINDS[name]
}
