import { type SessionId, type Zxid, zxid } from '../../wire/ids.ts'
import type { Txn } from '../../wire/records/txn.ts'
import { type Applied, applyTxn } from './apply.ts'
import { DataTree, type TreeOptions } from './data-tree.ts'
import { Watches } from './watches.ts'

/** What a snapshot and a log give back: the tree, the sessions and how far both have come. */
export class Database {
  readonly tree: DataTree
  /** Global sessions and their time-outs in milliseconds. */
  readonly sessions: Map<SessionId, number> = new Map()
  readonly watches: Watches = new Watches()
  lastZxid: Zxid = zxid(0n)

  constructor(options: TreeOptions) {
    this.tree = new DataTree(options)
  }

  /**
   * Applies a transaction: the only way anything changes. Idempotent over fuzzy snapshots
   * (storage.md 4.5). `applied` is told of every single operation right after it.
   */
  apply(txn: Txn, applied?: Applied): void {
    applyTxn(this, txn, applied)
    if (txn.zxid > this.lastZxid) this.lastZxid = txn.zxid
  }
}
