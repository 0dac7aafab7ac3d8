/**
 * The leader: discovery, synchronisation, broadcast (quorum-protocol.md 6, 7). Its own order on
 * disk is acceptedEpoch, then with a quorum of promises currentEpoch, then service.
 */
import { unreachable } from '../../base/invariant.ts'
import { epochOf, type PeerId, type Zxid } from '../../wire/ids.ts'
import { JuteError } from '../../wire/reader.ts'
import {
  encodeLeaderInfo,
  PacketType,
  packetName,
  type QuorumPacket,
  readAckEpoch,
  readLearnerInfo,
} from '../../wire/records/quorum.ts'
import { Broadcast } from './broadcast.ts'
import { type Core, epochZxid, packet } from './core.ts'
import { EPOCH_MAX, EpochProposal, isAhead, type Summary } from './epochs.ts'
import { handOver } from './hand-over.ts'
import { AlarmName, type Input, type LinkId } from './inputs.ts'
import { beginHistory, continueHistory } from './leader-sync.ts'
import { LearnerHandle } from './learner-handle.ts'
import { isQuorumOfAll } from './quorum.ts'
import { SyncRequests } from './sync-requests.ts'

export type LeaderPhase =
  /** Collecting accepted epochs. */
  | 'discovery'
  /** acceptedEpoch is being made durable. */
  | 'accepting'
  /** Collecting promises (ACKEPOCH). */
  | 'promises'
  /** currentEpoch is being made durable. */
  | 'entering'
  /** Sending history, collecting acks of NEWLEADER. */
  | 'synchronisation'
  | 'established'
  /** No new proposals; passes the lead on when somebody is level. */
  | 'handingOver'

export class Leader {
  readonly #core: Core
  /** Every open link; and of each member the link that counts. */
  readonly #links: Map<LinkId, LearnerHandle>
  readonly #handles: Map<PeerId, LearnerHandle>
  readonly #proposal: EpochProposal
  readonly #summary: Summary
  readonly #promises: Set<PeerId>
  readonly #syncs: SyncRequests
  #broadcast: Broadcast
  #phase: LeaderPhase
  #epoch: number
  #token: number
  #phaseHalfTicks: number
  #halfTicks: number
  #handOverTo: PeerId | undefined

  constructor(core: Core) {
    this.#core = core
    this.#links = new Map()
    this.#handles = new Map()
    this.#proposal = new EpochProposal(core.me, core.acceptedEpoch)
    this.#summary = { currentEpoch: core.currentEpoch, lastZxid: core.history.last }
    this.#promises = new Set([core.me])
    this.#syncs = new SyncRequests(core, this.#handles)
    this.#broadcast = new Broadcast(core, this.#handles, this.#syncs, core.acceptedEpoch)
    this.#phase = 'discovery'
    this.#epoch = -1
    this.#token = -1
    this.#phaseHalfTicks = 0
    this.#halfTicks = 0
    this.#handOverTo = undefined
  }

  get phase(): LeaderPhase {
    return this.#phase
  }

  get epoch(): number {
    return this.#epoch
  }

  get isEstablished(): boolean {
    return this.#phase === 'established' || this.#phase === 'handingOver'
  }

  get lastProposed(): Zxid {
    return this.#broadcast.lastProposed
  }

  get learners(): Iterable<LearnerHandle> {
    return this.#links.values()
  }

  start(): void {
    const afterMs = this.#core.options.tickTimeMs / 2
    this.#core.emit({ do: 'setAlarm', name: AlarmName.tick, afterMs })
    if (this.#proposal.decide(this.#core.members.rules)) this.#accept()
  }

  stop(): void {
    this.#core.emit({ do: 'clearAlarm', name: AlarmName.tick })
    this.#core.emit({ do: 'clearAlarm', name: AlarmName.catchUp })
    for (const link of this.#links.keys()) {
      this.#core.emit({ do: 'close', link, why: 'the role ended' })
    }
    this.#links.clear()
    this.#handles.clear()
  }

  on(input: Input): void {
    switch (input.on) {
      case 'accepted':
        this.#links.set(
          input.link,
          new LearnerHandle(input.link, this.#core.options.initLimitTicks),
        )
        return
      case 'linkDown':
        this.#drop(input.link)
        return
      case 'progress':
        this.#links.get(input.link)?.silence.reset()
        return
      case 'packet': {
        const handle = this.#links.get(input.link)
        if (handle !== undefined) this.#onPacket(handle, input.packet)
        return
      }
      case 'persisted':
        if (input.token === this.#token) this.#onPersisted()
        return
      case 'durable':
        if (!this.isEstablished) return
        this.#broadcast.onDurable(input.upTo)
        this.#afterCommits()
        return
      case 'alarm':
        if (input.name === AlarmName.tick) this.#onTick()
        if (input.name === AlarmName.catchUp) this.#onCatchUp()
        return
      case 'propose':
        if (this.#phase === 'established') this.#broadcast.propose(input.entry, input.config)
        return
      case 'answer':
        if (this.#links.has(input.link)) this.#core.send([input.link], input.packet)
        return
      case 'sync':
        if (this.isEstablished) this.#syncs.add(input.token, input.link, this.lastProposed)
        return
      case 'handOver':
        this.#onHandOver(input.to)
        return
      case 'connected':
        this.#core.emit({ do: 'close', link: input.link, why: 'this member leads' })
        return
      case 'start':
      case 'vote':
      case 'peerDown':
      case 'peerUp':
      case 'connectFailed':
      case 'snapshot':
      case 'notTruncated':
      case 'diskFailed':
      case 'settled':
      case 'forward':
        return
      default:
        unreachable(input)
    }
  }

  #onPacket(handle: LearnerHandle, received: QuorumPacket): void {
    handle.silence.reset()
    try {
      this.#dispatch(handle, received)
    } catch (error) {
      if (!(error instanceof JuteError)) throw error
      this.#close(handle, `${packetName(received.type)} cannot be read: ${error.message}`)
    }
  }

  #dispatch(handle: LearnerHandle, received: QuorumPacket): void {
    switch (received.type) {
      case PacketType.followerInfo:
      case PacketType.observerInfo:
        this.#onInfo(handle, received)
        return
      case PacketType.ackEpoch:
        this.#onAckEpoch(handle, received)
        return
      case PacketType.ack:
        this.#onAck(handle, received.zxid)
        return
      case PacketType.ping:
        if (handle.phase !== 'upToDate') return
        handle.pingAnswered()
        if (received.data !== null && received.data.length > 0) {
          this.#core.emit({ do: 'touch', from: handle.id, touches: received.data })
        }
        this.#syncs.onPingAnswer(this.lastProposed)
        return
      case PacketType.request:
      case PacketType.revalidate:
        // Before UPTODATE nobody is served there, so there is nothing to ask.
        if (handle.phase !== 'upToDate' || !this.isEstablished) return
        this.#core.emit({ do: 'forwarded', link: handle.link, from: handle.id, packet: received })
        return
      default:
        this.#close(handle, `unexpected ${packetName(received.type)}`)
    }
  }

  #onInfo(handle: LearnerHandle, received: QuorumPacket): void {
    if (handle.phase !== 'connected') {
      this.#close(handle, 'introduced itself twice')
      return
    }
    const { members } = this.#core
    const info = received.data === null ? undefined : readLearnerInfo(received.data)
    const id = Number(info?.serverId ?? -1n)
    if (members.isReconfigEnabled && (info?.configVersion ?? 0n) > members.committed.version) {
      this.#close(handle, 'knows a newer configuration')
      return
    }
    if (id === this.#core.me) {
      this.#close(handle, 'has our own id')
      return
    }
    // Observers without an id are told apart by their link.
    handle.id = id < 0 || id > 0x7fff_ffff ? -1 - handle.link : id
    handle.isObserver = received.type === PacketType.observerInfo
    handle.features = info?.features ?? 0
    const former = this.#handles.get(handle.id)
    if (former !== undefined) this.#close(former, 'replaced by a newer link')
    this.#handles.set(handle.id, handle)
    handle.phase = 'registered'
    this.#onAcceptedEpoch(handle, epochOf(received.zxid))
  }

  #onAcceptedEpoch(handle: LearnerHandle, accepted: number): void {
    const { me, members } = this.#core
    if (accepted >= EPOCH_MAX) {
      this.#close(handle, `accepted epoch ${accepted}, the last there is`)
      return
    }
    if (this.#proposal.decided === undefined) {
      // Counted by id, whatever it came as: who votes in no configuration counts for the number
      // only (ZOOKEEPER-2959), who is an observer now may be a voter of the proposed one.
      if (this.#proposal.offer(handle.id, accepted, members.rules)) this.#accept()
      return
    }
    if (this.#phase !== 'accepting') this.#offer(handle)
    // A voter that promised a later epoch can never join this one, and one whose promise for this
    // epoch was lost with its link cannot give it again: a new epoch lets them in.
    const isLost = this.#phase === 'promises' && !this.#promises.has(handle.id)
    if (
      members.isVoter(handle.id) &&
      (accepted > this.#epoch || (isLost && accepted === this.#epoch))
    ) {
      this.#core.leave(`voter ${handle.id} has accepted epoch ${accepted} before`, me)
    }
  }

  /** An epoch is found: durable here before anybody hears of it. */
  #accept(): void {
    this.#epoch = this.#proposal.decided ?? -1
    this.#enterPhase('accepting')
    this.#token = this.#core.persist([{ step: 'acceptedEpoch', epoch: this.#epoch }], [])
  }

  #offer(handle: LearnerHandle): void {
    handle.phase = 'offered'
    const features = handle.features === 0 ? 0 : this.#core.options.features
    const info = encodeLeaderInfo(features)
    this.#core.send([handle.link], packet(PacketType.leaderInfo, epochZxid(this.#epoch), info))
  }

  #onAckEpoch(handle: LearnerHandle, received: QuorumPacket): void {
    if (handle.phase !== 'offered' || received.data === null) {
      this.#close(handle, 'ACKEPOCH out of turn')
      return
    }
    const currentEpoch = readAckEpoch(received.data)
    handle.lastLogged = received.zxid
    if (this.#phase === 'promises' && currentEpoch !== -1) {
      const peer: Summary = { currentEpoch, lastZxid: received.zxid }
      if (isAhead(peer, this.#summary)) {
        this.#close(handle, 'has history that this member lacks')
        // A voter that knows more should lead: looking again finds it.
        if (this.#core.members.isVoter(handle.id)) this.#core.leave(`${handle.id} is ahead`)
        return
      }
      if (received.zxid !== -1n) this.#promises.add(handle.id)
    }
    handle.phase = 'promised'
    if (this.#phase === 'promises') this.#countPromises()
    else this.#synchronise(handle)
  }

  #countPromises(): void {
    if (!isQuorumOfAll(this.#core.members.rules, id => this.#promises.has(id))) return
    this.#enterPhase('entering')
    this.#token = this.#core.persist([{ step: 'currentEpoch', epoch: this.#epoch }], [])
  }

  #onPersisted(): void {
    this.#token = -1
    if (this.#phase === 'accepting') {
      this.#core.acceptedEpoch = this.#epoch
      this.#enterPhase('promises')
      for (const handle of this.#links.values()) {
        if (handle.phase === 'registered') this.#offer(handle)
      }
      this.#countPromises()
    } else if (this.#phase === 'entering') {
      this.#core.currentEpoch = this.#epoch
      this.#enterPhase('synchronisation')
      this.#broadcast = new Broadcast(this.#core, this.#handles, this.#syncs, this.#epoch)
      this.#nameConfig()
      for (const handle of this.#links.values()) this.#synchronise(handle)
      this.#tryEstablish()
    }
  }

  /** The first configuration that an ensemble establishes gets the epoch as its version (6.2). */
  #nameConfig(): void {
    const { members } = this.#core
    if (members.committed.version !== 0n || members.lastSeen.version !== 0n) return
    members.see({ ...members.committed, version: epochZxid(this.#epoch) })
  }

  #synchronise(handle: LearnerHandle): void {
    if (handle.phase !== 'promised') return
    if (this.#phase !== 'synchronisation' && !this.isEstablished) return
    beginHistory(this.#core, handle, this.#committedTo)
    this.#catchUp(handle)
  }

  #catchUp(handle: LearnerHandle): void {
    if (!continueHistory(this.#core, handle, this.#committedTo, this.#epoch)) {
      this.#close(handle, 'is slower than history is forgotten')
    }
    if (handle.phase === 'syncing') this.#broadcast.refresh()
  }

  get #committedTo(): Zxid {
    const { history } = this.#core
    return this.isEstablished ? history.delivered : history.last
  }

  #onAck(handle: LearnerHandle, zxid: Zxid): void {
    if (zxid === epochZxid(this.#epoch)) {
      // The second one, after UPTODATE, says nothing new.
      if (handle.phase !== 'syncing') return
      handle.phase = 'synced'
      handle.silence.setLimit(this.#core.options.syncLimitTicks)
      if (this.isEstablished) {
        this.#upToDate(handle)
        this.#broadcast.reconsider()
        this.#afterCommits()
      } else {
        this.#tryEstablish()
      }
      return
    }
    if (!handle.isAtLeast('syncing')) return
    this.#broadcast.onAck(handle, zxid)
    this.#afterCommits()
  }

  #isSynced(id: PeerId): boolean {
    if (id === this.#core.me) return true
    return this.#handles.get(id)?.isAtLeast('synced') ?? false
  }

  #tryEstablish(): void {
    if (this.#phase !== 'synchronisation') return
    const { history, members } = this.#core
    if (!isQuorumOfAll(members.rules, id => this.#isSynced(id))) return
    this.#enterPhase('established')
    this.#core.vote = { ...this.#core.vote, peerEpoch: BigInt(this.#epoch) }
    // A quorum has the whole history: it is committed.
    const entries = history.deliverTo(history.last)
    if (entries.length > 0) this.#core.emit({ do: 'deliver', entries })
    const next =
      members.lastSeen.version > members.committed.version
        ? this.#broadcast.designate(members.lastSeen, history.last)
        : this.#core.me
    this.#core.activate(members.lastSeen)
    for (const handle of this.#links.values()) {
      if (handle.phase === 'synced') this.#upToDate(handle)
    }
    if (next === this.#core.me) {
      this.#core.emit({ do: 'serve', role: 'leading', epoch: this.#epoch })
    } else {
      this.#core.leave(`the configuration is led by ${next}`, next)
    }
  }

  #upToDate(handle: LearnerHandle): void {
    handle.phase = 'upToDate'
    this.#core.send([handle.link], packet(PacketType.upToDate))
  }

  #afterCommits(): void {
    if (this.#core.departure !== undefined) return
    this.#syncs.answer()
    if (this.#phase === 'handingOver') this.#tryHandOver()
  }

  #onCatchUp(): void {
    for (const handle of this.#links.values()) {
      if (handle.phase === 'catchingUp') this.#catchUp(handle)
    }
  }

  #onTick(): void {
    const { options } = this.#core
    this.#core.emit({ do: 'setAlarm', name: AlarmName.tick, afterMs: options.tickTimeMs / 2 })
    this.#halfTicks++
    this.#phaseHalfTicks++
    for (const handle of this.#links.values()) {
      if (handle.silence.tick()) this.#close(handle, `silent too long (${handle.phase})`)
      else if (this.#isStalled(handle)) this.#close(handle, 'acknowledges nothing')
    }
    if (this.#halfTicks % 2 === 0) this.#checkQuorum()
    if (this.#core.departure === undefined) this.#syncs.ping(this.lastProposed)
  }

  /** A follower that answers pings but does not log (faults.md B3 37). */
  #isStalled(handle: LearnerHandle): boolean {
    const { history, options } = this.#core
    if (handle.isObserver || handle.phase !== 'upToDate') return false
    if (history.undelivered === 0 || handle.acked >= history.last) {
      handle.stalledHalfTicks = 0
      return false
    }
    handle.stalledHalfTicks++
    return handle.stalledHalfTicks > options.syncLimitTicks * 2
  }

  #checkQuorum(): void {
    const { members, options } = this.#core
    if (this.isEstablished) {
      if (!isQuorumOfAll(members.rules, id => this.#isSynced(id))) {
        this.#core.leave('fewer than a quorum follow')
      } else if (this.#phase === 'handingOver') {
        this.#tryHandOver()
        if (this.#phaseHalfTicks > options.syncLimitTicks * 2) {
          this.#core.leave('nobody became level in time to take over')
        }
      }
    } else if (this.#phaseHalfTicks > options.initLimitTicks * 2) {
      this.#core.leave(`no quorum came within initLimit (${this.#phase})`)
    }
  }

  #onHandOver(to: PeerId | undefined): void {
    if (this.#phase !== 'established') return
    this.#handOverTo = to
    this.#enterPhase('handingOver')
    this.#core.emit({ do: 'stopProposing' })
    this.#tryHandOver()
  }

  #tryHandOver(): void {
    if (this.#core.departure === undefined) handOver(this.#core, this.#handles, this.#handOverTo)
  }

  #close(handle: LearnerHandle, why: string): void {
    this.#core.emit({ do: 'close', link: handle.link, why })
    this.#drop(handle.link)
  }

  #drop(link: LinkId): void {
    const handle = this.#links.get(link)
    if (handle === undefined) return
    this.#links.delete(link)
    this.#syncs.forget(link)
    if (this.#handles.get(handle.id) === handle) this.#handles.delete(handle.id)
    this.#broadcast.refresh()
  }

  #enterPhase(phase: LeaderPhase): void {
    this.#phase = phase
    this.#phaseHalfTicks = 0
    this.#core.note('phase', { phase, epoch: this.#epoch })
  }
}
