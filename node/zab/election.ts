/** Fast leader election (quorum-protocol.md 4): the rounds of one member while it is looking. */
import { hex, type PeerId } from '../../wire/ids.ts'
import { NO_VOTE, type Notification, SenderState } from '../../wire/notification.ts'
import type { Core, Vote } from './core.ts'
import { AlarmName } from './inputs.ts'
import { isQuorum, isQuorumOfAll } from './quorum.ts'

/** What a member said last. */
interface Ballot extends Vote {
  readonly state: SenderState
  readonly version: number
}

/** Order of votes, without the weight: newer epoch, then newer zxid, then larger id. */
export function compareVotes(a: Vote, b: Vote): number {
  if (a.peerEpoch !== b.peerEpoch) return a.peerEpoch > b.peerEpoch ? 1 : -1
  if (a.zxid !== b.zxid) return a.zxid > b.zxid ? 1 : -1
  return a.leader === b.leader ? 0 : a.leader > b.leader ? 1 : -1
}

/** Whether two ballots count together (quorum-protocol.md 4.4). */
function agrees(a: Ballot, b: Ballot): boolean {
  if (a.state === SenderState.looking || b.state === SenderState.looking) {
    return a.round === b.round && compareVotes(a, b) === 0
  }
  // Members of an established ensemble remember different zxids and rounds (ZOOKEEPER-1732, 1805).
  if (a.leader !== b.leader) return false
  return (a.version === 0) !== (b.version === 0) || a.peerEpoch === b.peerEpoch
}

export class Election {
  readonly #core: Core
  readonly #unreachable: ReadonlySet<PeerId>
  readonly #received = new Map<PeerId, Ballot>()
  /** Ballots of members that are not looking, whatever their round. */
  readonly #established = new Map<PeerId, Ballot>()
  #proposal: Vote
  #intervalMs: number
  #isWaiting: boolean
  #decided: Vote | undefined

  constructor(core: Core, unreachable: ReadonlySet<PeerId>) {
    this.#core = core
    this.#unreachable = unreachable
    this.#proposal = core.ownVote()
    this.#intervalMs = core.options.minNotificationMs
    this.#isWaiting = false
    this.#decided = undefined
  }

  /** The outcome, once there is one. */
  get decided(): Vote | undefined {
    return this.#decided
  }

  get proposal(): Vote {
    return this.#proposal
  }

  start(): void {
    this.#core.round += 1n
    this.#received.clear()
    this.#established.clear()
    this.#intervalMs = this.#core.options.minNotificationMs
    this.#propose(this.#core.ownVote(), 'own vote')
    this.#core.emit({ do: 'setAlarm', name: AlarmName.notify, afterMs: this.#intervalMs })
    this.#evaluate()
  }

  onAlarm(name: AlarmName): void {
    if (name === AlarmName.finalize && this.#isWaiting) this.#decide(this.#proposal)
    if (name !== AlarmName.notify) return
    if (this.#core.isResigned && this.#intervalMs > this.#core.options.minNotificationMs) {
      // Nobody else could be found in two intervals: better this member than none.
      this.#core.isResigned = false
      this.start()
      return
    }
    this.#tellAll()
    this.#intervalMs = Math.min(this.#intervalMs * 2, this.#core.options.maxNotificationMs)
    this.#core.emit({ do: 'setAlarm', name: AlarmName.notify, afterMs: this.#intervalMs })
  }

  /** A member became unreachable: perhaps nobody is left to wait for. */
  onPeerDown(): void {
    if (this.#isWaiting) this.#evaluate()
  }

  /** A message of a voter; the peer has looked after everybody else's. */
  onNotification(from: PeerId, notification: Notification): void {
    const { members } = this.#core
    if (!members.isVoter(from) || !members.isVoter(Number(notification.leader))) return
    if (notification.state === SenderState.observing) return
    if (notification.zxid > 0n) this.#learnOfHistory()
    if (notification.state === SenderState.looking) this.#onLooking(from, notification)
    else this.#onEstablished(from, notification)
  }

  #learnOfHistory(): void {
    if (this.#core.hasSeenHistory) return
    this.#core.hasSeenHistory = true
    if (!this.#core.isBlank || this.#core.history.last < 0n) return
    this.#core.note('no vote for an empty disk', {
      why: 'another voter holds transactions',
      until: 'in sync with their leader',
      override: 'a file `initialize` beside the log directory, if this member is new',
    })
    this.#received.delete(this.#core.me)
    this.#propose(this.#core.ownVote(), 'empty, others are not')
    this.#evaluate()
  }

  #onLooking(from: PeerId, notification: Notification): void {
    const { round } = this.#core
    if (notification.round < round) {
      const answer = this.#core.notification(this.#proposal, SenderState.looking)
      this.#core.emit({ do: 'notify', to: [from], notification: answer })
      return
    }
    // -1: its owner elects nobody and nobody elects it (storage.md 5.1).
    if (this.#core.isBlank || notification.zxid === -1n) return
    if (notification.round > round) {
      this.#core.round = notification.round
      this.#received.clear()
      const own = { ...this.#core.ownVote(), round: notification.round }
      this.#propose(this.#isBetter(notification, own) ? notification : own, 'newer round')
    } else if (this.#isBetter(notification, this.#proposal)) {
      this.#propose(notification, reasonOf(notification, this.#proposal))
    }
    this.#received.set(from, ballotOf(notification))
    this.#evaluate()
  }

  #onEstablished(from: PeerId, notification: Notification): void {
    const ballot = ballotOf(notification)
    const leader = Number(notification.leader)
    if (notification.round === this.#core.round) {
      this.#received.set(from, ballot)
      if (this.#counts(this.#received, ballot) && this.#isLed(this.#received, leader, ballot)) {
        this.#decide(ballot)
        return
      }
    }
    this.#established.set(from, ballot)
    if (this.#isFollowed(ballot) && this.#isLed(this.#established, leader, ballot)) {
      this.#core.round = ballot.round
      this.#decide(ballot)
    }
  }

  #isBetter(vote: Vote, than: Vote): boolean {
    return this.#core.members.mayLead(Number(vote.leader)) && compareVotes(vote, than) > 0
  }

  #counts(ballots: ReadonlyMap<PeerId, Ballot>, ballot: Ballot): boolean {
    return isQuorumOfAll(this.#core.members.rules, id => {
      const other = ballots.get(id)
      return other !== undefined && agrees(other, ballot)
    })
  }

  /**
   * Whether a quorum of any configuration we know follows an established leader. Following is safe
   * on any evidence; to demand both would keep a member out for ever that has seen the proposal of
   * a reconfig which the others never committed.
   */
  #isFollowed(ballot: Ballot): boolean {
    return this.#core.members.rules.some(rule =>
      isQuorum(rule, id => {
        const other = this.#established.get(id)
        return other !== undefined && agrees(other, ballot)
      }),
    )
  }

  /** Whether the elected one knows that it leads ("checkLeader"). */
  #isLed(ballots: ReadonlyMap<PeerId, Ballot>, leader: PeerId, ballot: Ballot): boolean {
    if (leader === this.#core.me) return this.#core.round === ballot.round
    return ballots.get(leader)?.state === SenderState.leading
  }

  #propose(vote: Vote, why: string): void {
    const { leader, zxid, peerEpoch } = vote
    this.#proposal = { leader, zxid, peerEpoch, round: this.#core.round }
    const { me, members } = this.#core
    if (members.isVoter(me) && members.isVoter(Number(leader)) && !this.#core.isBlank) {
      const own = { ...this.#proposal, state: SenderState.looking, version: 2 }
      this.#received.set(me, own)
    }
    const named = leader === NO_VOTE ? 'nobody' : Number(leader)
    this.#core.note('vote', { leader: named, zxid: hex(zxid), epoch: peerEpoch, why })
    this.#tellAll()
  }

  #tellAll(): void {
    const { me, members } = this.#core
    const to = members.voters.filter(id => id !== me)
    const notification = this.#core.notification(this.#proposal, SenderState.looking)
    if (to.length > 0) this.#core.emit({ do: 'notify', to, notification })
  }

  /** A quorum for the proposal waits a moment for a better vote, unless none can come. */
  #evaluate(): void {
    const target: Ballot = { ...this.#proposal, state: SenderState.looking, version: 2 }
    if (!this.#counts(this.#received, target)) {
      if (this.#isWaiting) this.#core.emit({ do: 'clearAlarm', name: AlarmName.finalize })
      this.#isWaiting = false
      return
    }
    const isComplete = this.#core.members.voters.every(id => {
      const ballot = this.#received.get(id)
      return this.#unreachable.has(id) || (ballot !== undefined && agrees(ballot, target))
    })
    if (isComplete) {
      this.#decide(this.#proposal)
    } else if (!this.#isWaiting) {
      this.#isWaiting = true
      const afterMs = this.#core.options.finalizeWaitMs
      this.#core.emit({ do: 'setAlarm', name: AlarmName.finalize, afterMs })
    }
  }

  #decide(vote: Vote): void {
    const { leader, zxid, round, peerEpoch } = vote
    this.#decided = { leader, zxid, round, peerEpoch }
    this.#core.emit({ do: 'clearAlarm', name: AlarmName.notify })
    if (this.#isWaiting) this.#core.emit({ do: 'clearAlarm', name: AlarmName.finalize })
    this.#isWaiting = false
  }
}

function ballotOf(notification: Notification): Ballot {
  const { leader, zxid, round, peerEpoch, state, version } = notification
  return { leader, zxid, round, peerEpoch, state, version }
}

function reasonOf(better: Vote, than: Vote): string {
  if (better.peerEpoch !== than.peerEpoch) return 'newer epoch'
  return better.zxid !== than.zxid ? 'newer zxid' : 'larger id'
}
