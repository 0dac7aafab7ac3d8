import { invariant } from '../../base/invariant.ts'

/** Blocks are counted in units of 4 bytes, so that 32 bits address 16 GiB. */
const UNIT_SHIFT = 2
const SLAB_UNIT_BITS = 20
const SLAB_UNITS = 1 << SLAB_UNIT_BITS
const SLAB_BYTES = SLAB_UNITS << UNIT_SHIFT
const OFFSET_MASK = SLAB_UNITS - 1
const SLABS_MAX = 1 << (32 - SLAB_UNIT_BITS)
/** Up to 1 KiB every multiple of 4 bytes has a free list of its own; above, eight per doubling. */
const EXACT_UNITS = 256
const CLASSES = EXACT_UNITS + 1 + 8 * 24

/** Refers to nothing: what an empty block has. */
export const NO_BLOCK = 0

/**
 * Bytes of paths and values in a few large arrays, without an object per block, so that a million
 * znodes are nothing to the garbage collector (performance.md 6). Freed blocks wait in lists by
 * size; a block larger than a quarter of a slab gets an array of its own.
 */
export class Slabs {
  readonly #slabs: (Uint8Array | undefined)[] = []
  readonly #views: (DataView | undefined)[] = []
  readonly #freeSlots: number[] = []
  readonly #freeHeads = new Int32Array(CLASSES)
  /** The slab that new blocks are cut from, and the first unit not yet handed out. */
  #current = -1
  #nextUnit = SLAB_UNITS
  #usedBytes = 0

  /** Bytes in blocks that are in use, rounded up to what a block occupies. */
  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Bytes of all arrays. */
  get reservedBytes(): number {
    let total = 0
    for (const slab of this.#slabs) total += slab?.length ?? 0
    return total
  }

  /** A block for `length` bytes; its content is undefined. Length 0 gives NO_BLOCK. */
  allocate(length: number): number {
    if (length === 0) return NO_BLOCK
    const units = unitsFor(length)
    if (units > SLAB_UNITS >> 2) return this.#allocateLarge(units)
    this.#usedBytes += units << UNIT_SHIFT
    const sizeClass = classOf(units)
    const head = this.#freeHeads[sizeClass]!
    if (head !== NO_BLOCK) {
      this.#freeHeads[sizeClass] = this.#views[head >>> SLAB_UNIT_BITS]!.getInt32(this.offset(head))
      return head
    }
    if (this.#nextUnit + units > SLAB_UNITS) this.#openSlab()
    const ref = (this.#current << SLAB_UNIT_BITS) | this.#nextUnit
    this.#nextUnit += units
    return ref
  }

  /** Whether a block for `length` bytes holds `other` bytes as well as one made for them. */
  fits(length: number, other: number): boolean {
    return length > 0 && other > 0 && unitsFor(length) === unitsFor(other)
  }

  /** Gives back a block that was allocated with the same length. */
  free(ref: number, length: number): void {
    if (ref === NO_BLOCK) return
    const units = unitsFor(length)
    this.#usedBytes -= units << UNIT_SHIFT
    if (units > SLAB_UNITS >> 2) {
      this.#slabs[ref >>> SLAB_UNIT_BITS] = undefined
      this.#views[ref >>> SLAB_UNIT_BITS] = undefined
      this.#freeSlots.push(ref >>> SLAB_UNIT_BITS)
      return
    }
    const sizeClass = classOf(units)
    this.#views[ref >>> SLAB_UNIT_BITS]!.setInt32(this.offset(ref), this.#freeHeads[sizeClass]!)
    this.#freeHeads[sizeClass] = ref
  }

  /** The array a block lies in; its first byte is at `offset(ref)`. */
  bytes(ref: number): Uint8Array {
    return this.#slabs[ref >>> SLAB_UNIT_BITS]!
  }

  offset(ref: number): number {
    return (ref & OFFSET_MASK) << UNIT_SHIFT
  }

  #allocateLarge(units: number): number {
    const slot = this.#freeSlots.pop() ?? this.#slabs.length
    invariant(slot < SLABS_MAX, 'the tree holds at most 16 GiB of paths and values')
    // A large block starts behind unit 0 as well, so that no reference equals NO_BLOCK.
    this.#open(slot, (units + 1) << UNIT_SHIFT)
    this.#usedBytes += units << UNIT_SHIFT
    return (slot << SLAB_UNIT_BITS) | 1
  }

  #openSlab(): void {
    this.#current = this.#slabs.length
    invariant(this.#current < SLABS_MAX, 'the tree holds at most 16 GiB of paths and values')
    this.#open(this.#current, SLAB_BYTES)
    // Unit 0 of every slab stays unused: reference 0 means "no block".
    this.#nextUnit = 1
  }

  #open(slot: number, sizeBytes: number): void {
    const slab = new Uint8Array(sizeBytes)
    this.#slabs[slot] = slab
    this.#views[slot] = new DataView(slab.buffer)
  }
}

/**
 * Units that a block of `length` bytes occupies: exact up to 1 KiB, then at most an eighth more.
 */
function unitsFor(length: number): number {
  const units = (length + 3) >>> UNIT_SHIFT
  if (units <= EXACT_UNITS) return units
  const step = 1 << (28 - Math.clz32(units - 1))
  return Math.ceil(units / step) * step
}

function classOf(units: number): number {
  if (units <= EXACT_UNITS) return units
  const exponent = 31 - Math.clz32(units - 1)
  return EXACT_UNITS + 1 + (exponent - 8) * 8 + ((units - 1) >>> (exponent - 3)) - 8
}
