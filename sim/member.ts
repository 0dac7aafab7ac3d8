/**
 * The shell of one simulated member: runs the effects of `Peer` against the simulated disk and
 * network. A process that crashes leaves its disk behind; `SimMember` starts it again from there.
 */
import { invariant, unreachable } from '../base/invariant.ts'
import { ackPacket, packet } from '../node/zab/core.ts'
import type { Effect } from '../node/zab/effects.ts'
import type { DurableState, Entry, Input, LinkId } from '../node/zab/inputs.ts'
import { Peer, type PeerDescription } from '../node/zab/peer.ts'
import type { Membership } from '../wire/config-string.ts'
import { counterOf, hex, type PeerId, type Zxid } from '../wire/ids.ts'
import {
  encodeNotification,
  type Notification,
  readNotification,
  SenderState,
} from '../wire/notification.ts'
import {
  PacketType,
  packetName,
  type QuorumPacket,
  readForwardedRequest,
} from '../wire/records/quorum.ts'
import { Alarms } from './alarms.ts'
import { LogTree } from './log-tree.ts'
import {
  ClientOpcode,
  factsText,
  inputOf,
  type LinkMessage,
  packetMessage,
  requestPacket,
} from './messages.ts'
import { mayPropose, reconfigTxn } from './reconfig.ts'
import { SimDisk } from './sim-disk.ts'
import type { Endpoint, Port, SimNet } from './sim-net.ts'
import type { MemberOptions, Watcher } from './watcher.ts'
import type { World } from './world.ts'

export class SimMember implements Endpoint {
  readonly id: PeerId
  readonly disk: SimDisk
  readonly #world: World
  readonly #net: SimNet
  readonly #options: MemberOptions
  readonly #watcher: Watcher
  readonly #alarms: Alarms
  readonly #links: Set<LinkId>
  #config: Membership
  #nextConfig: Membership
  #peer: Peer | undefined
  #incarnation: number
  #tree: LogTree
  #isServing: boolean
  #servesAs: string
  #isPaused: boolean
  #inbox: Input[]
  #openSyncs: number[]
  /** Something of the old role did not reach the disk: consensus must hear what did. */
  #hasLostWrites: boolean

  constructor(
    world: World,
    net: SimNet,
    options: MemberOptions,
    config: Membership,
    watcher: Watcher,
  ) {
    this.id = options.zab.me
    this.disk = new SimDisk(world, String(this.id), options.disk)
    this.#world = world
    this.#net = net
    this.#options = options
    this.#watcher = watcher
    this.#alarms = new Alarms(world, name => {
      this.#input({ on: 'alarm', name })
    })
    this.#links = new Set()
    this.#config = config
    this.#nextConfig = config
    this.#peer = undefined
    this.#incarnation = 0
    this.#tree = new LogTree()
    this.#isServing = false
    this.#servesAs = ''
    this.#isPaused = false
    this.#inbox = []
    this.#openSyncs = []
    this.#hasLostWrites = false
  }

  get isRunning(): boolean {
    return this.#peer !== undefined
  }

  /** Number of the running process. */
  get process(): number {
    return this.#incarnation
  }

  get isServing(): boolean {
    return this.#isServing
  }

  /** By the effects carried out so far; `describe` may be a step ahead. */
  get isLeading(): boolean {
    return this.#isServing && this.#servesAs === 'leading'
  }

  isListening(port: Port): boolean {
    const role = this.#isPaused ? undefined : this.#peer?.describe().role
    return port === 'quorum' ? role === 'leading' : role === 'following' && this.#isServing
  }

  get tree(): LogTree {
    return this.#tree
  }

  /** Of the running process. */
  describe(): PeerDescription {
    invariant(this.#peer !== undefined, 'the member runs')
    return this.#peer.describe()
  }

  start(): void {
    invariant(this.#peer === undefined, 'a member that runs is not started')
    this.#incarnation++
    const { tree, base, entries } = this.disk.recover()
    this.#tree = tree
    this.#isPaused = false
    this.#hasLostWrites = false
    const state = this.#state({ base, entries })
    this.#peer = new Peer(this.#options.zab, state, this.#config, this.#nextConfig)
    this.#net.attach(this)
    this.#trace(
      `start at ${hex(state.lastLogged)} epochs ${state.acceptedEpoch} ${state.currentEpoch}`,
    )
    this.#input({ on: 'start' })
  }

  /** Power loss. */
  crash(): void {
    if (this.#peer === undefined) return
    this.#trace('crash')
    this.#peer = undefined
    this.#incarnation++
    this.#isServing = false
    this.#alarms.clearAll()
    this.#links.clear()
    this.#inbox = []
    this.#openSyncs = []
    this.disk.crash()
    this.#net.detach(this)
    this.#watcher.onLostRole(this)
  }

  /** The process stands still; what comes waits. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    const inbox = this.#inbox
    this.#inbox = []
    for (const input of inbox) this.#input(input)
  }

  /** A client's write at this member. Returns whether it went anywhere. */
  write(bytes: Uint8Array): boolean {
    if (this.#isPaused || !this.#isServing) return false
    if (this.isLeading) return this.#propose(bytes)
    return this.#forward(requestPacket(ClientOpcode.write, 1, bytes))
  }

  /** A client's sync at this member. Returns whether it went anywhere. */
  sync(token: number): boolean {
    if (this.#isPaused || !this.#isServing) return false
    if (this.isLeading) {
      this.#input({ on: 'sync', token, link: undefined })
      return true
    }
    this.#openSyncs.push(token)
    return this.#forward(requestPacket(ClientOpcode.sync, token, new Uint8Array(0)))
  }

  /** Proposes a configuration, as the pipeline of a leader would. Returns whether it did. */
  reconfigure(wanted: Membership): boolean {
    const peer = this.#peer
    if (peer === undefined || this.#isPaused || !this.isLeading || !peer.canPropose) return false
    if (!mayPropose(wanted, peer.describe())) return false
    const zxid = peer.nextZxid
    const config = { ...wanted, version: zxid }
    this.#input({ on: 'propose', entry: { zxid, bytes: reconfigTxn(config) }, config })
    return true
  }

  handOver(to: PeerId | undefined): void {
    this.#input({ on: 'handOver', to })
  }

  onVote(from: PeerId, message: unknown): void {
    const notification = readNotification(message as Uint8Array)
    if (notification !== undefined) this.#input({ on: 'vote', from, notification })
  }

  onPeer(peer: PeerId, isUp: boolean): void {
    this.#input({ on: isUp ? 'peerUp' : 'peerDown', peer })
  }

  onAccepted(link: LinkId): void {
    this.#links.add(link)
    this.#input({ on: 'accepted', link })
  }

  onLinkDown(link: LinkId): void {
    if (this.#links.delete(link)) this.#input({ on: 'linkDown', link })
  }

  onMessage(link: LinkId, message: unknown): void {
    if (!this.#links.has(link)) return
    const received = message as LinkMessage
    if (received.kind === 'snapshot') this.disk.staged = received.tree
    this.#input(inputOf(link, received))
  }

  #input(input: Input): void {
    if (this.#peer === undefined) return
    if (this.#isPaused) {
      this.#inbox.push(input)
      return
    }
    for (const effect of this.#peer.step(input)) this.#execute(effect)
  }

  #execute(effect: Effect): void {
    switch (effect.do) {
      case 'notify':
        this.#notify(effect.to, effect.notification)
        return
      case 'connect':
        this.#connect(effect)
        return
      case 'send':
        for (const link of effect.to) this.#send(link, effect.packet)
        return
      case 'sendSnapshot':
        this.#sendSnapshot(effect.to, effect.zxid)
        return
      case 'close':
        this.#trace(`close ${effect.why}`)
        if (this.#links.delete(effect.link)) this.#net.close(this, effect.link)
        return
      case 'append':
        this.#append(effect)
        return
      case 'persist':
        this.#persist(effect)
        return
      case 'deliver':
        for (const entry of effect.entries) this.#deliver(entry)
        return
      case 'settle':
        this.#settle(effect.generation, effect.reload)
        return
      case 'setAlarm':
        this.#alarms.set(effect.name, effect.afterMs)
        return
      case 'clearAlarm':
        this.#alarms.clear(effect.name)
        return
      case 'become':
        this.#trace(`${effect.role} ${effect.leader ?? ''} ${effect.why}`)
        this.#stopServing()
        return
      case 'serve':
        this.#trace(`serves as ${effect.role} in epoch ${effect.epoch}`)
        this.#isServing = true
        this.#servesAs = effect.role
        this.#watcher.onServe(this, effect.role, effect.epoch)
        return
      case 'forwarded':
        this.#onForwarded(effect.link, effect.packet)
        return
      case 'synced':
      case 'answerPing':
      case 'answered':
      case 'activate':
      case 'note':
        this.#tell(effect)
        return
      case 'stopProposing':
      case 'touch':
        return
      default:
        unreachable(effect)
    }
  }

  #tell(
    effect: Extract<Effect, { do: 'synced' | 'answerPing' | 'answered' | 'activate' | 'note' }>,
  ): void {
    switch (effect.do) {
      case 'synced':
        this.#watcher.onSynced(this, effect.token)
        return
      case 'answerPing':
        this.#send(effect.link, packet(PacketType.ping, effect.zxid, new Uint8Array(0)))
        return
      case 'answered':
        this.#onAnswered(effect.packet)
        return
      case 'activate':
        this.#writeConfig(effect.membership)
        return
      case 'note':
        this.#trace(`${effect.event} ${factsText(effect.facts)}`)
        return
      default:
        unreachable(effect)
    }
  }

  /** The files follow a moment later: a crash may come first. */
  #writeConfig(config: Membership): void {
    const incarnation = this.#incarnation
    this.#world.after(this.#world.random.int(100), () => {
      if (incarnation === this.#incarnation) this.#config = config
    })
  }

  #notify(to: readonly PeerId[], notification: Notification): void {
    if (notification.state === SenderState.looking) this.#watcher.onVote(this, notification)
    const bytes = encodeNotification(notification)
    for (const id of to) this.#net.vote(this.id, id, bytes)
  }

  #connect({ to, attempt, port }: Extract<Effect, { do: 'connect' }>): void {
    const incarnation = this.#incarnation
    this.#net.connect(this, to, port, link => {
      if (incarnation !== this.#incarnation) return
      if (link === undefined) this.#input({ on: 'connectFailed', attempt })
      else {
        this.#links.add(link)
        this.#input({ on: 'connected', attempt, link })
      }
    })
  }

  #send(link: LinkId, sent: QuorumPacket): void {
    if (!this.#links.has(link)) return
    if (sent.type !== PacketType.ping)
      this.#trace(`${packetName(sent.type)} ${hex(sent.zxid)} on ${link}`)
    if (sent.type === PacketType.upToDate) this.#watcher.onEstablished(this)
    const message = packetMessage(sent, this.#options.isWireReal)
    this.#net.send(this, link, message)
  }

  #sendSnapshot(link: LinkId, zxid: Zxid): void {
    invariant(zxid === this.#tree.zxid, 'a snapshot is named after the tree it is made of')
    this.#trace(`SNAP ${hex(zxid)} on ${link}`)
    this.#net.send(this, link, { kind: 'snapshot', zxid, tree: this.#tree.copy() })
  }

  #append(effect: Extract<Effect, { do: 'append' }>): void {
    const incarnation = this.#incarnation
    this.disk.run([{ step: 'append', entries: effect.entries }], failure => {
      if (incarnation !== this.#incarnation) return
      if (failure !== undefined) {
        this.#diskFailed()
        return
      }
      const { ackTo } = effect
      for (const { zxid } of effect.entries) if (ackTo !== undefined) this.#ack(ackTo, zxid)
      this.#input({ on: 'durable', upTo: effect.entries.at(-1)!.zxid })
    })
  }

  #ack(link: LinkId, zxid: Zxid): void {
    if (!this.#links.has(link)) return
    this.#watcher.onAck(this, zxid)
    this.#send(link, ackPacket(zxid))
  }

  #persist(effect: Extract<Effect, { do: 'persist' }>): void {
    const incarnation = this.#incarnation
    this.disk.run(effect.steps, failure => {
      if (incarnation !== this.#incarnation) return
      if (failure === 'failed') this.#diskFailed()
      else if (failure === 'notTruncated') {
        this.#input({ on: 'notTruncated', token: effect.token })
      } else {
        this.#takeSteps(effect.steps)
        for (const { link, packet: sent } of effect.thenSend) {
          if (sent.type === PacketType.ack && counterOf(sent.zxid) !== 0) this.#ack(link, sent.zxid)
          else this.#send(link, sent)
        }
        this.#input({ on: 'persisted', token: effect.token })
      }
    })
  }

  /** What the disk now holds, memory holds too. */
  #takeSteps(steps: Extract<Effect, { do: 'persist' }>['steps']): void {
    for (const step of steps) {
      if (step.step === 'truncate') this.#truncateTree(step.tree)
      else if (step.step === 'install') this.#tree = this.disk.newestSnapshot.copy()
      else if (step.step === 'reset') this.#tree = new LogTree()
      else if (step.step === 'nextConfig') this.#nextConfig = step.membership
    }
  }

  #truncateTree(zxid: Zxid): void {
    if (this.#tree.zxid > zxid) this.#tree = this.disk.recoverTo(zxid).tree
  }

  #diskFailed(): void {
    this.#hasLostWrites = true
    this.#input({ on: 'diskFailed', why: 'injected' })
  }

  #deliver(entry: Entry): void {
    this.#tree.apply(entry)
    this.#watcher.onDeliver(this, entry)
  }

  #settle(generation: number, reload: boolean): void {
    const incarnation = this.#incarnation
    // Both are allowed: to write what was asked for, or to forget what has not begun.
    if (this.#world.random.chance(50) && this.disk.discardWaiting()) this.#hasLostWrites = true
    this.disk.whenIdle(() => {
      if (incarnation !== this.#incarnation) return
      this.disk.staged = undefined
      this.disk.repair()
      const isAhead = this.#tree.zxid > this.disk.lastLogged
      const mustReload = reload || isAhead || this.#hasLostWrites
      let recent: DurableState['recent']
      if (mustReload) {
        const { tree, base, entries } = this.disk.recover()
        this.#tree = tree
        recent = { base, entries }
      }
      this.#hasLostWrites = false
      const state = this.#state(recent)
      this.#trace(`settled at ${hex(state.lastLogged)}, delivered ${hex(state.delivered)}`)
      this.#input({ on: 'settled', generation, state })
    })
  }

  #state(recent: DurableState['recent']): DurableState {
    return {
      lastLogged: this.disk.lastLogged,
      delivered: this.#tree.zxid,
      acceptedEpoch: this.disk.acceptedEpoch,
      currentEpoch: this.disk.currentEpoch,
      recent,
    }
  }

  #stopServing(): void {
    if (this.#isServing) this.#watcher.onLostRole(this)
    this.#isServing = false
    this.#openSyncs = []
  }

  #forward(sent: QuorumPacket): boolean {
    this.#input({ on: 'forward', packet: sent })
    return true
  }

  #propose(bytes: Uint8Array): boolean {
    const peer = this.#peer
    if (peer === undefined || !peer.canPropose) return false
    this.#input({ on: 'propose', entry: { zxid: peer.nextZxid, bytes } })
    return true
  }

  #onForwarded(link: LinkId, received: QuorumPacket): void {
    if (received.type !== PacketType.request || received.data === null) return
    const { cxid, opcode, body } = readForwardedRequest(received.data)
    if (opcode === ClientOpcode.sync) this.#input({ on: 'sync', token: cxid, link })
    else this.#propose(body.slice())
  }

  #onAnswered(received: QuorumPacket): void {
    if (received.type !== PacketType.sync) return
    const token = this.#openSyncs.shift()
    if (token !== undefined) this.#watcher.onSynced(this, token)
  }

  #trace(line: string): void {
    this.#world.trace(`${this.id} ${line}`)
  }
}
