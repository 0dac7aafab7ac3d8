import { Writer } from '../../wire/writer.ts'

/** What a reply or notification needs; a writer that served more keeps its size. */
const FIRST_BYTES = 1024
/** A writer that a large reply blew up is not kept. */
const KEEP_BYTES_MAX = 256 * 1024
/** All that wait together: one notification may go to thousands of connections in a turn. */
const KEEP_ALL_BYTES_MAX = 16 * 1024 * 1024

/** Slabs for replies: a connection borrows one while something waits to be sent in this turn. */
export class OutputPool {
  readonly #free: Writer[] = []
  #freeBytes = 0

  borrow(): Writer {
    const writer = this.#free.pop()
    if (writer === undefined) return new Writer(FIRST_BYTES)
    this.#freeBytes -= writer.bytes.length
    return writer
  }

  /** Only when nobody looks at its bytes any more. */
  giveBack(writer: Writer): void {
    const sizeBytes = writer.bytes.length
    if (sizeBytes > KEEP_BYTES_MAX || this.#freeBytes + sizeBytes > KEEP_ALL_BYTES_MAX) return
    writer.clear()
    this.#free.push(writer)
    this.#freeBytes += sizeBytes
  }
}
