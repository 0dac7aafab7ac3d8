import { invariant } from '../../base/invariant.ts'
import { Ring } from '../../base/ring.ts'
import { highWord, lowWord, type Zxid } from '../../wire/ids.ts'
import type { Acl } from '../../wire/records/data.ts'
import { Field } from '../tree/columns.ts'
import { type DataTree, NOT_FOUND } from '../tree/data-tree.ts'
import { DigestSum } from '../tree/digest.ts'
import { digestWithWords, pendingDigest } from '../tree/node-digest.ts'
import { OwnerKind, ownerKind } from '../tree/owner.ts'
import { PendingTable } from './pending-table.ts'

/** Word of a pending Stat: the columns' own order from czxid to the owner. */
const CZXID = 0
const MZXID = Field.mzxid - Field.czxid
const PZXID = Field.pzxid - Field.czxid
const CTIME = Field.ctime - Field.czxid
const MTIME = Field.mtime - Field.czxid
const VERSION = Field.version - Field.czxid
const CVERSION = Field.cversion - Field.czxid
const AVERSION = Field.aversion - Field.czxid
const OWNER = Field.owner - Field.czxid
const WORDS = OWNER + 2

const INT_MAX = 2 ** 31 - 1

/** A znode as it will be once everything on its way has arrived. */
export class PendingNode {
  readonly path: string
  /** The tree's hash of the path. */
  readonly hash: number
  /** The transaction that made it so; 0 while it is as the tree has it. */
  zxid: Zxid
  exists = true
  childCount = 0
  acl: readonly Acl[] = []
  readonly words: Int32Array
  /** The znode of the tree whose value this still is; NOT_FOUND when `data` is the value. */
  valueOf: number = NOT_FOUND
  data: Uint8Array | null = null
  digest = 0

  constructor(path: string, hash: number, zxid: Zxid, words: Int32Array) {
    this.path = path
    this.hash = hash
    this.zxid = zxid
    this.words = words
  }

  get version(): number {
    return this.words[VERSION]!
  }

  set version(value: number) {
    this.words[VERSION] = value
  }

  /** Creations of children ever. */
  get cversion(): number {
    return this.words[CVERSION]!
  }

  get aversion(): number {
    return this.words[AVERSION]!
  }

  set aversion(value: number) {
    this.words[AVERSION] = value
  }

  get ownerHigh(): number {
    return this.words[OWNER]!
  }

  get ownerLow(): number {
    return this.words[OWNER + 1]!
  }
}

/**
 * The tree plus all changes that were proposed and not yet applied: what the checks of a write see
 * (client-protocol.md 6.3). One transaction at a time is at work: `begin`, any number of changes,
 * then `keep` or `undo`.
 */
export class PendingChanges {
  readonly #tree: DataTree
  readonly #nodes = new PendingTable()
  readonly #inOrder = new Ring<PendingNode>()
  /** What the transaction at work touched, and what was pending for the same paths before. */
  readonly #touched: (PendingNode | undefined)[] = []
  readonly #before: (PendingNode | undefined)[] = []
  #touchedCount = 0
  /** Digest of the tree after everything pending, and before the transaction at work. */
  readonly #digest = new DigestSum()
  readonly #digestBefore = new DigestSum()
  #zxid: Zxid = 0n as Zxid
  #zxidHigh = 0
  #zxidLow = 0
  #timeHigh = 0
  #timeLow = 0

  constructor(tree: DataTree) {
    this.#tree = tree
    this.#digest.copyFrom(tree.digestSum)
  }

  /** Paths with a pending change. */
  get size(): number {
    return this.#nodes.size
  }

  /** Of the transaction at work. */
  get zxid(): Zxid {
    return this.#zxid
  }

  /** Digest of the tree after everything proposed so far. */
  get digest(): bigint {
    return this.#digest.value
  }

  begin(zxid: Zxid, timeMs: number): void {
    invariant(this.#touchedCount === 0, 'one transaction is prepared at a time')
    this.#zxid = zxid
    this.#zxidHigh = highWord(zxid)
    this.#zxidLow = lowWord(zxid)
    const high = Math.floor(timeMs / 0x100000000)
    this.#timeHigh = high | 0
    this.#timeLow = (timeMs - high * 0x100000000) | 0
    this.#digestBefore.copyFrom(this.#digest)
  }

  /** The transaction at work is proposed. */
  keep(): void {
    for (let i = 0; i < this.#touchedCount; i++) this.#inOrder.push(this.#touched[i]!)
    this.#forgetTouched()
  }

  /** As if the transaction at work had never been. */
  undo(): void {
    for (let i = this.#touchedCount - 1; i >= 0; i--) {
      const before = this.#before[i]
      if (before === undefined) this.#nodes.delete(this.#touched[i]!)
      else this.#nodes.set(before)
    }
    this.#forgetTouched()
    this.#digest.copyFrom(this.#digestBefore)
  }

  /** Everything up to `zxid` is in the tree now. */
  applied(zxid: Zxid): void {
    for (let node = this.#inOrder.peek(); node !== undefined; node = this.#inOrder.peek()) {
      if (node.zxid > zxid) break
      this.#inOrder.shift()
      this.#nodes.delete(node)
    }
    if (this.#nodes.size === 0 && this.#tree.options.digestEnabled) {
      const same = this.#digest.equals(this.#tree.digestSum)
      invariant(same, 'the digest promised is the digest of the tree', () => ({ zxid }))
    }
  }

  /**
   * What the znode at `path` will be; undefined when there will be none. Changed by the methods
   * here only: what they change is this very node if nothing was pending for it.
   */
  look(path: string): PendingNode | undefined {
    const key = path === '/' ? '' : path
    const { znodes } = this.#tree
    const hash = znodes.hash(key)
    const pending = this.#nodes.get(hash, key)
    if (pending !== undefined) return pending.exists ? pending : undefined
    const id = znodes.findHashed(hash)
    return id === NOT_FOUND ? undefined : this.#fromTree(key, hash, id)
  }

  /**
   * Proposed changes, deletions included, oldest first: the last one of a path is how it will be.
   */
  *all(): Generator<PendingNode> {
    for (let i = 0; i < this.#inOrder.length; i++) yield this.#inOrder.at(i)!
  }

  kindOf(node: PendingNode): OwnerKind {
    return ownerKind(node.ownerHigh, node.ownerLow, this.#tree.options)
  }

  /** A child was created (`delta` 1) or deleted (-1): the parent's counters. */
  childChanged(parent: PendingNode, delta: 1 | -1): void {
    const node = this.#change(parent)
    node.childCount += delta
    // A count at its end stays there, and with it pzxid: the tree only takes a larger one.
    if (delta === -1) this.#stamp(node, PZXID)
    else if (node.cversion < INT_MAX) {
      node.words[CVERSION]!++
      this.#stamp(node, PZXID)
    }
    this.#redigest(node)
  }

  create(
    path: string,
    data: Uint8Array | null,
    acl: readonly Acl[],
    ownerHigh: number,
    ownerLow: number,
  ): void {
    const hash = this.#tree.znodes.hash(path)
    const node = new PendingNode(path, hash, this.#zxid, new Int32Array(WORDS))
    const before = this.#nodes.get(hash, path)
    // Something deleted by the same transaction: keep what was before that.
    node.digest = before?.digest ?? 0
    node.data = data
    node.acl = acl
    this.#stamp(node, CZXID)
    this.#stamp(node, MZXID)
    this.#stamp(node, PZXID)
    for (const at of [CTIME, MTIME]) {
      node.words[at] = this.#timeHigh
      node.words[at + 1] = this.#timeLow
    }
    node.words[OWNER] = ownerHigh
    node.words[OWNER + 1] = ownerLow
    this.#register(node, before)
    this.#redigest(node)
  }

  delete(node: PendingNode): void {
    const gone = this.#change(node)
    gone.exists = false
    this.#digest.subtract(gone.digest)
    gone.digest = 0
  }

  /** `version` replaces the count of changes: the configuration znode has none. */
  setData(node: PendingNode, data: Uint8Array | null, version?: number): void {
    const changed = this.#change(node)
    changed.valueOf = NOT_FOUND
    changed.data = data
    changed.words[VERSION] = version ?? changed.words[VERSION]! + 1
    this.#stamp(changed, MZXID)
    changed.words[MTIME] = this.#timeHigh
    changed.words[MTIME + 1] = this.#timeLow
    this.#redigest(changed)
  }

  setAcl(node: PendingNode, acl: readonly Acl[]): void {
    const changed = this.#change(node)
    changed.acl = acl
    changed.words[AVERSION]!++
    this.#redigest(changed)
  }

  /** Bytes of the value that will be there. */
  dataLength(node: PendingNode): number {
    if (node.valueOf === NOT_FOUND) return node.data?.length ?? 0
    return Math.max(0, this.#tree.columns.get(node.valueOf, Field.dataLength))
  }

  /** The node to write to: its own copy for the transaction at work. */
  #change(node: PendingNode): PendingNode {
    const pending = this.#nodes.get(node.hash, node.path)
    if (pending === undefined && node.zxid === 0n) {
      node.zxid = this.#zxid
      this.#register(node, undefined)
      return node
    }
    if (pending !== undefined && pending.zxid === this.#zxid) return pending
    const copy = new PendingNode(node.path, node.hash, this.#zxid, node.words.slice())
    copy.exists = node.exists
    copy.childCount = node.childCount
    copy.acl = node.acl
    copy.valueOf = node.valueOf
    copy.data = node.data
    copy.digest = node.digest
    this.#register(copy, pending)
    return copy
  }

  #register(node: PendingNode, before: PendingNode | undefined): void {
    this.#nodes.set(node)
    this.#touched[this.#touchedCount] = node
    this.#before[this.#touchedCount] = before
    this.#touchedCount++
  }

  /** Empties the lists without giving their room back. */
  #forgetTouched(): void {
    for (let i = 0; i < this.#touchedCount; i++) {
      this.#touched[i] = undefined
      this.#before[i] = undefined
    }
    this.#touchedCount = 0
  }

  #fromTree(path: string, hash: number, id: number): PendingNode {
    const page = this.#tree.columns.page(id)
    const base = this.#tree.columns.base(id)
    const first = base + Field.czxid
    const node = new PendingNode(path, hash, 0n as Zxid, page.slice(first, first + WORDS))
    node.childCount = page[base + Field.childCount]!
    node.acl = this.#tree.acl(id)
    node.valueOf = id
    node.digest = page[base + Field.digest]! >>> 0
    return node
  }

  #stamp(node: PendingNode, at: number): void {
    node.words[at] = this.#zxidHigh
    node.words[at + 1] = this.#zxidLow
  }

  #redigest(node: PendingNode): void {
    if (!this.#tree.options.digestEnabled) return
    this.#digest.subtract(node.digest)
    node.digest =
      node.valueOf === NOT_FOUND
        ? pendingDigest(this.#tree, node.path, node.data, node.words)
        : digestWithWords(this.#tree, node.valueOf, node.words)
    this.#digest.add(node.digest)
  }
}
