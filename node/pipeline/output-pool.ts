import { Writer } from '../../wire/writer.ts'

const FIRST_BYTES = 8192
/** A writer that a large reply blew up is not kept. */
const KEEP_BYTES_MAX = 256 * 1024
const KEEP_MAX = 256

/** Slabs for replies: a connection borrows one while something waits to be sent in this turn. */
export class OutputPool {
  readonly #free: Writer[] = []

  borrow(): Writer {
    return this.#free.pop() ?? new Writer(FIRST_BYTES)
  }

  /** Only when nobody looks at its bytes any more. */
  giveBack(writer: Writer): void {
    if (writer.bytes.length > KEEP_BYTES_MAX || this.#free.length >= KEEP_MAX) return
    writer.clear()
    this.#free.push(writer)
  }
}
