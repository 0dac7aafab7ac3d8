import { lowWord, type Zxid } from '../../wire/ids.ts'

const EVERY = 128
const KEEP_MAX = 1024

export interface RecordedDigest {
  readonly zxid: Zxid
  readonly digest: bigint
}

/** The digest at every 128th zxid, for comparing members (`hash`, operations.md 8.2). */
export class DigestLog {
  #recorded: RecordedDigest[] = []

  get recorded(): readonly RecordedDigest[] {
    return this.#recorded
  }

  /** Called after each transaction; `digest` is asked only when it is due. */
  after(zxid: Zxid, digest: () => bigint): void {
    if (lowWord(zxid) % EVERY !== 0) return
    if (this.#recorded.length >= KEEP_MAX) this.#recorded = this.#recorded.slice(1)
    this.#recorded.push({ zxid, digest: digest() })
  }
}
