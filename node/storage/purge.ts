/** Removing old snapshots and logs (storage.md 5.2). */

import type { Disk } from './disk.ts'
import type { DataDirs } from './file-names.ts'
import { listLogs, listSnapshots, type StorageFile } from './file-names.ts'
import { maybeValid } from './snapshot-format.ts'

/** autopurge.snapRetainCount is at least this. */
export const PURGE_RETAIN_MIN = 3

/**
 * Keeps the `retain` newest snapshots that pass the precheck, and every log from the one that may
 * hold the successor of the oldest of them. With fewer than that nothing is removed. Returns the
 * paths removed. Safe while snapshots and logs are being written.
 */
export async function purge(disk: Disk, dirs: DataDirs, retain: number): Promise<string[]> {
  const snapshots = await listSnapshots(disk, dirs.snapshots)
  const keep = Math.max(retain, PURGE_RETAIN_MIN)
  let valid = 0
  let oldestKept: StorageFile | null = null
  for (const file of snapshots) {
    if (!(await maybeValid(disk, file))) continue
    valid += 1
    oldestKept = file
    if (valid === keep) break
  }
  if (oldestKept === null || valid < keep) return []
  const least = oldestKept.zxid
  const logs = await listLogs(disk, dirs.logs)
  const spare = logs.filter(file => file.zxid <= least).at(-1)
  // Logs oldest first, so that an interruption leaves no hole; snapshots after them, so that none
  // is left whose log is gone while a newer one could not be loaded.
  const doomed = [
    ...logs.filter(file => file.zxid < least && file !== spare),
    ...snapshots.filter(file => file.zxid < least).reverse(),
  ]
  for (const file of doomed) await disk.remove(file.path)
  return doomed.map(file => file.path)
}
