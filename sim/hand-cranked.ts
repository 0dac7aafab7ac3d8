/**
 * An ensemble in which nothing happens by itself: every message, write and alarm waits until a
 * command lets it go. The stage for transcripts. Commands:
 *
 *   ensemble voters=3 observers=1 last=1=0x100000004,2=0x100000003 epochs=1=2,2=1,3=1   (all
 * stopped)
 *   start 1 2 | kill 1 | deliver 1->2 3->1 | drop 1->2 | disk 1 | fail 1 | advance 200ms
 *   propose 1 x | reconfig 1 1,2,4o | sync 1 | handover 1 2 | break 1-2 | settle-all | show
 *
 * `settle-all` leaves nothing but alarms. What it gets wrong: a snapshot is its zxid.
 */
import { invariant, unreachable } from '../base/invariant.ts'
import { DEFAULT_ZAB_OPTIONS, packet } from '../node/zab/core.ts'
import type { Effect, Step } from '../node/zab/effects.ts'
import type { AlarmName, Entry, Input, LinkId } from '../node/zab/inputs.ts'
import { Peer } from '../node/zab/peer.ts'
import { counterOf, epochOf, hex, makeZxid, type PeerId, type Zxid, zxid } from '../wire/ids.ts'
import type { Notification } from '../wire/notification.ts'
import { PacketType, packetName, type QuorumPacket } from '../wire/records/quorum.ts'
import { utf8Bytes } from '../wire/utf8.ts'
import { membership } from './cluster.ts'
import { type DiskJob, jobText, voteText } from './effect-text.ts'
import { reconfigTxn } from './reconfig.ts'
import { parseSetup, type Setup } from './stage-setup.ts'

type Message =
  | { readonly kind: 'vote'; readonly notification: Notification }
  | { readonly kind: 'packet'; readonly link: LinkId; readonly packet: QuorumPacket }
  | { readonly kind: 'snapshot'; readonly link: LinkId; readonly zxid: Zxid }
  | { readonly kind: 'close'; readonly link: LinkId }

interface Member {
  readonly id: PeerId
  peer: Peer | undefined
  readonly jobs: DiskJob[]
  readonly alarms: Map<AlarmName, number>
  /** Open links and who is at their other end. */
  readonly links: Map<LinkId, PeerId>
  lastLogged: Zxid
  delivered: Zxid
  acceptedEpoch: number
  currentEpoch: number
}

export class HandCranked {
  readonly #members: Map<PeerId, Member>
  readonly #queues: Map<string, Message[]>
  #lines: string[]
  #nowMs: number
  #links: number
  #setup: Setup

  constructor() {
    this.#members = new Map()
    this.#queues = new Map()
    this.#lines = []
    this.#nowMs = 0
    this.#links = 0
    this.#setup = parseSetup([])
  }

  /** Carries out one command and returns what happened. */
  run(command: string): string[] {
    this.#lines = []
    const [name = '', ...words] = command.split(/\s+/)
    this.#dispatch(name, words)
    return this.#lines
  }

  #dispatch(name: string, words: readonly string[]): void {
    switch (name) {
      case 'ensemble':
        this.#setUp(words)
        return
      case 'start':
        for (const word of words) this.#start(this.#member(word))
        return
      case 'kill':
        for (const word of words) this.#kill(this.#member(word))
        return
      case 'deliver':
      case 'drop':
        for (const word of words) this.#move(word, name === 'deliver')
        return
      case 'disk':
        for (const word of words) this.#write(this.#member(word))
        return
      case 'fail':
        this.#fail(this.#member(words[0]))
        return
      case 'advance':
        this.#advance(Number.parseInt(words[0] ?? '', 10))
        return
      case 'propose':
        this.#propose(this.#member(words[0]), words[1] ?? '')
        return
      case 'sync':
        this.#input(this.#member(words[0]), { on: 'sync', token: 1, link: undefined })
        return
      case 'reconfig':
        this.#reconfigure(this.#member(words[0]), words[1] ?? '')
        return
      case 'handover': {
        const to = words[1] === undefined ? undefined : Number(words[1])
        this.#input(this.#member(words[0]), { on: 'handOver', to })
        return
      }
      case 'break':
        this.#break(words[0] ?? '')
        return
      case 'settle-all':
        this.#settleAll()
        return
      case 'show':
        for (const member of this.#members.values()) this.#show(member)
        return
      default:
        invariant(false, `a known command, not "${name}"`)
    }
  }

  #setUp(words: readonly string[]): void {
    this.#setup = parseSetup(words)
    this.#members.clear()
    for (let id = 1; id <= this.#setup.voters + this.#setup.observers; id++) {
      const epoch = this.#setup.epochOf(id)
      const last = this.#setup.lastOf(id)
      this.#members.set(id, {
        id,
        peer: undefined,
        jobs: [],
        alarms: new Map(),
        links: new Map(),
        lastLogged: last,
        delivered: last,
        acceptedEpoch: epoch,
        currentEpoch: epoch,
      })
    }
    this.#say('ok')
  }

  #member(word: string | undefined): Member {
    const member = this.#members.get(Number(word))
    invariant(member !== undefined, `a member of the ensemble, not "${word}"`)
    return member
  }

  #start(member: Member): void {
    const entries: Entry[] = []
    const epoch = epochOf(member.lastLogged)
    const count = member.lastLogged > 0n ? counterOf(member.lastLogged) : 0
    for (let i = 1; i <= count; i++) {
      entries.push({ zxid: makeZxid(epoch, i), bytes: utf8Bytes(`old ${i}`) })
    }
    const state = { ...member, recent: { base: makeZxid(epoch, 0), entries } }
    if (member.lastLogged <= 0n) state.recent.base = member.lastLogged
    const options = {
      ...DEFAULT_ZAB_OPTIONS,
      me: member.id,
      tickTimeMs: 1000,
      isReconfigEnabled: this.#setup.isReconfigEnabled,
      features: this.#setup.features,
      hasObserverMasters: this.#setup.hasObserverMasters,
    }
    member.peer = new Peer(options, state, membership(this.#setup.voters, this.#setup.observers))
    this.#input(member, { on: 'start' })
  }

  #kill(member: Member): void {
    member.peer = undefined
    member.jobs.length = 0
    member.alarms.clear()
    for (const [link, other] of member.links) this.#queue(member.id, other, { kind: 'close', link })
    member.links.clear()
    this.#say(`${member.id} is gone`)
  }

  #queueOf(key: string): Message[] {
    const queue = this.#queues.get(key) ?? []
    this.#queues.set(key, queue)
    return queue
  }

  #queue(from: PeerId, to: PeerId, message: Message): void {
    this.#queueOf(`${from}->${to}`).push(message)
  }

  #move(key: string, isDelivered: boolean): void {
    const messages = this.#queueOf(key).splice(0)
    const to = this.#member(key.split('->')[1])
    if (!isDelivered) this.#say(`${key} drops ${messages.length}`)
    else for (const message of messages) this.#arrive(to, Number(key.split('->')[0]), message)
  }

  #arrive(to: Member, from: PeerId, message: Message): void {
    switch (message.kind) {
      case 'vote':
        this.#input(to, { on: 'vote', from, notification: message.notification })
        return
      case 'packet':
        if (!to.links.has(message.link)) return
        this.#input(to, { on: 'packet', link: message.link, packet: message.packet })
        return
      case 'snapshot':
        if (to.links.has(message.link)) {
          this.#input(to, { on: 'snapshot', link: message.link, zxid: message.zxid })
        }
        return
      case 'close':
        if (to.links.delete(message.link)) this.#input(to, { on: 'linkDown', link: message.link })
        return
      default:
        unreachable(message)
    }
  }

  #write(member: Member): void {
    for (const job of member.jobs.splice(0)) {
      if (job.do === 'settle') {
        this.#input(member, {
          on: 'settled',
          generation: job.generation,
          state: this.#state(member),
        })
      } else if (job.do === 'append') {
        for (const entry of job.entries) {
          member.lastLogged = entry.zxid
          if (job.ackTo !== undefined)
            this.#send(member, job.ackTo, packet(PacketType.ack, entry.zxid))
        }
        this.#input(member, { on: 'durable', upTo: member.lastLogged })
      } else {
        for (const step of job.steps) this.#step(member, step)
        for (const { link, packet } of job.thenSend) this.#send(member, link, packet)
        this.#input(member, { on: 'persisted', token: job.token })
      }
    }
  }

  #fail(member: Member): void {
    member.jobs.length = 0
    this.#input(member, { on: 'diskFailed', why: 'no space left' })
  }

  #state(member: Member): Extract<Input, { on: 'settled' }>['state'] {
    const { lastLogged, delivered, acceptedEpoch, currentEpoch } = member
    const isAhead = delivered > lastLogged
    if (isAhead) member.delivered = lastLogged
    return {
      lastLogged,
      delivered: isAhead ? lastLogged : delivered,
      acceptedEpoch,
      currentEpoch,
      recent: isAhead ? { base: lastLogged, entries: [] } : undefined,
    }
  }

  #step(member: Member, step: Step): void {
    switch (step.step) {
      case 'append':
        member.lastLogged = step.entries.at(-1)?.zxid ?? member.lastLogged
        return
      case 'truncate':
        member.lastLogged = step.log
        if (member.delivered > step.tree) member.delivered = step.tree
        return
      case 'install':
        member.lastLogged = step.zxid
        member.delivered = step.zxid
        return
      case 'reset':
        member.lastLogged = zxid(0n)
        member.delivered = zxid(0n)
        return
      case 'acceptedEpoch':
        member.acceptedEpoch = step.epoch
        return
      case 'currentEpoch':
        member.currentEpoch = step.epoch
        return
      case 'nextConfig':
        return
      default:
        unreachable(step)
    }
  }

  #advance(ms: number): void {
    const end = this.#nowMs + ms
    for (;;) {
      let first: { member: Member; name: AlarmName; atMs: number } | undefined
      for (const member of this.#members.values()) {
        for (const [name, atMs] of member.alarms) {
          if (atMs <= end && (first === undefined || atMs < first.atMs))
            first = { member, name, atMs }
        }
      }
      if (first === undefined) break
      this.#nowMs = first.atMs
      first.member.alarms.delete(first.name)
      this.#input(first.member, { on: 'alarm', name: first.name })
    }
    this.#nowMs = end
  }

  #propose(member: Member, text: string): void {
    const peer = member.peer
    if (peer === undefined || !peer.canPropose) {
      this.#say(`${member.id} does not accept proposals`)
      return
    }
    const entry = { zxid: peer.nextZxid, bytes: utf8Bytes(text) }
    this.#input(member, { on: 'propose', entry })
  }

  /** `1,2,4o`: voters and observers of the proposed configuration. */
  #reconfigure(member: Member, list: string): void {
    const peer = member.peer
    if (peer === undefined || !peer.canPropose) {
      this.#say(`${member.id} does not accept proposals`)
      return
    }
    const all = membership(9, 0).members
    const members = list.split(',').map(word => {
      const role = word.endsWith('o') ? ('observer' as const) : ('participant' as const)
      return { ...all[Number.parseInt(word, 10) - 1]!, role }
    })
    const config = { ...membership(1, 0), members, version: peer.nextZxid }
    const entry = { zxid: peer.nextZxid, bytes: reconfigTxn(config) }
    this.#input(member, { on: 'propose', entry, config })
  }

  #break(pair: string): void {
    const [a, b] = pair.split('-').map(word => this.#member(word))
    invariant(a !== undefined && b !== undefined, 'two members')
    for (const [link, other] of a.links) {
      if (other !== b.id) continue
      a.links.delete(link)
      b.links.delete(link)
      this.#input(a, { on: 'linkDown', link })
      this.#input(b, { on: 'linkDown', link })
    }
  }

  #settleAll(): void {
    for (let isBusy = true; isBusy; ) {
      isBusy = false
      for (const [key, queue] of this.#queues) {
        if (queue.length === 0) continue
        isBusy = true
        this.#move(key, true)
      }
      for (const member of this.#members.values()) {
        if (member.jobs.length === 0) continue
        isBusy = true
        this.#write(member)
      }
    }
  }

  #show(member: Member): void {
    if (member.peer === undefined) {
      this.#say(`${member.id} down, logged ${hex(member.lastLogged)}`)
      return
    }
    const { phase, leader, delivered, lastLogged, currentEpoch } = member.peer.describe()
    const of = leader === undefined ? '' : ` of ${leader}`
    this.#say(
      `${member.id} ${phase}${of} epoch ${currentEpoch} logged ${hex(lastLogged)} delivered ${hex(delivered)}`,
    )
  }

  #input(member: Member, input: Input): void {
    if (member.peer === undefined) return
    for (const effect of member.peer.step(input)) this.#execute(member, effect)
  }

  #execute(member: Member, effect: Effect): void {
    const { id } = member
    switch (effect.do) {
      case 'notify':
        this.#say(`${id} -> ${effect.to.join(',')} ${voteText(effect.notification)}`)
        for (const to of effect.to) {
          // Newest wins: an unsent vote is replaced.
          const queue = this.#queueOf(`${id}->${to}`)
          const old = queue.findIndex(message => message.kind === 'vote')
          if (old >= 0) queue.splice(old, 1)
          queue.push({ kind: 'vote', notification: effect.notification })
        }
        return
      case 'connect':
        this.#connect(member, effect)
        return
      case 'send':
        for (const link of effect.to) this.#send(member, link, effect.packet)
        return
      case 'sendSnapshot': {
        const other = member.links.get(effect.to)
        if (other === undefined) return
        this.#say(`${id} -> ${other} SNAP ${hex(effect.zxid)}`)
        this.#queue(id, other, { kind: 'snapshot', link: effect.to, zxid: effect.zxid })
        return
      }
      case 'close': {
        const other = member.links.get(effect.link)
        if (other === undefined) return
        member.links.delete(effect.link)
        this.#say(`${id} closes its link to ${other}: ${effect.why}`)
        this.#queue(id, other, { kind: 'close', link: effect.link })
        return
      }
      case 'append':
      case 'persist':
      case 'settle':
        this.#say(`${id} ${jobText(effect, member.links)}`)
        member.jobs.push(effect)
        return
      case 'setAlarm':
        if (effect.name !== 'tick') this.#say(`${id} alarm ${effect.name} +${effect.afterMs}ms`)
        member.alarms.set(effect.name, this.#nowMs + effect.afterMs)
        return
      case 'clearAlarm':
        member.alarms.delete(effect.name)
        return
      case 'answerPing':
        this.#send(member, effect.link, packet(PacketType.ping, effect.zxid, new Uint8Array(0)))
        return
      case 'deliver':
      case 'become':
      case 'serve':
      case 'note':
      case 'synced':
      case 'stopProposing':
      case 'forwarded':
      case 'touch':
      case 'answered':
      case 'activate':
        this.#tell(member, effect)
        return
      default:
        unreachable(effect)
    }
  }

  #tell(member: Member, effect: Effect): void {
    const { id } = member
    if (effect.do === 'deliver') {
      member.delivered = effect.entries.at(-1)?.zxid ?? member.delivered
      this.#say(`${id} delivers ${effect.entries.map(entry => hex(entry.zxid)).join(' ')}`)
    } else if (effect.do === 'become') {
      const leader = effect.leader === undefined ? '' : ` ${effect.leader}`
      this.#say(`${id} ${effect.role}${leader}: ${effect.why}`)
    } else if (effect.do === 'serve') {
      this.#say(`${id} serves as ${effect.role} in epoch ${effect.epoch}`)
    } else if (effect.do === 'note') {
      const facts = Object.entries(effect.facts).map(([key, value]) => `${key}=${value}`)
      if (effect.event !== 'phase') this.#say(`${id} ${effect.event}: ${facts.join(' ')}`)
    } else if (effect.do === 'activate') {
      const { members, version } = effect.membership
      const list = members.map(each => (each.role === 'observer' ? `${each.id}o` : `${each.id}`))
      this.#say(`${id} activates ${list.join(',')} version ${hex(version)}`)
    } else if (effect.do === 'synced') {
      this.#say(`${id} sync ${effect.token} is answered`)
    } else {
      this.#say(`${id} ${effect.do}`)
    }
  }

  #connect(member: Member, { to, attempt, port }: Extract<Effect, { do: 'connect' }>): void {
    const target = this.#members.get(to)
    const state = target?.peer?.describe()
    const isMaster = state?.role === 'following' && state.isServing
    const isOpen = port === 'quorum' ? state?.role === 'leading' : isMaster
    if (target === undefined || !isOpen) {
      this.#say(`${member.id} cannot connect to ${to}`)
      this.#input(member, { on: 'connectFailed', attempt })
      return
    }
    const link = ++this.#links
    member.links.set(link, to)
    target.links.set(link, member.id)
    this.#say(`${member.id} connects to ${to}`)
    this.#input(target, { on: 'accepted', link })
    this.#input(member, { on: 'connected', attempt, link })
  }

  #send(member: Member, link: LinkId, sent: QuorumPacket): void {
    const other = member.links.get(link)
    if (other === undefined) return
    const value = sent.zxid === -1n ? '' : ` ${hex(sent.zxid)}`
    this.#say(`${member.id} -> ${other} ${packetName(sent.type)}${value}`)
    this.#queue(member.id, other, { kind: 'packet', link, packet: sent })
  }

  #say(line: string): void {
    this.#lines.push(line)
  }
}
