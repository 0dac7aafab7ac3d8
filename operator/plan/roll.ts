/** Restarts: observers, followers, the leader last, its lead passed on (operators.md 4.2). */
import type { Observed, ObservedPod } from '../ports/observed.ts'
import { type LeadingPod, quorumOf, troubleText } from './gate.ts'
import { isLate } from './repair.ts'
import type { Step } from './steps.ts'
import {
  claimsOf,
  isCommittedVoter,
  isStale,
  listed,
  type Rule,
  refused,
  voterPods,
  wait,
} from './world.ts'

/** Below this a restart is an outage in any order. */
const SAFE_VOTERS = 3

export const roll: Rule = ({ observed, gate }) => {
  if (observed.cluster.spec.update.strategy === 'OnDelete' || !gate.isSettled) return undefined
  const observers = rollObservers(observed)
  if (observers !== undefined) return observers
  const due = voterPods(observed).filter(pod => reasonToRestart(observed, pod) !== undefined)
  if (due.length === 0) return undefined
  const { leader, voters } = gate
  const others = voters.length - 1
  if (voters.length >= SAFE_VOTERS && others < quorumOf(voters.length)) return undefined
  const follower = due.find(pod => pod.id !== leader.id)
  if (follower !== undefined) return restart(observed, follower)
  return restartLeader(observed, leader)
}

function reasonToRestart(
  observed: Observed,
  pod: ObservedPod,
): 'Changed' | 'VolumeGrown' | undefined {
  if (isStale(observed, pod)) return 'Changed'
  return claimsOf(observed, pod.ordinal).some(claim => pod.isVoter && claim.needsRestart)
    ? 'VolumeGrown'
    : undefined
}

function restart(observed: Observed, pod: ObservedPod): Step {
  const reason = reasonToRestart(observed, pod) ?? 'Changed'
  const why =
    reason === 'Changed'
      ? `restarting ${pod.name}, which is older than the spec`
      : `restarting ${pod.name}, whose file system grows at the start`
  return { step: 'restartPod', pod: { name: pod.name, uid: pod.uid }, reason, why }
}

/** A follower that is up to date and on a node that stays; else any follower. */
export function heirOf(observed: Observed, leader: LeadingPod): ObservedPod | undefined {
  const followers = voterPods(observed).filter(
    pod => pod.id !== leader.id && isCommittedVoter(observed, pod.id) && pod.isReady,
  )
  const staying = followers.filter(pod => pod.isNodeClosed !== true)
  return (
    staying.find(pod => !isStale(observed, pod)) ??
    staying[0] ??
    followers.find(pod => !isStale(observed, pod)) ??
    followers[0]
  )
}

function restartLeader(observed: Observed, leader: LeadingPod): Step {
  const heir = heirOf(observed, leader)
  if (heir === undefined) return restart(observed, leader)
  return {
    step: 'passLead',
    from: leader,
    to: heir.id,
    thenRestart: true,
    why: `${leader.name} leads and is the last to restart: it passes the lead to ${heir.name}`,
  }
}

/** Pools in batches of what may be unavailable. One that fails stops everything behind it. */
function rollObservers(observed: Observed): Step | undefined {
  for (const { resource } of observed.pools) {
    const pods = observed.pods.filter(pod => pod.set === `${resource.meta.name}-observers`)
    const due = pods.filter(pod => isStale(observed, pod) && !pod.isTerminating)
    const broken = due.find(pod => !pod.isReady)
    const away = pods.filter(pod => !pod.isReady || pod.isTerminating)
    const failed = away.find(pod => !isStale(observed, pod) && isLate(observed, pod))
    if (failed !== undefined) {
      return refused(
        'ObserverNotReady',
        `${failed.name} does not become ready${troubleText(failed)}: no further restart`,
      )
    }
    const fresh = away.filter(pod => pod.isTerminating || !isStale(observed, pod))
    const next = broken ?? due[0]
    if (next === undefined && fresh.length === 0) continue
    if (
      next !== undefined &&
      fresh.length < allowedAway(resource.spec.maxUnavailable, pods.length)
    ) {
      return restart(observed, next)
    }
    if (hasWork(observed)) {
      return wait('ObserverStarting', `waiting for ${listed(fresh.map(pod => pod.name))}`)
    }
  }
  return undefined
}

/** Whether anybody still has to restart: otherwise an unready observer holds up nothing. */
function hasWork(observed: Observed): boolean {
  return observed.pods.some(pod => reasonToRestart(observed, pod) !== undefined)
}

function allowedAway(maxUnavailable: string, pods: number): number {
  const count = maxUnavailable.endsWith('%')
    ? Math.floor((Number(maxUnavailable.slice(0, -1)) / 100) * pods)
    : Number(maxUnavailable)
  return Math.max(1, count)
}

/** A node is emptied under the leader: the lead moves before the pod must (operators.md 4.12). */
export const drain: Rule = ({ observed, gate }) => {
  if (!gate.isSettled || gate.leader.isNodeClosed !== true) return undefined
  const heir = heirOf(observed, gate.leader)
  if (heir === undefined || heir.isNodeClosed !== false) return undefined
  return {
    step: 'passLead',
    from: gate.leader,
    to: heir.id,
    thenRestart: false,
    why: `the node of ${gate.leader.name} is closed: it passes the lead to ${heir.name}`,
  }
}
