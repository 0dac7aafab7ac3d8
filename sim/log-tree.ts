/**
 * The state machine of the consensus simulation: the list of everything applied, and a digest of
 * it. What it gets wrong: it has no fuzzy snapshots (a copy is exact) and no sessions; the tree of
 * node/tree takes its place where those are to be tested.
 */
import { failInvariant, invariant } from '../base/invariant.ts'
import { isSuccessor } from '../node/zab/history.ts'
import type { Entry } from '../node/zab/inputs.ts'
import { NO_ZXID, type Zxid } from '../wire/ids.ts'

export class LogTree {
  readonly #applied: Entry[]
  readonly #base: Zxid

  /** `base` stands for a history that nobody remembers; -1 for one that was lost. */
  constructor(applied: readonly Entry[] = [], base: Zxid = NO_ZXID) {
    this.#applied = [...applied]
    this.#base = base
  }

  get zxid(): Zxid {
    return this.#applied.at(-1)?.zxid ?? this.#base
  }

  get length(): number {
    return this.#applied.length
  }

  at(index: number): Entry {
    const entry = this.#applied[index]
    invariant(entry !== undefined, 'nothing was applied there')
    return entry
  }

  apply(entry: Entry): void {
    if (!isSuccessor(this.zxid, entry.zxid)) {
      failInvariant('transactions are applied in order', { last: this.zxid, next: entry.zxid })
    }
    this.#applied.push(entry)
  }

  has(zxid: Zxid): boolean {
    // Newest first: that is where questions are asked.
    for (let i = this.#applied.length - 1; i >= 0; i--) {
      const applied = this.#applied[i]!.zxid
      if (applied <= zxid) return applied === zxid
    }
    return false
  }

  copy(): LogTree {
    return new LogTree(this.#applied, this.#base)
  }
}

export function isSameEntry(a: Entry, b: Entry): boolean {
  if (a.zxid !== b.zxid || a.bytes.length !== b.bytes.length) return false
  for (let i = 0; i < a.bytes.length; i++) if (a.bytes[i] !== b.bytes[i]) return false
  return true
}
