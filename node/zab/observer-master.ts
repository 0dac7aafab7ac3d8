/**
 * A follower that serves observers in the leader's place (quorum-protocol.md 6.6): it makes them
 * level from its own history, informs them of what it delivers, and passes their requests on. It
 * feeds them from `History`, so proposals that were open when it began are not forgotten
 * (ZOOKEEPER-5088).
 */
import { epochOf, NO_ZXID, type PeerId } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { JuteError } from '../../wire/reader.ts'
import {
  encodeDesignatedLeader,
  encodeLeaderInfo,
  PacketType,
  packetName,
  type QuorumPacket,
  readLearnerInfo,
} from '../../wire/records/quorum.ts'
import { type Core, epochZxid, packet } from './core.ts'
import type { Entry, LinkId } from './inputs.ts'
import { beginHistory, continueHistory } from './leader-sync.ts'
import { LearnerHandle } from './learner-handle.ts'

/** Where `opcode` stands in the data of a REQUEST: behind session and cxid. */
const OPCODE_OFFSET = 12

/** Whether a REQUEST is a sync, which the leader answers with SYNC. */
function isSync(request: QuorumPacket): boolean {
  const { data } = request
  if (data === null || data.length < OPCODE_OFFSET + 4) return false
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return view.getInt32(OPCODE_OFFSET) === OpCode.sync
}

/** What an observer of Apache's gets later, while syncs of it are open. */
interface Held {
  syncs: number
  informs: QuorumPacket[]
}

export class ObserverMaster {
  readonly #core: Core
  readonly #epoch: number
  readonly #leaderLink: LinkId
  readonly #handles: Map<LinkId, LearnerHandle>
  /** Who asked, oldest first; undefined is this member itself. */
  readonly #syncs: (LinkId | undefined)[]
  readonly #revalidations: (LinkId | undefined)[]
  /**
   * Apache's members take answers to syncs at their place among the commits only (SyncRequests),
   * and our leader confirms syncs later than that: so what it commits meanwhile waits.
   */
  readonly #held: Map<LinkId, Held>

  constructor(core: Core, epoch: number, leaderLink: LinkId) {
    this.#core = core
    this.#epoch = epoch
    this.#leaderLink = leaderLink
    this.#handles = new Map()
    this.#syncs = []
    this.#revalidations = []
    this.#held = new Map()
  }

  /** The observers that hang on this member. */
  get learners(): Iterable<LearnerHandle> {
    return this.#handles.values()
  }

  stop(): void {
    for (const link of this.#handles.keys()) {
      this.#core.emit({ do: 'close', link, why: 'the role ended' })
    }
    this.#handles.clear()
    this.#held.clear()
  }

  onAccepted(link: LinkId): void {
    this.#handles.set(link, new LearnerHandle(link, this.#core.options.initLimitTicks))
  }

  onLinkDown(link: LinkId): void {
    this.#forget(link)
  }

  onProgress(link: LinkId): void {
    this.#handles.get(link)?.silence.reset()
  }

  onPacket(link: LinkId, received: QuorumPacket): void {
    const handle = this.#handles.get(link)
    if (handle === undefined) return
    handle.silence.reset()
    try {
      this.#dispatch(handle, received)
    } catch (error) {
      if (!(error instanceof JuteError)) throw error
      this.#close(handle, `${packetName(received.type)} cannot be read: ${error.message}`)
    }
  }

  /** What the leader answered: for the observer that asked, or for this member. */
  onAnswer(received: QuorumPacket): void {
    const waiting = received.type === PacketType.sync ? this.#syncs : this.#revalidations
    const origin = waiting.shift()
    if (origin === undefined) this.#core.emit({ do: 'answered', packet: received })
    else if (this.#handles.has(origin)) {
      if (received.type === PacketType.sync) this.#answerSync(origin, received)
      else this.#core.send([origin], received)
    }
  }

  #answerSync(origin: LinkId, received: QuorumPacket): void {
    const held = this.#held.get(origin)
    if (held === undefined) {
      this.#core.send([origin], received)
      return
    }
    // Ours names the transaction behind which the answer belongs; Apache's leader sends it there.
    const isBefore = ({ zxid }: QuorumPacket): boolean =>
      received.zxid === NO_ZXID || zxid <= received.zxid
    for (const inform of held.informs.filter(isBefore)) this.#core.send([origin], inform)
    held.informs = held.informs.filter(inform => !isBefore(inform))
    this.#core.send([origin], { ...received, zxid: NO_ZXID })
    held.syncs--
    if (held.syncs > 0) return
    for (const inform of held.informs) this.#core.send([origin], inform)
    this.#held.delete(origin)
  }

  /** A request of this member or of an observer, on its way to the leader. */
  forward(request: QuorumPacket, origin: LinkId | undefined): void {
    if (request.type === PacketType.revalidate) this.#revalidations.push(origin)
    else if (isSync(request)) {
      this.#syncs.push(origin)
      if (origin !== undefined) this.#hold(origin)
    }
    this.#core.send([this.#leaderLink], request)
  }

  #hold(origin: LinkId): void {
    if (this.#handles.get(origin)?.features !== 0) return
    const held = this.#held.get(origin)
    if (held === undefined) this.#held.set(origin, { syncs: 1, informs: [] })
    else held.syncs++
  }

  /** This member has delivered; `designated` names the leader when the entry is a reconfig. */
  inform(entry: Entry, designated: PeerId | undefined): void {
    const { zxid, bytes } = entry
    const inform =
      designated === undefined
        ? packet(PacketType.inform, zxid, bytes)
        : packet(PacketType.informAndActivate, zxid, encodeDesignatedLeader(designated, bytes))
    const to: LinkId[] = []
    for (const handle of this.#handles.values()) {
      if (!handle.isAtLeast('syncing')) continue
      const held = this.#held.get(handle.link)
      if (held === undefined) to.push(handle.link)
      else held.informs.push(inform)
    }
    this.#core.send(to, inform)
  }

  /** Half a tick went by. */
  onTick(): void {
    const to: LinkId[] = []
    for (const handle of this.#handles.values()) {
      if (handle.silence.tick()) this.#close(handle, `silent too long (${handle.phase})`)
      else if (handle.isAtLeast('syncing')) to.push(handle.link)
    }
    this.#core.send(to, packet(PacketType.ping, this.#core.history.last))
  }

  /** The next slices of what is sent to observers that were away. */
  onCatchUp(): void {
    for (const handle of this.#handles.values()) {
      if (handle.phase === 'catchingUp') this.#catchUp(handle)
    }
  }

  #catchUp(handle: LearnerHandle): void {
    const { delivered } = this.#core.history
    if (!continueHistory(this.#core, handle, delivered, this.#epoch)) {
      this.#close(handle, 'is slower than history is forgotten')
    }
  }

  #dispatch(handle: LearnerHandle, received: QuorumPacket): void {
    const { history, options } = this.#core
    switch (received.type) {
      case PacketType.observerInfo:
        this.#onInfo(handle, received)
        return
      case PacketType.ackEpoch:
        if (handle.phase !== 'offered') break
        // It followed a faster master in this epoch: what it has is committed, and must not be cut.
        if (epochOf(received.zxid) === this.#epoch && received.zxid > history.delivered) {
          this.#close(handle, 'is ahead of this member')
          return
        }
        handle.lastLogged = received.zxid
        beginHistory(this.#core, handle, history.delivered)
        this.#catchUp(handle)
        return
      case PacketType.ack:
        if (handle.phase !== 'syncing' || received.zxid !== epochZxid(this.#epoch)) return
        handle.phase = 'upToDate'
        handle.silence.setLimit(options.syncLimitTicks)
        this.#core.send([handle.link], packet(PacketType.upToDate))
        return
      case PacketType.ping:
        if (received.data !== null && received.data.length > 0) {
          this.#core.emit({ do: 'touch', from: handle.id, touches: received.data })
        }
        return
      case PacketType.request:
      case PacketType.revalidate:
        if (handle.phase === 'upToDate') this.forward(received, handle.link)
        return
      default:
    }
    this.#close(handle, `unexpected ${packetName(received.type)}`)
  }

  #onInfo(handle: LearnerHandle, received: QuorumPacket): void {
    const info = received.data === null ? undefined : readLearnerInfo(received.data)
    const { members } = this.#core
    if (handle.phase !== 'connected') {
      this.#close(handle, 'introduced itself twice')
    } else if (
      members.isReconfigEnabled &&
      (info?.configVersion ?? 0n) > members.committed.version
    ) {
      this.#close(handle, 'knows a newer configuration')
    } else {
      const id = Number(info?.serverId ?? -1n)
      handle.id = id < 0 || id > 0x7fff_ffff ? -1 - handle.link : id
      handle.isObserver = true
      handle.features = info?.features ?? 0
      handle.phase = 'offered'
      const leaderInfo = packet(PacketType.leaderInfo, epochZxid(this.#epoch), encodeLeaderInfo(0))
      this.#core.send([handle.link], leaderInfo)
    }
  }

  #close(handle: LearnerHandle, why: string): void {
    this.#core.emit({ do: 'close', link: handle.link, why })
    this.#forget(handle.link)
  }

  #forget(link: LinkId): void {
    this.#handles.delete(link)
    this.#held.delete(link)
  }
}
