/**
 * Cutting the history after a zxid, as a leader demands with TRUNC (storage.md 6). Differs from
 * Apache where that loses or resurrects transactions: the target must be reached exactly, nothing
 * is touched before that is proven, snapshots that know more go too (ZOOKEEPER-4837), files go
 * newest first and every step is made durable.
 */
import { hex, type Zxid } from '../../wire/ids.ts'
import { listLogs, listSnapshots } from './file-names.ts'
import {
  type LogPosition,
  loadSnapshot,
  newestTrace,
  type Recovered,
  type RecoveryOptions,
  replay,
} from './recovery.ts'
import { checkSnapshot } from './snapshot.ts'
import { maybeValid } from './snapshot-format.ts'
import { StorageError } from './storage-error.ts'
import { LOG_HEADER_BYTES } from './txn-log.ts'

/**
 * Cuts log and snapshots after `target` and returns the database as it was then. Log and snapshot
 * writers must be closed. Rejects with StorageError `truncate` when the files do not lead to
 * exactly `target`: then nothing was changed and only a SNAP helps. Rejects with `io` when the disk
 * refuses: the member must stop, and may try again after a restart.
 */
export async function truncate(options: RecoveryOptions, target: Zxid): Promise<Recovered> {
  const { dirs } = options
  const base = await loadSnapshot(options, target)
  if (base === null) throw refused(dirs.snapshots, target, 'there is no snapshot before it')
  const { recovered, cut } = await replay(options, base, target)
  if (recovered.lastZxid !== target) {
    throw refused(dirs.logs, target, `the files lead to ${hex(recovered.lastZxid)}`)
  }
  await removeSnapshotsAfter(options, target)
  if (cut !== null) await cutLogs(options, cut)
  return recovered
}

/** Snapshots in which something newer than `target` has left traces. */
export async function removeSnapshotsAfter(options: RecoveryOptions, target: Zxid): Promise<void> {
  const { disk, dirs, compression } = options
  let removed = false
  for (const file of await listSnapshots(disk, dirs.snapshots)) {
    if (file.zxid <= target) {
      if (!(await maybeValid(disk, file))) continue
      const trailer = await checkSnapshot(disk, compression, file).catch(() => null)
      // Damaged, so it is never loaded; or it and with it every older one ended before the target.
      if (trailer === null) continue
      if (newestTrace(file, trailer) <= target) break
    }
    await disk.remove(file.path)
    removed = true
  }
  if (removed) await disk.syncDir(dirs.snapshots)
}

/** `cut` is where the first record goes that is newer than the target. */
export async function cutLogs(options: RecoveryOptions, cut: LogPosition): Promise<void> {
  const { disk, dirs } = options
  const whole = cut.offset <= LOG_HEADER_BYTES
  let removed = false
  for (const file of (await listLogs(disk, dirs.logs)).reverse()) {
    if (file.path === cut.file.path && !whole) break
    await disk.remove(file.path)
    removed = true
    if (file.path === cut.file.path) break
  }
  if (removed) await disk.syncDir(dirs.logs)
  if (!whole) await disk.truncate(cut.file.path, cut.offset)
}

function refused(file: string, target: Zxid, why: string): StorageError {
  return new StorageError('truncate', file, undefined, `cannot cut at ${hex(target)}, ${why}`)
}
