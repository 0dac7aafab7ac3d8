import { invariant } from '../../base/invariant.ts'
import type { Crc32 } from '../../base/ports.ts'
import { highWord, lowWord } from '../../wire/ids.ts'
import { CONFIG_PATH, QUOTA_PATH, SYSTEM_PATH } from '../../wire/paths.ts'
import type { Reader } from '../../wire/reader.ts'
import { type Acl, OPEN_ACL, READ_ONLY_ACL, type Stat } from '../../wire/records/data.ts'
import type { Writer } from '../../wire/writer.ts'
import { AclTable, OPEN_ACL_ID } from './acl-table.ts'
import { type Columns, Field, NO_PARENT } from './columns.ts'
import { DigestSum } from './digest.ts'
import { Ephemerals } from './ephemerals.ts'
import { nodeDigest } from './node-digest.ts'
import { OwnerKind, type OwnerRules, ownerKind } from './owner.ts'
import { Quotas } from './quota.ts'
import { readSnapshotNode, writeSnapshotNode } from './snapshot-node.ts'
import { NOT_FOUND, ROOT, Znodes } from './znodes.ts'

export { NOT_FOUND, ROOT }

export interface TreeOptions extends OwnerRules {
  /** zookeeper.digest.enabled */
  readonly digestEnabled: boolean
  /** Drawn once per process. */
  readonly hashSeed: number
  /** Used for long values; absent: our own. */
  readonly crc32?: Crc32 | undefined
}

/**
 * The znodes: columns for what has a fixed size, slabs for paths and values, one index by path.
 * A znode is an id (a small integer), valid until the znode is deleted. Changes come through
 * `apply.ts` only, which stamps each transaction with `begin`.
 */
export class DataTree {
  readonly znodes: Znodes
  readonly columns: Columns
  readonly acls: AclTable = new AclTable()
  readonly ephemerals: Ephemerals = new Ephemerals()
  readonly containers: Set<number> = new Set()
  readonly ttlNodes: Set<number> = new Set()
  readonly quotas: Quotas
  readonly options: TreeOptions
  readonly #digest = new DigestSum()
  /** The transaction being applied: its zxid and time as words. */
  #zxidHigh = 0
  #zxidLow = 0
  #timeHigh = 0
  #timeLow = 0

  constructor(options: TreeOptions) {
    this.options = options
    this.znodes = new Znodes(options.hashSeed)
    this.columns = this.znodes.columns
    this.quotas = new Quotas(this)
    this.begin(0n, 0)
    this.#insert('', NO_PARENT, EMPTY, OPEN_ACL)
    this.#insert(SYSTEM_PATH, ROOT, EMPTY, OPEN_ACL)
    const system = this.find(SYSTEM_PATH)
    this.#insert(QUOTA_PATH, system, EMPTY, OPEN_ACL)
    const config = this.#insert(CONFIG_PATH, system, EMPTY, READ_ONLY_ACL)
    this.columns.set(config, Field.aversion, -1)
  }

  /** Znodes, the root counted once. */
  get nodeCount(): number {
    return this.znodes.count
  }

  /** Bytes of paths and values. */
  get approximateBytes(): number {
    return this.znodes.approximateBytes
  }

  /** Unsigned 64 bits. */
  get digest(): bigint {
    return this.#digest.value
  }

  get digestSum(): DigestSum {
    return this.#digest
  }

  // ------------------------------------------------------------------------------- looking up

  /** NOT_FOUND when there is none. '' and '/' are the root. */
  find(path: string): number {
    return this.znodes.find(path)
  }

  findBytes(bytes: Uint8Array, start: number, length: number): number {
    return this.znodes.findBytes(bytes, start, length)
  }

  /** The path of a znode, '' for the root. */
  path(id: number): string {
    return this.znodes.path(id)
  }

  /** A copy of the value, null when it is null. */
  data(id: number): Uint8Array | null {
    return this.znodes.data(id)
  }

  childCount(id: number): number {
    return this.znodes.childCount(id)
  }

  /** Names of the children, in no particular order. */
  childNames(id: number): string[] {
    return this.znodes.childNames(id)
  }

  acl(id: number): readonly Acl[] {
    return this.acls.list(this.columns.get(id, Field.aclId))
  }

  hasOpenAcl(id: number): boolean {
    return this.columns.get(id, Field.aclId) === OPEN_ACL_ID
  }

  ownerKind(id: number): OwnerKind {
    const { columns } = this
    return ownerKind(columns.get(id, Field.owner), columns.get(id, Field.owner + 1), this.options)
  }

  /** Session id, or the marker of a container or TTL znode; 0 for a persistent one. */
  owner(id: number): bigint {
    return this.znodes.long(id, Field.owner)
  }

  mtimeMs(id: number): number {
    return this.znodes.number(id, Field.mtime)
  }

  zxidField(
    id: number,
    field: typeof Field.czxid | typeof Field.mzxid | typeof Field.pzxid,
  ): bigint {
    return this.znodes.long(id, field)
  }

  /** The Stat as clients see it (client-protocol.md 10.1, 11.2). */
  stat(id: number): Stat {
    const { columns } = this
    const numChildren = columns.get(id, Field.childCount)
    return {
      czxid: this.znodes.long(id, Field.czxid),
      mzxid: this.znodes.long(id, Field.mzxid),
      ctime: this.znodes.number(id, Field.ctime),
      mtime: this.znodes.number(id, Field.mtime),
      version: columns.get(id, Field.version),
      cversion: (columns.get(id, Field.cversion) * 2 - numChildren) | 0,
      aversion: columns.get(id, Field.aversion),
      ephemeralOwner: this.ownerKind(id) === OwnerKind.ephemeral ? this.owner(id) : 0n,
      dataLength: Math.max(0, columns.get(id, Field.dataLength)),
      numChildren,
      pzxid: this.znodes.long(id, Field.pzxid),
    }
  }

  // ------------------------------------------------------------------------------- changing

  /** Stamps the changes that follow with a transaction's zxid and time. */
  begin(zxid: bigint, timeMs: number): void {
    this.#zxidHigh = highWord(zxid)
    this.#zxidLow = lowWord(zxid)
    const high = Math.floor(timeMs / 0x100000000)
    this.#timeHigh = high | 0
    this.#timeLow = (timeMs - high * 0x100000000) | 0
  }

  /**
   * A new znode under `parent`, which must be its parent. The owner is given as two words. The
   * parent's counters are the caller's business (`touchParent`).
   */
  create(
    parent: number,
    path: string,
    data: Uint8Array | null,
    acl: readonly Acl[],
    ownerHigh: number,
    ownerLow: number,
  ): number {
    const id = this.#insert(path, parent, data, acl)
    this.columns.set(id, Field.owner, ownerHigh)
    this.columns.set(id, Field.owner + 1, ownerLow)
    if ((ownerHigh | ownerLow) !== 0) {
      this.#redigest(id)
      this.indexOwner(id)
    }
    return id
  }

  delete(id: number): void {
    invariant(this.childCount(id) === 0, 'only a znode without children is deleted')
    invariant(id !== ROOT, 'the root is never deleted')
    this.#digest.subtract(this.columns.get(id, Field.digest) >>> 0)
    this.#unindexOwner(id)
    this.acls.release(this.columns.get(id, Field.aclId))
    this.znodes.unlink(id)
  }

  setData(id: number, data: Uint8Array | null, version: number): void {
    this.#storeData(id, data)
    const { columns } = this
    columns.set(id, Field.version, version)
    this.#stampLong(id, Field.mzxid, this.#zxidHigh, this.#zxidLow)
    this.#stampLong(id, Field.mtime, this.#timeHigh, this.#timeLow)
    this.#redigest(id)
  }

  /** Replaces a value, leaving the Stat alone: quota statistics (client-protocol.md 13.3). */
  replaceData(id: number, data: Uint8Array | null): void {
    this.#storeData(id, data)
    this.#redigest(id)
  }

  setAcl(id: number, acl: readonly Acl[], aversion: number): void {
    this.replaceAcl(id, acl)
    this.columns.set(id, Field.aversion, aversion)
    this.#redigest(id)
  }

  /** Only the list: what replay does when it meets a znode from the future (storage.md 4.5). */
  replaceAcl(id: number, acl: readonly Acl[]): void {
    const before = this.columns.get(id, Field.aclId)
    this.columns.set(id, Field.aclId, this.acls.acquire(acl))
    this.acls.release(before)
  }

  /** After the creation of a child: the count of creations, never lowered, and with it pzxid. */
  raiseCversion(id: number, cversion: number): void {
    const { columns } = this
    if (cversion <= columns.get(id, Field.cversion)) return
    columns.set(id, Field.cversion, cversion)
    this.#stampLong(id, Field.pzxid, this.#zxidHigh, this.#zxidLow)
    this.#redigest(id)
  }

  /** After the deletion of a child: pzxid only grows. */
  raisePzxid(id: number): void {
    const high = this.columns.get(id, Field.pzxid)
    const low = this.columns.get(id, Field.pzxid + 1) >>> 0
    if (high > this.#zxidHigh || (high === this.#zxidHigh && low >= this.#zxidLow >>> 0)) return
    this.#stampLong(id, Field.pzxid, this.#zxidHigh, this.#zxidLow)
    this.#redigest(id)
  }

  /** The configuration znode as it stands when a configuration is loaded or takes effect. */
  setConfig(data: Uint8Array, zxid: bigint, timeMs: number): void {
    this.begin(zxid, timeMs)
    const id = this.find(CONFIG_PATH)
    invariant(id !== NOT_FOUND, 'the configuration znode exists')
    this.setData(id, data, -1)
  }

  // -------------------------------------------------------------------------------- snapshots

  /** The root; while a scan runs freed ids are not reused, so its cursor stays valid. */
  beginScan(): number {
    return this.znodes.beginScan()
  }

  /** Depth first, parent before child; -1 at the end. Skips znodes deleted meanwhile. */
  nextInScan(id: number): number {
    return this.znodes.nextInScan(id)
  }

  endScan(): void {
    this.znodes.endScan()
  }

  /** One record of a snapshot (storage.md 4.1). */
  writeNode(writer: Writer, id: number): void {
    writeSnapshotNode(this, writer, id)
  }

  /** A record that lies whole in the reader; JuteError when its parent is missing. */
  readNode(reader: Reader): void {
    readSnapshotNode(this, reader)
  }

  /** After the last record: lists that no znode uses go, quotas are registered and counted anew. */
  finishLoad(): void {
    this.acls.dropUnused()
    this.quotas.rebuild()
  }

  /** Makes a znode read from a snapshot findable by its owner. */
  indexOwner(id: number): void {
    switch (this.ownerKind(id)) {
      case OwnerKind.ephemeral:
        this.ephemerals.add(this.owner(id), id)
        return
      case OwnerKind.container:
        this.containers.add(id)
        return
      case OwnerKind.ttl:
        this.ttlNodes.add(id)
        return
      case OwnerKind.persistent:
        return
    }
  }

  #unindexOwner(id: number): void {
    this.containers.delete(id)
    this.ttlNodes.delete(id)
    if (this.ownerKind(id) === OwnerKind.ephemeral) this.ephemerals.remove(this.owner(id), id)
  }

  /**
   * A znode as a snapshot gives it: links it under its parent with the given words of the record
   * from `Field.czxid` to `Field.owner + 1`. An existing one of that path is overwritten.
   */
  load(
    bytes: Uint8Array,
    pathStart: number,
    pathLength: number,
    parent: number,
    dataStart: number,
    dataLength: number,
    aclId: number,
    words: Int32Array,
  ): void {
    // Before the release of the old list: when both are the same it must not be forgotten.
    this.acls.addUser(aclId)
    let id = this.findBytes(bytes, pathStart, pathLength)
    if (id === NOT_FOUND) {
      id = this.znodes.link(bytes, pathStart, pathLength, parent)
    } else {
      this.#unindexOwner(id)
      this.acls.release(this.columns.get(id, Field.aclId))
    }
    this.columns.set(id, Field.aclId, aclId)
    this.znodes.storeRange(id, bytes, dataStart, dataLength)
    const page = this.columns.page(id)
    const base = this.columns.base(id) + Field.czxid
    for (let i = 0; i < words.length; i++) page[base + i] = words[i]!
    this.#redigest(id)
    this.indexOwner(id)
  }

  // --------------------------------------------------------------------------------- private

  #insert(path: string, parent: number, data: Uint8Array | null, acl: readonly Acl[]): number {
    const id = this.znodes.linkPath(path, parent)
    this.columns.set(id, Field.aclId, this.acls.acquire(acl))
    this.#storeData(id, data)
    this.#stampLong(id, Field.czxid, this.#zxidHigh, this.#zxidLow)
    this.#stampLong(id, Field.mzxid, this.#zxidHigh, this.#zxidLow)
    this.#stampLong(id, Field.pzxid, this.#zxidHigh, this.#zxidLow)
    this.#stampLong(id, Field.ctime, this.#timeHigh, this.#timeLow)
    this.#stampLong(id, Field.mtime, this.#timeHigh, this.#timeLow)
    this.#redigest(id)
    return id
  }

  #storeData(id: number, data: Uint8Array | null): void {
    if (data === null) this.znodes.storeRange(id, EMPTY, 0, -1)
    else this.znodes.storeRange(id, data, 0, data.length)
  }

  #redigest(id: number): void {
    if (!this.options.digestEnabled) return
    this.#digest.subtract(this.columns.get(id, Field.digest) >>> 0)
    const digest = nodeDigest(this, id)
    this.columns.set(id, Field.digest, digest | 0)
    this.#digest.add(digest)
  }

  #stampLong(id: number, field: number, high: number, low: number): void {
    this.columns.set(id, field, high)
    this.columns.set(id, field + 1, low)
  }
}

const EMPTY: Uint8Array = new Uint8Array(0)
