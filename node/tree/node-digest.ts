import { encodeUtf8, utf8Bytes, utf8MaxLength } from '../../wire/utf8.ts'
import { Field } from './columns.ts'
import type { DataTree } from './data-tree.ts'
import { CRC_START, crcUpdate, crcUpdateWord, crcValue } from './digest.ts'

/** The fields of a Stat that take part, in order: they are neighbours in the columns. */
const FIRST = Field.czxid
const WORDS = Field.owner + 2 - Field.czxid
const SYSTEM = utf8Bytes('/zookeeper/')

/**
 * CRC-32 of path, value and Stat of a znode; 0 below /zookeeper, where members may differ
 * (quorum-protocol.md 8.3).
 */
export function nodeDigest(tree: DataTree, id: number): number {
  return digestOf(tree, id, tree.columns.page(id), tree.columns.base(id) + FIRST)
}

/** The same with the path and value of `id`, but the Stat of `words`, which starts at czxid. */
export function digestWithWords(tree: DataTree, id: number, words: Int32Array): number {
  return digestOf(tree, id, words, 0)
}

function digestOf(tree: DataTree, id: number, words: Int32Array, base: number): number {
  const { columns } = tree
  const { slabs } = tree.znodes
  const pathLength = columns.get(id, Field.pathLength)
  let crc = CRC_START
  if (pathLength > 0) {
    const ref = columns.get(id, Field.pathRef)
    const bytes = slabs.bytes(ref)
    const offset = slabs.offset(ref)
    if (isSystem(bytes, offset, pathLength)) return 0
    crc = crcUpdate(crc, bytes, offset, offset + pathLength)
  }
  const dataLength = columns.get(id, Field.dataLength)
  if (dataLength > 0) {
    const ref = columns.get(id, Field.dataRef)
    const offset = slabs.offset(ref)
    crc = crcOfValue(tree, crc, slabs.bytes(ref), offset, offset + dataLength)
  }
  return digestWords(crc, words, base)
}

/**
 * The same for a znode that is not in the tree yet: `words` are its record's words from czxid to
 * the owner, starting at `base`.
 */
export function pendingDigest(
  tree: DataTree,
  path: string,
  data: Uint8Array | null,
  words: Int32Array,
): number {
  if (path.startsWith('/zookeeper/')) return 0
  let crc = crcOfPath(path)
  if (data !== null) crc = crcOfValue(tree, crc, data, 0, data.length)
  return digestWords(crc, words, 0)
}

/** Shorter values are not worth the call. */
const NATIVE_FROM_BYTES = 512

function crcOfValue(
  tree: DataTree,
  crc: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const { crc32 } = tree.options
  if (crc32 === undefined || end - start < NATIVE_FROM_BYTES) {
    return crcUpdate(crc, bytes, start, end)
  }
  // What is fed on here is the complement of the finished CRC.
  return ~crc32(bytes.subarray(start, end), ~crc >>> 0)
}

/** Room for the path of a pending znode, grown when a longer one comes. */
let pathRoom = new Uint8Array(512)

function crcOfPath(path: string): number {
  const most = utf8MaxLength(path)
  if (most > pathRoom.length) pathRoom = new Uint8Array(most * 2)
  return crcUpdate(CRC_START, pathRoom, 0, encodeUtf8(path, pathRoom, 0))
}

function digestWords(crc: number, words: Int32Array, base: number): number {
  let updated = crc
  for (let i = 0; i < WORDS; i++) updated = crcUpdateWord(updated, words[base + i]!)
  return crcValue(updated)
}

function isSystem(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length <= SYSTEM.length) return false
  for (let i = SYSTEM.length - 1; i >= 0; i--) if (bytes[offset + i] !== SYSTEM[i]) return false
  return true
}
