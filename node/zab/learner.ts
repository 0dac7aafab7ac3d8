/**
 * What follower and observer share: finding the leader, promising the epoch, becoming level
 * (quorum-protocol.md 6.1, 6.2, 6.4). After NEWLEADER the stream is followed by `Follower` or
 * `Observer`; nothing is delivered and nobody served before UPTODATE.
 */
import { unreachable } from '../../base/invariant.ts'
import type { Membership } from '../../wire/config-string.ts'
import { epochOf, hex, NO_ZXID, type PeerId, type Zxid } from '../../wire/ids.ts'
import { JuteError } from '../../wire/reader.ts'
import {
  encodeAckEpoch,
  encodeLearnerInfo,
  Feature,
  LEARNER_PROTOCOL_VERSION,
  PacketType,
  packetName,
  type QuorumPacket,
  readDesignatedLeader,
} from '../../wire/records/quorum.ts'
import { decodeUtf8 } from '../../wire/utf8.ts'
import { ackPacket, type Core, epochZxid, packet } from './core.ts'
import type { Step } from './effects.ts'
import { answerEpoch } from './epochs.ts'
import { Follower } from './follower.ts'
import { AlarmName, type Entry, type Input, type LinkId } from './inputs.ts'
import type { LearnerHandle } from './learner-handle.ts'
import { Silence } from './liveness.ts'
import { configOfTxn, parseConfig } from './members.ts'
import { Observer } from './observer.ts'
import { ObserverMaster } from './observer-master.ts'
import type { QuorumRule } from './quorum.ts'
import { SyncBuffer } from './sync-buffer.ts'

export type LearnerPhase =
  /** Trying to reach the leader. */
  | 'connecting'
  /** FOLLOWERINFO or OBSERVERINFO is sent. */
  | 'registered'
  /** acceptedEpoch is being made durable; ACKEPOCH hangs on it. */
  | 'promising'
  /** ACKEPOCH is sent: DIFF, TRUNC or SNAP comes next. */
  | 'promised'
  /** Collecting history up to NEWLEADER. */
  | 'syncing'
  /** NEWLEADER has come: history, then currentEpoch, then the ack. */
  | 'logging'
  /** Acknowledged; waiting for UPTODATE. */
  | 'acked'
  | 'serving'

export class Learner {
  readonly #core: Core
  readonly #leader: PeerId
  readonly #silence: Silence
  readonly #stream: Follower | Observer
  /** Serves observers while this member follows. */
  #master: ObserverMaster | undefined
  #servedBy: PeerId | undefined
  #phase: LearnerPhase
  #link: LinkId
  #attempt: number
  #attempts: number
  #token: number
  #epoch: number
  #buffer: SyncBuffer
  #isUpToDate: boolean
  /** What NEWLEADER named. */
  #config: Membership | undefined

  constructor(core: Core, leader: PeerId) {
    this.#core = core
    this.#leader = leader
    this.#silence = new Silence(core.options.connectLimitTicks || core.options.initLimitTicks)
    this.#stream = core.isObserver ? new Observer(core) : new Follower(core)
    this.#master = undefined
    this.#servedBy = undefined
    this.#phase = 'connecting'
    this.#link = -1
    this.#attempt = -1
    this.#attempts = 0
    this.#token = -1
    this.#epoch = -1
    this.#buffer = new SyncBuffer('diff', core.history.last)
    this.#isUpToDate = false
    this.#config = undefined
  }

  get phase(): LearnerPhase {
    return this.#phase
  }

  get leader(): PeerId {
    return this.#leader
  }

  get epoch(): number {
    return this.#epoch
  }

  /** The voter that serves this observer in the leader's place. */
  get observerMaster(): PeerId | undefined {
    return this.#servedBy
  }

  /** Observers that this member serves. */
  get learners(): Iterable<LearnerHandle> {
    return this.#master?.learners ?? []
  }

  start(): void {
    const afterMs = this.#core.options.tickTimeMs / 2
    this.#core.emit({ do: 'setAlarm', name: AlarmName.tick, afterMs })
    this.#connect()
  }

  /** Ends what the role holds open. */
  stop(): void {
    this.#core.emit({ do: 'clearAlarm', name: AlarmName.tick })
    this.#core.emit({ do: 'clearAlarm', name: AlarmName.connect })
    this.#core.emit({ do: 'clearAlarm', name: AlarmName.catchUp })
    if (this.#link >= 0) this.#core.emit({ do: 'close', link: this.#link, why: 'the role ended' })
    this.#link = -1
    this.#master?.stop()
    this.#master = undefined
  }

  on(input: Input): void {
    switch (input.on) {
      case 'connected':
        this.#onConnected(input.attempt, input.link)
        return
      case 'connectFailed':
        if (input.attempt === this.#attempt) this.#onConnectFailed()
        return
      case 'linkDown':
        if (input.link === this.#link) this.#onLinkDown()
        else this.#master?.onLinkDown(input.link)
        return
      case 'progress':
        if (input.link === this.#link) this.#silence.reset()
        else this.#master?.onProgress(input.link)
        return
      case 'packet':
        if (input.link === this.#link) this.#onPacket(input.packet)
        else this.#master?.onPacket(input.link, input.packet)
        return
      case 'snapshot':
        if (input.link === this.#link) this.#onSnapshot(input.zxid)
        return
      case 'persisted':
        if (input.token === this.#token) this.#onPersisted()
        return
      case 'notTruncated':
        if (input.token !== this.#token) return
        this.#core.mustResync = true
        // What consensus remembers is that of the cut: the disk must be read again.
        this.#core.leave('the log cannot be cut there: asks for everything', undefined, true)
        return
      case 'alarm':
        this.#onAlarm(input.name)
        return
      case 'forward':
        if (this.#phase === 'serving') this.#forward(input.packet)
        return
      case 'accepted':
        if (this.#master !== undefined) this.#master.onAccepted(input.link)
        else this.#core.emit({ do: 'close', link: input.link, why: 'this member does not lead' })
        return
      case 'start':
      case 'vote':
      case 'peerDown':
      case 'peerUp':
      case 'durable':
      case 'diskFailed':
      case 'settled':
      case 'propose':
      case 'answer':
      case 'sync':
      case 'handOver':
        return
      default:
        unreachable(input)
    }
  }

  #connect(): void {
    this.#attempt = this.#core.nextNumber()
    this.#attempts++
    const attempt = this.#attempt
    if (!this.#core.isObserver || !this.#core.options.hasObserverMasters) {
      this.#core.emit({ do: 'connect', to: this.#leader, attempt, port: 'quorum' })
      return
    }
    // Each observer begins at another voter, and goes on to the next when one fails it.
    const [{ voters }] = this.#core.members.rules as [QuorumRule]
    const to = voters[this.#core.masterAttempts++ % voters.length]!
    this.#servedBy = to
    this.#core.emit({ do: 'connect', to, attempt, port: 'observerMaster' })
  }

  #forward(request: QuorumPacket): void {
    if (this.#master === undefined) this.#core.send([this.#link], request)
    else this.#master.forward(request, undefined)
  }

  #onConnectFailed(): void {
    if (this.#phase !== 'connecting') return
    const afterMs = this.#core.options.connectRetryMs[this.#attempts - 1]
    this.#attempt = -1
    if (afterMs === undefined) this.#core.leave(`leader ${this.#leader} cannot be reached`)
    else this.#core.emit({ do: 'setAlarm', name: AlarmName.connect, afterMs })
  }

  #onLinkDown(): void {
    this.#link = -1
    if (this.#phase !== 'registered') {
      this.#core.leave(`the link to leader ${this.#leader} broke`)
      return
    }
    // Nothing was heard yet: something between us (a proxy, a mesh) accepts before the leader does.
    this.#phase = 'connecting'
    this.#onConnectFailed()
  }

  #onConnected(attempt: number, link: LinkId): void {
    if (attempt !== this.#attempt || this.#phase !== 'connecting') {
      this.#core.emit({ do: 'close', link, why: 'too late' })
      return
    }
    this.#link = link
    this.#phase = 'registered'
    this.#silence.setLimit(this.#core.options.initLimitTicks)
    const { acceptedEpoch, me, members, mustResync, options } = this.#core
    const info = encodeLearnerInfo({
      serverId: BigInt(me),
      protocolVersion: LEARNER_PROTOCOL_VERSION,
      configVersion: members.committed.version,
      features: options.features | (mustResync ? Feature.snapshotOnly : 0),
    })
    const type = this.#core.isObserver ? PacketType.observerInfo : PacketType.followerInfo
    this.#core.send([link], packet(type, epochZxid(acceptedEpoch), info))
  }

  #onAlarm(name: AlarmName): void {
    if (name === AlarmName.connect && this.#phase === 'connecting') this.#connect()
    if (name === AlarmName.catchUp) this.#master?.onCatchUp()
    if (name !== AlarmName.tick) return
    if (this.#silence.tick()) {
      this.#core.leave(`leader ${this.#leader} was silent too long (${this.#phase})`)
      return
    }
    this.#master?.onTick()
    const afterMs = this.#core.options.tickTimeMs / 2
    this.#core.emit({ do: 'setAlarm', name: AlarmName.tick, afterMs })
  }

  #onPacket(received: QuorumPacket): void {
    this.#silence.reset()
    try {
      if (this.#phase === 'serving') this.#onStream(received)
      else if (received.type !== PacketType.ping) this.#onSyncPacket(received)
    } catch (error) {
      if (!(error instanceof JuteError)) throw error
      this.#core.leave(`${packetName(received.type)} cannot be read: ${error.message}`)
    }
  }

  #onStream(received: QuorumPacket): void {
    switch (received.type) {
      case PacketType.ping:
        this.#core.emit({ do: 'answerPing', link: this.#link, zxid: received.zxid })
        return
      case PacketType.sync:
      case PacketType.revalidate:
        if (this.#master === undefined) this.#core.emit({ do: 'answered', packet: received })
        else this.#master.onAnswer(received)
        return
      case PacketType.handOver: {
        const next = readDesignatedLeader(received.data ?? new Uint8Array(0))
        this.#core.leave(`leader ${this.#leader} hands over to ${next}`, next)
        return
      }
      default:
        this.#stream.onPacket(received, this.#link, true)
    }
  }

  #onSyncPacket(received: QuorumPacket): void {
    const { type } = received
    if (this.#phase === 'registered' && type === PacketType.leaderInfo) {
      this.#onLeaderInfo(received)
    } else if (this.#phase === 'promised') {
      this.#onFirst(received)
    } else if (this.#phase === 'syncing') {
      if (type === PacketType.newLeader) this.#onNewLeader(received)
      else this.#onHistory(received)
    } else if (this.#phase === 'logging' || this.#phase === 'acked') {
      this.#afterNewLeader(received)
    } else {
      this.#core.leave(`unexpected ${packetName(type)} (${this.#phase})`)
    }
  }

  #onLeaderInfo(received: QuorumPacket): void {
    const epoch = epochOf(received.zxid)
    const { acceptedEpoch, currentEpoch } = this.#core
    const answer = answerEpoch(epoch, acceptedEpoch)
    if (answer.kind === 'refuse') {
      this.#core.leave(`epoch ${epoch} of the leader is below ${acceptedEpoch}, accepted before`)
      return
    }
    this.#epoch = epoch
    const last = this.#core.mustResync ? NO_ZXID : this.#core.statedLast
    const known = answer.kind === 'known'
    const ack = packet(PacketType.ackEpoch, last, encodeAckEpoch(known ? -1 : currentEpoch))
    if (known) {
      this.#phase = 'promised'
      this.#core.send([this.#link], ack)
      return
    }
    this.#phase = 'promising'
    const envelope = { link: this.#link, packet: ack }
    this.#token = this.#core.persist([{ step: 'acceptedEpoch', epoch }], [envelope])
  }

  /** The first packet of synchronisation, except SNAP, which comes as `snapshot`. */
  #onFirst(received: QuorumPacket): void {
    const { history, mustResync } = this.#core
    if (received.type === PacketType.diff) {
      // A DIFF from the empty tree would take the old history away before the new one is there;
      // only when the leader has none either is nothing at stake.
      if (mustResync && received.zxid !== 0n) this.#core.leave('a DIFF cannot repair this log')
      else if (mustResync) this.#begin(new SyncBuffer('reset', NO_ZXID))
      else if (history.last < 0n) this.#core.leave('a DIFF cannot repair a lost database')
      else this.#begin(new SyncBuffer('diff', history.last))
    } else if (received.type === PacketType.trunc) {
      if (mustResync || received.zxid > history.last || received.zxid < 0n) {
        this.#core.leave(`TRUNC to ${hex(received.zxid)}, but the log ends ${hex(history.last)}`)
      } else {
        this.#begin(new SyncBuffer('trunc', received.zxid))
      }
    } else {
      this.#core.leave(`unexpected ${packetName(received.type)} as first packet of the sync`)
    }
  }

  #onSnapshot(zxid: Zxid): void {
    this.#silence.reset()
    if (this.#phase !== 'promised') this.#core.leave(`unexpected SNAP (${this.#phase})`)
    else this.#begin(new SyncBuffer('snap', zxid))
  }

  #begin(buffer: SyncBuffer): void {
    this.#buffer = buffer
    this.#phase = 'syncing'
    this.#core.note('sync', { kind: buffer.kind, zxid: hex(buffer.start), leader: this.#leader })
  }

  #onHistory(received: QuorumPacket): void {
    const trouble = this.#buffer.take(received)
    if (trouble !== undefined) {
      this.#core.leave(trouble)
      return
    }
  }

  /**
   * quorum-protocol.md 6.4: history durable, then currentEpoch, then the ack; no ack of a proposal
   * before that of NEWLEADER (ZOOKEEPER-3911, 4643, 4646, 4685).
   */
  #onNewLeader(received: QuorumPacket): void {
    if (received.zxid !== epochZxid(this.#epoch)) {
      this.#core.leave(`NEWLEADER ${hex(received.zxid)}, but epoch ${this.#epoch} was promised`)
      return
    }
    const { history, isObserver } = this.#core
    const data = received.data
    const text = data === null || data.length < 2 ? undefined : decodeUtf8(data, 0, data.length)
    const config = text === undefined ? undefined : parseConfig(text)
    this.#config = config
    const steps = this.#buffer.steps(history)
    this.#takeConfig(config, steps)
    if (this.#core.currentEpoch !== this.#epoch) {
      steps.push({ step: 'currentEpoch', epoch: this.#epoch })
    }
    const acks = [ackPacket(received.zxid)]
    if (!isObserver) for (const zxid of this.#buffer.uncommitted) acks.push(ackPacket(zxid))
    this.#phase = 'logging'
    this.#silence.setLimit(this.#core.options.initLimitTicks)
    const thenSend = acks.map(ack => ({ link: this.#link, packet: ack }))
    this.#token = this.#core.persist(steps, thenSend)
  }

  /**
   * What a member has logged it must know: a newer configuration is durable before the history that
   * holds its reconfig, one that is void is dropped after that history was cut off.
   */
  #takeConfig(config: Membership | undefined, steps: Step[]): void {
    const { members } = this.#core
    const former = members.lastSeen.version
    if (config === undefined || !members.seeLeaders(config)) return
    const step: Step = { step: 'nextConfig', membership: config }
    if (config.version > former) steps.unshift(step)
    else steps.push(step)
  }

  #onPersisted(): void {
    this.#token = -1
    if (this.#phase === 'promising') {
      this.#core.acceptedEpoch = this.#epoch
      this.#phase = 'promised'
    } else if (this.#phase === 'logging') {
      this.#core.currentEpoch = this.#epoch
      this.#core.mustResync = false
      this.#phase = 'acked'
      this.#silence.setLimit(this.#core.options.syncLimitTicks)
      if (this.#isUpToDate) this.#serve()
    }
  }

  /** Commits are remembered until UPTODATE: only then is the leader known to be established. */
  #afterNewLeader(received: QuorumPacket): void {
    switch (received.type) {
      case PacketType.upToDate:
        this.#isUpToDate = true
        if (this.#phase === 'acked') this.#serve()
        return
      case PacketType.commit:
      case PacketType.commitAndActivate:
        if (!this.#buffer.commit(received.zxid, this.#core.history.last)) {
          this.#core.leave(`commit of ${hex(received.zxid)}, which was never proposed`)
        }
        return
      case PacketType.inform:
      case PacketType.informAndActivate:
        this.#stream.onPacket(received, this.#link, false)
        this.#buffer.commit(received.zxid, this.#core.history.last)
        return
      case PacketType.proposal:
        this.#stream.onPacket(received, this.#link, false)
        return
      default:
      // What else may come here is of no use before UPTODATE.
    }
  }

  #serve(): void {
    const { history } = this.#core
    this.#phase = 'serving'
    this.#core.vote = { ...this.#core.vote, peerEpoch: BigInt(this.#epoch) }
    this.#core.send([this.#link], ackPacket(epochZxid(this.#epoch)))
    const entries = history.deliverTo(this.#buffer.committed)
    if (entries.length > 0) this.#core.emit({ do: 'deliver', entries })
    const isObserver = this.#core.isObserver
    const config = this.#configInForce(entries)
    if (config !== undefined) this.#core.activate(config)
    if (this.#core.isObserver !== isObserver) {
      this.#core.leave('the configuration gives this member another role', this.#leader)
      return
    }
    if (this.#stream instanceof Follower && this.#core.options.hasObserverMasters) {
      this.#master = new ObserverMaster(this.#core, this.#epoch, this.#link)
      this.#stream.relay = this.#master
    }
    const role = isObserver ? 'observing' : 'following'
    this.#core.emit({ do: 'serve', role, epoch: this.#epoch })
  }

  /** That of NEWLEADER unless its reconfig is still open, or a newer one just committed. */
  #configInForce(delivered: readonly Entry[]): Membership | undefined {
    const { history } = this.#core
    let found = this.#config
    if (found !== undefined && found.version > history.delivered && history.undelivered > 0) {
      if (found.version <= history.last) found = undefined
    }
    for (const entry of delivered) {
      const config = configOfTxn(entry.bytes)
      if (config !== undefined && (found === undefined || config.version > found.version)) {
        found = config
      }
    }
    return found
  }
}
