/**
 * The snapshot file (storage.md 4.1): header, tree stream, seal 1, digest section and seal 2, last
 * zxid and seal 3. Checksums are over the uncompressed stream from its first byte, earlier seals
 * included.
 */
import { unreachable } from '../../base/invariant.ts'
import type { Zxid } from '../../wire/ids.ts'
import { zxid } from '../../wire/ids.ts'
import { JuteError, Reader } from '../../wire/reader.ts'
import { DIGEST_VERSION } from '../../wire/records/txn.ts'
import type { Writer } from '../../wire/writer.ts'
import { ADLER_START, adler32 } from './adler32.ts'
import type { Disk } from './disk.ts'
import type { SnapshotFile } from './file-names.ts'
import { TreeParser, type TreeTarget } from './tree-stream.ts'

export const SNAPSHOT_MAGIC = 0x5a4b534e
export const SNAPSHOT_VERSION = 2
export const SNAPSHOT_HEADER_BYTES = 16
/** What a snapshot ends with: the "/" of a seal. */
const END_BYTES = [0, 0, 0, 1, 0x2f] as const
/** Header or seal: less cannot be a snapshot. */
const PLAIN_MIN_BYTES = 10
/** long adler32, ustring "/". */
const SEAL_BYTES = 13
/** long zxid and its seal. */
const LAST_ZXID_BYTES: number = 8 + SEAL_BYTES
/** Digests of version 1 are hexadecimal text; nothing longer can follow the tree. */
const TRAILER_MAX_BYTES = 256
export const SNAPPY_MAGIC: readonly number[] = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]
const GZIP_MAGIC = [0x1f, 0x8b] as const

/** The point from which the tree is exact: the last transaction when the digest was written. */
export interface DigestPoint {
  readonly zxid: Zxid
  readonly version: number
  /** Unsigned 64 bits; null for the text digests before version 2. */
  readonly treeDigest: bigint | null
}

export interface SnapshotTrailer {
  /** Null when the section is absent (zookeeper.digest.enabled=false, older versions). */
  readonly digest: DigestPoint | null
  readonly lastZxid: Zxid | null
}

export function writeSnapshotHeader(writer: Writer): void {
  writer.int(SNAPSHOT_MAGIC).int(SNAPSHOT_VERSION).long(-1n)
}

/** Seals, and between them what `trailer` has; `sum` is the checksum up to the end of the tree. */
export function writeTrailer(writer: Writer, sum: number, trailer: SnapshotTrailer): void {
  let summed = writer.length
  let running = sum
  const seal = (): void => {
    running = adler32(running, writer.bytes, summed, writer.length)
    summed = writer.length
    writer.long(BigInt(running)).string('/')
  }
  seal()
  if (trailer.digest !== null) {
    writer
      .long(trailer.digest.zxid)
      .int(DIGEST_VERSION)
      .long(trailer.digest.treeDigest ?? 0n)
    seal()
  }
  if (trailer.lastZxid !== null) {
    writer.long(trailer.lastZxid)
    seal()
  }
}

/**
 * Parses a snapshot as it arrives in chunks and checks every seal. Throws JuteError for damage;
 * target and parser are worthless afterwards.
 */
export class SnapshotParser {
  readonly #tree: TreeParser
  readonly #head: Uint8Array = new Uint8Array(SNAPSHOT_HEADER_BYTES)
  readonly #tail: Uint8Array = new Uint8Array(TRAILER_MAX_BYTES)
  #headLength = 0
  #tailLength = 0
  #sum = ADLER_START

  constructor(target: TreeTarget, maxField?: number) {
    this.#tree = new TreeParser(target, maxField)
  }

  push(chunk: Uint8Array): void {
    let at = 0
    while (this.#headLength < SNAPSHOT_HEADER_BYTES && at < chunk.length) {
      this.#head[this.#headLength++] = chunk[at++]!
      if (this.#headLength === SNAPSHOT_HEADER_BYTES) this.#checkHeader()
    }
    if (at < chunk.length && !this.#tree.done) {
      const taken = this.#tree.push(at === 0 ? chunk : chunk.subarray(at))
      this.#sum = adler32(this.#sum, chunk, at, at + taken)
      at += taken
    }
    if (at === chunk.length) return
    const length = this.#tailLength + chunk.length - at
    if (length > TRAILER_MAX_BYTES) throw new JuteError(`${length} bytes behind the tree`)
    this.#tail.set(chunk.subarray(at), this.#tailLength)
    this.#tailLength = length
  }

  /** After the last chunk. */
  finish(): SnapshotTrailer {
    if (!this.#tree.done) throw new JuteError('the snapshot ends inside its tree')
    const reader = new Reader(this.#tail)
    reader.end = this.#tailLength
    this.#checkSeal(reader, 0)
    let digest: DigestPoint | null = null
    let lastZxid: Zxid | null = null
    if (reader.remaining > 0 && reader.remaining !== LAST_ZXID_BYTES) {
      const start = reader.position
      digest = readDigest(reader)
      this.#checkSeal(reader, start)
    }
    if (reader.remaining > 0) {
      const start = reader.position
      lastZxid = zxid(reader.long())
      this.#checkSeal(reader, start)
    }
    return { digest, lastZxid }
  }

  #checkHeader(): void {
    this.#sum = adler32(this.#sum, this.#head, 0, SNAPSHOT_HEADER_BYTES)
    const magic = new DataView(this.#head.buffer).getInt32(0)
    if (magic !== SNAPSHOT_MAGIC) throw new JuteError(`snapshot has magic number ${magic}`)
  }

  #checkSeal(reader: Reader, from: number): void {
    const at = reader.position
    this.#sum = adler32(this.#sum, this.#tail, from, at)
    const stored = reader.long()
    if (stored !== BigInt(this.#sum)) {
      throw new JuteError(`checksum ${stored.toString(16)} of a tree of ${this.#sum.toString(16)}`)
    }
    if (reader.string() !== '/') throw new JuteError('a seal does not end with "/"')
    // The next checksum runs over this seal as well.
    this.#sum = adler32(this.#sum, this.#tail, at, reader.position)
  }
}

function readDigest(reader: Reader): DigestPoint {
  const at = zxid(reader.long())
  const version = reader.int()
  if (version < DIGEST_VERSION) {
    reader.string()
    return { zxid: at, version, treeDigest: null }
  }
  return { zxid: at, version, treeDigest: BigInt.asUintN(64, reader.long()) }
}

/**
 * Whether a file may be a snapshot, from its first or last bytes only (storage.md 4.2): an empty or
 * cut plain file is none; a cut compressed one passes and fails later.
 */
export async function maybeValid(disk: Disk, file: SnapshotFile): Promise<boolean> {
  const size = await disk.size(file.path)
  if (size === undefined || size < PLAIN_MIN_BYTES) return false
  switch (file.method) {
    case 'plain':
      return same(await disk.read(file.path, size - END_BYTES.length, END_BYTES.length), END_BYTES)
    case 'gz':
      return same(await disk.read(file.path, 0, GZIP_MAGIC.length), GZIP_MAGIC)
    case 'snappy':
      return same(await disk.read(file.path, 0, SNAPPY_MAGIC.length), SNAPPY_MAGIC)
    default:
      return unreachable(file.method)
  }
}

function same(bytes: Uint8Array, expected: readonly number[]): boolean {
  return bytes.length === expected.length && expected.every((value, i) => bytes[i] === value)
}
