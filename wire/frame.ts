/** What the owner of a connection does with what the cutter finds. */
export interface FrameHandler {
  /**
   * A whole frame: bytes[start, end), without its length. The bytes die with the call. False: stop
   * cutting, keep the rest until `resume`.
   */
  frame(bytes: Uint8Array, start: number, end: number): boolean
  /**
   * A length that no frame has. `bytes` is the length word and whatever came with it. False: the
   * connection is over. True: the handler waits for more bytes of it (a four-letter word).
   */
  badLength(length: number, bytes: Uint8Array): boolean
}

const EMPTY: Uint8Array = new Uint8Array(0)

/**
 * Cuts length-prefixed frames out of arbitrary chunks (client-protocol.md 1.2). Frames that lie
 * whole in a chunk are handed over in place; only an incomplete tail is copied.
 */
export class FrameCutter {
  readonly #handler: FrameHandler
  readonly #maxLength: number
  #kept: Uint8Array = EMPTY
  #keptLength = 0
  #paused = false
  #over = false

  constructor(handler: FrameHandler, maxLength: number) {
    this.#handler = handler
    this.#maxLength = maxLength
  }

  /** Bytes that wait: an incomplete frame, or everything since the handler said stop. */
  get waitingBytes(): number {
    return this.#keptLength
  }

  /** Bytes as they arrive; not from within the handler, which may only `resume` and `close`. */
  push(chunk: Uint8Array): void {
    let from = 0
    // Only what the incomplete frame lacks is copied to it; what follows is cut in place.
    while (this.#keptLength > 0 && from < chunk.length && !this.#paused && !this.#over) {
      const to = Math.min(chunk.length, from + this.#lacking())
      this.#keep(chunk, from, to)
      from = to
      if (from === chunk.length || this.#lacking() === 0) this.#cutKept()
    }
    if (!this.#paused) from = this.#cut(chunk, from, chunk.length)
    if (!this.#over && from < chunk.length) this.#keep(chunk, from, chunk.length)
  }

  /** Bytes until the kept frame, or its length, is whole; all, when no frame is that long. */
  #lacking(): number {
    if (this.#keptLength < 4) return 4 - this.#keptLength
    const size = sizeAt(this.#kept, 0)
    if (size < 0 || size > this.#maxLength) return Number.POSITIVE_INFINITY
    return size + 4 - this.#keptLength
  }

  /** Cuts nothing until `resume`; what arrives is kept. */
  pause(): void {
    this.#paused = true
  }

  /** Goes on after a `false` of the handler. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#keptLength > 0 && !this.#over) this.#cutKept()
  }

  /** The connection is over: what waits is dropped and nothing is cut any more. */
  close(): void {
    this.#over = true
    this.#kept = EMPTY
    this.#keptLength = 0
  }

  #cutKept(): void {
    const used = this.#cut(this.#kept, 0, this.#keptLength)
    // An incomplete frame stays where it is: copying it for every chunk would cost its square.
    if (this.#over || used === 0) return
    this.#kept = used === this.#keptLength ? EMPTY : this.#kept.slice(used, this.#keptLength)
    this.#keptLength -= used
  }

  /** Returns up to where bytes[start, length) are done with. */
  #cut(bytes: Uint8Array, start: number, length: number): number {
    let at = start
    while (!this.#paused && !this.#over && length - at >= 4) {
      const size = sizeAt(bytes, at)
      if (size < 0 || size > this.#maxLength) {
        if (!this.#handler.badLength(size, bytes.subarray(at, length))) this.close()
        return at
      }
      const end = at + 4 + size
      if (end > length) break
      const goOn = this.#handler.frame(bytes, at + 4, end)
      at = end
      if (!goOn) this.#paused = true
    }
    return at
  }

  /** Adds chunk[from, to) to what is kept. */
  #keep(chunk: Uint8Array, from: number, to: number): void {
    const needed = this.#keptLength + to - from
    if (needed > this.#kept.length) {
      const grown = new Uint8Array(Math.max(needed, this.#wanted(chunk, from, needed)))
      grown.set(this.#kept.subarray(0, this.#keptLength))
      this.#kept = grown
    }
    this.#kept.set(chunk.subarray(from, to), this.#keptLength)
    this.#keptLength = needed
  }

  /** Room for the whole frame whose beginning we hold, so that a large one is not copied often. */
  #wanted(chunk: Uint8Array, from: number, needed: number): number {
    const head = this.#keptLength >= 4 ? this.#kept : chunk.subarray(from)
    if (head.length < 4) return this.#kept.length * 2
    const size = sizeAt(head, 0)
    // A claimed length is not yet memory: grow towards it as the bytes arrive.
    const claimed = size >= 0 && size <= this.#maxLength ? size + 4 : 0
    return Math.min(claimed, needed * 2)
  }
}

function sizeAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
