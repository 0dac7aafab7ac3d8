/**
 * Compares the tree with the digests that the leader put into the log (storage.md 4.5,
 * quorum-protocol.md 8.3). A difference is reported, not punished: exactly as Apache.
 */
import type { Log } from '../../base/ports.ts'
import { hex, type Zxid } from '../../wire/ids.ts'
import { DIGEST_VERSION, type Txn } from '../../wire/records/txn.ts'
import type { Database } from '../tree/database.ts'
import type { DigestPoint } from './snapshot-format.ts'

export class DigestCheck {
  mismatches = 0
  readonly #database: Database
  readonly #enabled: boolean
  readonly #log: Log
  /** Until its zxid the tree of a fuzzy snapshot is not exact and nothing is compared. */
  #awaited: DigestPoint | null

  /** `point`: of the snapshot, null or zxid 0 when it has none. */
  constructor(database: Database, enabled: boolean, point: DigestPoint | null, log: Log) {
    this.#database = database
    this.#enabled = enabled
    this.#log = log
    this.#awaited = point !== null && point.zxid > 0n ? point : null
    this.#meetAwaited(database.lastZxid)
  }

  /** Right after the database has applied `txn`. */
  after(txn: Txn): void {
    if (!this.#enabled) return
    if (this.#awaited !== null) {
      this.#meetAwaited(txn.zxid)
      return
    }
    const digest = txn.digest
    if (digest === null || digest.version !== DIGEST_VERSION) return
    this.#compare(txn.zxid, BigInt.asUintN(64, digest.treeDigest))
  }

  /** The log has ended. */
  end(): void {
    if (!this.#enabled || this.#awaited === null) return
    this.#log.warn('log ends before the snapshot is exact', {
      zxid: hex(this.#database.lastZxid),
      awaited: hex(this.#awaited.zxid),
    })
  }

  #meetAwaited(reached: Zxid): void {
    const point = this.#awaited
    if (point === null || reached < point.zxid) return
    this.#awaited = null
    if (!this.#enabled || point.treeDigest === null || reached !== point.zxid) return
    this.#compare(reached, point.treeDigest)
  }

  #compare(at: Zxid, expected: bigint): void {
    const actual = this.#database.tree.digest
    if (actual === expected) return
    this.mismatches += 1
    // One line: once the trees differ they differ after every transaction.
    if (this.mismatches > 1) return
    this.#log.error('tree digest differs', {
      zxid: hex(at),
      expected: hex(expected),
      actual: hex(actual),
    })
  }
}
