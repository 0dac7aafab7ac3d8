/** Members that are not well: pods of a broken revision, lost disks, members on their way. */
import { memberOf, parseMembership } from '../../wire/config-string.ts'
import type { Observed, ObservedClaim, ObservedPod } from '../ports/observed.ts'
import { isInitialized } from './facts.ts'
import { gate, leadingPod, quorumOf, troubleText } from './gate.ts'
import {
  claimRef,
  claimsOf,
  hasClaims,
  isCommittedVoter,
  isStale,
  listed,
  type Rule,
  refused,
  voterPods,
  voterSetOf,
  wait,
} from './world.ts'

/**
 * A voter that serves and votes has its data, whatever the marks say: no listed voter starts on an
 * empty disk. The mark was missed when it joined.
 */
export const markServing: Rule = ({ observed }) => {
  if (!hasClaims(observed)) return undefined
  for (const pod of voterPods(observed)) {
    if (!servesAsVoter(observed, pod)) continue
    const claims = claimsOf(observed, pod.ordinal).filter(isUnmarked)
    if (claims.length === 0) continue
    const why = `${pod.name} serves and votes: its disk holds data of the ensemble`
    return { step: 'markInitialized', claims: claims.map(claimRef), set: undefined, why }
  }
  return undefined
}

function servesAsVoter(observed: Observed, { id, answer }: ObservedPod): boolean {
  return answer?.isServing === true && answer.isVoting && isCommittedVoter(observed, id)
}

/** Not known to hold data, or known to hold that of the past. */
export function isUnmarked({ initialized, leftAt }: ObservedClaim): boolean {
  return initialized === undefined || leftAt !== undefined
}

/**
 * A voter whose disk was lost forgets what it has acknowledged. It leaves the configuration before
 * it comes back, empty, as somebody who joins (operators.md 4.7, the conservative path). The member
 * itself waits meanwhile: node/io/pod.ts starts no listed voter on an empty disk.
 */
export const lostDisk: Rule = ({ observed }) => {
  const lost = lostDisks(observed)
  const [first] = lost
  if (first === undefined) return undefined
  const { committed } = observed
  const leader = leadingPod(observed)
  const why = `${listed(lost.map(pod => pod.name))} lost the disk`
  const voters = committed?.members.filter(each => each.role === 'participant').length ?? 0
  // Without a quorum nothing is repaired; the condition DataAtRisk tells.
  if (leader === undefined || committed === undefined) return undefined
  if (voters - lost.length < quorumOf(voters)) {
    return refused('DiskLost', `${why}: the other ${voters - lost.length} are no quorum`)
  }
  const open = gate(observed, new Set(lost.map(pod => pod.id)))
  if (!open.isSettled) return wait('DiskLost', `${why}; before it is rebuilt: ${open.why}`)
  return {
    step: 'reconfig',
    leader,
    joining: [],
    leaving: [first.id],
    ifVersion: committed.version,
    why: `${first.name} lost its disk: it leaves the configuration and joins again, empty`,
  }
}

/**
 * Pods of voters on claims that are not known to hold their data. Without a leader the list that
 * members start with tells who votes.
 */
export function lostDisks(observed: Observed): readonly ObservedPod[] {
  if (!hasClaims(observed) || !isInitialized(observed)) return []
  const { committed, startList } = observed
  const known = committed ?? parseMembership(startList ?? '', true)
  return voterPods(observed).filter(pod => {
    const claims = claimsOf(observed, pod.ordinal)
    return (
      memberOf(known, pod.id)?.role === 'participant' &&
      !servesAsVoter(observed, pod) &&
      claims.some(claim => claim.initialized === undefined && claim.leftAt === undefined)
    )
  })
}

/**
 * A pod that does not work and is older than the spec goes first: nothing is lost with it, and the
 * newer spec may be what repairs it. Unless that newer spec has already broken another one.
 */
export const unreadyGoesFirst: Rule = ({ observed }) => {
  if (observed.cluster.spec.update.strategy === 'OnDelete') return undefined
  const voters = voterPods(observed)
  if (voters.some(pod => pod.isTerminating)) return undefined
  const isProven = voters
    .filter(pod => !isStale(observed, pod))
    .every(pod => pod.isReady || pod.answer !== undefined)
  if (!isProven) return undefined
  const broken = voters.find(
    pod => !pod.isReady && isStale(observed, pod) && pod.answer?.isServing !== true,
  )
  if (broken === undefined) return undefined
  return {
    step: 'restartPod',
    pod: broken,
    reason: 'Unready',
    why: `${broken.name} is not ready and older than the spec${troubleText(broken)}`,
  }
}

/** One member on its way at a time: whoever restarts, starts or stops is waited for. */
export const oneAtATime: Rule = ({ observed }) => {
  const set = voterSetOf(observed)
  const voters = voterPods(observed)
  const going = voters.find(pod => pod.isTerminating)
  if (going !== undefined) return wait('MemberStopping', `${going.name} is stopping`)
  if (set !== undefined && voters.length < set.replicas) {
    return wait('MemberMissing', `${voters.length} of ${set.replicas} voters have a pod`)
  }
  const unready = voters.find(pod => !pod.isReady)
  if (unready === undefined) return undefined
  return isLate(observed, unready)
    ? refused('MemberNotReady', `${unready.name} does not become ready${troubleText(unready)}`)
    : wait('MemberStarting', `${unready.name} is not ready yet${troubleText(unready)}`)
}

/** Longer on its way than the spec allows. */
export function isLate(observed: Observed, pod: ObservedPod): boolean {
  const { progressDeadlineSeconds } = observed.cluster.spec.update
  return observed.nowMs - pod.changedMs > progressDeadlineSeconds * 1000
}

export const waitUntilSettled: Rule = ({ gate }) =>
  gate.isSettled ? undefined : wait('NotSettled', gate.why)
