/**
 * The transaction log's format and reading (storage.md 3). A file is a header of 16 bytes, records
 * of {long adler32, int length, entry, 0x42} and zeros up to the preallocated size.
 *
 * Reading is stricter than Apache's in one point: bytes behind the place where a file's records end
 * are never passed over in silence. Apache takes zeros or a torn record anywhere for the end of the
 * file and goes on with the next one, so that zeroing twelve bytes loses all that follows.
 */
import type { Zxid } from '../../wire/ids.ts'
import { zxid } from '../../wire/ids.ts'
import { DEFAULT_MAX_FIELD } from '../../wire/reader.ts'
import type { Writer } from '../../wire/writer.ts'
import { ADLER_START, adler32 } from './adler32.ts'
import { type Disk, READ_CHUNK_BYTES } from './disk.ts'
import { listLogs, type StorageFile } from './file-names.ts'
import { StorageError } from './storage-error.ts'

export const LOG_MAGIC = 0x5a4b4c47
export const LOG_VERSION = 2
export const LOG_HEADER_BYTES = 16
/** long checksum, int length. */
export const RECORD_HEAD_BYTES = 12
export const RECORD_END = 0x42
/** TxnHeader: the least an entry can be. */
const ENTRY_MIN_BYTES = 32
/** Of the zxid in a TxnHeader, behind clientId and cxid. */
const ENTRY_ZXID_OFFSET = 12

export function writeLogHeader(writer: Writer): void {
  writer.int(LOG_MAGIC).int(LOG_VERSION).long(0n)
}

/** Begins a record; the entry follows, then `endRecord` with what this returned. */
export function beginRecord(writer: Writer): number {
  const mark = writer.reserve(RECORD_HEAD_BYTES)
  writer.length = mark + RECORD_HEAD_BYTES
  return mark
}

/** Fills in checksum and length, writes the end byte; returns the bytes of the entry. */
export function endRecord(writer: Writer, mark: number): number {
  const start = mark + RECORD_HEAD_BYTES
  const length = writer.length - start
  writer.view.setInt32(mark, 0)
  writer.view.setUint32(mark + 4, adler32(ADLER_START, writer.bytes, start, writer.length))
  writer.view.setInt32(mark + 8, length)
  writer.byte(RECORD_END)
  return length
}

/** One record under the eyes of a visitor. The object and its bytes are reused afterwards. */
export interface LogRecord {
  readonly zxid: Zxid
  /** The entry is bytes[start, end). */
  readonly bytes: Uint8Array
  readonly start: number
  readonly end: number
  readonly file: StorageFile
  /** Where the record begins in the file and where the next one would. */
  readonly offset: number
  readonly nextOffset: number
}

/** Returns false to stop the scan. */
export type RecordVisitor = (record: LogRecord) => boolean

export interface ScanOptions {
  readonly disk: Disk
  readonly dir: string
  /** Records below are skipped; files that cannot hold a record from here on are not opened. */
  readonly from: Zxid
  readonly visit: RecordVisitor
  /** Longest entry accepted, bytes; default jute.maxbuffer and its extra. */
  readonly maxEntryBytes?: number
  readonly chunkBytes?: number
}

export interface ScanResult {
  readonly stopped: boolean
  /** The last file, when no record in it was ever completed: nothing in it can have been acked. */
  readonly emptyLastFile: StorageFile | null
  /** Where an incomplete last record was passed over, if one was. */
  readonly torn: { readonly file: StorageFile; readonly offset: number } | null
}

/**
 * Visits the records with zxid >= from in the order of the files (storage.md 3.3). A log that is
 * being written can be read up to what is durable: the visitor must stop at that record, behind it
 * a write may be half done. Rejects with StorageError `corrupt` for what Apache calls fatal, and for
 * bytes behind the end of the records.
 */
export async function scanLogs(options: ScanOptions): Promise<ScanResult> {
  const files = filesFrom(await listLogs(options.disk, options.dir), options.from)
  let torn: ScanResult['torn'] = null
  for (const [index, file] of files.entries()) {
    const last = index === files.length - 1
    const scan = new FileScan(options, file)
    const end = await scan.run(last)
    if (end === 'stopped') return { stopped: true, emptyLastFile: null, torn }
    if (end === 'empty') return { stopped: false, emptyLastFile: file, torn }
    if (end === 'torn') torn = { file, offset: scan.position }
  }
  return { stopped: false, emptyLastFile: null, torn }
}

/** Every file named `from` or later and the newest one before it. `files` are oldest first. */
export function filesFrom(files: readonly StorageFile[], from: Zxid): StorageFile[] {
  let first = 0
  for (const [index, file] of files.entries()) if (file.zxid <= from) first = index
  return files.slice(first)
}

type FileEnd = 'end' | 'torn' | 'empty' | 'stopped'

/** A walk over one file through a window of bytes that moves forward. */
class FileScan {
  position = LOG_HEADER_BYTES
  readonly #disk: Disk
  readonly #file: StorageFile
  readonly #from: Zxid
  readonly #visit: RecordVisitor
  readonly #maxEntryBytes: number
  readonly #chunkBytes: number
  readonly #record: { -readonly [Key in keyof LogRecord]: LogRecord[Key] }
  #size = 0
  #window: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(this.#window.buffer)
  /** Offset in the file of the window's first byte. */
  #base = 0

  constructor(options: ScanOptions, file: StorageFile) {
    this.#disk = options.disk
    this.#file = file
    this.#from = options.from
    this.#visit = options.visit
    this.#maxEntryBytes = options.maxEntryBytes ?? DEFAULT_MAX_FIELD
    this.#chunkBytes = options.chunkBytes ?? READ_CHUNK_BYTES
    this.#record = {
      zxid: file.zxid,
      bytes: this.#window,
      start: 0,
      end: 0,
      file,
      offset: 0,
      nextOffset: 0,
    }
  }

  async run(last: boolean): Promise<FileEnd> {
    this.#size = (await this.#disk.size(this.#file.path)) ?? 0
    if (this.#size === 0 && last) return 'empty'
    if (this.#size < LOG_HEADER_BYTES) {
      throw this.#corrupt(0, `log of ${this.#size} bytes, a header has ${LOG_HEADER_BYTES}`)
    }
    await this.#load(0, LOG_HEADER_BYTES)
    const magic = this.#view.getInt32(0)
    // The first write of our own log carries the header, so a file of zeros only never had a
    // record.
    if (magic === 0 && last && (await this.#zerosFrom(0))) return 'empty'
    if (magic !== LOG_MAGIC) {
      throw this.#corrupt(0, `log has magic number ${magic}, valid is ${LOG_MAGIC}`)
    }
    return this.#records()
  }

  async #records(): Promise<FileEnd> {
    for (;;) {
      const at = this.position
      if (at + RECORD_HEAD_BYTES > this.#size) return at === this.#size ? 'end' : 'torn'
      if (!this.#holds(at, RECORD_HEAD_BYTES)) await this.#load(at, RECORD_HEAD_BYTES)
      const length = this.#view.getInt32(at - this.#base + 8)
      if (length === 0) return this.#endOfRecords('end', at + RECORD_HEAD_BYTES)
      if (length < 0 || length > this.#maxEntryBytes) {
        throw this.#corrupt(at, `unreasonable length ${length}, valid is 1..${this.#maxEntryBytes}`)
      }
      const next = at + RECORD_HEAD_BYTES + length + 1
      if (next > this.#size) return this.#tornRecord(at, this.#size)
      if (!this.#holds(at, next - at)) await this.#load(at, next - at)
      if (this.#window[next - 1 - this.#base] !== RECORD_END) return this.#tornRecord(at, next)
      if (!this.#take(at, length, next)) return 'stopped'
      this.position = next
    }
  }

  /** Checks the record that the window holds and shows it; false when the visitor has enough. */
  #take(at: number, length: number, next: number): boolean {
    const start = at - this.#base + RECORD_HEAD_BYTES
    const end = start + length
    const sum = adler32(ADLER_START, this.#window, start, end)
    const stored = this.#view.getUint32(start - 8)
    if (this.#view.getInt32(start - 12) !== 0 || stored !== sum) {
      throw this.#corrupt(at, `checksum ${stored.toString(16)} of an entry of ${sum.toString(16)}`)
    }
    if (length < ENTRY_MIN_BYTES) throw this.#corrupt(at, `entry of ${length} bytes`)
    const id = zxid(this.#view.getBigInt64(start + ENTRY_ZXID_OFFSET))
    if (id < this.#from) return true
    const record = this.#record
    record.zxid = id
    record.bytes = this.#window
    record.start = start
    record.end = end
    record.offset = at
    record.nextOffset = next
    return this.#visit(record)
  }

  /**
   * A record that is not whole, as a crash leaves it; or a whole one whose length was damaged,
   * behind which everything would be lost. The checksum tells: it fits a shorter entry with its end
   * byte.
   */
  async #tornRecord(at: number, limit: number): Promise<FileEnd> {
    if (!this.#holds(at, limit - at)) await this.#load(at, limit - at)
    const bytes = this.#window
    const start = at - this.#base + RECORD_HEAD_BYTES
    const stored = this.#view.getUint32(start - 8)
    let sum = ADLER_START
    for (let end = start; end < limit - this.#base; end++) {
      if (bytes[end] === RECORD_END && sum === stored) {
        throw this.#corrupt(at, `damaged length of an entry of ${end - start} bytes`)
      }
      sum = adler32(sum, bytes, end, end + 1)
    }
    return this.#endOfRecords('torn', limit)
  }

  async #endOfRecords(end: 'end' | 'torn', behind: number): Promise<FileEnd> {
    // A write that a crash tore leaves zeros to the end of the file. Anything else behind the end
    // was once written, synced and perhaps acked.
    if (await this.#zerosFrom(behind)) return end
    throw this.#corrupt(this.position, 'the records end here, but other bytes follow')
  }

  async #zerosFrom(start: number): Promise<boolean> {
    for (let at = start; at < this.#size; ) {
      if (!this.#holds(at, 1)) await this.#load(at, 1)
      const window = this.#window
      for (let i = at - this.#base; i < window.length; i++) if (window[i] !== 0) return false
      at = this.#base + window.length
    }
    return true
  }

  #holds(at: number, length: number): boolean {
    return at >= this.#base && at + length <= this.#base + this.#window.length
  }

  async #load(at: number, atLeast: number): Promise<void> {
    const bytes = await this.#disk.read(this.#file.path, at, Math.max(atLeast, this.#chunkBytes))
    if (bytes.length < atLeast) throw this.#corrupt(at, 'log became shorter while it was read')
    this.#window = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#base = at
  }

  #corrupt(offset: number, what: string): StorageError {
    return new StorageError('corrupt', this.#file.path, offset, what)
  }
}
