/**
 * Where the fixed part of every znode lies: 27 words of 32 bits in pages of typed arrays
 * (performance.md 6). Paths and values lie in slabs; nothing of a znode is a JavaScript object.
 */

/** Word of a record. Longs are two words, high first. */
export const Field = {
  pathRef: 0,
  pathLength: 1,
  dataRef: 2,
  /** -1 for null data. */
  dataLength: 3,
  parent: 4,
  firstChild: 5,
  next: 6,
  previous: 7,
  hash: 8,
  aclId: 9,
  childCount: 10,
  czxid: 11,
  mzxid: 13,
  pzxid: 15,
  ctime: 17,
  mtime: 19,
  version: 21,
  /** Creations of children ever; what clients see is computed (client-protocol.md 11.2). */
  cversion: 22,
  aversion: 23,
  owner: 24,
  digest: 26,
} as const
export type Field = (typeof Field)[keyof typeof Field]

const WORDS = 27
const PAGE_BITS = 12
const PAGE_NODES = 1 << PAGE_BITS
const PAGE_MASK = PAGE_NODES - 1

/** In `parent`: the root, and a record that is free. */
export const NO_PARENT = -1
const FREE = -2

export class Columns {
  readonly #pages: Int32Array[] = []
  #next = 0
  #freeHead = -1
  /** While a scan walks the tree, freed ids wait here: its cursor may stand on one. */
  readonly #quarantine: number[] = []
  #scans = 0

  /** A record with every word zero. */
  allocate(): number {
    let id = this.#freeHead
    if (id >= 0) {
      this.#freeHead = this.get(id, Field.next)
    } else {
      id = this.#next++
      if (id >>> PAGE_BITS === this.#pages.length) {
        this.#pages.push(new Int32Array(PAGE_NODES * WORDS))
      }
    }
    const base = (id & PAGE_MASK) * WORDS
    this.#pages[id >>> PAGE_BITS]!.fill(0, base, base + WORDS)
    return id
  }

  free(id: number): void {
    this.set(id, Field.parent, FREE)
    if (this.#scans > 0) this.#quarantine.push(id)
    else this.#release(id)
  }

  isFree(id: number): boolean {
    return this.get(id, Field.parent) === FREE
  }

  beginScan(): void {
    this.#scans++
  }

  endScan(): void {
    this.#scans--
    if (this.#scans > 0) return
    for (const id of this.#quarantine) this.#release(id)
    this.#quarantine.length = 0
  }

  get(id: number, field: number): number {
    return this.#pages[id >>> PAGE_BITS]![(id & PAGE_MASK) * WORDS + field]!
  }

  set(id: number, field: number, value: number): void {
    this.#pages[id >>> PAGE_BITS]![(id & PAGE_MASK) * WORDS + field] = value
  }

  /** The page that holds a record; its first word is at `base(id)`. For loops over many fields. */
  page(id: number): Int32Array {
    return this.#pages[id >>> PAGE_BITS]!
  }

  base(id: number): number {
    return (id & PAGE_MASK) * WORDS
  }

  #release(id: number): void {
    this.set(id, Field.next, this.#freeHead)
    this.#freeHead = id
  }
}
