/**
 * From path bytes to znode: open addressing over the hashes of paths, without a string or an object
 * per znode. 256 segments grow each on its own, so that no single insertion pays for all.
 */

const SEGMENTS = 256
const SEGMENT_START = 16

export class PathIndex {
  /** Slots hold id + 1; 0 is empty. */
  readonly #slots: Int32Array[] = Array.from(
    { length: SEGMENTS },
    () => new Int32Array(SEGMENT_START),
  )
  readonly #counts = new Int32Array(SEGMENTS)
  readonly #hashOf: (id: number) => number

  /** `hashOf` gives the hash under which an id was inserted: segments grow by asking again. */
  constructor(hashOf: (id: number) => number) {
    this.#hashOf = hashOf
  }

  /** The segment and first slot to look at; the caller compares and calls `after` to go on. */
  segment(hash: number): Int32Array {
    return this.#slots[hash >>> 24]!
  }

  insert(hash: number, id: number): void {
    const segment = hash >>> 24
    let slots = this.#slots[segment]!
    if (this.#counts[segment]! + 1 > slots.length * 0.7) slots = this.#grow(segment)
    place(slots, hash, id + 1)
    this.#counts[segment]!++
  }

  remove(hash: number, id: number): void {
    const segment = hash >>> 24
    const slots = this.#slots[segment]!
    const mask = slots.length - 1
    let hole = hash & mask
    while (slots[hole] !== id + 1) hole = (hole + 1) & mask
    // Shift back what would no longer be found across the hole.
    let at = (hole + 1) & mask
    while (slots[at] !== 0) {
      const home = this.#hashOf(slots[at]! - 1) & mask
      if (((at - home) & mask) >= ((at - hole) & mask)) {
        slots[hole] = slots[at]!
        hole = at
      }
      at = (at + 1) & mask
    }
    slots[hole] = 0
    this.#counts[segment]!--
  }

  #grow(segment: number): Int32Array {
    const old = this.#slots[segment]!
    const slots = new Int32Array(old.length * 2)
    for (const entry of old) if (entry !== 0) place(slots, this.#hashOf(entry - 1), entry)
    this.#slots[segment] = slots
    return slots
  }
}

function place(slots: Int32Array, hash: number, entry: number): void {
  const mask = slots.length - 1
  let at = hash & mask
  while (slots[at] !== 0) at = (at + 1) & mask
  slots[at] = entry
}

/**
 * Hash of bytes[start, end). `seed` is drawn per process, so that nobody outside can choose names
 * that collide.
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed
  for (let i = start; i < end; i++) {
    hash = Math.imul(hash ^ bytes[i]!, 0x01000193)
    hash = (hash << 13) | (hash >>> 19)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d)
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b)
  return hash ^ (hash >>> 16)
}
