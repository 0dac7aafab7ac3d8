/** Leader side of broadcast (quorum-protocol.md 7.1, 7.2): proposals, acks, commits, reconfigs. */
import { type Membership, memberOf, votersOf } from '../../wire/config-string.ts'
import { counterOf, hex, type PeerId, type Zxid } from '../../wire/ids.ts'
import { encodeDesignatedLeader, PacketType } from '../../wire/records/quorum.ts'
import { type Core, epochZxid, packet } from './core.ts'
import type { Entry, LinkId } from './inputs.ts'
import type { LearnerHandle } from './learner-handle.ts'
import { isQuorumOfAll } from './quorum.ts'
import type { SyncRequests } from './sync-requests.ts'

export class Broadcast {
  readonly #core: Core
  readonly #handles: ReadonlyMap<PeerId, LearnerHandle>
  readonly #syncs: SyncRequests
  readonly #configs: Map<Zxid, Membership>
  readonly #hasAcked: (id: PeerId) => boolean
  #lastProposed: Zxid
  #ownDurable: Zxid
  /** What the predicate above asks for: a field, so that no closure is made for each ack. */
  #asked: Zxid
  #followers: readonly LinkId[]
  #observers: readonly LinkId[]

  constructor(
    core: Core,
    handles: ReadonlyMap<PeerId, LearnerHandle>,
    syncs: SyncRequests,
    epoch: number,
  ) {
    this.#core = core
    this.#handles = handles
    this.#syncs = syncs
    this.#configs = new Map()
    this.#lastProposed = epochZxid(epoch)
    this.#ownDurable = core.history.last
    this.#asked = this.#lastProposed
    this.#followers = []
    this.#observers = []
    this.#hasAcked = id => {
      if (id === core.me) return this.#ownDurable >= this.#asked
      return handles.get(id)?.hasAcked(this.#asked) ?? false
    }
  }

  get lastProposed(): Zxid {
    return this.#lastProposed
  }

  /** Learners to whom NEWLEADER was sent: from then on they get everything. */
  refresh(): void {
    const followers: LinkId[] = []
    const observers: LinkId[] = []
    for (const handle of this.#handles.values()) {
      if (!handle.isAtLeast('syncing')) continue
      if (handle.isObserver) observers.push(handle.link)
      else followers.push(handle.link)
    }
    this.#followers = followers
    this.#observers = observers
  }

  propose(entry: Entry, config: Membership | undefined): void {
    const { zxid } = entry
    if (zxid !== this.#lastProposed + 1n) {
      // Whoever numbered it is wrong about this epoch: nothing may be built on that (R8).
      this.#core.leave(`proposal ${hex(zxid)} does not follow ${hex(this.#lastProposed)}`)
      return
    }
    if (counterOf(zxid) >= this.#core.options.lastCounter) {
      this.#core.leave('the counter of this epoch is used up')
      return
    }
    if (config !== undefined && this.#core.members.see(config)) {
      this.#configs.set(zxid, config)
      this.#core.persist([{ step: 'nextConfig', membership: config }], [])
    }
    this.#lastProposed = zxid
    this.#core.history.append(entry)
    this.#core.emit({ do: 'append', entries: [entry], ackTo: undefined })
    this.#core.send(this.#followers, packet(PacketType.proposal, zxid, entry.bytes))
  }

  onDurable(upTo: Zxid): void {
    if (upTo > this.#ownDurable) this.#ownDurable = upTo
    this.#commit()
  }

  onAck(handle: LearnerHandle, zxid: Zxid): void {
    if (zxid > this.#lastProposed || counterOf(zxid) === 0) return
    if (zxid > handle.acked) {
      handle.acked = zxid
      handle.stalledHalfTicks = 0
    }
    this.#commit()
  }

  /** A learner's earlier acks begin to count, or one fewer is needed. */
  reconsider(): void {
    this.#commit()
  }

  /** In zxid order; stops at the first without a quorum in every configuration that counts. */
  #commit(): void {
    const { history, members } = this.#core
    let entries: Entry[] | undefined
    for (let next = history.nextToDeliver; next !== undefined; next = history.nextToDeliver) {
      this.#asked = next.zxid
      if (!isQuorumOfAll(members.rules, this.#hasAcked)) break
      const config = this.#configs.size === 0 ? undefined : this.#configs.get(next.zxid)
      history.deliverNext()
      entries ??= []
      entries.push(next)
      if (config === undefined) {
        this.#core.send(this.#followers, packet(PacketType.commit, next.zxid))
        this.#core.send(this.#observers, packet(PacketType.inform, next.zxid, next.bytes))
        this.#syncs.committed(next.zxid)
        continue
      }
      this.#core.emit({ do: 'deliver', entries })
      entries = undefined
      this.#activate(next, config)
      if (this.#core.departure !== undefined) return
    }
    if (entries !== undefined) this.#core.emit({ do: 'deliver', entries })
  }

  #activate(entry: Entry, config: Membership): void {
    this.#configs.delete(entry.zxid)
    const leader = this.designate(config, entry.zxid)
    const { zxid, bytes } = entry
    const commit = packet(
      PacketType.commitAndActivate,
      zxid,
      encodeDesignatedLeader(leader, undefined),
    )
    const inform = packet(PacketType.informAndActivate, zxid, encodeDesignatedLeader(leader, bytes))
    this.#core.send(this.#followers, commit)
    this.#core.send(this.#observers, inform)
    this.#syncs.committed(zxid)
    this.#core.activate(config)
    if (leader !== this.#core.me) {
      this.#core.leave(`the new configuration is led by ${leader}`, leader)
    }
  }

  /** quorum-protocol.md 9.4: this member if it may stay, else whoever has the longest log. */
  designate(config: Membership, zxid: Zxid): PeerId {
    const { me, members } = this.#core
    const own = memberOf(config, me)
    const before = memberOf(members.committed, me)
    const port = (address: { host: string; quorumPort: number }): string =>
      `${address.host}:${address.quorumPort}`
    if (own?.role === 'participant') {
      const old = before?.addresses.map(port) ?? []
      if (before === undefined || own.addresses.some(address => old.includes(port(address))))
        return me
    }
    let best: LearnerHandle | undefined
    for (const { id } of votersOf(config)) {
      const handle = this.#handles.get(id)
      if (handle === undefined || !(handle.hasAcked(zxid) || handle.isLevel(zxid))) continue
      if (best === undefined || handle.acked > best.acked) best = handle
    }
    return best?.id ?? me
  }
}
