/** What to do next. Read this first. */
import type { Manifest } from '../api/manifest.ts'
import { type Desired, desire } from '../desired/desired.ts'
import { names } from '../desired/names.ts'
import type { OperatorSettings } from '../desired/settings.ts'
import type { Observed } from '../ports/observed.ts'
import {
  credentials,
  deleting,
  firstQuorum,
  foundation,
  letClientsIn,
  markedSet,
  nameTaken,
  paused,
  voterSet,
} from './create.ts'
import { desiredInput } from './facts.ts'
import { type Gate, gate } from './gate.ts'
import { grow, join } from './grow.ts'
import { autoscale, dynamicObservers, observersReady, pools } from './observers.ts'
import { prune } from './prune.ts'
import { lostDisk, markServing, oneAtATime, unreadyGoesFirst, waitUntilSettled } from './repair.ts'
import { drain, roll } from './roll.ts'
import { leftovers, shrink, shrinkDead } from './shrink.ts'
import type { Step } from './steps.ts'
import { growVolumes } from './volumes.ts'
import { type Rule, voterSetOf } from './world.ts'

/**
 * The first rule that has something to say decides; the order is the safety argument. Behind
 * `oneAtATime` no voter is on its way, behind `waitUntilSettled` the ensemble is settled.
 */
export const RULES: readonly (readonly [name: string, rule: Rule])[] = [
  ['deleting', deleting],
  ['paused', paused],
  ['nameTaken', nameTaken],
  ['credentials', credentials],
  ['foundation', foundation],
  ['voterSet', voterSet],
  ['firstQuorum', firstQuorum],
  ['markedSet', markedSet],
  ['letClientsIn', letClientsIn],
  ['autoscale', autoscale],
  ['pools', pools],
  ['leftovers', leftovers],
  ['shrinkDead', shrinkDead],
  ['markServing', markServing],
  ['lostDisk', lostDisk],
  ['unreadyGoesFirst', unreadyGoesFirst],
  ['oneAtATime', oneAtATime],
  ['waitUntilSettled', waitUntilSettled],
  ['drain', drain],
  ['shrink', shrink],
  ['join', join],
  ['grow', grow],
  ['dynamicObservers', dynamicObservers],
  ['growVolumes', growVolumes],
  ['roll', roll],
  ['prune', prune],
  ['observersReady', observersReady],
]

export interface Plan {
  readonly step: Step
  /** The rule that decided. */
  readonly rule: string
  readonly desired: Desired
  readonly gate: Gate
}

export function plan(observed: Observed, settings: OperatorSettings): Plan {
  const desired = desire(desiredInput(observed, settings))
  const world = { observed, desired, gate: gate(observed) }
  for (const [name, rule] of RULES) {
    const step = rule(world)
    if (step !== undefined) return { step, rule: name, desired, gate: world.gate }
  }
  return { step: { step: 'settled' }, rule: 'settled', desired, gate: world.gate }
}

/** Everything that is there in a settled cluster, as it is: applying it changes nothing. */
export function presentObjects(observed: Observed, desired: Desired): readonly Manifest[] {
  const set = voterSetOf(observed)
  return [
    ...desired.foundation,
    ...(set === undefined ? [] : [desired.voterSet(set.replicas, set.claimSizes)]),
    ...desired.later,
    ...desired.pools.flatMap(pool => {
      const own = observed.sets.get(names.pool(pool.pool.resource.meta.name))
      return own === undefined ? pool.objects : [...pool.objects, pool.set(own.replicas)]
    }),
  ]
}
