import { copyOf } from './byte-pool.ts'
import { decodeUtf8 } from './utf8.ts'

/** The bytes are not what the record demands. The connection or file they came from is told. */
export class JuteError extends Error {
  constructor(what: string) {
    super(what)
    this.name = 'JuteError'
  }
}

/** Longest string or buffer accepted: jute.maxbuffer + extrasize (client-protocol.md 1.1). */
export const DEFAULT_MAX_FIELD: number = 0xfffff * 2

const EMPTY: Uint8Array = new Uint8Array(0)

/**
 * Reads Jute primitives out of bytes[position, end) in place. One reader is reused for many
 * frames; nothing is copied unless a method says so. Every method throws JuteError when the bytes
 * run out.
 */
export class Reader {
  bytes: Uint8Array
  position: number
  end: number
  maxField: number
  /** Set by `range()`: where the bytes of the last string or buffer start. */
  rangeStart: number
  #view: DataView

  constructor(bytes: Uint8Array = EMPTY, maxField: number = DEFAULT_MAX_FIELD) {
    this.bytes = bytes
    this.position = 0
    this.end = bytes.length
    this.maxField = maxField
    this.rangeStart = 0
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Looks at other bytes from now on. Cheap when they are the same array. */
  reset(bytes: Uint8Array, position: number, end: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    }
    this.position = position
    this.end = end
  }

  get remaining(): number {
    return this.end - this.position
  }

  byte(): number {
    const at = this.#take(1)
    return this.#view.getInt8(at)
  }

  boolean(): boolean {
    return this.byte() !== 0
  }

  int(): number {
    const at = this.#take(4)
    return this.#view.getInt32(at)
  }

  long(): bigint {
    const at = this.#take(8)
    return this.#view.getBigInt64(at)
  }

  /** A long known to fit 53 bits (times): no bigint is made. */
  longAsNumber(): number {
    const at = this.#take(8)
    return this.#view.getInt32(at) * 0x100000000 + this.#view.getUint32(at + 4)
  }

  /**
   * Steps over a string or buffer, leaves its first byte in `rangeStart` and returns its length,
   * -1 for null.
   */
  range(): number {
    const length = this.int()
    if (length === -1) return -1
    if (length < 0 || length > this.maxField) throw new JuteError(`unreasonable length ${length}`)
    this.rangeStart = this.#take(length)
    return length
  }

  string(): string | null {
    const length = this.range()
    if (length < 0) return null
    return decodeUtf8(this.bytes, this.rangeStart, this.rangeStart + length)
  }

  /** A string that may not be null. */
  text(): string {
    const text = this.string()
    if (text === null) throw new JuteError('null string')
    return text
  }

  /** A view; it dies with the bytes it looks at. */
  bufferView(): Uint8Array | null {
    const length = this.range()
    if (length < 0) return null
    return length === 0 ? EMPTY : this.bytes.subarray(this.rangeStart, this.rangeStart + length)
  }

  /** A copy that outlives the bytes it came from. */
  buffer(): Uint8Array | null {
    const length = this.range()
    if (length < 0) return null
    return length === 0 ? EMPTY : copyOf(this.bytes, this.rangeStart, this.rangeStart + length)
  }

  /** Null for count -1. The count is not trusted: a huge one ends when the bytes run out. */
  vector<T>(element: (reader: Reader) => T): T[] | null {
    const count = this.int()
    if (count === -1) return null
    if (count < 0) throw new JuteError(`unreasonable count ${count}`)
    const elements: T[] = []
    for (let i = 0; i < count; i++) elements.push(element(this))
    return elements
  }

  strings(): string[] | null {
    return this.vector(reader => reader.text())
  }

  skip(bytes: number): void {
    this.#take(bytes)
  }

  #take(bytes: number): number {
    const at = this.position
    const next = at + bytes
    if (next > this.end) throw new JuteError(`needs ${next - this.end} more bytes`)
    this.position = next
    return at
  }
}
