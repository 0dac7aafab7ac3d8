/**
 * One member's disk, at the level of the steps that consensus asks for. Operations run one after
 * the other; each takes time and becomes durable at its end. A crash loses what waits, and of the
 * operation that runs an arbitrary part survives: a prefix of an append, each step of a persist
 * wholly or not at all. What it gets wrong: files, sectors and rot are below its horizon; the
 * simulation of node/storage has those.
 */
import { failInvariant, invariant } from '../base/invariant.ts'
import type { Step } from '../node/zab/effects.ts'
import { isSuccessor } from '../node/zab/history.ts'
import type { Entry } from '../node/zab/inputs.ts'
import { hex, type Zxid } from '../wire/ids.ts'
import { LogTree } from './log-tree.ts'
import { type Sabotage, sabotaged } from './sabotage.ts'
import type { World } from './world.ts'

export interface DiskTimes {
  /** A write with its sync. */
  readonly syncMs: { readonly low: number; readonly high: number }
}

interface Operation {
  readonly steps: readonly Step[]
  /** Called when all is durable, or with the reason why nothing was changed. */
  readonly done: (failure: 'notTruncated' | 'failed' | undefined) => void
}

export class SimDisk {
  readonly #world: World
  readonly #name: string
  #times: DiskTimes
  readonly #waiting: Operation[]
  #running: Operation | undefined
  /** Role of the machine that queued what runs: a crash makes its completion void. */
  #incarnation: number
  #failures: number
  /** After a failure nothing is written until the member has looked at what is there (R9). */
  #isBroken: boolean
  #idle: (() => void)[]
  /** Snapshots by zxid, oldest first; the first may be the empty tree. */
  snapshots: LogTree[]
  log: Entry[]
  acceptedEpoch: number
  currentEpoch: number
  /** A bug to put in; none in honest runs. */
  sabotage: Sabotage | undefined
  /** The snapshot held ready by the member, for `install`. */
  staged: LogTree | undefined

  constructor(world: World, name: string, times: DiskTimes) {
    this.#world = world
    this.#name = name
    this.#times = times
    this.#waiting = []
    this.#running = undefined
    this.#incarnation = 0
    this.#failures = 0
    this.#isBroken = false
    this.#idle = []
    this.snapshots = [new LogTree()]
    this.log = []
    this.acceptedEpoch = 0
    this.currentEpoch = 0
    this.staged = undefined
    this.sabotage = undefined
  }

  setTimes(times: DiskTimes): void {
    this.#times = times
  }

  /** The next writes fail. */
  failWrites(count: number): void {
    this.#failures = count
  }

  get lastLogged(): Zxid {
    return this.log.at(-1)?.zxid ?? this.newestSnapshot.zxid
  }

  get newestSnapshot(): LogTree {
    const newest = this.snapshots.at(-1)
    invariant(newest !== undefined, 'a disk has a snapshot')
    return newest
  }

  /** Whether a restart would bring this transaction back. */
  has(zxid: Zxid): boolean {
    if (this.newestSnapshot.has(zxid)) return true
    for (let i = this.log.length - 1; i >= 0; i--) {
      if (this.log[i]!.zxid <= zxid) return this.log[i]!.zxid === zxid
    }
    return false
  }

  /** Newest usable snapshot and everything logged behind it, as a restart reads it. */
  recover(): { tree: LogTree; base: Zxid; entries: Entry[] } {
    return this.recoverTo(this.lastLogged)
  }

  recoverTo(zxid: Zxid): { tree: LogTree; base: Zxid; entries: Entry[] } {
    const usable = this.snapshots.filter(snapshot => snapshot.zxid <= zxid)
    const tree = usable.at(-1)?.copy()
    if (tree === undefined) failInvariant('a snapshot to begin with', { zxid })
    const base = tree.zxid
    const entries = this.log.filter(entry => entry.zxid > base && entry.zxid <= zxid)
    // LogTree refuses holes: a log that does not continue its snapshot is found here (I10).
    for (const entry of entries) tree.apply(entry)
    return { tree, base, entries }
  }

  run(steps: readonly Step[], done: Operation['done']): void {
    if (this.#isBroken) return
    if (this.sabotage === 'ackEarly' && steps[0]?.step === 'append' && steps.length === 1) {
      this.#world.after(0, () => done(undefined))
      this.#waiting.push({ steps, done: () => {} })
    } else {
      this.#waiting.push({ steps: sabotaged(steps, this.sabotage), done })
    }
    this.#next()
  }

  /** Calls back when nothing runs or waits. */
  whenIdle(callback: () => void): void {
    if (this.sabotage === 'noSettle') {
      callback()
      return
    }
    this.#idle.push(callback)
    this.#checkIdle()
  }

  /** Forgets what waits behind the running operation. Returns whether anything did. */
  discardWaiting(): boolean {
    const had = this.#waiting.length > 0
    this.#waiting.length = 0
    return had
  }

  /** The member has read what survived a failure. */
  repair(): void {
    this.#isBroken = false
  }

  /** Power loss. */
  crash(): void {
    this.#isBroken = false
    this.#incarnation++
    this.#waiting.length = 0
    this.#idle = []
    const running = this.#running
    this.#running = undefined
    if (running !== undefined) this.#tear(running.steps)
    this.staged = undefined
  }

  /** A snapshot of the committed tree, as members take them now and then; may purge old log. */
  takeSnapshot(tree: LogTree, purge: boolean): void {
    if (tree.zxid <= this.newestSnapshot.zxid || tree.zxid > this.lastLogged) return
    this.snapshots.push(tree.copy())
    if (!purge) return
    this.snapshots.splice(0, Math.max(0, this.snapshots.length - 2))
    const oldest = this.snapshots[0]!.zxid
    this.log = this.log.filter(entry => entry.zxid > oldest)
  }

  #next(): void {
    if (this.#running !== undefined) return
    const operation = this.#takeNext()
    if (operation === undefined) {
      this.#checkIdle()
      return
    }
    this.#running = operation
    const incarnation = this.#incarnation
    const { low, high } = this.#times.syncMs
    const syncs = operation.isGroup ? 1 : Math.max(operation.steps.length, 1)
    let ms = 0
    for (let i = 0; i < syncs; i++) {
      ms += low + (this.#world.random.int(1000) / 1000) * (high - low)
    }
    this.#world.after(ms, () => {
      if (incarnation !== this.#incarnation) return
      this.#running = undefined
      operation.done(this.#perform(operation.steps))
      this.#next()
    })
  }

  /** Appends that wait together are written together, with one sync. */
  #takeNext(): (Operation & { readonly isGroup: boolean }) | undefined {
    const first = this.#waiting.shift()
    if (first === undefined || !isAppend(first)) return first && { ...first, isGroup: false }
    const group = [first]
    for (let next = this.#waiting[0]; next !== undefined && isAppend(next); ) {
      group.push(next)
      this.#waiting.shift()
      next = this.#waiting[0]
    }
    const steps = group.flatMap(each => each.steps)
    const done: Operation['done'] = failure => {
      for (const each of group) each.done(failure)
    }
    return { steps, done, isGroup: true }
  }

  #checkIdle(): void {
    if (this.#running !== undefined || this.#waiting.length > 0) return
    const idle = this.#idle
    this.#idle = []
    for (const callback of idle) callback()
  }

  #perform(steps: readonly Step[]): 'notTruncated' | 'failed' | undefined {
    if (this.#failures > 0) {
      this.#failures--
      this.#isBroken = true
      this.#tear(steps)
      this.discardWaiting()
      return 'failed'
    }
    for (const step of steps) {
      if (step.step === 'truncate' && !this.#canTruncate(step.log, step.tree)) return 'notTruncated'
      this.#do(step)
    }
    return undefined
  }

  /** An arbitrary part of the steps becomes durable, in order. */
  #tear(steps: readonly Step[]): void {
    const whole = this.#world.random.int(steps.length + 1)
    for (const step of steps.slice(0, whole)) {
      if (step.step === 'truncate' && !this.#canTruncate(step.log, step.tree)) return
      this.#do(step)
    }
    const torn = steps[whole]
    if (torn?.step === 'append') {
      this.#append(torn.entries.slice(0, this.#world.random.int(torn.entries.length + 1)))
    }
  }

  #canTruncate(log: Zxid, tree: Zxid): boolean {
    const hasBase = this.snapshots.some(snapshot => snapshot.zxid <= tree)
    const ends = (zxid: Zxid): boolean =>
      this.log.some(entry => entry.zxid === zxid) ||
      this.snapshots.some(snapshot => snapshot.zxid === zxid)
    return hasBase && ends(log) && ends(tree)
  }

  #do(step: Step): void {
    switch (step.step) {
      case 'append':
        this.#append(step.entries)
        return
      case 'truncate':
        if (this.sabotage !== 'keepSnapshots') {
          this.snapshots = this.snapshots.filter(snapshot => snapshot.zxid <= step.tree)
        }
        this.log = this.log.filter(entry => entry.zxid <= step.log)
        return
      case 'install':
        invariant(this.staged !== undefined, 'a snapshot is held ready')
        invariant(this.staged.zxid === step.zxid, 'the snapshot is the one that was announced')
        this.snapshots = [this.staged.copy()]
        this.log = []
        return
      case 'reset':
        this.snapshots = [new LogTree()]
        this.log = []
        return
      case 'acceptedEpoch':
        if (step.epoch < this.acceptedEpoch) failInvariant('acceptedEpoch grows', { ...step })
        this.acceptedEpoch = step.epoch
        return
      case 'currentEpoch':
        if (step.epoch < this.currentEpoch) failInvariant('currentEpoch grows', { ...step })
        if (step.epoch > this.acceptedEpoch) failInvariant('it was accepted first', { ...step })
        this.currentEpoch = step.epoch
        return
      case 'nextConfig':
        return
      default:
        failInvariant('a known step')
    }
  }

  #append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (!isSuccessor(this.lastLogged, entry.zxid)) {
        failInvariant(`the log of ${this.#name} has no holes`, {
          last: hex(this.lastLogged),
          next: hex(entry.zxid),
        })
      }
      this.log.push(entry)
    }
  }
}

function isAppend(operation: Operation): boolean {
  return operation.steps.length === 1 && operation.steps[0]?.step === 'append'
}
