import { encodeUtf8, utf8MaxLength } from './utf8.ts'

/**
 * Writes Jute primitives into one growing slab. The same class serves replies (a frame is begun,
 * filled and its length patched), log entries and packets.
 */
export class Writer {
  bytes: Uint8Array
  length: number
  view: DataView

  constructor(capacity: number = 256) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
    this.length = 0
  }

  clear(): void {
    this.length = 0
  }

  /** Forgets what was written from `length` on. */
  rewind(length: number): void {
    this.length = length
  }

  /** Makes room for `more` bytes and returns where they start; the caller sets `length`. */
  reserve(more: number): number {
    const at = this.length
    if (at + more > this.bytes.length) this.#grow(at + more)
    return at
  }

  byte(value: number): this {
    const at = this.reserve(1)
    this.bytes[at] = value
    this.length = at + 1
    return this
  }

  boolean(value: boolean): this {
    return this.byte(value ? 1 : 0)
  }

  int(value: number): this {
    const at = this.reserve(4)
    this.view.setInt32(at, value)
    this.length = at + 4
    return this
  }

  long(value: bigint): this {
    const at = this.reserve(8)
    this.view.setBigInt64(at, value)
    this.length = at + 8
    return this
  }

  /** A long given as its two signed halves. */
  longWords(high: number, low: number): this {
    const at = this.reserve(8)
    this.view.setInt32(at, high)
    this.view.setInt32(at + 4, low)
    this.length = at + 8
    return this
  }

  /** A long given as an integer of at most 53 bits (times). */
  longFromNumber(value: number): this {
    const high = Math.floor(value / 0x100000000)
    return this.longWords(high | 0, (value - high * 0x100000000) | 0)
  }

  string(text: string | null): this {
    if (text === null) return this.int(-1)
    const at = this.reserve(4 + utf8MaxLength(text))
    const end = encodeUtf8(text, this.bytes, at + 4)
    this.view.setInt32(at, end - at - 4)
    this.length = end
    return this
  }

  buffer(data: Uint8Array | null): this {
    if (data === null) return this.int(-1)
    return this.range(data, 0, data.length)
  }

  /** A string or buffer whose bytes are source[start, start + length). */
  range(source: Uint8Array, start: number, length: number): this {
    this.int(length)
    return this.raw(source, start, length)
  }

  /** Bytes without a length in front. */
  raw(source: Uint8Array, start: number = 0, length: number = source.length - start): this {
    const at = this.reserve(length)
    const out = this.bytes
    // A loop beats `set(subarray)` for the sizes that names and most values have.
    if (length <= 64) for (let i = 0; i < length; i++) out[at + i] = source[start + i]!
    else out.set(source.subarray(start, start + length), at)
    this.length = at + length
    return this
  }

  vector<T>(elements: readonly T[] | null, element: (writer: Writer, value: T) => unknown): this {
    if (elements === null) return this.int(-1)
    this.int(elements.length)
    for (const value of elements) element(this, value)
    return this
  }

  strings(texts: readonly string[] | null): this {
    return this.vector(texts, (writer, text) => writer.string(text))
  }

  /** Begins a length-prefixed frame and returns its mark for `endFrame`. */
  beginFrame(): number {
    const mark = this.reserve(4)
    this.length = mark + 4
    return mark
  }

  endFrame(mark: number): void {
    this.view.setInt32(mark, this.length - mark - 4)
  }

  /** What was written, as a view of the slab. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }

  /** What was written, as bytes of its own. */
  copy(): Uint8Array {
    return this.bytes.slice(0, this.length)
  }

  #grow(needed: number): void {
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }
}
