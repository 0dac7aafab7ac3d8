/** Claims grow one at a time; then the StatefulSet is made anew (operators.md 4.11). */
import { parseQuantity } from '../api/quantity.ts'
import { claimedVolumes } from '../desired/pod.ts'
import type { ObservedClaim } from '../ports/observed.ts'
import { claimRef, type Rule, refused, voterSetOf, wait } from './world.ts'

export const growVolumes: Rule = ({ observed, gate }) => {
  const set = voterSetOf(observed)
  if (set === undefined || !gate.isSettled) return undefined
  for (const volume of claimedVolumes(observed.cluster.spec)) {
    const claims = observed.claims.filter(
      claim => claim.volume === volume.name && claim.ordinal < set.replicas && !claim.isDeleting,
    )
    const growing = claims.find(isGrowing)
    if (growing !== undefined) {
      // Restarting its pod is for the rule that restarts.
      if (growing.needsRestart) continue
      return wait('VolumeGrowing', `claim ${growing.name} is growing to ${growing.requested}`)
    }
    const small = claims.find(claim => bytes(claim.requested) < bytes(volume.size))
    if (small !== undefined) {
      const why = `claim ${small.name} grows from ${small.requested} to ${volume.size}`
      return { step: 'growClaim', claim: claimRef(small), size: volume.size, why }
    }
    const template = set.claimSizes.get(volume.name)
    if (template === undefined) {
      return refused('VolumeAdded', `StatefulSet ${set.name} has no claims for ${volume.name}`)
    }
    if (bytes(template) !== bytes(volume.size)) {
      const { name, uid } = set
      const why = `all ${volume.name} claims are ${volume.size}: StatefulSet ${name} is made anew`
      return { step: 'releasePods', set: { name, uid }, why }
    }
  }
  return undefined
}

/** More was asked for than there is. A claim that is not bound has no capacity to compare. */
export function isGrowing(claim: ObservedClaim): boolean {
  return claim.capacityBytes !== undefined && claim.capacityBytes < bytes(claim.requested)
}

function bytes(quantity: string): number {
  return parseQuantity(quantity) ?? 0
}
