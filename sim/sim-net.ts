/**
 * Connections between members: each direction of a link keeps its order, takes time, and can be cut
 * alone. What was sent into a cut waits, as TCP retransmits, until the cut heals or an end gives
 * the
 * link up. Election messages keep only the newest unsent one per pair and send the last one again
 * when a pair can talk again, as Apache does. What it gets wrong: bandwidth is not limited.
 */

import type { LinkId } from '../node/zab/inputs.ts'
import type { PeerId } from '../wire/ids.ts'
import type { World } from './world.ts'

export interface NetTimes {
  readonly delayMs: { readonly low: number; readonly high: number }
}

/** How long an attempt to reach somebody behind a cut takes to fail. */
const CONNECT_TIMEOUT_MS = 1000

export type Port = 'quorum' | 'observerMaster'

/** One end of the network: a running member. */
export interface Endpoint {
  readonly id: PeerId
  /** Whether the port is open. */
  isListening(port: Port): boolean
  onVote(from: PeerId, message: unknown): void
  /** The election connection to a member stands, or was reset. */
  onPeer(peer: PeerId, isUp: boolean): void
  onAccepted(link: LinkId): void
  onLinkDown(link: LinkId): void
  onMessage(link: LinkId, message: unknown): void
}

interface End {
  readonly endpoint: Endpoint
  isOpen: boolean
  /** Messages on their way to this end, in order; the flag says that the sender is gone. */
  readonly incoming: { readonly message: unknown; readonly atMs: number; readonly isEnd: boolean }[]
  isDelivering: boolean
}

interface Link {
  readonly id: LinkId
  readonly ends: readonly [End, End]
}

export class SimNet {
  readonly #world: World
  #times: NetTimes
  readonly #endpoints: Map<PeerId, Endpoint>
  readonly #links: Map<LinkId, Link>
  /** `from>to` of every direction that is cut. */
  readonly #cuts: Set<string>
  readonly #lastVote: Map<string, unknown>
  readonly #voteAtMs: Map<string, number>
  #counter: number

  constructor(world: World, times: NetTimes) {
    this.#world = world
    this.#times = times
    this.#endpoints = new Map()
    this.#links = new Map()
    this.#cuts = new Set()
    this.#lastVote = new Map()
    this.#voteAtMs = new Map()
    this.#counter = 0
  }

  setTimes(times: NetTimes): void {
    this.#times = times
  }

  get openLinks(): number {
    return this.#links.size
  }

  attach(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.id, endpoint)
    this.#announce(endpoint.id, true)
  }

  /** The process is gone: its sockets close, unless a cut keeps the news from the other end. */
  detach(endpoint: Endpoint): void {
    if (this.#endpoints.get(endpoint.id) === endpoint) this.#endpoints.delete(endpoint.id)
    this.#announce(endpoint.id, false)
    for (const link of this.#links.values()) {
      for (const end of link.ends) if (end.endpoint === endpoint) this.#shut(link, end)
    }
    for (const key of this.#lastVote.keys()) {
      if (key.startsWith(`${endpoint.id}>`)) this.#lastVote.delete(key)
    }
  }

  cut(from: PeerId, to: PeerId): void {
    this.#cuts.add(`${from}>${to}`)
  }

  /** Removes every cut; what waited goes on, and last votes are sent again. */
  heal(): void {
    const healed = [...this.#cuts]
    this.#cuts.clear()
    for (const link of this.#links.values()) for (const end of link.ends) this.#deliver(link, end)
    for (const key of healed) {
      const message = this.#lastVote.get(key)
      const [from, to] = key.split('>').map(Number)
      if (message !== undefined) this.#carryVote(from!, to!, message)
    }
  }

  isCut(from: PeerId, to: PeerId): boolean {
    return this.#cuts.has(`${from}>${to}`)
  }

  /** Every link between the two resets: both ends hear of it at once. */
  breakLinks(a: PeerId, b: PeerId): void {
    for (const link of this.#links.values()) {
      const ids = link.ends.map(end => end.endpoint.id)
      if (!ids.includes(a) || !ids.includes(b)) continue
      this.#links.delete(link.id)
      for (const end of link.ends) {
        if (!end.isOpen) continue
        end.isOpen = false
        end.incoming.length = 0
        end.endpoint.onLinkDown(link.id)
      }
    }
  }

  vote(from: PeerId, to: PeerId, message: unknown): void {
    this.#lastVote.set(`${from}>${to}`, message)
    this.#carryVote(from, to, message)
  }

  /** The last vote of this pair arrives once more, minutes late perhaps (faults.md 34). */
  repeatVote(from: PeerId, to: PeerId): void {
    const message = this.#lastVote.get(`${from}>${to}`)
    if (message !== undefined) this.#carryVote(from, to, message)
  }

  connect(from: Endpoint, to: PeerId, port: Port, done: (link: LinkId | undefined) => void): void {
    const isCut = this.isCut(from.id, to) || this.isCut(to, from.id)
    this.#world.after(isCut ? CONNECT_TIMEOUT_MS : this.#delay(), () => {
      const target = this.#endpoints.get(to)
      const isReachable = !this.isCut(from.id, to) && !this.isCut(to, from.id)
      if (this.#endpoints.get(from.id) !== from) return
      if (target === undefined || !isReachable || !target.isListening(port)) {
        done(undefined)
        return
      }
      const link: Link = { id: ++this.#counter, ends: [newEnd(from), newEnd(target)] }
      this.#links.set(link.id, link)
      target.onAccepted(link.id)
      done(link.id)
    })
  }

  send(from: Endpoint, id: LinkId, message: unknown): void {
    this.#queue(from, id, message, false)
  }

  /** Gives the link up after what was sent; nothing more arrives at this end. */
  close(from: Endpoint, id: LinkId): void {
    const link = this.#links.get(id)
    const end = link?.ends.find(end => end.endpoint === from)
    if (link !== undefined && end !== undefined) this.#shut(link, end)
  }

  /** Others learn from their election connections who comes and goes, unless a cut hides it. */
  #announce(id: PeerId, isUp: boolean): void {
    for (const other of this.#endpoints.values()) {
      if (other.id === id || this.isCut(id, other.id)) continue
      this.#world.after(this.#delay(), () => {
        if (this.#endpoints.get(other.id) === other) other.onPeer(id, isUp)
      })
    }
  }

  #shut(link: Link, end: End): void {
    if (!end.isOpen) return
    this.#queue(end.endpoint, link.id, undefined, true)
    end.isOpen = false
    end.incoming.length = 0
    if (link.ends.every(each => !each.isOpen)) this.#links.delete(link.id)
  }

  #queue(from: Endpoint, id: LinkId, message: unknown, isEnd: boolean): void {
    const link = this.#links.get(id)
    if (link === undefined) return
    const [a, b] = link.ends
    const own = a.endpoint === from ? a : b
    const other = own === a ? b : a
    if (!own.isOpen || !other.isOpen) return
    const earliest = other.incoming.at(-1)?.atMs ?? 0
    const atMs = Math.max(earliest, this.#world.nowMs + this.#delay())
    other.incoming.push({ message, atMs, isEnd })
    this.#deliver(link, other)
  }

  #deliver(link: Link, end: End): void {
    const first = end.incoming[0]
    if (first === undefined || end.isDelivering || !end.isOpen) return
    end.isDelivering = true
    this.#world.after(first.atMs - this.#world.nowMs, () => {
      end.isDelivering = false
      const other = link.ends[0] === end ? link.ends[1] : link.ends[0]
      if (!end.isOpen || this.isCut(other.endpoint.id, end.endpoint.id)) return
      const next = end.incoming.shift()
      if (next === undefined) return
      if (next.isEnd) {
        end.isOpen = false
        end.incoming.length = 0
        if (!other.isOpen) this.#links.delete(link.id)
        end.endpoint.onLinkDown(link.id)
        return
      }
      end.endpoint.onMessage(link.id, next.message)
      this.#deliver(link, end)
    })
  }

  #carryVote(from: PeerId, to: PeerId, message: unknown): void {
    if (this.isCut(from, to)) return
    const key = `${from}>${to}`
    const atMs = Math.max(this.#voteAtMs.get(key) ?? 0, this.#world.nowMs + this.#delay())
    this.#voteAtMs.set(key, atMs)
    this.#world.after(atMs - this.#world.nowMs, () => {
      if (!this.isCut(from, to)) this.#endpoints.get(to)?.onVote(from, message)
    })
  }

  #delay(): number {
    const { low, high } = this.#times.delayMs
    return low + (this.#world.random.int(1000) / 1000) * (high - low)
  }
}

function newEnd(endpoint: Endpoint): End {
  return { endpoint, isOpen: true, incoming: [], isDelivering: false }
}
