/**
 * What consensus asks of the disk, in its order: appends, steps that must be durable one after the
 * other, and the settling between two roles (node/zab/effects.ts).
 */
import { unreachable } from '../../base/invariant.ts'
import { Ring } from '../../base/ring.ts'
import type { Membership } from '../../wire/config-string.ts'
import { NO_ZXID, type Zxid } from '../../wire/ids.ts'
import { databaseAt, discardAll, installDatabase } from '../storage/discard.ts'
import { EPOCH_FILES, type Epochs, writeEpoch } from '../storage/epoch-files.ts'
import type { LogWriter } from '../storage/log-writer.ts'
import { type RecoveryOptions, recover } from '../storage/recovery.ts'
import type { SnapshotKeeper } from '../storage/snapshot-keeper.ts'
import { StorageError } from '../storage/storage-error.ts'
import { removeSnapshotsAfter, truncate } from '../storage/truncate.ts'
import type { Database } from '../tree/database.ts'
import type { Envelope, Step } from '../zab/effects.ts'
import type { DurableState, Entry, LinkId } from '../zab/inputs.ts'

/** What the duties tell the member. Never synchronously from within a call. */
export interface DutyEvents {
  /** `acks` are the entries that leaders wait for, in order. */
  durable(upTo: Zxid, acks: readonly Ack[]): void
  persisted(token: number, thenSend: readonly Envelope[]): void
  notTruncated(token: number): void
  settled(generation: number, state: DurableState): void
  /** The tree in memory is another one from now on. */
  useDatabase(database: Database): void
  /** The disk refuses: the member must stop. */
  failed(error: StorageError): void
}

export interface DiskDutiesOptions {
  readonly recovery: RecoveryOptions
  readonly snapshots: SnapshotKeeper
  /** A log writer whose next entry follows `lastZxid`. */
  readonly openLog: (lastZxid: Zxid, onDurable: (upTo: Zxid) => void) => LogWriter
  readonly writeNextConfig: (membership: Membership) => Promise<void>
  readonly events: DutyEvents
  /** Entries kept in memory for DIFF (commitLogCount). */
  readonly recentMax: number
}

/** What a start has found. */
export interface DiskState {
  readonly database: Database
  readonly lastLogged: Zxid
  readonly epochs: Epochs
  readonly recent: RecentEntries
}

/** An entry that became durable, and the link to the leader that waits for it. */
export interface Ack {
  readonly zxid: Zxid
  readonly link: LinkId
}

type Duty = () => Promise<void>

export class DiskDuties {
  readonly #options: DiskDutiesOptions
  #database: Database
  #log: LogWriter | undefined = undefined
  #lastAppended: Zxid
  #lastDurable: Zxid
  #acceptedEpoch: number
  #currentEpoch: number
  readonly #acks: Ring<Ack> = new Ring()
  readonly #duties: Ring<Duty> = new Ring()
  #isBusy = false
  #whenDurable: (() => void) | undefined = undefined
  /** A snapshot that has been received and is not in use yet. */
  staged: Database | undefined = undefined

  constructor(options: DiskDutiesOptions, state: DiskState) {
    this.#options = options
    this.#database = state.database
    this.#lastAppended = state.lastLogged
    this.#lastDurable = state.lastLogged
    this.#acceptedEpoch = state.epochs.accepted
    this.#currentEpoch = state.epochs.current
  }

  append(entries: readonly Entry[], ackTo: LinkId | undefined): void {
    if (this.#isBusy) {
      this.#enqueue(async () => this.#appendNow(entries, ackTo))
      return
    }
    this.#appendNow(entries, ackTo)
  }

  /** The turn is over: start writing what was appended. */
  flush(): void {
    this.#log?.flush()
  }

  persist(token: number, steps: readonly Step[], thenSend: readonly Envelope[]): void {
    this.#enqueue(async () => {
      await this.#allDurable()
      for (const step of steps) {
        if (await this.#take(step)) continue
        this.#options.events.notTruncated(token)
        return
      }
      this.#options.events.persisted(token, thenSend)
    })
  }

  settle(generation: number, reload: boolean): void {
    this.#enqueue(async () => {
      await this.#quiet()
      this.staged = undefined
      this.#acks.clear()
      const mustReload = reload || this.#database.lastZxid > this.#lastDurable
      const recent = mustReload ? await this.#reload() : undefined
      this.#options.events.settled(generation, {
        lastLogged: this.#lastDurable,
        delivered: this.#database.lastZxid,
        acceptedEpoch: this.#acceptedEpoch,
        currentEpoch: this.#currentEpoch,
        recent,
      })
    })
  }

  /** Everything appended is durable and the log is closed; nothing follows. */
  stop(): Promise<void> {
    return new Promise(resolve => {
      this.#enqueue(async () => {
        await this.#quiet()
        resolve()
      })
    })
  }

  #enqueue(duty: Duty): void {
    this.#duties.push(duty)
    if (!this.#isBusy) this.#run()
  }

  #run(): void {
    this.#isBusy = true
    const loop = async (): Promise<void> => {
      for (let duty = this.#duties.shift(); duty !== undefined; duty = this.#duties.shift()) {
        await duty()
      }
      this.#isBusy = false
    }
    loop().catch((error: unknown) => {
      // Later duties stay where they are: nothing may be written behind a failure.
      this.#options.events.failed(asStorageError(error))
    })
  }

  #appendNow(entries: readonly Entry[], ackTo: LinkId | undefined): void {
    const log = this.#openedLog()
    for (const { zxid, bytes } of entries) {
      this.#options.snapshots.appended(log.appendEntry(zxid, bytes))
      if (ackTo !== undefined) this.#acks.push({ zxid, link: ackTo })
      this.#lastAppended = zxid
    }
    // Behind a duty nobody's turn ends here.
    if (this.#isBusy) log.flush()
  }

  #openedLog(): LogWriter {
    this.#log ??= this.#options.openLog(this.#lastAppended, upTo => this.#onDurable(upTo))
    return this.#log
  }

  #onDurable(upTo: Zxid): void {
    this.#lastDurable = upTo
    const acks: Ack[] = []
    for (let ack = this.#acks.peek(); ack !== undefined && ack.zxid <= upTo; ) {
      acks.push(ack)
      this.#acks.shift()
      ack = this.#acks.peek()
    }
    this.#options.events.durable(upTo, acks)
    if (upTo === this.#lastAppended) {
      const resume = this.#whenDurable
      this.#whenDurable = undefined
      resume?.()
    }
  }

  /** Resolves when nothing that was appended is still on its way to the disk. */
  async #allDurable(): Promise<void> {
    if (this.#log === undefined || this.#lastDurable === this.#lastAppended) return
    this.#log.flush()
    await new Promise<void>(resolve => {
      this.#whenDurable = resolve
    })
  }

  /** No log is open, no snapshot is being written. */
  async #quiet(): Promise<void> {
    const log = this.#log
    if (log !== undefined) {
      await log.close()
      this.#log = undefined
      this.#lastAppended = this.#lastDurable
    }
    await this.#options.snapshots.abandon()
  }

  /** False: the log cannot be cut there, and nothing was changed. */
  async #take(step: Step): Promise<boolean> {
    const { recovery } = this.#options
    const dir = recovery.dirs.snapshots
    switch (step.step) {
      case 'truncate':
        return this.#truncate(step.log, step.tree)
      case 'install':
        await this.#install()
        return true
      case 'reset':
        await this.#reset()
        return true
      case 'append':
        this.#appendNow(step.entries, undefined)
        await this.#allDurable()
        return true
      case 'acceptedEpoch':
        await writeEpoch(recovery.disk, dir, EPOCH_FILES.accepted, step.epoch)
        this.#acceptedEpoch = step.epoch
        return true
      case 'currentEpoch':
        await writeEpoch(recovery.disk, dir, EPOCH_FILES.current, step.epoch)
        this.#currentEpoch = step.epoch
        return true
      case 'nextConfig':
        await this.#options.writeNextConfig(step.membership)
        return true
      default:
        return unreachable(step)
    }
  }

  async #truncate(log: Zxid, tree: Zxid): Promise<boolean> {
    const { recovery } = this.#options
    await this.#quiet()
    const isAhead = this.#database.lastZxid > tree
    const database = isAhead ? await databaseAt(recovery, tree) : this.#database
    if (database === undefined) return false
    try {
      await truncate(recovery, log)
    } catch (error) {
      if (error instanceof StorageError && error.kind === 'truncate') return false
      throw error
    }
    await removeSnapshotsAfter(recovery, tree)
    this.#became(database, log)
    return true
  }

  async #install(): Promise<void> {
    const { staged } = this
    if (staged === undefined) throw new Error('no snapshot is held ready')
    await this.#quiet()
    await installDatabase(this.#options.recovery, staged)
    this.staged = undefined
    this.#became(staged, staged.lastZxid)
  }

  async #reset(): Promise<void> {
    await this.#quiet()
    const { recovery } = this.#options
    await discardAll(recovery)
    const { database } = await recover({ ...recovery, autocreate: true })
    this.#became(database, NO_ZXID)
  }

  async #reload(): Promise<DurableState['recent']> {
    const recent = new RecentEntries(this.#options.recentMax)
    const { database, lastZxid } = await recover({
      ...this.#options.recovery,
      onReplayed: (txn, record) =>
        recent.add(txn.zxid, record.bytes.slice(record.start, record.end)),
    })
    this.#became(database, lastZxid)
    return recent.endingAt(lastZxid)
  }

  #became(database: Database, lastLogged: Zxid): void {
    this.#lastAppended = lastLogged
    this.#lastDurable = lastLogged
    if (database === this.#database) return
    this.#database = database
    this.#options.events.useDatabase(database)
  }
}

/** The newest entries that recovery has replayed. */
export class RecentEntries {
  readonly #most: number
  #entries: Entry[] = []
  #before: Zxid = NO_ZXID

  constructor(most: number) {
    this.#most = most
  }

  add(zxid: Zxid, bytes: Uint8Array): void {
    this.#entries.push({ zxid, bytes })
    if (this.#entries.length < this.#most * 2) return
    const dropped = this.#entries.splice(0, this.#most)
    this.#before = dropped.at(-1)!.zxid
  }

  /** For `DurableState.recent`; `last` is the newest zxid on disk. */
  endingAt(last: Zxid): NonNullable<DurableState['recent']> {
    const [first] = this.#entries
    if (first === undefined) return { base: last, entries: [] }
    const base = this.#before > 0n ? this.#before : ((first.zxid - 1n) as Zxid)
    return { base, entries: this.#entries }
  }
}

function asStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error
  return new StorageError(
    'io',
    '',
    undefined,
    error instanceof Error ? error.message : String(error),
  )
}
