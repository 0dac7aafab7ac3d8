/**
 * Appends transactions and says when they are durable: group commit driven by completion
 * (performance.md 5.4). While one write is in flight, the next batch fills; when it ends, one call
 * of `onDurable` reports all that it covered. No timer, one write per batch, nothing allocated per
 * transaction.
 */
import { failInvariant, invariant } from '../../base/invariant.ts'
import type { Clock } from '../../base/ports.ts'
import type { Zxid } from '../../wire/ids.ts'
import { type Txn, writeTxn } from '../../wire/records/txn.ts'
import { Writer } from '../../wire/writer.ts'
import type { Disk, LogFile } from './disk.ts'
import { logName } from './file-names.ts'
import { ioError, type StorageError } from './storage-error.ts'
import { beginRecord, endRecord, writeLogHeader } from './txn-log.ts'

/** zookeeper.preAllocSize */
export const DEFAULT_PREALLOC_BYTES: number = 64 << 20
/** A file grows when less than this is left of it (storage.md 3.2). */
const PREALLOC_MARGIN_BYTES = 4_096
const BATCH_START_BYTES: number = 64 << 10
/** A batch buffer that a burst made larger than this is not kept. */
const BATCH_KEEP_BYTES: number = 8 << 20

export interface LogWriterOptions {
  readonly disk: Disk
  /** `<dataLogDir>/version-2` */
  readonly dir: string
  /** The newest zxid on disk: what is appended is newer. */
  readonly lastZxid: Zxid
  /** Steps in which files grow; 0 or less: no preallocation. */
  readonly preAllocBytes: number
  /**
   * zookeeper.txnLogSizeLimitInKb in bytes: a larger file is followed by a new one; 0: no limit.
   */
  readonly sizeLimitBytes: number
  /** zookeeper.forceSync: false gives up durability over a power loss. */
  readonly forceSync: boolean
  readonly clock: Clock
  /**
   * Calls back once everything that came in with this turn of the event loop has been looked at:
   * what many clients send at the same time becomes one batch. Absent: a flush writes at once.
   */
  readonly soon?: (callback: () => void) => void
  /** Everything up to here survives a crash. Called once per batch, in the order of the batches. */
  readonly onDurable: (upTo: Zxid) => void
  /** Called once, after which nothing is written or reported any more (faults.md R9). */
  readonly onFailure: (error: StorageError) => void
  /** Told how long every batch took, for metrics and the slow sync warning. */
  readonly onWrite?: (durationMs: number, sizeBytes: number) => void
}

/** Part of a batch that goes into one file. */
interface Segment {
  /** Set when the part begins a file of that name. */
  readonly newFile: Zxid | null
  readonly start: number
}

class Batch {
  writer: Writer = new Writer(BATCH_START_BYTES)
  readonly segments: Segment[] = []
  lastZxid: Zxid

  constructor(lastZxid: Zxid) {
    this.lastZxid = lastZxid
  }

  clear(): void {
    this.segments.length = 0
    if (this.writer.bytes.length > BATCH_KEEP_BYTES) this.writer = new Writer(BATCH_START_BYTES)
    else this.writer.clear()
  }
}

interface OpenFile {
  readonly handle: LogFile
  readonly path: string
  /** Where the next byte goes. */
  position: number
  /** Size with padding. */
  size: number
}

export class LogWriter {
  readonly #options: LogWriterOptions
  #filling: Batch
  #writing: Batch
  #busy = false
  #isFlushDue = false
  #failed = false
  #closing = false
  #file: OpenFile | null = null
  /** The next append begins a file. */
  #rollNext = true
  #lastZxid: Zxid
  #closed: Promise<void> | null = null
  #whenIdle: (() => void) | null = null

  constructor(options: LogWriterOptions) {
    this.#options = options
    this.#lastZxid = options.lastZxid
    this.#filling = new Batch(options.lastZxid)
    this.#writing = new Batch(options.lastZxid)
  }

  /** The newest zxid appended, durable or not. */
  get lastZxid(): Zxid {
    return this.#lastZxid
  }

  /** Bytes appended that no write covers yet: what a throttle looks at. */
  get pendingBytes(): number {
    return this.#filling.writer.length
  }

  get failed(): boolean {
    return this.#failed
  }

  /** Serialises into the current batch; returns the bytes of the entry. No I/O happens here. */
  append(txn: Txn): number {
    const mark = this.#begin(txn.zxid)
    writeTxn(this.#filling.writer, txn)
    return endRecord(this.#filling.writer, mark)
  }

  /** The same for an entry whose bytes are at hand: bytes[start, start + length). */
  appendEntry(zxid: Zxid, bytes: Uint8Array, start: number = 0, length?: number): number {
    const mark = this.#begin(zxid)
    this.#filling.writer.raw(bytes, start, length ?? bytes.length - start)
    return endRecord(this.#filling.writer, mark)
  }

  /**
   * Starts writing what was appended when this turn ends, unless a write is in flight: then that
   * one's end does.
   */
  flush(): void {
    const { soon } = this.#options
    if (soon === undefined) {
      this.#writeWhatWaits()
      return
    }
    if (this.#isFlushDue || this.#busy || this.#filling.segments.length === 0) return
    this.#isFlushDue = true
    soon(this.#flushDue)
  }

  readonly #flushDue = (): void => {
    this.#isFlushDue = false
    this.#writeWhatWaits()
  }

  #writeWhatWaits(): void {
    if (this.#busy || this.#failed || this.#filling.segments.length === 0) return
    this.#startBatch()
  }

  /** The next append goes to a new file `log.<zxid>` (storage.md 3.2). */
  roll(): void {
    this.#rollNext = true
  }

  /**
   * Writes what was appended, reports it and closes the file. No role may vote or read the
   * directory before it has resolved (faults.md R7). Resolves after a failure as well.
   */
  close(): Promise<void> {
    this.#closing = true
    this.#closed ??= this.#drainAndClose()
    return this.#closed
  }

  #begin(zxid: Zxid): number {
    if (zxid <= this.#lastZxid) {
      failInvariant('a transaction is appended after a newer one', { zxid, last: this.#lastZxid })
    }
    invariant(!this.#closing, 'a closed log is appended to')
    const batch = this.#filling
    // Whatever is appended after a failure is never written: it must not pile up either.
    if (this.#failed) batch.clear()
    if (this.#rollNext || batch.segments.length === 0) {
      batch.segments.push({ newFile: this.#rollNext ? zxid : null, start: batch.writer.length })
      if (this.#rollNext) writeLogHeader(batch.writer)
      this.#rollNext = false
    }
    batch.lastZxid = zxid
    this.#lastZxid = zxid
    return beginRecord(batch.writer)
  }

  #startBatch(): void {
    const batch = this.#filling
    this.#filling = this.#writing
    this.#writing = batch
    this.#busy = true
    this.#writeSegment(batch, 0, this.#options.clock.monotonicMs())
  }

  #writeSegment(batch: Batch, index: number, startedMs: number): void {
    const segment = batch.segments[index]
    if (segment === undefined) {
      this.#endBatch(batch, startedMs)
      return
    }
    const end = batch.segments[index + 1]?.start ?? batch.writer.length
    const bytes = batch.writer.bytes.subarray(segment.start, end)
    const next = (): void => this.#writeSegment(batch, index + 1, startedMs)
    if (segment.newFile !== null) this.#beginFile(segment.newFile, bytes, next)
    else this.#continueFile(bytes, next)
  }

  /**
   * The first write carries the header and goes to an empty file; only then the file grows. So no
   * crash leaves a padded file without a header, which would be unreadable. The directory is synced
   * while the bytes are written, so that a roll costs one sync and no more (Apache never syncs it).
   */
  #beginFile(name: Zxid, bytes: Uint8Array, next: () => void): void {
    const { disk, dir, forceSync } = this.#options
    const path = `${dir}/${logName(name)}`
    const old = this.#file
    this.#file = null
    disk.openLog(path, { sync: forceSync }).then(
      handle => {
        const file: OpenFile = { handle, path, position: 0, size: 0 }
        this.#file = file
        let waits = 2
        const one = (error?: Error): void => {
          if (this.#refused(file, error)) return
          waits -= 1
          if (waits > 0) return
          file.position = bytes.length
          file.size = Math.max(file.size, bytes.length)
          next()
        }
        handle.write(bytes, 0, one)
        disk.syncDir(dir).then(
          () => one(),
          (cause: unknown) => one(ioError(dir, undefined, cause)),
        )
        if (old !== null) this.#closeQuietly(old)
      },
      (cause: unknown) => {
        if (old !== null) this.#closeQuietly(old)
        this.#fail(ioError(path, 0, cause))
      },
    )
  }

  #continueFile(bytes: Uint8Array, next: () => void): void {
    const file = this.#file
    if (file === null) failInvariant('a batch continues a log file that is not open')
    const target = this.#sizeFor(file, bytes.length)
    const write = (): void => {
      file.handle.write(bytes, file.position, error => {
        if (this.#refused(file, error)) return
        file.position += bytes.length
        file.size = Math.max(file.size, file.position)
        next()
      })
    }
    if (target === file.size) {
      write()
      return
    }
    file.handle.extend(target, error => {
      if (this.#refused(file, error)) return
      file.size = target
      write()
    })
  }

  /**
   * The size a file must have before `more` bytes are written: 16 + a multiple of preAllocBytes, as
   * Apache's, but never less than what the write needs (ZOOKEEPER-2249).
   */
  #sizeFor(file: OpenFile, more: number): number {
    const step = this.#options.preAllocBytes
    const needed = file.position + more + PREALLOC_MARGIN_BYTES
    if (step <= 0 || needed < file.size) return file.size
    return 16 + step * Math.max(1, Math.ceil((needed - 15) / step))
  }

  #endBatch(batch: Batch, startedMs: number): void {
    const { sizeLimitBytes, clock, onDurable, onWrite } = this.#options
    const upTo = batch.lastZxid
    const sizeBytes = batch.writer.length
    batch.clear()
    this.#busy = false
    const file = this.#file
    if (sizeLimitBytes > 0 && file !== null && file.position > sizeLimitBytes) this.#rollForSize()
    onWrite?.(clock.monotonicMs() - startedMs, sizeBytes)
    // The disk starts on the next batch before anybody looks at what this one made durable.
    this.#writeWhatWaits()
    onDurable(upTo)
    // What was appended by those who were told is theirs to flush; closing waits for it.
    if (!this.#busy) this.#idle()
  }

  /** Unless what already waits begins a new file anyway. */
  #rollForSize(): void {
    if (this.#filling.segments.every(segment => segment.newFile === null)) this.#rollNext = true
  }

  #refused(file: OpenFile, error: Error | undefined): boolean {
    if (error === undefined) return this.#failed
    this.#fail(ioError(file.path, file.position, error))
    return true
  }

  #fail(error: StorageError): void {
    if (this.#failed) return
    this.#failed = true
    this.#busy = false
    this.#filling.clear()
    this.#writing.clear()
    this.#options.onFailure(error)
    this.#idle()
  }

  #idle(): void {
    const whenIdle = this.#whenIdle
    this.#whenIdle = null
    whenIdle?.()
  }

  async #drainAndClose(): Promise<void> {
    this.#writeWhatWaits()
    while (this.#busy) {
      await new Promise<void>(resolve => {
        this.#whenIdle = resolve
      })
      this.#writeWhatWaits()
    }
    const file = this.#file
    this.#file = null
    if (file !== null) await file.handle.close().catch(() => undefined)
  }

  /** Everything in it is durable already: a refusal to close takes nothing back. */
  #closeQuietly(file: OpenFile): void {
    file.handle.close().catch(() => undefined)
  }
}
