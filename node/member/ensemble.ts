/**
 * The shell of one ensemble member: turns what network, disk and time bring into inputs of
 * consensus, and carries out its effects on network, disk and pipeline.
 */
import { unreachable } from '../../base/invariant.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Alarm, Clock, Log, Timers } from '../../base/ports.ts'
import { Ring } from '../../base/ring.ts'
import { type Membership, printMembership } from '../../wire/config-string.ts'
import { hex, type PeerId, type Zxid } from '../../wire/ids.ts'
import { encodeNotification, readNotification } from '../../wire/notification.ts'
import { PacketType, type QuorumPacket } from '../../wire/records/quorum.ts'
import { writeTxn } from '../../wire/records/txn.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import { Writer } from '../../wire/writer.ts'
import { onForwarded, onTouches } from '../pipeline/lead.ts'
import type { EnsembleState } from '../pipeline/ops/reconfig.ts'
import type { EnsemblePort, Pipeline, Proposals } from '../pipeline/pipeline.ts'
import type { WriteRequest } from '../pipeline/request.ts'
import type { RoleName } from '../pipeline/roles.ts'
import { adoptSessions } from '../pipeline/session-duties.ts'
import { TreeWriter } from '../storage/tree-stream.ts'
import type { Database } from '../tree/database.ts'
import { ackPacket, packet, type ZabOptions } from '../zab/core.ts'
import type { Effect, Envelope } from '../zab/effects.ts'
import type { AlarmName, DurableState, Input, LinkId } from '../zab/inputs.ts'
import { Peer, type PeerDescription } from '../zab/peer.ts'
import type { Ack, DiskDuties, DutyEvents } from './disk-duties.ts'
import type { ConfigFiles, LinkTraffic, Network, NetworkEvents } from './ports.ts'

export interface EnsembleOptions {
  readonly zab: ZabOptions
  readonly state: DurableState
  readonly committed: Membership
  readonly lastSeen: Membership
  readonly network: Network
  readonly configFiles: ConfigFiles
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
  readonly metrics: Metrics
  /** The role is established: clients may come, and a leader begins to expire and reap. */
  readonly onServe: (role: RoleName) => void
  /** The role has ended. */
  readonly onLooking: () => void
  /** After so long without a quorum a voter serves what it has; undefined: it does not. */
  readonly readOnlyAfterMs: number | undefined
}

export interface ObserverLink {
  readonly id: PeerId
  readonly link: LinkId
  readonly traffic: LinkTraffic
}

const ENTRY_START_BYTES = 512

export class Ensemble implements Proposals, EnsemblePort, NetworkEvents, DutyEvents {
  readonly #options: EnsembleOptions
  readonly #peer: Peer
  readonly #inputs: Ring<Input> = new Ring()
  readonly #alarms = new Map<AlarmName, Alarm>()
  readonly #entry = new Writer(ENTRY_START_BYTES)
  #pipeline!: Pipeline
  #disk!: DiskDuties
  #readOnly: Alarm | undefined = undefined
  #isStepping = false
  #isStopped = false
  #roleSinceMs: number
  #electionSinceMs: number
  /** The tree shows nothing beyond its zxid. */
  isExact = true

  constructor(options: EnsembleOptions) {
    this.#options = options
    this.#peer = new Peer(options.zab, options.state, options.committed, options.lastSeen)
    this.#roleSinceMs = options.clock.monotonicMs()
    this.#electionSinceMs = this.#roleSinceMs
  }

  /** Both are built on this object; nothing happens before `start`. */
  connect(pipeline: Pipeline, disk: DiskDuties): void {
    this.#pipeline = pipeline
    this.#disk = disk
  }

  /** Rejects when the election port cannot be bound. */
  async start(): Promise<void> {
    await this.#options.network.start(this)
    this.#input({ on: 'start' })
  }

  describe(): PeerDescription {
    return this.#peer.describe()
  }

  /** The observers that hang on this member; undefined on one that takes none. */
  observers(): readonly ObserverLink[] | undefined {
    const { role, learners } = this.#peer.describe()
    const isMaster = role === 'following' && this.#options.zab.hasObserverMasters
    if (role !== 'leading' && !isMaster) return undefined
    return learners.flatMap(({ id, isObserver, link }) => {
      const traffic = isObserver ? this.#options.network.traffic(link) : undefined
      return traffic === undefined ? [] : [{ id, link, traffic }]
    })
  }

  resetTraffic(link: LinkId): void {
    this.#options.network.resetTraffic(link)
  }

  /** Monotonic: since when the role is what it is. */
  get roleSinceMs(): number {
    return this.#roleSinceMs
  }

  /** Passes the lead on; false when this member does not lead. */
  handOver(to: PeerId | undefined): boolean {
    if (!this.#peer.canPropose) return false
    this.#input({ on: 'handOver', to })
    return true
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const alarm of this.#alarms.values()) alarm.cancel()
    this.#readOnly?.cancel()
    await this.#options.network.stop()
    await this.#disk.stop()
  }

  // ------------------------------------------------------------------- from the pipeline

  propose(request: WriteRequest, config?: Membership): number {
    const writer = this.#entry
    writer.clear()
    writeTxn(writer, request.txn)
    request.bytes = writer.copy()
    const entry = request
    this.#input(config === undefined ? { on: 'propose', entry } : { on: 'propose', entry, config })
    return request.bytes.length
  }

  /** Followers' disks start before our own (performance.md 5.7). */
  flush(): void {
    this.#options.network.flush()
    this.#disk.flush()
  }

  forward(sent: QuorumPacket): void {
    this.#input({ on: 'forward', packet: sent })
  }

  answer(link: LinkId, sent: QuorumPacket): void {
    this.#input({ on: 'answer', link, packet: sent })
  }

  state(): EnsembleState {
    const { id, committedConfig, lastSeenConfig, learners } = this.#peer.describe()
    // An observer that is level may become a voter: it has what a voter must have.
    const level = learners.filter(learner => learner.isSynced).map(learner => learner.id)
    return {
      committed: committedConfig,
      lastSeen: lastSeenConfig,
      synced: new Set([id, ...level]),
    }
  }

  sync(token: number, link: LinkId | undefined): void {
    this.#input({ on: 'sync', token, link })
  }

  // -------------------------------------------------------------------- from the network

  onNotification(from: PeerId, content: Uint8Array): void {
    const notification = readNotification(content)
    if (notification !== undefined) this.#input({ on: 'vote', from, notification })
  }

  onPeerUp(peer: PeerId): void {
    this.#input({ on: 'peerUp', peer })
  }

  onPeerDown(peer: PeerId): void {
    this.#input({ on: 'peerDown', peer })
  }

  onAccepted(link: LinkId): void {
    this.#input({ on: 'accepted', link })
  }

  onConnected(attempt: number, link: LinkId): void {
    this.#input({ on: 'connected', attempt, link })
  }

  onConnectFailed(attempt: number, why: string): void {
    this.#options.log.info('leader not reached', { reason: why })
    this.#input({ on: 'connectFailed', attempt })
  }

  onPackets(link: LinkId, packets: readonly QuorumPacket[]): void {
    this.#pipeline.turn(() => {
      for (const received of packets) this.#input({ on: 'packet', link, packet: received })
    })
  }

  onSnapshot(link: LinkId, zxid: Zxid, database: Database): void {
    database.lastZxid = zxid
    this.#disk.staged = database
    this.#input({ on: 'snapshot', link, zxid })
  }

  onProgress(link: LinkId): void {
    this.#input({ on: 'progress', link })
  }

  onLinkDown(link: LinkId, why: string): void {
    this.#options.log.info('quorum link down', { link, reason: why })
    this.#input({ on: 'linkDown', link })
  }

  // ----------------------------------------------------------------------- from the disk

  /** All acks of a batch and what consensus makes of it leave in one write. */
  durable(upTo: Zxid, acks: readonly Ack[]): void {
    this.#pipeline.turn(() => {
      for (const { link, zxid } of acks) this.#send(link, ackPacket(zxid))
      this.#input({ on: 'durable', upTo })
    })
  }

  persisted(token: number, thenSend: readonly Envelope[]): void {
    this.#pipeline.turn(() => {
      for (const { link, packet: sent } of thenSend) this.#send(link, sent)
      this.#input({ on: 'persisted', token })
    })
  }

  notTruncated(token: number): void {
    this.#input({ on: 'notTruncated', token })
  }

  settled(generation: number, state: DurableState): void {
    this.#options.log.debug('settled', {
      lastLogged: state.lastLogged,
      delivered: state.delivered,
    })
    this.#input({ on: 'settled', generation, state })
  }

  useDatabase(database: Database): void {
    this.#pipeline.database = database
  }

  failed(error: Error): void {
    throw error
  }

  // ------------------------------------------------------------------------------- steps

  /** Inputs that come while effects are carried out wait: effects of one step stay together. */
  #input(input: Input): void {
    if (this.#isStopped) return
    this.#inputs.push(input)
    if (this.#isStepping) return
    this.#pipeline.turn(() => {
      this.#isStepping = true
      try {
        for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
          for (const effect of this.#peer.step(next)) this.#execute(effect)
        }
      } finally {
        this.#isStepping = false
      }
    })
  }

  #execute(effect: Effect): void {
    const { network } = this.#options
    switch (effect.do) {
      case 'notify': {
        const content = encodeNotification(effect.notification)
        for (const peer of effect.to) network.notify(peer, content)
        return
      }
      case 'connect':
        network.connect(effect.to, effect.attempt, effect.port)
        return
      case 'send':
        for (const link of effect.to) this.#send(link, effect.packet)
        return
      case 'sendSnapshot':
        this.#sendSnapshot(effect)
        return
      case 'close':
        this.#options.log.info('quorum link closed', { link: effect.link, reason: effect.why })
        network.close(effect.link)
        return
      case 'append':
        this.#disk.append(effect.entries, effect.ackTo)
        return
      case 'persist':
        this.#disk.persist(effect.token, effect.steps, effect.thenSend)
        return
      case 'deliver':
        for (const entry of effect.entries) this.#pipeline.deliverEntry(entry)
        return
      case 'settle':
        this.#disk.settle(effect.generation, effect.reload)
        return
      case 'setAlarm':
        this.#setAlarm(effect.name, effect.afterMs)
        return
      case 'clearAlarm':
        this.#alarms.get(effect.name)?.cancel()
        this.#alarms.delete(effect.name)
        return
      default:
        this.#executeRole(effect)
    }
  }

  #executeRole(
    effect: Exclude<
      Effect,
      {
        do:
          | 'notify'
          | 'connect'
          | 'send'
          | 'sendSnapshot'
          | 'close'
          | 'append'
          | 'persist'
          | 'deliver'
          | 'settle'
          | 'setAlarm'
          | 'clearAlarm'
      }
    >,
  ): void {
    switch (effect.do) {
      case 'become':
        this.#become(effect)
        return
      case 'serve':
        this.#serve(effect.role, effect.epoch)
        return
      case 'stopProposing':
        this.#pipeline.suspend()
        return
      case 'forwarded':
        onForwarded(this.#pipeline, effect.link, effect.packet)
        return
      case 'touch':
        onTouches(this.#pipeline, effect.touches)
        return
      case 'synced':
        this.#pipeline.leaderSyncs.answered(this.#pipeline, effect.token)
        return
      case 'answerPing': {
        const touches = this.#pipeline.forwarding.takeTouches()
        this.#send(effect.link, packet(PacketType.ping, effect.zxid, touches))
        return
      }
      case 'answered':
        this.#pipeline.forwarding.onAnswer(this.#pipeline, effect.packet)
        return
      case 'activate':
        this.#activate(effect.membership)
        return
      case 'note':
        this.#options.log.info(effect.event, effect.facts)
        return
      default:
        unreachable(effect)
    }
  }

  #send(link: LinkId, sent: QuorumPacket): void {
    if (this.#options.network.isOpen(link)) this.#options.network.send(link, sent)
  }

  #sendSnapshot(effect: Extract<Effect, { do: 'sendSnapshot' }>): void {
    const { to: link, zxid, isCompressed } = effect
    const { database } = this.#pipeline
    this.#options.log.info('sending a snapshot', { link, zxid: hex(zxid), isCompressed })
    this.#options.metrics.snap_count.value++
    this.#options.network.sendSnapshot(link, zxid, new TreeWriter(database), isCompressed)
  }

  #setAlarm(name: AlarmName, afterMs: number): void {
    this.#alarms.get(name)?.cancel()
    this.#alarms.set(
      name,
      this.#options.timers.after(afterMs, () => {
        this.#alarms.delete(name)
        this.#input({ on: 'alarm', name })
      }),
    )
  }

  #become({ role, leader, why }: Extract<Effect, { do: 'become' }>): void {
    const { log, network, clock, metrics } = this.#options
    log.info('role', { role, leader, reason: why })
    this.#roleSinceMs = clock.monotonicMs()
    this.#readOnly?.cancel()
    if (role === 'looking') {
      this.#awaitReadOnly()
      this.#electionSinceMs = this.#roleSinceMs
      metrics.looking_count.value++
      this.#pipeline.loseRole('this member has lost its role')
      this.#options.onLooking()
    } else {
      if (this.#pipeline.isServing) this.#pipeline.abandon('a quorum is back')
      metrics.election_time.observe(this.#roleSinceMs - this.#electionSinceMs)
      this.isExact = false
    }
    network.listen(role === 'leading' ? 'quorum' : undefined)
  }

  #awaitReadOnly(): void {
    const { readOnlyAfterMs, timers, log } = this.#options
    if (readOnlyAfterMs === undefined) return
    this.#readOnly = timers.after(readOnlyAfterMs, () => {
      const { role, phase, lastLogged } = this.#peer.describe()
      if (role !== 'looking' || phase !== 'looking' || lastLogged < 0n) return
      const pipeline = this.#pipeline
      pipeline.abandon('serving read-only from now on')
      pipeline.assume('readOnly', pipeline.database)
      pipeline.serve()
      log.warn('serving read-only, no quorum', { zxid: hex(pipeline.database.lastZxid) })
      this.#options.onServe('readOnly')
    })
  }

  #serve(role: PeerDescription['role'], epoch: number): void {
    const pipeline = this.#pipeline
    const name: RoleName = role === 'leading' ? 'leader' : 'learner'
    this.isExact = true
    pipeline.assume(name, pipeline.database)
    this.#showConfig(this.#peer.describe().committedConfig)
    if (name === 'leader') pipeline.numberFrom(this.#peer.nextZxid)
    if (name === 'leader') adoptSessions(pipeline)
    pipeline.serve()
    if (role === 'following' && this.#options.zab.hasObserverMasters) {
      this.#options.network.listen('observerMaster')
    }
    this.#options.log.info('serving', { role, epoch, zxid: hex(pipeline.database.lastZxid) })
    this.#options.onServe(name)
  }

  #activate(membership: Membership): void {
    this.#options.network.reconfigure(membership)
    this.#showConfig(membership)
    const { configFiles, log } = this.#options
    configFiles.activate(membership).catch((error: unknown) => {
      log.error('the configuration cannot be written', { error: String(error) })
    })
  }

  /** `/zookeeper/config`: not a transaction (client-protocol.md 12). */
  #showConfig(membership: Membership): void {
    const { tree } = this.#pipeline.database
    const text = utf8Bytes(printMembership(membership))
    tree.setConfig(text, membership.version, this.#options.clock.wallMs())
  }
}
