/** What a leader knows of one learner: one record per link, no more. */
import { NO_ZXID, type PeerId, type Zxid } from '../../wire/ids.ts'
import type { LinkId } from './inputs.ts'
import { Silence } from './liveness.ts'

export type HandlePhase =
  /** Connected; has said nothing. */
  | 'connected'
  /** FOLLOWERINFO or OBSERVERINFO has come: waits for the epoch. */
  | 'registered'
  /** LEADERINFO is sent. */
  | 'offered'
  /** ACKEPOCH has come: waits until the leader's own currentEpoch is durable. */
  | 'promised'
  /** History is being sent, a slice at a time. */
  | 'catchingUp'
  /** History and NEWLEADER are sent; live traffic follows behind them. */
  | 'syncing'
  /** NEWLEADER is acknowledged: its history is durable there. */
  | 'synced'
  /** UPTODATE is sent. */
  | 'upToDate'

const ORDER: readonly HandlePhase[] = [
  'connected',
  'registered',
  'offered',
  'promised',
  'catchingUp',
  'syncing',
  'synced',
  'upToDate',
]

/** Most pings that may be unanswered before their order is no longer kept. */
const PINGS_MAX = 1024

export class LearnerHandle {
  readonly link: LinkId
  readonly silence: Silence
  phase: HandlePhase
  id: PeerId
  isObserver: boolean
  features: number
  /** Zxid of its ACKEPOCH. */
  lastLogged: Zxid
  /** History was sent up to here. */
  sentTo: Zxid
  /** It has everything up to here because history was sent so and NEWLEADER acknowledged. */
  syncedTo: Zxid
  /** Highest proposal it acknowledged on this link; those before it are durable too. */
  acked: Zxid
  /** Half ticks since proposals are open there and none was acknowledged. */
  stalledHalfTicks: number
  /** Number of the latest round of pings that it answered. */
  confirmedRound: number
  /** Rounds of the pings that are on their way, oldest first. */
  readonly #pings: number[]

  constructor(link: LinkId, limitTicks: number) {
    this.link = link
    this.silence = new Silence(limitTicks)
    this.phase = 'connected'
    this.id = -1
    this.isObserver = false
    this.features = 0
    this.lastLogged = NO_ZXID
    this.sentTo = NO_ZXID
    this.syncedTo = NO_ZXID
    this.acked = NO_ZXID
    this.stalledHalfTicks = 0
    this.confirmedRound = 0
    this.#pings = []
  }

  isAtLeast(phase: HandlePhase): boolean {
    return ORDER.indexOf(this.phase) >= ORDER.indexOf(phase)
  }

  /** Whether its ack for `zxid` counts: only behind that of NEWLEADER (faults.md R2, 4685). */
  hasAcked(zxid: Zxid): boolean {
    return (this.phase === 'synced' || this.phase === 'upToDate') && this.acked >= zxid
  }

  /** Whether its log is known to reach `zxid`. */
  isLevel(zxid: Zxid): boolean {
    return this.isAtLeast('synced') && (this.acked >= zxid || this.syncedTo >= zxid)
  }

  pingSent(round: number): void {
    if (this.phase === 'upToDate' && this.#pings.length < PINGS_MAX) this.#pings.push(round)
  }

  pingAnswered(): void {
    const round = this.#pings.shift()
    if (round !== undefined) this.confirmedRound = round
  }
}
