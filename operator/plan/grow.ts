/** More voters, one at a time: start, sync, then vote (operators.md 4.4). */
import { claimedVolumes } from '../desired/pod.ts'
import { serverLine } from '../desired/zoo-cfg.ts'
import { isUnmarked } from './repair.ts'
import {
  claimRef,
  claimsOf,
  isCommittedVoter,
  type Rule,
  voterPods,
  voterSetOf,
  wait,
} from './world.ts'

/**
 * A pod that is no member yet: it began with everybody else and itself as an observer, so it can
 * form no quorum. Once it has everything it may vote. The mark on its disk comes before the
 * reconfiguration: a member without a mark would look as if it had lost its disk.
 */
export const join: Rule = ({ observed, desired, gate }) => {
  const { spec, meta } = observed.cluster
  const joiner = voterPods(observed).find(
    pod => pod.ordinal < spec.voters && !isCommittedVoter(observed, pod.id),
  )
  if (joiner === undefined || !gate.isSettled) return undefined
  const { leader, committed, voters } = gate
  if (joiner.answer?.isServing !== true) {
    return wait('MemberSyncing', `${joiner.name} is not synced yet`)
  }
  const readyForMs = observed.nowMs - joiner.changedMs
  if (readyForMs < spec.update.minReadySeconds * 1000) {
    return wait('MemberSyncing', `${joiner.name} has been synced for a moment only`)
  }
  const claims = claimsOf(observed, joiner.ordinal)
  if (claims.length < claimedVolumes(spec).length) {
    return wait('ClaimMissing', `not all claims of ${joiner.name} are there`)
  }
  const unmarked = claims.filter(isUnmarked)
  if (unmarked.length > 0) {
    return {
      step: 'markInitialized',
      claims: unmarked.map(claimRef),
      set: undefined,
      why: `${joiner.name} has synced: its disk holds data of the ensemble`,
    }
  }
  const place = {
    cluster: meta.name,
    namespace: meta.namespace,
    clusterDomain: desired.input.settings.clusterDomain,
  }
  return {
    step: 'reconfig',
    leader,
    joining: [serverLine(joiner.id, joiner.name, 'participant', place)],
    leaving: [],
    ifVersion: committed.version,
    why: `${joiner.name} has synced: ${voters.length} voters become ${voters.length + 1}`,
  }
}

export const grow: Rule = ({ observed, desired, gate }) => {
  const set = voterSetOf(observed)
  const { spec } = observed.cluster
  if (set === undefined || !gate.isSettled || set.replicas >= spec.voters) return undefined
  const next = set.replicas
  const name = `${set.name}-${next}`
  if (claimsOf(observed, next).some(claim => claim.isDeleting)) {
    return wait('ClaimDeleting', `the old claim of ${name} is still being deleted`)
  }
  const objects = [desired.voterSet(next + 1, set.claimSizes)]
  return { step: 'apply', objects, why: `starting ${name}, which joins without a vote first` }
}
