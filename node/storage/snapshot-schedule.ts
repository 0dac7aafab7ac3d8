import type { Random } from '../../base/ports.ts'

/** zookeeper.snapCount */
export const DEFAULT_SNAP_COUNT = 100_000
/** zookeeper.snapSizeLimitInKb */
export const DEFAULT_SNAP_SIZE_KB: number = 4 << 20
const SNAP_COUNT_MIN = 2
/** The Random port's limit. */
const RANDOM_BELOW_MAX = 2 ** 31

/**
 * Says after which append a snapshot is due (storage.md 4.4): half of the limits plus a random
 * part, so that the members of an ensemble do not all write at once.
 */
export class SnapshotSchedule {
  readonly #snapCount: number
  readonly #snapSizeKb: number
  readonly #random: Random
  #txns = 0
  #bytes = 0
  #txnsLimit = 0
  #bytesLimit = 0

  /** A size of 0 or less KB turns that limit off. */
  constructor(snapCount: number, snapSizeKb: number, random: Random) {
    this.#snapCount = Math.max(SNAP_COUNT_MIN, snapCount)
    this.#snapSizeKb = snapSizeKb
    this.#random = random
    this.reset()
  }

  /** True when this append is the one: roll the log and start a snapshot. Counting begins anew. */
  onAppend(entryBytes: number): boolean {
    this.#txns += 1
    this.#bytes += entryBytes
    if (this.#txns <= this.#txnsLimit && this.#bytes <= this.#bytesLimit) return false
    this.reset()
    return true
  }

  /** After a snapshot for another reason. */
  reset(): void {
    this.#txns = 0
    this.#bytes = 0
    const half = Math.floor(this.#snapCount / 2)
    this.#txnsLimit = half + this.#draw(half)
    const halfKb = Math.floor(this.#snapSizeKb / 2)
    this.#bytesLimit =
      this.#snapSizeKb > 0 ? (halfKb + this.#draw(halfKb)) * 1024 : Number.POSITIVE_INFINITY
  }

  #draw(below: number): number {
    return below < 1 ? 0 : this.#random.int(Math.min(below, RANDOM_BELOW_MAX))
  }
}
