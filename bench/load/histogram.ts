/** Latencies in buckets of at most 1/32 of their value: no list of samples is kept. */

const SUB_BITS = 5
const SUB = 1 << SUB_BITS
const BUCKETS = 32 * SUB

export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS)
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  /** Microseconds. */
  get max(): number {
    return this.#max
  }

  observe(us: number): void {
    const whole = us > 0 ? Math.min(Math.round(us), 0x7fffffff) : 0
    if (whole > this.#max) this.#max = whole
    this.#count++
    this.#counts[bucketOf(whole)]!++
  }

  /** The value below which the share `q` (0..1) lies; 0 without observations. */
  quantile(q: number): number {
    let rank = Math.max(1, Math.ceil(q * this.#count))
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      rank -= this.#counts[bucket]!
      if (rank <= 0) return valueOf(bucket)
    }
    return 0
  }

  clear(): void {
    this.#counts.fill(0)
    this.#count = 0
    this.#max = 0
  }
}

function bucketOf(value: number): number {
  if (value < SUB) return value
  const octave = 31 - Math.clz32(value)
  return (octave - SUB_BITS + 1) * SUB + ((value >>> (octave - SUB_BITS)) - SUB)
}

function valueOf(bucket: number): number {
  if (bucket < SUB) return bucket
  const octave = Math.floor(bucket / SUB) + SUB_BITS - 1
  return (SUB + (bucket % SUB)) * 2 ** (octave - SUB_BITS)
}
