/**
 * Recovery (storage.md 5.1): the newest usable snapshot and the log behind it give back the
 * database. Every attempt starts from a fresh database: Apache reuses one, and keeps the sessions
 * of a snapshot that turned out to be damaged (faults.md A11).
 */
import { InvariantError } from '../../base/invariant.ts'
import type { Log, Timers } from '../../base/ports.ts'
import { counterOf, epochOf, hex, NO_ZXID, type Zxid, zxid } from '../../wire/ids.ts'
import { JuteError, Reader } from '../../wire/reader.ts'
import { readTxn, type Txn } from '../../wire/records/txn.ts'
import type { Database } from '../tree/database.ts'
import { DigestCheck } from './digest-check.ts'
import type { Compression, Disk, SnapshotMethod } from './disk.ts'
import {
  type DataDirs,
  listLogs,
  listSnapshots,
  type SnapshotFile,
  type StorageFile,
} from './file-names.ts'
import { damage, readSnapshot, snapshotSource, startSnapshot } from './snapshot.ts'
import { type DigestPoint, maybeValid, type SnapshotTrailer } from './snapshot-format.ts'
import { StorageError } from './storage-error.ts'
import { type LogRecord, scanLogs } from './txn-log.ts'

/** Snapshots looked at before giving up. */
const SNAPSHOT_CANDIDATES_MAX = 100
const MARKER = 'initialize'

export interface RecoveryOptions {
  readonly disk: Disk
  readonly dirs: DataDirs
  readonly compression: Compression
  readonly timers: Timers
  readonly log: Log
  /** An empty database; called once per attempt. */
  readonly newDatabase: () => Database
  /** zookeeper.db.autocreate: an empty directory is a new member, not one that lost its disk. */
  readonly autocreate: boolean
  /** zookeeper.snapshot.trust.empty: a log without a snapshot is replayed over nothing. */
  readonly trustEmptySnapshot: boolean
  /** Of the snapshot.0 that an empty member writes. */
  readonly snapshotMethod: SnapshotMethod
  readonly digestEnabled: boolean
  /** zookeeper.datadir.autocreate; default true. */
  readonly createDirs?: boolean
  readonly maxEntryBytes?: number
  /**
   * Sees every transaction that was replayed, in order: fills the committed-log cache. `record` is
   * valid during the call only.
   */
  readonly onReplayed?: (txn: Txn, record: LogRecord) => void
}

export interface Recovered {
  readonly database: Database
  /**
   * The newest durable zxid; -1 when nothing is there and that cannot be trusted (storage.md 5.1).
   */
  readonly lastZxid: Zxid
  readonly snapshot: SnapshotFile | null
  readonly txnsReplayed: number
  /** Records that repeated a zxid: passed over, the first one counts. */
  readonly repeatedTxns: number
  /**
   * Transactions after which the tree was not the one that the leader had (quorum-protocol.md 8.3).
   */
  readonly digestMismatches: number
  /** The marker `initialize` was there: who runs this member says that it is new. */
  readonly isMarkedNew: boolean
  /** The incomplete last record that was passed over; it cannot have been acked. */
  readonly torn: LogPosition | null
}

/**
 * Loads what the directories hold. Removes leftovers: the marker `initialize`, a last log file
 * without any record, interrupted snapshots. Writes snapshot.0 for a new member. Rejects with
 * StorageError: `corrupt`, `gap` (a transaction between snapshot and log or inside the log is
 * missing; Apache goes on with the hole), `missing` (a log without a usable snapshot), `misplaced`,
 * `io`.
 */
export async function recover(options: RecoveryOptions): Promise<Recovered> {
  const { disk, dirs } = options
  for (const dir of [dirs.snapshots, dirs.logs]) await prepareDir(options, dir)
  await checkPlaces(disk, dirs)
  await removeInterrupted(disk, dirs.snapshots)
  const loaded = await loadSnapshot(options, null)
  const marked = await takeMarker(disk, dirs.marker)
  if (loaded !== null) {
    return { ...(await replay(options, loaded, null)).recovered, isMarkedNew: marked }
  }
  const logs = await scanLogs({ disk, dir: dirs.logs, from: NO_ZXID, visit: () => false })
  if (logs.stopped) {
    if (!options.trustEmptySnapshot) {
      throw new StorageError('missing', dirs.snapshots, undefined, 'a log, but no snapshot')
    }
    const nothing = { database: options.newDatabase(), file: null, digest: null }
    return (await replay(options, nothing, null)).recovered
  }
  await removeEmptyLog(options, logs.emptyLastFile)
  return startEmpty(options, marked)
}

/** A database to replay over. */
export interface LoadedSnapshot {
  readonly database: Database
  readonly file: SnapshotFile | null
  readonly digest: DigestPoint | null
}

/**
 * The newest snapshot that loads, null when there is no candidate. With `notAfter`, only one in
 * which nothing newer has left traces. Rejects with StorageError `missing` when candidates exist
 * but none loads.
 */
export async function loadSnapshot(
  options: RecoveryOptions,
  notAfter: Zxid | null,
): Promise<LoadedSnapshot | null> {
  const { disk, dirs, compression, log } = options
  let candidates = 0
  let newestDamage: StorageError | null = null
  for (const file of await listSnapshots(disk, dirs.snapshots)) {
    if (notAfter !== null && file.zxid > notAfter) continue
    if (candidates === SNAPSHOT_CANDIDATES_MAX) break
    if (!(await maybeValid(disk, file))) {
      log.warn('snapshot is not whole', { file: file.path })
      continue
    }
    candidates += 1
    const database = options.newDatabase()
    try {
      const trailer = await readSnapshot(snapshotSource(disk, compression, file), database)
      const touched = newestTrace(file, trailer)
      if (notAfter !== null && touched > notAfter) {
        candidates -= 1
        log.warn('snapshot holds traces of newer transactions', {
          file: file.path,
          zxid: hex(touched),
        })
        continue
      }
      database.lastZxid = file.zxid
      return { database, file, digest: trailer.digest }
    } catch (cause) {
      if (cause instanceof InvariantError) throw cause
      const error = damage(file, cause)
      newestDamage ??= error
      log.warn('snapshot does not load', { file: file.path, error: error.message })
    }
  }
  if (candidates === 0) return null
  const what = `not able to find valid snapshots (${newestDamage?.message})`
  throw new StorageError('missing', dirs.snapshots, undefined, what)
}

/** The newest transaction that a fuzzy snapshot may show. */
export function newestTrace(file: SnapshotFile, trailer: SnapshotTrailer): Zxid {
  let newest = file.zxid
  for (const seen of [trailer.digest?.zxid, trailer.lastZxid]) {
    if (typeof seen === 'bigint' && seen > newest) newest = seen
  }
  return newest
}

export interface LogPosition {
  readonly file: StorageFile
  readonly offset: number
}

export interface Replayed {
  readonly recovered: Recovered
  /** Where the first record behind `notAfter` begins; null when there is none. */
  readonly cut: LogPosition | null
}

/** Applies the records behind the snapshot, up to and including `notAfter` when that is given. */
export async function replay(
  options: RecoveryOptions,
  base: LoadedSnapshot,
  notAfter: Zxid | null,
): Promise<Replayed> {
  const { disk, dirs, log } = options
  const run = new Replay(options, base, notAfter)
  const result = await scanLogs({
    disk,
    dir: dirs.logs,
    from: zxid(base.database.lastZxid + 1n),
    visit: record => run.take(record),
    ...(options.maxEntryBytes === undefined ? {} : { maxEntryBytes: options.maxEntryBytes }),
  })
  await removeEmptyLog(options, result.emptyLastFile)
  if (result.torn !== null) {
    const { file, offset } = result.torn
    log.warn('incomplete last record is passed over', { file: file.path, offset })
  }
  run.digests.end()
  return { recovered: run.result(result.torn), cut: run.cut }
}

class Replay {
  readonly digests: DigestCheck
  cut: LogPosition | null = null
  readonly #options: RecoveryOptions
  readonly #base: LoadedSnapshot
  readonly #notAfter: Zxid | null
  readonly #reader: Reader = new Reader()
  #txns = 0
  #repeated = 0

  constructor(options: RecoveryOptions, base: LoadedSnapshot, notAfter: Zxid | null) {
    this.#options = options
    this.#base = base
    this.#notAfter = notAfter
    this.digests = new DigestCheck(base.database, options.digestEnabled, base.digest, options.log)
  }

  take(record: LogRecord): boolean {
    if (this.#notAfter !== null && record.zxid > this.#notAfter) {
      this.cut = { file: record.file, offset: record.offset }
      return false
    }
    const { database } = this.#base
    const previous = database.lastZxid
    if (record.zxid <= previous) {
      // The same zxid is the same transaction; applying an older one again would undo newer ones.
      this.#repeated += 1
      return true
    }
    if (!follows(previous, record.zxid)) throw gapBefore(record, previous)
    const txn = this.#parse(record)
    database.apply(txn)
    this.#txns += 1
    this.digests.after(txn)
    this.#options.onReplayed?.(txn, record)
    return true
  }

  result(torn: Recovered['torn']): Recovered {
    const { database, file } = this.#base
    return {
      database,
      lastZxid: database.lastZxid,
      snapshot: file,
      txnsReplayed: this.#txns,
      repeatedTxns: this.#repeated,
      digestMismatches: this.digests.mismatches,
      isMarkedNew: false,
      torn,
    }
  }

  #parse(record: LogRecord): Txn {
    this.#reader.reset(record.bytes, record.start, record.end)
    try {
      return readTxn(this.#reader)
    } catch (cause) {
      if (!(cause instanceof JuteError)) throw cause
      const what = `entry ${hex(record.zxid)} cannot be read: ${cause.message}`
      throw new StorageError('corrupt', record.file.path, record.offset, what)
    }
  }
}

/**
 * Whether nothing can be missing between two transactions: the next counter, or a first of an
 * epoch.
 */
export function follows(previous: Zxid, next: Zxid): boolean {
  if (next === previous + 1n) return true
  return epochOf(next) > epochOf(previous) && counterOf(next) === 1
}

function gapBefore(record: LogRecord, previous: Zxid): StorageError {
  const what = `${hex(record.zxid)} follows ${hex(previous)}: transactions are missing`
  return new StorageError('gap', record.file.path, record.offset, what)
}

async function prepareDir(options: RecoveryOptions, dir: string): Promise<void> {
  if (options.createDirs ?? true) await options.disk.makeDir(dir)
  else if ((await options.disk.size(dir)) === undefined) {
    throw new StorageError('missing', dir, undefined, 'no directory, and it may not be created')
  }
}

/** Files of the one kind in the directory of the other are the sign of a wrong configuration. */
async function checkPlaces(disk: Disk, dirs: DataDirs): Promise<void> {
  if (dirs.snapshots === dirs.logs) return
  const strays = [
    ...(await listLogs(disk, dirs.snapshots)),
    ...(await listSnapshots(disk, dirs.logs)),
  ]
  const stray = strays[0]
  if (stray === undefined) return
  const what = `snapshots belong to ${dirs.snapshots}, logs to ${dirs.logs}`
  throw new StorageError('misplaced', stray.path, undefined, what)
}

/** What a crash left of a snapshot being written. `currentEpoch.tmp` has a meaning and stays. */
async function removeInterrupted(disk: Disk, dir: string): Promise<void> {
  for (const name of await disk.list(dir)) {
    if (name.startsWith('snapshot.') && name.endsWith('.tmp')) await disk.remove(`${dir}/${name}`)
  }
}

/** The marker is good for one start (storage.md 5.1). */
async function takeMarker(disk: Disk, dir: string): Promise<boolean> {
  const path = `${dir}/${MARKER}`
  if ((await disk.size(path)) === undefined) return false
  await disk.remove(path)
  await disk.syncDir(dir)
  return true
}

async function removeEmptyLog(options: RecoveryOptions, file: StorageFile | null): Promise<void> {
  if (file === null) return
  options.log.warn('log without a record is removed', { file: file.path })
  await options.disk.remove(file.path)
  await options.disk.syncDir(options.dirs.logs)
}

async function startEmpty(options: RecoveryOptions, isMarkedNew: boolean): Promise<Recovered> {
  const { disk, dirs, compression, timers } = options
  const database = options.newDatabase()
  let snapshot: SnapshotFile | null = null
  if (isMarkedNew || options.autocreate) {
    snapshot = await startSnapshot({
      disk,
      dir: dirs.snapshots,
      database,
      method: options.snapshotMethod,
      compression,
      timers,
      digestEnabled: options.digestEnabled,
    }).done
  } else {
    database.lastZxid = zxid(-1n)
  }
  return {
    database,
    lastZxid: database.lastZxid,
    snapshot,
    txnsReplayed: 0,
    repeatedTxns: 0,
    digestMismatches: 0,
    isMarkedNew,
    torn: null,
  }
}
