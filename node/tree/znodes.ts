import { failInvariant } from '../../base/invariant.ts'
import { fromWords } from '../../wire/ids.ts'
import { decodeUtf8, encodeUtf8, utf8MaxLength } from '../../wire/utf8.ts'
import { Columns, Field, NO_PARENT } from './columns.ts'
import { hashBytes, PathIndex } from './path-index.ts'
import { Slabs } from './slabs.ts'

const SLASH = 0x2f
export const NOT_FOUND = -1
export const ROOT = 0

/**
 * Records of znodes and how they hang together: by path through the index, by links from parent to
 * children. An id is valid until its znode is unlinked. Knows nothing of versions, ACLs or digests.
 */
export class Znodes {
  readonly columns: Columns = new Columns()
  readonly slabs: Slabs = new Slabs()
  readonly #index = new PathIndex(id => this.columns.get(id, Field.hash))
  readonly #hashSeed: number
  #scratch = new Uint8Array(256)
  #hashedLength = 0
  #count = 0
  #approximateBytes = 0

  constructor(hashSeed: number) {
    this.#hashSeed = hashSeed
  }

  /** Znodes, the root counted once. */
  get count(): number {
    return this.#count
  }

  /** Bytes of paths and values. */
  get approximateBytes(): number {
    return this.#approximateBytes
  }

  /** NOT_FOUND when there is none. '' and '/' are the root. */
  find(path: string): number {
    const length = this.#encode(path)
    return this.findBytes(this.#scratch, 0, length)
  }

  findBytes(bytes: Uint8Array, start: number, length: number): number {
    if (length === 0 || (length === 1 && bytes[start] === SLASH)) return ROOT
    const hash = hashBytes(bytes, start, start + length, this.#hashSeed)
    return this.#findWith(hash, bytes, start, length)
  }

  /** The hash of a path as the index has it; `findHashed` goes on with the same path. */
  hash(path: string): number {
    this.#hashedLength = this.#encode(path)
    return hashBytes(this.#scratch, 0, this.#hashedLength, this.#hashSeed)
  }

  /** The znode of the path that `hash` was asked for last; NOT_FOUND when there is none. */
  findHashed(hash: number): number {
    if (this.#hashedLength === 0) return ROOT
    return this.#findWith(hash, this.#scratch, 0, this.#hashedLength)
  }

  #findWith(hash: number, bytes: Uint8Array, start: number, length: number): number {
    const slots = this.#index.segment(hash)
    const mask = slots.length - 1
    for (let at = hash & mask; slots[at] !== 0; at = (at + 1) & mask) {
      const id = slots[at]! - 1
      if (this.#hasPath(id, hash, bytes, start, length)) return id
    }
    return NOT_FOUND
  }

  #hasPath(id: number, hash: number, bytes: Uint8Array, start: number, length: number): boolean {
    const page = this.columns.page(id)
    const base = this.columns.base(id)
    if (page[base + Field.hash] !== hash || page[base + Field.pathLength] !== length) return false
    const ref = page[base + Field.pathRef]!
    const own = this.slabs.bytes(ref)
    const offset = this.slabs.offset(ref)
    for (let i = 0; i < length; i++) if (own[offset + i] !== bytes[start + i]) return false
    return true
  }

  /** The path of a znode, '' for the root. */
  path(id: number): string {
    const length = this.columns.get(id, Field.pathLength)
    if (length === 0) return ''
    const ref = this.columns.get(id, Field.pathRef)
    const offset = this.slabs.offset(ref)
    return decodeUtf8(this.slabs.bytes(ref), offset, offset + length)
  }

  /** A copy of the value, null when it is null. */
  data(id: number): Uint8Array | null {
    const length = this.columns.get(id, Field.dataLength)
    if (length < 0) return null
    if (length === 0) return EMPTY
    const ref = this.columns.get(id, Field.dataRef)
    const offset = this.slabs.offset(ref)
    return this.slabs.bytes(ref).slice(offset, offset + length)
  }

  childCount(id: number): number {
    return this.columns.get(id, Field.childCount)
  }

  parent(id: number): number {
    return this.columns.get(id, Field.parent)
  }

  firstChild(id: number): number {
    return this.columns.get(id, Field.firstChild) - 1
  }

  nextSibling(id: number): number {
    return this.columns.get(id, Field.next) - 1
  }

  /** Names of the children, in no particular order. */
  childNames(id: number): string[] {
    const names: string[] = []
    for (let child = this.firstChild(id); child >= 0; child = this.nextSibling(child)) {
      const path = this.path(child)
      names.push(path.slice(path.lastIndexOf('/') + 1))
    }
    return names
  }

  /** A field of two words. */
  long(id: number, field: number): bigint {
    return fromWords(this.columns.get(id, field), this.columns.get(id, field + 1))
  }

  /** The same where it is known to fit 53 bits. */
  number(id: number, field: number): number {
    return this.columns.get(id, field) * 0x100000000 + (this.columns.get(id, field + 1) >>> 0)
  }

  /** The root; while a scan runs freed ids are not reused, so its cursor stays valid. */
  beginScan(): number {
    this.columns.beginScan()
    return ROOT
  }

  /** Depth first, parent before child; -1 at the end. Skips znodes deleted meanwhile. */
  nextInScan(id: number): number {
    let at = id
    let descend = !this.columns.isFree(at)
    for (;;) {
      let next = descend ? this.firstChild(at) : -1
      while (next < 0) {
        if (at === ROOT) return -1
        next = this.nextSibling(at)
        if (next < 0) at = this.#parentInScan(at)
      }
      if (!this.columns.isFree(next)) return next
      at = next
      descend = false
    }
  }

  endScan(): void {
    this.columns.endScan()
  }

  /** The parent of a znode that may have been deleted: kept in `firstChild` of a freed record. */
  #parentInScan(id: number): number {
    return this.columns.isFree(id) ? this.columns.get(id, Field.firstChild) : this.parent(id)
  }

  /** A record for a new path under `parent`. */
  linkPath(path: string, parent: number): number {
    const length = this.#encode(path)
    return this.link(this.#scratch, 0, length, parent)
  }

  /** The same with the path as bytes[start, start + length). */
  link(bytes: Uint8Array, start: number, length: number, parent: number): number {
    const { columns } = this
    const id = columns.allocate()
    if (parent === NO_PARENT && id !== ROOT) failInvariant('only the root has no parent', { id })
    const ref = this.slabs.allocate(length)
    if (length > 0)
      this.slabs.bytes(ref).set(bytes.subarray(start, start + length), this.slabs.offset(ref))
    const hash = hashBytes(bytes, start, start + length, this.#hashSeed)
    columns.set(id, Field.pathRef, ref)
    columns.set(id, Field.pathLength, length)
    columns.set(id, Field.hash, hash)
    columns.set(id, Field.parent, parent)
    this.#index.insert(hash, id)
    this.#count++
    this.#approximateBytes += length
    if (parent === NO_PARENT) return id
    // Newest first. Links hold id + 1, so that 0 is "none".
    const first = columns.get(parent, Field.firstChild)
    columns.set(id, Field.next, first)
    if (first > 0) columns.set(first - 1, Field.previous, id + 1)
    columns.set(parent, Field.firstChild, id + 1)
    columns.set(parent, Field.childCount, columns.get(parent, Field.childCount) + 1)
    return id
  }

  /** Takes a znode without children out and frees its record and blocks. */
  unlink(id: number): void {
    const { columns } = this
    this.#index.remove(columns.get(id, Field.hash), id)
    const parent = columns.get(id, Field.parent)
    const next = columns.get(id, Field.next)
    const previous = columns.get(id, Field.previous)
    if (previous > 0) columns.set(previous - 1, Field.next, next)
    else columns.set(parent, Field.firstChild, next)
    if (next > 0) columns.set(next - 1, Field.previous, previous)
    columns.set(parent, Field.childCount, columns.get(parent, Field.childCount) - 1)
    // A scan may stand here: `next` stays, and the parent moves to where no child is any more.
    columns.set(id, Field.firstChild, parent)
    const pathLength = columns.get(id, Field.pathLength)
    const dataLength = Math.max(0, columns.get(id, Field.dataLength))
    this.slabs.free(columns.get(id, Field.pathRef), pathLength)
    this.slabs.free(columns.get(id, Field.dataRef), dataLength)
    this.#approximateBytes -= pathLength + dataLength
    this.#count--
    columns.free(id)
  }

  /** Sets the value to bytes[start, start + length); length -1 is null. */
  storeRange(id: number, bytes: Uint8Array, start: number, length: number): void {
    const { columns, slabs } = this
    const before = Math.max(0, columns.get(id, Field.dataLength))
    const size = Math.max(0, length)
    let ref = columns.get(id, Field.dataRef)
    if (!slabs.fits(before, size)) {
      slabs.free(ref, before)
      ref = slabs.allocate(size)
    }
    if (size > 0) {
      const source =
        start === 0 && size === bytes.length ? bytes : bytes.subarray(start, start + size)
      slabs.bytes(ref).set(source, slabs.offset(ref))
    }
    columns.set(id, Field.dataRef, ref)
    columns.set(id, Field.dataLength, length)
    this.#approximateBytes += size - before
  }

  /** The path into the scratch bytes; returns its length. */
  #encode(path: string): number {
    const most = utf8MaxLength(path)
    if (most > this.#scratch.length) this.#scratch = new Uint8Array(most * 2)
    return encodeUtf8(path, this.#scratch, 0)
  }
}

const EMPTY: Uint8Array = new Uint8Array(0)
