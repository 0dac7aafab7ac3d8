/** Names of logs and snapshots (storage.md 1). */
import type { Zxid } from '../../wire/ids.ts'
import { hexDigits, zxid } from '../../wire/ids.ts'
import type { Disk, SnapshotMethod } from './disk.ts'

export interface StorageFile {
  readonly name: string
  /** dir/name. */
  readonly path: string
  readonly zxid: Zxid
}

export interface SnapshotFile extends StorageFile {
  readonly method: SnapshotMethod
}

/** Where a member keeps its files. */
export interface DataDirs {
  /** Snapshots and epoch files: `<dataDir>/version-2`. */
  readonly snapshots: string
  /** Transaction logs: `<dataLogDir>/version-2`. */
  readonly logs: string
  /** Holds the marker `initialize`: `<dataLogDir>`. */
  readonly marker: string
}

/** dataLogDir defaults to dataDir. */
export function dataDirs(dataDir: string, dataLogDir: string = dataDir): DataDirs {
  return {
    snapshots: `${dataDir}/version-2`,
    logs: `${dataLogDir}/version-2`,
    marker: dataLogDir,
  }
}

export function logName(first: Zxid): string {
  return `log.${hexDigits(first)}`
}

export function snapshotName(at: Zxid, method: SnapshotMethod): string {
  const suffix = method === 'plain' ? '' : `.${method}`
  return `snapshot.${hexDigits(at)}${suffix}`
}

/** The zxid in a name of that kind; null for another kind, -1 when it is not hexadecimal. */
export function zxidOfName(name: string, kind: 'log' | 'snapshot'): Zxid | null {
  const parts = name.split('.')
  if (parts[0] !== kind || parts.length < 2) return null
  const digits = parts[1]!
  return zxid(/^[0-9a-fA-F]{1,16}$/.test(digits) ? BigInt(`0x${digits}`) : -1n)
}

/** Transaction logs, oldest first; a name without a zxid is none. */
export async function listLogs(disk: Disk, dir: string): Promise<StorageFile[]> {
  const files: StorageFile[] = []
  for (const name of await disk.list(dir)) {
    const at = zxidOfName(name, 'log')
    if (at !== null && at >= 0n) files.push({ name, path: `${dir}/${name}`, zxid: at })
  }
  return files.sort(oldestFirst)
}

/** Snapshots, newest first; leftovers of interrupted writes (.tmp) are none. */
export async function listSnapshots(disk: Disk, dir: string): Promise<SnapshotFile[]> {
  const files: SnapshotFile[] = []
  for (const name of await disk.list(dir)) {
    const at = zxidOfName(name, 'snapshot')
    if (at === null || at < 0n || name.endsWith('.tmp')) continue
    files.push({ name, path: `${dir}/${name}`, zxid: at, method: methodOf(name) })
  }
  return files.sort((a, b) => oldestFirst(b, a))
}

/** The last part of the name decides, whatever the configuration says now. */
function methodOf(name: string): SnapshotMethod {
  if (name.endsWith('.gz')) return 'gz'
  if (name.endsWith('.snappy')) return 'snappy'
  return 'plain'
}

function oldestFirst(a: StorageFile, b: StorageFile): number {
  if (a.zxid !== b.zxid) return a.zxid < b.zxid ? -1 : 1
  if (a.name === b.name) return 0
  return a.name < b.name ? -1 : 1
}
