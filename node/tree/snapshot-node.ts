/**
 * One znode in a snapshot: `ustring path, buffer data, long aclId, StatPersisted` (storage.md 4.1).
 */
import { JuteError, type Reader } from '../../wire/reader.ts'
import type { Writer } from '../../wire/writer.ts'
import { Field, NO_PARENT } from './columns.ts'
import { type DataTree, NOT_FOUND, ROOT } from './data-tree.ts'

const SLASH = 0x2f

/** Words of a record from czxid to the owner, in the order of StatPersisted. */
const PERSISTED = [
  Field.czxid,
  Field.czxid + 1,
  Field.mzxid,
  Field.mzxid + 1,
  Field.ctime,
  Field.ctime + 1,
  Field.mtime,
  Field.mtime + 1,
  Field.version,
  Field.cversion,
  Field.aversion,
  Field.owner,
  Field.owner + 1,
  Field.pzxid,
  Field.pzxid + 1,
] as const
const STAT_PERSISTED_BYTES = PERSISTED.length * 4

export function writeSnapshotNode(tree: DataTree, writer: Writer, id: number): void {
  const page = tree.columns.page(id)
  const base = tree.columns.base(id)
  writeBlock(tree, writer, page[base + Field.pathRef]!, page[base + Field.pathLength]!)
  writeBlock(tree, writer, page[base + Field.dataRef]!, page[base + Field.dataLength]!)
  const aclId = page[base + Field.aclId]!
  writer.longWords(aclId >> 31, aclId)
  const at = writer.reserve(STAT_PERSISTED_BYTES)
  for (let i = 0; i < PERSISTED.length; i++) {
    writer.view.setInt32(at + i * 4, page[base + PERSISTED[i]!]!)
  }
  writer.length = at + STAT_PERSISTED_BYTES
}

function writeBlock(tree: DataTree, writer: Writer, ref: number, length: number): void {
  if (length <= 0) writer.int(length)
  else writer.range(tree.znodes.slabs.bytes(ref), tree.znodes.slabs.offset(ref), length)
}

const words = new Int32Array(PERSISTED.length)

export function readSnapshotNode(tree: DataTree, reader: Reader): void {
  const pathLength = reader.range()
  const pathStart = reader.rangeStart
  if (pathLength < 0) throw new JuteError('a znode without a path')
  const dataLength = reader.range()
  const dataStart = reader.rangeStart
  const aclId = Number(reader.long())
  // Damage shows only in the checksum behind the tree: until then nothing here may be trusted.
  if ((aclId | 0) !== aclId) throw new JuteError(`unreasonable ACL id ${aclId}`)
  for (let i = 0; i < PERSISTED.length; i++) words[PERSISTED[i]! - Field.czxid] = reader.int()
  const parent = parentOf(tree, reader.bytes, pathStart, pathLength)
  tree.load(reader.bytes, pathStart, pathLength, parent, dataStart, dataLength, aclId, words)
}

function parentOf(tree: DataTree, bytes: Uint8Array, start: number, length: number): number {
  if (length === 0) return NO_PARENT
  let slash = start + length - 1
  while (slash > start && bytes[slash] !== SLASH) slash--
  if (bytes[slash] !== SLASH) throw new JuteError('a path without a slash')
  const parent = slash === start ? ROOT : tree.findBytes(bytes, start, slash - start)
  if (parent === NOT_FOUND) throw new JuteError('a znode before its parent')
  return parent
}
