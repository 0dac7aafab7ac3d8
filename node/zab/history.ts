/**
 * The end of this member's log as consensus remembers it:
 *
 *   base | e1 e2 ... ek | u1 u2 ... un
 *          delivered      logged or being logged, not known committed
 *
 * Contiguous by construction (faults.md R6): each entry is the successor of the one before it or
 * the first of a higher epoch. A learner is fed from here only; what is older takes a snapshot.
 */
import { failInvariant, invariant } from '../../base/invariant.ts'
import { counterOf, epochOf, hex, type Zxid } from '../../wire/ids.ts'
import type { Entry } from './inputs.ts'

/** Whether `next` may follow `last` in a history without a hole. */
export function isSuccessor(last: Zxid, next: Zxid): boolean {
  if (epochOf(next) === epochOf(last)) return next === last + 1n
  return epochOf(next) > epochOf(last) && counterOf(next) === 1
}

/** What an entry costs beside its bytes: two objects and a place in the ring. */
const ENTRY_OVERHEAD_BYTES = 400

/** Delivered entries kept for learners that were away: at least so many, more while they fit. */
export interface HistoryLimits {
  readonly count: number
  readonly maxBytes: number
}

export class History {
  readonly #limits: HistoryLimits
  /** A ring; its length is a power of two. */
  #ring: (Entry | undefined)[]
  #start: number
  #count: number
  #undelivered: number
  /** Of all entries, with their overhead. */
  #bytes: number
  #base: Zxid
  #last: Zxid
  #delivered: Zxid

  constructor(limits: HistoryLimits, base: Zxid) {
    this.#limits = limits
    this.#ring = Array.from<Entry | undefined>({ length: 64 })
    this.#start = 0
    this.#count = 0
    this.#undelivered = 0
    this.#bytes = 0
    this.#base = base
    this.#last = base
    this.#delivered = base
  }

  /** The zxid that the oldest entry follows without a hole. */
  get base(): Zxid {
    return this.#base
  }

  get last(): Zxid {
    return this.#last
  }

  get delivered(): Zxid {
    return this.#delivered
  }

  get count(): number {
    return this.#count
  }

  /** Entries that are logged and not delivered. */
  get undelivered(): number {
    return this.#undelivered
  }

  /** The index-th oldest entry. */
  at(index: number): Entry {
    const entry = this.#ring[this.#slot(index)]
    if (entry === undefined || index >= this.#count) failInvariant('no such entry', { index })
    return entry
  }

  /** The oldest entry that is not delivered. */
  get nextToDeliver(): Entry | undefined {
    return this.#undelivered === 0 ? undefined : this.at(this.#count - this.#undelivered)
  }

  append(entry: Entry): void {
    if (!isSuccessor(this.#last, entry.zxid)) {
      failInvariant('the log has no holes', { last: this.#last, next: entry.zxid })
    }
    if (this.#count === this.#ring.length) this.#grow()
    this.#ring[this.#slot(this.#count)] = entry
    this.#count++
    this.#undelivered++
    this.#bytes += sizeOf(entry)
    this.#last = entry.zxid
  }

  /**
   * Marks the oldest undelivered entry and returns it. What stays here is its zxid and bytes alone:
   * a pipeline may have hung a whole request on the object.
   */
  deliverNext(): Entry {
    const entry = this.nextToDeliver
    if (entry === undefined) failInvariant('there is something to deliver')
    const at = this.#slot(this.#count - this.#undelivered)
    this.#ring[at] = { zxid: entry.zxid, bytes: entry.bytes }
    this.#undelivered--
    this.#delivered = entry.zxid
    this.#trim()
    return entry
  }

  /** Marks and returns everything up to `upTo`. */
  deliverTo(upTo: Zxid): Entry[] {
    const entries: Entry[] = []
    for (let next = this.nextToDeliver; next !== undefined && next.zxid <= upTo; ) {
      entries.push(this.deliverNext())
      next = this.nextToDeliver
    }
    return entries
  }

  /** Index of the first entry above `zxid`; `count` when there is none. */
  indexAfter(zxid: Zxid): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.at(middle).zxid > zxid) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Whether a history that ends with `zxid` is a prefix of this one, as far as is remembered. */
  has(zxid: Zxid): boolean {
    if (zxid === this.#base) return true
    const index = this.indexAfter(zxid)
    return index > 0 && this.at(index - 1).zxid === zxid
  }

  /** Forgets everything above `log`; what was delivered above `tree` counts as undelivered. */
  truncate(log: Zxid, tree: Zxid): void {
    invariant(tree <= log, 'the tree is not ahead of the log')
    if (!this.has(log) || !this.has(tree)) {
      this.#restart(log)
      return
    }
    const kept = this.indexAfter(log)
    for (let i = kept; i < this.#count; i++) {
      this.#bytes -= sizeOf(this.at(i))
      this.#ring[this.#slot(i)] = undefined
    }
    this.#count = kept
    this.#last = log
    if (tree < this.#delivered) this.#delivered = tree
    this.#undelivered = kept - this.indexAfter(this.#delivered)
  }

  /** Everything is forgotten; the history ends at `zxid`, and the tree stands there too. */
  reset(zxid: Zxid): void {
    this.#restart(zxid)
  }

  /** The log turned out to end at `last` and the tree to stand at `delivered`. */
  settle(last: Zxid, delivered: Zxid): void {
    invariant(delivered <= last, 'the tree is not ahead of the log')
    if (!this.has(last) || !this.has(delivered)) {
      invariant(delivered === last, 'what is not delivered must be remembered', () => ({
        last: hex(last),
        delivered: hex(delivered),
        base: hex(this.#base),
      }))
      this.#restart(last)
      return
    }
    this.truncate(last, last)
    this.#delivered = delivered
    this.#undelivered = this.#count - this.indexAfter(delivered)
  }

  /** Takes over what recovery has read. */
  load(base: Zxid, entries: readonly Entry[], delivered: Zxid): void {
    this.#restart(base)
    for (const entry of entries) {
      // An older member may have left a hole: what lies before it is not offered to anybody.
      if (!isSuccessor(this.#last, entry.zxid)) this.#restart((entry.zxid - 1n) as Zxid)
      this.append(entry)
    }
    this.settle(this.#last, delivered)
    this.#trim()
  }

  #restart(zxid: Zxid): void {
    this.#ring.fill(undefined)
    this.#start = 0
    this.#count = 0
    this.#undelivered = 0
    this.#bytes = 0
    this.#base = zxid
    this.#last = zxid
    this.#delivered = zxid
  }

  #trim(): void {
    const { count, maxBytes } = this.#limits
    while (this.#count - this.#undelivered > count && this.#bytes > maxBytes) {
      const oldest = this.at(0)
      this.#base = oldest.zxid
      this.#bytes -= sizeOf(oldest)
      this.#ring[this.#start] = undefined
      this.#start = (this.#start + 1) & (this.#ring.length - 1)
      this.#count--
    }
  }

  #slot(index: number): number {
    return (this.#start + index) & (this.#ring.length - 1)
  }

  #grow(): void {
    const grown = Array.from<Entry | undefined>({ length: this.#ring.length * 2 })
    for (let i = 0; i < this.#count; i++) grown[i] = this.at(i)
    this.#ring = grown
    this.#start = 0
  }
}

function sizeOf(entry: Entry): number {
  return entry.bytes.length + ENTRY_OVERHEAD_BYTES
}
