/** Fewer voters, one at a time (operators.md 4.5). */
import { names, voterId } from '../desired/names.ts'
import type { Observed, ObservedPod } from '../ports/observed.ts'
import { gate, leadingPod, troubleText } from './gate.ts'
import {
  claimRef,
  claimsOf,
  committedMember,
  isCommittedVoter,
  type Rule,
  voterPods,
  voterSetOf,
} from './world.ts'

/**
 * What is no member any more: first its disk is marked as left, then its pod goes, then, by policy,
 * its claim. A kept disk that is not marked would come back with a configuration of the past.
 */
export const leftovers: Rule = ({ observed, desired }) => {
  const { committed, cluster } = observed
  const set = voterSetOf(observed)
  if (set === undefined || committed === undefined) return undefined
  const last = set.replicas - 1
  if (set.replicas > cluster.spec.voters && !isMember(observed, voterId(last))) {
    const claims = claimsOf(observed, last).filter(claim => claim.leftAt === undefined)
    const name = `${set.name}-${last}`
    if (claims.length > 0) {
      return {
        step: 'markLeft',
        claims: claims.map(claimRef),
        version: committed.version,
        why: `${name} is no member any more: its disk must not come back as it is`,
      }
    }
    const objects = [desired.voterSet(last, set.claimSizes)]
    return { step: 'apply', objects, why: `${name} is no member any more: its pod goes` }
  }
  const claim = observed.claims.find(
    each =>
      each.ordinal >= set.replicas &&
      each.leftAt !== undefined &&
      !each.isDeleting &&
      !isMember(observed, each.id) &&
      !voterPods(observed).some(pod => pod.ordinal === each.ordinal),
  )
  if (claim === undefined || cluster.spec.storage.whenScaled === 'Retain') return undefined
  const why = `claim ${claim.name} is of a voter that was removed, and the policy is Delete`
  return { step: 'deleteClaim', claim: claimRef(claim), why }
}

function isMember(observed: Observed, id: number): boolean {
  return committedMember(observed, id) !== undefined
}

/** The committed voter with the highest id, if there are more than the spec wants. */
function victim(
  observed: Observed,
): ObservedPod | { readonly id: number; readonly name: string } | undefined {
  const { committed, cluster } = observed
  const ids = (committed?.members ?? [])
    .filter(member => member.role === 'participant')
    .map(member => member.id)
  const id = Math.max(...ids)
  if (ids.length <= cluster.spec.voters || id <= cluster.spec.voters) return undefined
  const name = `${names.voters(cluster.meta.name)}-${id - 1}`
  return voterPods(observed).find(pod => pod.id === id) ?? { id, name }
}

/** A dead member may leave although it is not well, when the others are settled without it. */
export const shrinkDead: Rule = ({ observed }) => {
  const dead = victim(observed)
  if (dead === undefined || ('isReady' in dead && dead.isReady)) return undefined
  const { committed } = observed
  const leader = leadingPod(observed)
  if (leader === undefined || committed === undefined || leader.id === dead.id) return undefined
  if (!gate(observed, new Set([dead.id])).isSettled) return undefined
  const trouble = 'isReady' in dead ? troubleText(dead) : ''
  return {
    step: 'reconfig',
    leader,
    joining: [],
    leaving: [dead.id],
    ifVersion: committed.version,
    why: `removing voter ${dead.name}, which is not ready${trouble}`,
  }
}

export const shrink: Rule = ({ observed, gate: open }) => {
  const going = victim(observed)
  if (going === undefined || !open.isSettled) return undefined
  const { leader, committed, voters } = open
  if (going.id === leader.id) {
    const heir = voters.find(id => id !== leader.id && isCommittedVoter(observed, id))
    return {
      step: 'passLead',
      from: leader,
      to: heir,
      thenRestart: true,
      why: `${leader.name} leads and is to be removed: it passes the lead on first`,
    }
  }
  return {
    step: 'reconfig',
    leader,
    joining: [],
    leaving: [going.id],
    ifVersion: committed.version,
    why: `removing voter ${going.name}: ${voters.length} voters become ${voters.length - 1}`,
  }
}
