/**
 * Disk: all that storage needs of the world (layout.md 4.3). `node/io/file-disk.ts` is the real
 * one, `memory-disk.ts` the one of tests and simulator. Files and directories are named by paths
 * with '/'; every refusal of the system rejects with an Error that names it.
 */

/** Bytes one after the other; null at the end. A chunk belongs to the caller. */
export interface ByteSource {
  next(): Promise<Uint8Array | null>
}

/** Bytes to be stored. One call at a time: the promise is the back-pressure. */
export interface ByteSink {
  /** The bytes may be reused once the promise has resolved. */
  write(bytes: Uint8Array): Promise<void>
  /** Everything is durable when it resolves; the directory entry is not (see `syncDir`). */
  close(): Promise<void>
  /** Gives up: what was written is worthless and may be removed. Never rejects. */
  abort(): Promise<void>
}

/** A transaction log that is open for writing. */
export interface LogFile {
  /**
   * Writes at an offset; `done` is called once, later, when the bytes are durable (or merely handed
   * over, if the log was opened without sync). One write at a time; `bytes` stay untouched until
   * then.
   */
  write(bytes: Uint8Array, at: number, done: (error?: Error) => void): void
  /** Grows the file to `size` bytes of zeros behind what is there; never shrinks it. */
  extend(size: number, done: (error?: Error) => void): void
  close(): Promise<void>
}

export interface Disk {
  /** Names in a directory, in no order; none when the directory is missing. */
  list(dir: string): Promise<string[]>
  /** Bytes of the file; undefined when it is missing. */
  size(file: string): Promise<number | undefined>
  /** Up to `length` bytes from `at`; fewer only at the end of the file. */
  read(file: string, at: number, length: number): Promise<Uint8Array>
  /** Creates or replaces the file; with sync its bytes are durable afterwards. */
  writeFile(file: string, bytes: Uint8Array, options: { readonly sync: boolean }): Promise<void>
  /** Cuts the file and makes the cut durable. */
  truncate(file: string, size: number): Promise<void>
  /** A missing file is no error. */
  remove(file: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  /** With its parents; an existing one is no error. */
  makeDir(dir: string): Promise<void>
  /** Makes creations, renames and removals in the directory durable. */
  syncDir(dir: string): Promise<void>
  /** Creates the file, empties an existing one. */
  openLog(file: string, options: { readonly sync: boolean }): Promise<LogFile>
  openForWrite(file: string): Promise<ByteSink>
}

/** gzip, which the pure zone does not have. One member around the whole stream. */
export interface Compression {
  gzip(into: ByteSink): ByteSink
  gunzip(from: ByteSource): ByteSource
}

/** How snapshots are written; the last part of the file name says how one is read. */
export type SnapshotMethod = 'plain' | 'gz' | 'snappy'

/** Bytes that one read of recovery asks for. */
export const READ_CHUNK_BYTES: number = 1 << 20

/** The whole file in chunks of `chunkBytes`. */
export function fileSource(
  disk: Disk,
  file: string,
  chunkBytes: number = READ_CHUNK_BYTES,
): ByteSource {
  let at = 0
  return {
    async next(): Promise<Uint8Array | null> {
      const bytes = await disk.read(file, at, chunkBytes)
      at += bytes.length
      return bytes.length === 0 ? null : bytes
    },
  }
}

/**
 * Replaces dir/name so that a crash leaves the old or the new content: `<name>.tmp`, sync, rename,
 * sync of the directory (storage.md 2.2; Apache leaves out the last).
 */
export async function writeAtomically(
  disk: Disk,
  dir: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const temporary = `${dir}/${name}.tmp`
  await disk.writeFile(temporary, bytes, { sync: true })
  await disk.rename(temporary, `${dir}/${name}`)
  await disk.syncDir(dir)
}
