/** Taking back what a leader's history does not contain (storage.md 6, faults.md A). */
import { type Zxid, zxid } from '../../wire/ids.ts'
import type { Database } from '../tree/database.ts'
import type { Disk } from './disk.ts'
import { type DataDirs, listLogs, listSnapshots, type SnapshotFile } from './file-names.ts'
import { type LogPosition, loadSnapshot, type RecoveryOptions, replay } from './recovery.ts'
import { startSnapshot } from './snapshot.ts'
import { cutLogs, removeSnapshotsAfter } from './truncate.ts'
import { scanLogs } from './txn-log.ts'

/** The database as it was at exactly `at`; undefined when the files do not lead there. */
export async function databaseAt(
  options: RecoveryOptions,
  at: Zxid,
): Promise<Database | undefined> {
  const base = await loadSnapshot(options, at)
  if (base === null) return undefined
  const { recovered } = await replay(options, base, at)
  return recovered.lastZxid === at ? recovered.database : undefined
}

/** Removes every record and snapshot that is newer than `after`, whatever came before. */
export async function discardAfter(options: RecoveryOptions, after: Zxid): Promise<void> {
  let cut: LogPosition | null = null
  await scanLogs({
    disk: options.disk,
    dir: options.dirs.logs,
    from: zxid(after + 1n),
    visit: record => {
      if (record.zxid <= after) return true
      cut = { file: record.file, offset: record.offset }
      return false
    },
  })
  await removeSnapshotsAfter(options, after)
  if (cut !== null) await cutLogs(options, cut)
}

/**
 * Makes a received database the one on disk. The order leaves no moment at which a crash brings
 * back an older state with newer records on top: first the tail that the leader does not know goes,
 * then the snapshot appears, then everything older is removed. Log writers must be closed.
 */
export async function installDatabase(options: RecoveryOptions, database: Database): Promise<void> {
  await discardAfter(options, database.lastZxid)
  const file = await startSnapshot({
    disk: options.disk,
    dir: options.dirs.snapshots,
    database,
    method: options.snapshotMethod,
    compression: options.compression,
    timers: options.timers,
    digestEnabled: options.digestEnabled,
    // The stream was fuzzy: what it may show of later transactions arrives behind it.
    exact: false,
  }).done
  await removeAllBut(options.disk, options.dirs, file)
}

/** Files of an empty member. */
export async function discardAll(options: RecoveryOptions): Promise<void> {
  await removeAllBut(options.disk, options.dirs, null)
}

async function removeAllBut(disk: Disk, dirs: DataDirs, kept: SnapshotFile | null): Promise<void> {
  for (const file of await listLogs(disk, dirs.logs)) await disk.remove(file.path)
  await disk.syncDir(dirs.logs)
  for (const file of await listSnapshots(disk, dirs.snapshots)) {
    if (file.path !== kept?.path) await disk.remove(file.path)
  }
  await disk.syncDir(dirs.snapshots)
}
