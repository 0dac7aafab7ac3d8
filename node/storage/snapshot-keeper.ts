import type { Clock, Log, Random, Timers } from '../../base/ports.ts'
import { hex, type Zxid } from '../../wire/ids.ts'
import type { Database } from '../tree/database.ts'
import type { Compression, Disk, SnapshotMethod } from './disk.ts'
import type { SnapshotFile } from './file-names.ts'
import { SnapshotCancelled, type SnapshotWrite, startSnapshot } from './snapshot.ts'
import { SnapshotSchedule } from './snapshot-schedule.ts'

export interface SnapshotKeeperOptions {
  /** The database of now: a restore replaces it. */
  readonly database: () => Database
  readonly disk: Disk
  /** `<dataDir>/version-2` */
  readonly dir: string
  readonly method: SnapshotMethod
  readonly compression: Compression
  readonly timers: Timers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly snapCount: number
  /** 0: no such limit. */
  readonly snapSizeLimitBytes: number
  readonly digestEnabled: boolean
  readonly lastZxidEnabled: boolean
  /** False while the tree may show more than its zxid says: after a SNAP, until it is level. */
  readonly isExact: () => boolean
  /** What the last start had to replay: half a snapshot's worth makes one due at once. */
  readonly txnsReplayed: number
  readonly onTaken: (durationMs: number) => void
  readonly onError: () => void
  /** The log goes on in a new file. */
  readonly onRoll: () => void
}

export interface TakenAt {
  readonly file: SnapshotFile
  /** Wall clock. */
  readonly atMs: number
}

/** Takes snapshots when they are due, one at a time, while the member serves (storage.md 4.4). */
export class SnapshotKeeper {
  readonly #options: SnapshotKeeperOptions
  readonly #schedule: SnapshotSchedule
  #running: SnapshotWrite | undefined = undefined
  #last: TakenAt | undefined = undefined
  #stopped = false

  constructor(options: SnapshotKeeperOptions) {
    this.#options = options
    this.#schedule = new SnapshotSchedule(
      options.snapCount,
      Math.floor(options.snapSizeLimitBytes / 1024),
      options.random,
    )
  }

  get last(): TakenAt | undefined {
    return this.#last
  }

  /** A transaction was appended: rolls the log and starts a snapshot when one is due. */
  appended(entryBytes: number): void {
    if (!this.#schedule.onAppend(entryBytes)) return
    this.#options.onRoll()
    if (this.#running !== undefined) {
      this.#options.log.warn('snapshot skipped, the one before is still being written', {
        zxid: this.#running.zxid,
      })
      return
    }
    this.#start().done.catch(() => undefined)
  }

  /** After a start that had much to replay: the next one shall not. */
  startIfBehind(): void {
    if (this.#options.txnsReplayed < this.#options.snapCount / 2) return
    this.#start().done.catch(() => undefined)
  }

  /** A snapshot of now, for whoever asks; waits for one that is being written already. */
  async take(): Promise<SnapshotFile> {
    while (this.#running !== undefined) await this.#running.done.catch(() => undefined)
    return this.#start().done
  }

  /** Gives up what is being written: the files are about to change. */
  async abandon(): Promise<void> {
    this.#running?.cancel()
    await this.#running?.done.catch(() => undefined)
  }

  /** Gives up what is being written, and takes none any more. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.abandon()
  }

  #start(): SnapshotWrite {
    const { clock, log } = this.#options
    const database = this.#options.database()
    if (this.#stopped) throw new SnapshotCancelled()
    const startedMs = clock.monotonicMs()
    const write = startSnapshot({
      ...this.#options,
      database,
      exact: this.#options.isExact(),
    })
    this.#running = write
    log.info('snapshot started', { zxid: hex(write.zxid), znodes: database.tree.nodeCount })
    write.done.then(
      file => this.#taken(file, write.zxid, clock.monotonicMs() - startedMs),
      (error: unknown) => this.#failed(error),
    )
    return write
  }

  #taken(file: SnapshotFile, zxid: Zxid, durationMs: number): void {
    const { clock, log, onTaken } = this.#options
    this.#running = undefined
    this.#last = { file, atMs: clock.wallMs() }
    onTaken(durationMs)
    log.info('snapshot written', {
      zxid: hex(zxid),
      file: file.path,
      durationMs: Math.round(durationMs),
    })
  }

  #failed(error: unknown): void {
    this.#running = undefined
    if (error instanceof SnapshotCancelled) return
    // Serving can go on: snapshots only shorten the next start.
    this.#options.onError()
    this.#options.log.error('snapshot failed', { error: String(error) })
  }
}
