/** What the rules look at: the observation, what should be, and what follows from both at once. */
import { type Member, memberOf } from '../../wire/config-string.ts'
import type { PeerId } from '../../wire/ids.ts'
import type { Manifest } from '../api/manifest.ts'
import type { Desired } from '../desired/desired.ts'
import { Annotation } from '../desired/labels.ts'
import { names } from '../desired/names.ts'
import type { Observed, ObservedClaim, ObservedPod, ObservedSet } from '../ports/observed.ts'
import type { Gate } from './gate.ts'
import type { ClaimRef, Step } from './steps.ts'

export interface World {
  readonly observed: Observed
  readonly desired: Desired
  readonly gate: Gate
}

/** The first rule that has something to say decides. Undefined: nothing to say. */
export type Rule = (world: World) => Step | undefined

export function voterSetOf(observed: Observed): ObservedSet | undefined {
  return observed.sets.get(names.voters(observed.cluster.meta.name))
}

export function voterPods(observed: Observed): readonly ObservedPod[] {
  return observed.pods.filter(pod => pod.isVoter)
}

/** Made from an older template than its set has now. */
export function isStale(observed: Observed, pod: ObservedPod): boolean {
  const revision = observed.sets.get(pod.set)?.revision
  return revision !== undefined && pod.revision !== revision
}

/** The entry of the committed configuration; undefined when there is none, or none is known. */
export function committedMember(observed: Observed, id: PeerId): Member | undefined {
  return observed.committed === undefined ? undefined : memberOf(observed.committed, id)
}

export function isCommittedVoter(observed: Observed, id: PeerId): boolean {
  return committedMember(observed, id)?.role === 'participant'
}

export function claimsOf(observed: Observed, ordinal: number): readonly ObservedClaim[] {
  return observed.claims.filter(claim => claim.ordinal === ordinal)
}

export function claimRef({ name, uid, id }: ObservedClaim): ClaimRef {
  return { name, uid, id }
}

/** Whether members keep their data in claims at all. */
export function hasClaims(observed: Observed): boolean {
  return !observed.cluster.spec.storage.ephemeral
}

/** Objects that are missing, or not as they were applied last. */
export function outdated(observed: Observed, objects: readonly Manifest[]): readonly Manifest[] {
  return objects.filter(object => {
    const found = observed.objects.get(`${object.kind}/${object.metadata.name}`)
    return found?.applied !== object.metadata.annotations?.[Annotation.applied]
  })
}

/** `a, b and c`. */
export function listed(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join('')
  return `${parts.slice(0, -1).join(', ')} and ${parts[parts.length - 1]}`
}

export function wait(reason: string, why: string): Step {
  return { step: 'wait', reason, why }
}

export function refused(reason: string, why: string): Step {
  return { step: 'refused', reason, why }
}
