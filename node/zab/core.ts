/** What all roles of one member share: durable facts, configuration, the effects of a step. */
import { type Membership, printMembership } from '../../wire/config-string.ts'
import { makeZxid, type PeerId, type Zxid, zxid } from '../../wire/ids.ts'
import {
  NO_VOTE,
  NOTIFICATION_VERSION,
  type Notification,
  type SenderState,
} from '../../wire/notification.ts'
import { Feature, PacketType, type QuorumPacket, UNUSED_ZXID } from '../../wire/records/quorum.ts'
import type { Effect, Envelope, Step } from './effects.ts'
import { History } from './history.ts'
import type { DurableState, LinkId } from './inputs.ts'
import { configOfTxn, Members } from './members.ts'

/** Complete: defaults are filled in by node/config. Ticks are of tickTimeMs. */
export interface ZabOptions {
  readonly me: PeerId
  readonly tickTimeMs: number
  readonly initLimitTicks: number
  readonly syncLimitTicks: number
  /** For reaching the leader (`connectToLearnerMasterLimit`); 0: initLimit. */
  readonly connectLimitTicks: number
  /** First and longest pause between repeated notifications. */
  readonly minNotificationMs: number
  readonly maxNotificationMs: number
  /** How long a quorum waits for a better vote. */
  readonly finalizeWaitMs: number
  /** Pauses before the second, third ... attempt to reach the elected leader. */
  readonly connectRetryMs: readonly number[]
  readonly isReconfigEnabled: boolean
  /** Committed transactions kept for DIFF (`zookeeper.commitLogCount`) ... */
  readonly historyCount: number
  /** ... and more of them while all together cost no more than this. */
  readonly historyMaxBytes: number
  /** History goes to a learner in slices of so many transactions, so that others get their turn. */
  readonly sliceCount: number
  /** The last counter of an epoch: the leader gives way to a new epoch instead of using it. */
  readonly lastCounter: number
  /** Bits of Feature that this member offers to others of its kind. */
  readonly features: number
  /** Whether `sync` waits for a round of pings to a quorum (faults.md 1675). */
  readonly isSyncConfirmed: boolean
  /** An empty disk is that of a new member, by the word of who runs it (`initialize`). */
  readonly isEmptyTrusted: boolean
  /** An observer although no configuration names it; without this it would turn into a follower. */
  readonly isPinnedObserver: boolean
  /** Observers hang on followers, and this member serves them when it follows (6.6). */
  readonly hasObserverMasters: boolean
}

export const DEFAULT_ZAB_OPTIONS: Omit<ZabOptions, 'me'> = {
  tickTimeMs: 2000,
  initLimitTicks: 10,
  syncLimitTicks: 5,
  connectLimitTicks: 0,
  minNotificationMs: 200,
  maxNotificationMs: 60_000,
  finalizeWaitMs: 200,
  connectRetryMs: [10, 20, 40, 80, 100, 100, 100, 100],
  isReconfigEnabled: false,
  historyCount: 500,
  historyMaxBytes: 16 * 1024 * 1024,
  sliceCount: 500,
  lastCounter: 0xffff_ffff,
  features: Feature.handOver | Feature.compressedSnap,
  isSyncConfirmed: true,
  isEmptyTrusted: false,
  isPinnedObserver: false,
  hasObserverMasters: false,
}

/** The leader that a member is for, and why: epoch, zxid, id decide in this order. */
export interface Vote {
  /** NO_VOTE of those who have none. */
  readonly leader: bigint
  readonly zxid: Zxid
  readonly round: bigint
  readonly peerEpoch: bigint
}

/** How a role ends. */
export interface Departure {
  readonly why: string
  /** The member that leads next by appointment (reconfig, hand-over): no election. */
  readonly next: PeerId | undefined
  /** The tree cannot be trusted. */
  readonly reload: boolean
}

export class Core {
  readonly options: ZabOptions
  readonly members: Members
  readonly history: History
  acceptedEpoch: number
  currentEpoch: number
  /** Election round ("logical clock"); of this process only. */
  round: bigint
  /** What others are told when they ask whom we follow. */
  vote: Vote
  /** The log could not be cut where a leader wanted it: the next sync starts from nothing. */
  mustResync: boolean
  departure: Departure | undefined
  /** This member gave up the lead: others come first in the election that follows. */
  isResigned: boolean
  /** Another voter holds transactions: the ensemble is not new. */
  hasSeenHistory: boolean
  /** Observers try one voter after the other as their master. */
  masterAttempts: number
  /** Connection attempts and persist tokens, unique for this process. */
  #counter: number
  #configText: string
  #configOf: Membership
  #out: Effect[]

  constructor(
    options: ZabOptions,
    state: DurableState,
    committed: Membership,
    lastSeen: Membership,
  ) {
    this.options = options
    this.members = new Members(committed, lastSeen, options.isReconfigEnabled)
    const limits = { count: options.historyCount, maxBytes: options.historyMaxBytes }
    this.history = new History(limits, state.lastLogged)
    this.acceptedEpoch = state.acceptedEpoch
    this.currentEpoch = state.currentEpoch
    this.round = 0n
    this.mustResync = false
    this.departure = undefined
    this.isResigned = false
    this.hasSeenHistory = false
    this.masterAttempts = options.me
    this.#counter = 0
    this.#configText = printMembership(committed)
    this.#configOf = committed
    this.#out = []
    this.takeState(state)
    this.vote = this.ownVote()
  }

  get me(): PeerId {
    return this.options.me
  }

  /** By the configuration in force; a member that is not listed is none, unless it is pinned. */
  get isObserver(): boolean {
    return this.members.isObserver(this.me) ?? this.options.isPinnedObserver
  }

  /**
   * Whether this member's history says nothing about the ensemble's. So with a lost database
   * (storage.md 5.1), and with an empty one that was never in sync with any leader while others
   * hold transactions: a disk may have been replaced, and a quorum made with it could elect a
   * leader that lacks what the former disk had acknowledged (operators.md 5.1).
   */
  get isBlank(): boolean {
    if (this.history.last !== 0n) return this.history.last === -1n
    return this.hasSeenHistory && this.currentEpoch === 0 && !this.options.isEmptyTrusted
  }

  /** What others are told of the end of the log; -1 for one that says nothing. */
  get statedLast(): Zxid {
    return this.isBlank ? zxid(-1n) : this.history.last
  }

  beginStep(): Effect[] {
    this.#out = []
    return this.#out
  }

  emit(effect: Effect): void {
    this.#out.push(effect)
  }

  note(event: string, facts: Readonly<Record<string, string | number | bigint | undefined>>): void {
    this.#out.push({ do: 'note', event, facts })
  }

  send(to: readonly LinkId[], packet: QuorumPacket): void {
    if (to.length > 0) this.#out.push({ do: 'send', to, packet })
  }

  nextNumber(): number {
    return ++this.#counter
  }

  persist(steps: readonly Step[], thenSend: readonly Envelope[]): number {
    const token = this.nextNumber()
    this.#out.push({ do: 'persist', token, steps, thenSend })
    return token
  }

  /** Ends the role after this input. The first reason given stands. */
  leave(why: string, next?: PeerId, reload: boolean = false): void {
    this.departure ??= { why, next, reload }
  }

  /** Takes over what disk and memory hold before a role begins. */
  takeState(state: DurableState): void {
    this.acceptedEpoch = state.acceptedEpoch
    this.currentEpoch = state.currentEpoch
    if (state.recent === undefined) this.history.settle(state.lastLogged, state.delivered)
    else this.history.load(state.recent.base, state.recent.entries, state.delivered)
    this.#alignProposal()
  }

  /**
   * The configuration last seen is that of the newest reconfig in the log, if it is not in force
   * yet. It is made durable before the transaction and may have outlived it, or the log may know
   * of one whose configuration was lost.
   */
  #alignProposal(): void {
    const { history, members } = this
    for (let i = history.count - history.undelivered; i < history.count; i++) {
      const config = configOfTxn(history.at(i).bytes)
      if (config !== undefined) members.see(config)
    }
    const version = members.lastSeen.version as Zxid
    if (version <= members.committed.version || version <= history.base) return
    if (!history.has(version)) members.forgetProposal()
  }

  /** quorum-protocol.md 4.3. The zxid is that of the durable log (faults.md R1). */
  ownVote(): Vote {
    const isCandidate = this.members.isCommittedVoter(this.me) && !this.isResigned
    const leader = isCandidate ? BigInt(this.me) : NO_VOTE
    if (this.isObserver) {
      return { leader: NO_VOTE, zxid: zxid(NO_VOTE), round: this.round, peerEpoch: NO_VOTE }
    }
    const peerEpoch = BigInt(this.currentEpoch)
    return { leader, zxid: this.statedLast, round: this.round, peerEpoch }
  }

  notification(vote: Vote, state: SenderState): Notification {
    if (this.#configOf !== this.members.committed) {
      this.#configOf = this.members.committed
      this.#configText = printMembership(this.#configOf)
    }
    return { state, ...vote, version: NOTIFICATION_VERSION, config: this.#configText }
  }

  /** Puts a configuration into force; says whether the set of members changed. */
  activate(membership: Membership): boolean {
    const changed = this.members.activate(membership)
    if (changed !== 'nothing') this.emit({ do: 'activate', membership })
    return changed === 'members'
  }
}

export function packet(
  type: PacketType,
  zxid: Zxid = UNUSED_ZXID,
  data: Uint8Array | null = null,
): QuorumPacket {
  return { type, zxid, data, authinfo: null }
}

export function ackPacket(zxid: Zxid): QuorumPacket {
  return packet(PacketType.ack, zxid)
}

/** The zxid by which NEWLEADER, LEADERINFO and others name an epoch. */
export function epochZxid(epoch: number): Zxid {
  return makeZxid(epoch, 0)
}
