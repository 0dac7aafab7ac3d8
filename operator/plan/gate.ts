/**
 * The gate before every change: is the ensemble settled? Answered by the members themselves, anew
 * at every look (operators.md 4, "Gate G").
 */
import { isSameMembership, type Membership, parseMembership } from '../../wire/config-string.ts'
import type { PeerId } from '../../wire/ids.ts'
import type { MemberAnswer } from '../ports/ensemble-api.ts'
import type { Observed, ObservedPod } from '../ports/observed.ts'

export type Gate =
  | {
      readonly isSettled: true
      readonly leader: LeadingPod
      readonly committed: Membership
      readonly voters: readonly PeerId[]
    }
  | { readonly isSettled: false; readonly why: string }

/** A pod whose member leads and says so. */
export interface LeadingPod extends ObservedPod {
  readonly address: string
  readonly answer: MemberAnswer
}

/** A new leader is left alone for so many ticks. */
const LEADER_TICKS = 3
const TICK_MS = 2000

const NOBODY: ReadonlySet<PeerId> = new Set()

/** `without`: members that are known to be lost; the others must be settled without them. */
export function gate(observed: Observed, without: ReadonlySet<PeerId> = NOBODY): Gate {
  const { committed } = observed
  const leader = leadingPod(observed)
  if (leader === undefined) return closed(whyNoLeader(observed))
  if (committed === undefined) return closed(`the configuration of ${leader.name} is unknown`)
  const voters = committed.members.filter(each => each.role === 'participant').map(each => each.id)
  for (const id of voters) {
    if (without.has(id)) continue
    const why = whyNotSettled(observed, id, leader, committed)
    if (why !== undefined) return closed(why)
  }
  const others = voters.filter(id => id !== leader.id && !without.has(id)).length
  const { leader: lead } = leader.answer
  if (lead === undefined) return closed(`${leader.name} does not say who follows it`)
  if (lead.syncedFollowers < others) {
    return closed(`${lead.syncedFollowers} of ${others} followers are synced with ${leader.name}`)
  }
  if (lead.pendingSyncs > 0) return closed(`${lead.pendingSyncs} syncs are pending`)
  const settledMs = LEADER_TICKS * tickMs(observed)
  if (lead.leadingForMs < settledMs) {
    return closed(`${leader.name} has led for less than ${settledMs / 1000} s`)
  }
  if (1 + others < quorumOf(voters.length)) {
    return closed(`${1 + others} of ${voters.length} voters are no quorum`)
  }
  return { isSettled: true, leader, committed, voters }
}

/** The only serving leader; undefined when there is none, or more than one says so. */
export function leadingPod(observed: Observed): LeadingPod | undefined {
  const found = observed.pods.flatMap(pod => {
    const { answer, address } = pod
    return answer?.role === 'leader' && answer.isServing && address !== undefined
      ? [{ ...pod, answer, address }]
      : []
  })
  return found.length === 1 ? found[0] : undefined
}

export function quorumOf(voters: number): number {
  return Math.floor(voters / 2) + 1
}

function whyNoLeader(observed: Observed): string {
  const leaders = observed.pods.filter(pod => pod.answer?.role === 'leader')
  return leaders.length > 1
    ? `${leaders.map(pod => pod.name).join(' and ')} both say that they lead`
    : 'no member leads'
}

function whyNotSettled(
  observed: Observed,
  id: PeerId,
  leader: LeadingPod,
  committed: Membership,
): string | undefined {
  const pod = observed.pods.find(each => each.isVoter && each.id === id)
  if (pod === undefined) return `voter ${id} has no pod`
  if (pod.isTerminating) return `${pod.name} is terminating`
  const { answer } = pod
  if (answer === undefined) return `${pod.name} does not answer${troubleText(pod)}`
  if (!answer.isServing) return `${pod.name} does not serve yet`
  if (!pod.isReady) return `${pod.name} is not ready`
  if (!answer.isVoting) return `${pod.name} does not know yet that it votes`
  if (!hasSame(answer.membership, committed)) {
    return `${pod.name} has not committed the configuration of ${leader.name} yet`
  }
  const readyForMs = observed.nowMs - pod.changedMs
  const { minReadySeconds } = observed.cluster.spec.update
  if (readyForMs < minReadySeconds * 1000) {
    return `${pod.name} has been ready for less than ${minReadySeconds} s`
  }
  return undefined
}

function hasSame(text: string | undefined, committed: Membership): boolean {
  return text !== undefined && isSameMembership(parseMembership(text, true), committed)
}

/** Why a pod does not run, after a colon. */
export function troubleText(pod: ObservedPod): string {
  return pod.trouble === undefined ? '' : `: ${pod.trouble}`
}

export function tickMs(observed: Observed): number {
  const configured = Number(observed.cluster.spec.config['tickTime'] ?? TICK_MS)
  return Number.isFinite(configured) && configured > 0 ? configured : TICK_MS
}

function closed(why: string): Gate {
  return { isSettled: false, why }
}
