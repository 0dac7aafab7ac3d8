/**
 * What a leader sends between DIFF, TRUNC or SNAP and NEWLEADER. It is only collected: memory and
 * disk of the member stay as they are until all of it is there, so that an interrupted
 * synchronisation leaves nothing half-made behind (faults.md R4: ZOOKEEPER-3642, 5094).
 */
import { hex, type Zxid } from '../../wire/ids.ts'
import { PacketType, type QuorumPacket } from '../../wire/records/quorum.ts'
import type { Step } from './effects.ts'
import { type History, isSuccessor } from './history.ts'
import type { Entry } from './inputs.ts'

/** `reset`: an empty DIFF of an empty leader, for a member that discards what it had. */
export type SyncKind = 'diff' | 'trunc' | 'snap' | 'reset'

export class SyncBuffer {
  readonly kind: SyncKind
  /** Where the history that follows begins. */
  readonly start: Zxid
  readonly #entries: Entry[]
  #last: Zxid
  #committed: Zxid

  constructor(kind: SyncKind, start: Zxid) {
    this.kind = kind
    this.start = start
    this.#entries = []
    this.#last = start
    this.#committed = start
  }

  /** Everything up to here is committed once the leader is established. */
  get committed(): Zxid {
    return this.#committed
  }

  /** Proposals whose commit has not come yet. */
  get uncommitted(): Zxid[] {
    return this.#entries.map(entry => entry.zxid).filter(zxid => zxid > this.#committed)
  }

  /** Returns what is wrong with the packet, if anything. */
  take(packet: QuorumPacket): string | undefined {
    switch (packet.type) {
      case PacketType.proposal:
        return this.#propose(packet.zxid, packet.data)
      case PacketType.commit:
      case PacketType.commitAndActivate:
        if (this.commit(packet.zxid, this.#last)) return undefined
        return `commit of ${hex(packet.zxid)}, which was never proposed`
      case PacketType.inform:
        return this.#inform(packet.zxid, packet.data)
      case PacketType.informAndActivate:
        return this.#inform(packet.zxid, packet.data?.subarray(8) ?? null)
      default:
        return undefined
    }
  }

  /** Returns false when `zxid` lies beyond `last`. */
  commit(zxid: Zxid, last: Zxid): boolean {
    if (zxid > last) return false
    if (zxid > this.#committed) this.#committed = zxid
    return true
  }

  /**
   * Makes `history` what it will be and returns the steps that make disk and memory the same.
   * What TRUNC would cut only to have it sent again stays in the log: it may have been
   * acknowledged, and an Apache leader still counts that.
   */
  steps(history: History): Step[] {
    const steps: Step[] = []
    let entries = this.#entries
    switch (this.kind) {
      case 'diff':
        break
      case 'reset':
        steps.push({ step: 'reset' })
        history.reset(this.start)
        break
      case 'snap':
        steps.push({ step: 'install', zxid: this.start })
        history.reset(this.start)
        break
      case 'trunc': {
        const kept = this.#commonWith(history)
        entries = entries.slice(kept)
        const log = kept === 0 ? this.start : this.#entries[kept - 1]!.zxid
        steps.push({ step: 'truncate', log, tree: this.start })
        history.truncate(log, this.start)
      }
    }
    for (const entry of entries) history.append(entry)
    if (entries.length > 0) steps.push({ step: 'append', entries })
    return steps
  }

  /** How many of the first entries stand in `history` right behind `start`, byte for byte. */
  #commonWith(history: History): number {
    if (!history.has(this.start)) return 0
    const from = history.indexAfter(this.start)
    let kept = 0
    for (const entry of this.#entries) {
      const own = from + kept < history.count ? history.at(from + kept) : undefined
      if (own === undefined || own.zxid !== entry.zxid || !isSameBytes(own, entry)) break
      kept++
    }
    return kept
  }

  #propose(zxid: Zxid, data: Uint8Array | null): string | undefined {
    // The same proposal may stand in the history and come live as well (faults.md A10).
    if (zxid <= this.#last) return undefined
    if (data === null) return `proposal ${hex(zxid)} without a transaction`
    if (!isSuccessor(this.#last, zxid)) {
      return `proposal ${hex(zxid)} after ${hex(this.#last)}: something is missing`
    }
    this.#entries.push({ zxid, bytes: data })
    this.#last = zxid
    return undefined
  }

  #inform(zxid: Zxid, data: Uint8Array | null): string | undefined {
    const trouble = this.#propose(zxid, data)
    if (trouble === undefined) this.commit(zxid, this.#last)
    return trouble
  }
}

function isSameBytes(a: Entry, b: Entry): boolean {
  if (a.bytes.length !== b.bytes.length) return false
  for (let i = 0; i < a.bytes.length; i++) if (a.bytes[i] !== b.bytes[i]) return false
  return true
}
