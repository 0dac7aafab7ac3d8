/** Writing and reading snapshot files (storage.md 4). */
import { unreachable } from '../../base/invariant.ts'
import type { Timers } from '../../base/ports.ts'
import type { Zxid } from '../../wire/ids.ts'
import { JuteError } from '../../wire/reader.ts'
import { DIGEST_VERSION } from '../../wire/records/txn.ts'
import { Writer } from '../../wire/writer.ts'
import type { Database } from '../tree/database.ts'
import { ADLER_START, adler32 } from './adler32.ts'
import {
  type ByteSink,
  type ByteSource,
  type Compression,
  type Disk,
  fileSource,
  type SnapshotMethod,
} from './disk.ts'
import { type SnapshotFile, snapshotName } from './file-names.ts'
import { snappySink, snappySource } from './snappy.ts'
import {
  type DigestPoint,
  SnapshotParser,
  type SnapshotTrailer,
  writeSnapshotHeader,
  writeTrailer,
} from './snapshot-format.ts'
import { ioError, StorageError } from './storage-error.ts'
import { databaseTarget, type TreeTarget, TreeWriter } from './tree-stream.ts'

export interface SnapshotOptions {
  readonly disk: Disk
  /** `<dataDir>/version-2` */
  readonly dir: string
  readonly database: Database
  readonly method: SnapshotMethod
  readonly compression: Compression
  readonly timers: Timers
  /**
   * False while the tree still holds traces of transactions newer than its zxid, that is after a
   * SNAP until those have arrived: then no digest may be promised for it. Default true.
   */
  readonly exact?: boolean
  /** zookeeper.digest.enabled; default true. */
  readonly digestEnabled?: boolean
  /** zookeeper.serializeLastProcessedZxid.enabled; default true. */
  readonly lastZxidEnabled?: boolean
  /** Bytes of one slice of work; the default takes a few milliseconds. */
  readonly chunkBytes?: number
}

/** The snapshot was given up on request; nothing is left of it. */
export class SnapshotCancelled extends Error {
  constructor() {
    super('the snapshot was cancelled')
    this.name = 'SnapshotCancelled'
  }
}

/**
 * A snapshot being written. It is fuzzy: named after the zxid of the moment of `startSnapshot`,
 * while the tree goes on changing between slices of a few milliseconds.
 */
export interface SnapshotWrite {
  readonly zxid: Zxid
  /**
   * Resolves when file and directory entry are durable, always: Apache syncs only after a SNAP,
   * which leaves a log without its base after a power loss (ZOOKEEPER-2872, faults.md A3). Rejects
   * with StorageError or SnapshotCancelled; serving can go on, snapshots are optional
   * (ZOOKEEPER-3082).
   */
  readonly done: Promise<SnapshotFile>
  /** Gives up, `done` then rejects soon; await it before files are cut or a role begins. */
  cancel(): void
}

/** Sessions, ACL lists and zxid are those of the moment of the call. */
export function startSnapshot(options: SnapshotOptions): SnapshotWrite {
  const zxid = options.database.lastZxid
  const tree = new TreeWriter(options.database, options.chunkBytes)
  const control = { cancelled: false }
  const done = writeAll(options, zxid, tree, control).finally(() => tree.close())
  // Whoever cancels and no longer asks must not bring the process down.
  done.catch(() => undefined)
  return {
    zxid,
    done,
    cancel: () => {
      control.cancelled = true
    },
  }
}

async function writeAll(
  options: SnapshotOptions,
  zxid: Zxid,
  tree: TreeWriter,
  control: { readonly cancelled: boolean },
): Promise<SnapshotFile> {
  const { disk, dir } = options
  const name = snapshotName(zxid, options.method)
  const path = `${dir}/${name}`
  const temporary = `${path}.tmp`
  let sink: ByteSink | null = null
  try {
    sink = compressing(options, await disk.openForWrite(temporary))
    await writeStream(options, sink, tree, control)
    await sink.close()
    if (control.cancelled) throw new SnapshotCancelled()
    await disk.rename(temporary, path)
    await disk.syncDir(dir)
  } catch (cause) {
    await sink?.abort()
    throw cause instanceof SnapshotCancelled ? cause : ioError(temporary, undefined, cause)
  }
  return { name, path, zxid, method: options.method }
}

async function writeStream(
  options: SnapshotOptions,
  sink: ByteSink,
  tree: TreeWriter,
  control: { readonly cancelled: boolean },
): Promise<void> {
  const head = new Writer()
  writeSnapshotHeader(head)
  let sum = adler32(ADLER_START, head.bytes, 0, head.length)
  await sink.write(head.written())
  const tail = new Writer()
  for (;;) {
    const chunk = tree.next()
    if (chunk === null) break
    sum = adler32(sum, chunk, 0, chunk.length)
    // In the same turn as the tree's last chunk: from this zxid on the tree is exact.
    if (tree.ended) writeTrailer(tail, sum, trailerOf(options))
    await sink.write(chunk)
    if (control.cancelled) throw new SnapshotCancelled()
    await new Promise<void>(resolve => options.timers.soon(resolve))
  }
  await sink.write(tail.written())
}

function trailerOf(options: SnapshotOptions): SnapshotTrailer {
  const { database } = options
  const exact = (options.exact ?? true) && database.lastZxid > 0n
  const digest: DigestPoint = {
    zxid: (exact ? database.lastZxid : 0n) as Zxid,
    version: DIGEST_VERSION,
    treeDigest: exact ? database.tree.digest : 0n,
  }
  return {
    digest: (options.digestEnabled ?? true) ? digest : null,
    lastZxid: (options.lastZxidEnabled ?? true) ? database.lastZxid : null,
  }
}

function compressing(options: SnapshotOptions, file: ByteSink): ByteSink {
  switch (options.method) {
    case 'plain':
      return file
    case 'gz':
      return options.compression.gzip(file)
    case 'snappy':
      return snappySink(file)
    default:
      return unreachable(options.method)
  }
}

/** The uncompressed stream of a snapshot file. */
export function snapshotSource(
  disk: Disk,
  compression: Compression,
  file: SnapshotFile,
): ByteSource {
  const stored = fileSource(disk, file.path)
  switch (file.method) {
    case 'plain':
      return stored
    case 'gz':
      return compression.gunzip(stored)
    case 'snappy':
      return snappySource(stored)
    default:
      return unreachable(file.method)
  }
}

/**
 * Fills an empty database from an uncompressed snapshot stream, all seals checked; also what the
 * AdminServer's restore does (storage.md 8). Leaves `lastZxid` to the caller, who knows whether the
 * file's name or the trailer counts. Rejects with JuteError; the database is worthless then.
 */
export async function readSnapshot(
  source: ByteSource,
  database: Database,
): Promise<SnapshotTrailer> {
  return parse(source, databaseTarget(database))
}

const NOTHING: TreeTarget = {
  session: () => undefined,
  acls: () => undefined,
  node: () => undefined,
  end: () => undefined,
}

/** Checks every seal of a snapshot without building a tree. Rejects with StorageError. */
export async function checkSnapshot(
  disk: Disk,
  compression: Compression,
  file: SnapshotFile,
): Promise<SnapshotTrailer> {
  try {
    return await parse(snapshotSource(disk, compression, file), NOTHING)
  } catch (cause) {
    throw damage(file, cause)
  }
}

async function parse(source: ByteSource, target: TreeTarget): Promise<SnapshotTrailer> {
  const parser = new SnapshotParser(target)
  for (;;) {
    const chunk = await source.next()
    if (chunk === null) return parser.finish()
    parser.push(chunk)
  }
}

/** What a failed read of a snapshot says about the file. */
export function damage(file: SnapshotFile, cause: unknown): StorageError {
  if (!(cause instanceof JuteError)) return ioError(file.path, undefined, cause)
  return new StorageError('corrupt', file.path, undefined, cause.message)
}
