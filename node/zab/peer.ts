/**
 * One member of the ensemble as a machine: `step(input)` returns what must happen now. It reads no
 * clock, knows no socket and no file, and never throws for what others send; an InvariantError
 * means that this member itself is wrong and must stop.
 *
 *   looking --vote--> leading | following | observing --leave--> settling --settled--> looking
 *
 * Between two roles lies `settle`: every write of the old role has ended before the next one looks
 * at the disk (faults.md R7: ZOOKEEPER-4712, 4541), and the vote names what is durable (R1).
 */
import { invariant, unreachable } from '../../base/invariant.ts'
import type { Membership } from '../../wire/config-string.ts'
import type { PeerId, Zxid } from '../../wire/ids.ts'
import { type Notification, SenderState } from '../../wire/notification.ts'
import { Core, type Vote, type ZabOptions } from './core.ts'
import type { Effect, Role } from './effects.ts'
import { Election } from './election.ts'
import { AlarmName, type DurableState, type Input, type LinkId } from './inputs.ts'
import { Leader, type LeaderPhase } from './leader.ts'
import { Learner, type LearnerPhase } from './learner.ts'
import { parseConfig } from './members.ts'

/** What a member is, for transcripts, four-letter words, metrics and checkers. */
export interface PeerDescription {
  readonly id: PeerId
  readonly role: Role
  readonly phase: 'stopped' | 'settling' | 'looking' | LeaderPhase | LearnerPhase
  readonly leader: PeerId | undefined
  readonly isServing: boolean
  /** Of the established role; -1 before. */
  readonly epoch: number
  readonly acceptedEpoch: number
  readonly currentEpoch: number
  readonly round: bigint
  readonly lastLogged: Zxid
  readonly delivered: Zxid
  readonly committedConfig: Membership
  readonly lastSeenConfig: Membership
  /** The voter that serves this observer in the leader's place. */
  readonly observerMaster: PeerId | undefined
  /** Of a leader, and the observers of an observer master. */
  readonly learners: readonly LearnerDescription[]
}

export interface LearnerDescription {
  readonly link: LinkId
  readonly id: PeerId
  readonly isObserver: boolean
  readonly isSynced: boolean
  readonly acked: Zxid
}

/** Members that are remembered while a role ends; more than any ensemble has. */
const WAITING_MAX = 1024

export class Peer {
  readonly #core: Core
  readonly #unreachable: Set<PeerId>
  /**
   * Messages for an election that has not begun here: of each member the newest that came while
   * the old role was ending, or in the last half tick of it. Who looks first is heard at once
   * then, and not only when it says again what it wants.
   */
  readonly #waiting: Map<PeerId, Notification>
  #active: Election | Leader | Learner | undefined
  #role: Role
  #generation: number
  #isSettling: boolean
  #isStarted: boolean
  /** Who leads next without an election. */
  #appointed: PeerId | undefined

  constructor(
    options: ZabOptions,
    state: DurableState,
    committed: Membership,
    lastSeen: Membership = committed,
  ) {
    this.#core = new Core(options, state, committed, lastSeen)
    this.#unreachable = new Set()
    this.#waiting = new Map()
    this.#active = undefined
    this.#role = 'looking'
    this.#generation = 0
    this.#isSettling = false
    this.#isStarted = false
    this.#appointed = undefined
  }

  /** Zxid of the next proposal; only an established leader may use it. */
  get nextZxid(): Zxid {
    invariant(this.#active instanceof Leader, 'only a leader numbers transactions')
    return (this.#active.lastProposed + 1n) as Zxid
  }

  /** Whether `propose` will be accepted. */
  get canPropose(): boolean {
    return this.#active instanceof Leader && this.#active.phase === 'established'
  }

  /** Everything that must happen because of `input`, in order. */
  step(input: Input): Effect[] {
    const effects = this.#core.beginStep()
    this.#dispatch(input)
    this.#afterInput()
    return effects
  }

  describe(): PeerDescription {
    const active = this.#active
    const { history, members } = this.#core
    const isLeader = active instanceof Leader
    const isLearner = active instanceof Learner
    return {
      id: this.#core.me,
      role: this.#role,
      phase: this.#phase(),
      leader: isLeader ? this.#core.me : isLearner ? active.leader : undefined,
      observerMaster: isLearner ? active.observerMaster : undefined,
      isServing: isLeader ? active.isEstablished : isLearner && active.phase === 'serving',
      epoch: isLeader || isLearner ? active.epoch : -1,
      acceptedEpoch: this.#core.acceptedEpoch,
      currentEpoch: this.#core.currentEpoch,
      round: this.#core.round,
      lastLogged: history.last,
      delivered: history.delivered,
      committedConfig: members.committed,
      lastSeenConfig: members.lastSeen,
      learners:
        isLeader || isLearner
          ? [...active.learners].map(handle => ({
              link: handle.link,
              id: handle.id,
              isObserver: handle.isObserver,
              isSynced: handle.isAtLeast('synced'),
              acked: handle.acked,
            }))
          : [],
    }
  }

  #phase(): PeerDescription['phase'] {
    if (!this.#isStarted) return 'stopped'
    if (this.#isSettling) return 'settling'
    const active = this.#active
    return active instanceof Leader || active instanceof Learner ? active.phase : 'looking'
  }

  #dispatch(input: Input): void {
    switch (input.on) {
      case 'start':
        invariant(!this.#isStarted, 'a member starts once')
        this.#isStarted = true
        this.#look('start')
        return
      case 'vote':
        this.#onVote(input.from, input.notification)
        return
      case 'peerDown':
        this.#unreachable.add(input.peer)
        if (this.#active instanceof Election) this.#active.onPeerDown()
        return
      case 'peerUp':
        this.#unreachable.delete(input.peer)
        return
      case 'settled':
        if (this.#isSettling && input.generation === this.#generation) this.#onSettled(input.state)
        return
      case 'diskFailed':
        // A shell that cannot settle does not answer: this member takes no part until it can.
        if (!this.#isSettling) this.#core.leave(`disk: ${input.why}`, undefined, true)
        return
      case 'accepted':
      case 'connected':
      case 'connectFailed':
      case 'linkDown':
      case 'packet':
      case 'snapshot':
      case 'progress':
      case 'durable':
      case 'persisted':
      case 'notTruncated':
      case 'alarm':
      case 'propose':
      case 'forward':
      case 'answer':
      case 'sync':
      case 'handOver':
        this.#toRole(input)
        return
      default:
        unreachable(input)
    }
  }

  #toRole(input: Input): void {
    const active = this.#active
    if (input.on === 'alarm' && input.name === AlarmName.tick) this.#waiting.clear()
    if (active instanceof Leader || active instanceof Learner) active.on(input)
    else if (input.on === 'alarm' && active !== undefined) active.onAlarm(input.name)
    else if (input.on === 'accepted' || input.on === 'connected') {
      this.#core.emit({ do: 'close', link: input.link, why: 'this member is looking' })
    }
  }

  /** quorum-protocol.md 4.2. */
  #onVote(from: PeerId, notification: Notification): void {
    if (!this.#isStarted || from === this.#core.me) return
    this.#unreachable.delete(from)
    if (this.#isSettling) {
      if (this.#waiting.size < WAITING_MAX) this.#waiting.set(from, notification)
      return
    }
    const active = this.#active
    if (active instanceof Election && this.#adopt(notification.config)) {
      this.#core.note('config', { from, why: 'learned from a notification' })
      active.start()
      return
    }
    if (!this.#core.members.isVoter(from)) {
      this.#answer(from, this.#core.vote)
      return
    }
    if (active instanceof Election) {
      active.onNotification(from, notification)
    } else if (notification.state === SenderState.looking) {
      this.#waiting.set(from, notification)
      this.#answer(from, this.#core.vote)
    }
  }

  /** A newer configuration of another member is taken over. Returns whether members changed. */
  #adopt(text: string | undefined): boolean {
    if (text === undefined || !this.#core.members.isReconfigEnabled) return false
    const config = parseConfig(text)
    return config !== undefined && this.#core.activate(config)
  }

  #answer(to: PeerId, vote: Vote): void {
    const notification = this.#core.notification(vote, this.#senderState())
    this.#core.emit({ do: 'notify', to: [to], notification })
  }

  #senderState(): SenderState {
    switch (this.#role) {
      case 'looking':
        return SenderState.looking
      case 'leading':
        return SenderState.leading
      case 'following':
        return SenderState.following
      case 'observing':
        return SenderState.observing
      default:
        return unreachable(this.#role)
    }
  }

  #afterInput(): void {
    const active = this.#active
    if (active instanceof Election && active.decided !== undefined) this.#begin(active.decided)
    if (this.#core.departure !== undefined) this.#depart()
  }

  #look(why: string): void {
    this.#role = 'looking'
    const election = new Election(this.#core, this.#unreachable)
    this.#active = election
    this.#core.emit({ do: 'become', role: 'looking', leader: undefined, why })
    election.start()
    this.#core.vote = this.#core.ownVote()
  }

  /** An election is decided, or this leader was appointed. */
  #begin(vote: Vote): void {
    const { me } = this.#core
    const leader = Number(vote.leader)
    this.#core.isResigned = false
    this.#core.vote = vote
    this.#role = leader === me ? 'leading' : this.#core.isObserver ? 'observing' : 'following'
    const active = leader === me ? new Leader(this.#core) : new Learner(this.#core, leader)
    this.#active = active
    const why = `round ${vote.round}`
    this.#core.emit({ do: 'become', role: this.#role, leader, why })
    active.start()
  }

  #depart(): void {
    const { departure } = this.#core
    if (departure === undefined) return
    this.#core.departure = undefined
    const active = this.#active
    if (active instanceof Leader || active instanceof Learner) active.stop()
    else if (active !== undefined) {
      this.#core.emit({ do: 'clearAlarm', name: AlarmName.notify })
      this.#core.emit({ do: 'clearAlarm', name: AlarmName.finalize })
    }
    this.#active = undefined
    this.#role = 'looking'
    this.#isSettling = true
    this.#generation++
    this.#appointed = departure.next
    const { why, reload } = departure
    this.#core.emit({ do: 'become', role: 'looking', leader: undefined, why })
    this.#core.emit({ do: 'settle', generation: this.#generation, reload })
  }

  #onSettled(state: DurableState): void {
    this.#isSettling = false
    this.#core.takeState(state)
    const next = this.#appointed
    this.#appointed = undefined
    if (next !== undefined && this.#mayBeAppointed(next)) {
      // quorum-protocol.md 9.5: the appointed one is voted for outside every round.
      const peerEpoch = BigInt(this.#core.currentEpoch)
      this.#begin({ leader: BigInt(next), zxid: this.#core.statedLast, round: -1n, peerEpoch })
    } else {
      this.#look('the role has ended')
    }
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const [from, notification] of waiting) {
      this.#afterInput()
      this.#onVote(from, notification)
    }
  }

  #mayBeAppointed(next: PeerId): boolean {
    const { isBlank, members, me } = this.#core
    if (isBlank || !members.mayLead(next)) return false
    return next !== me || !this.#core.isObserver
  }
}
