/** Pools of observers: how many, and whether the configuration names them (operators.md 4.6). */

import type { DesiredPool } from '../desired/desired.ts'
import { isPoolId, names, podName } from '../desired/names.ts'
import { serverLine } from '../desired/zoo-cfg.ts'
import type { Observed } from '../ports/observed.ts'
import { judge } from './autoscale.ts'
import { troubleText } from './gate.ts'
import { isLate } from './repair.ts'
import { committedMember, isStale, listed, outdated, type Rule, refused, wait } from './world.ts'

/** The operator's own autoscaler writes the same field that kubectl scale does. */
export const autoscale: Rule = ({ observed }) => {
  for (const { resource, resourceVersion } of observed.pools) {
    const verdict = judge(observed, resource)
    if (verdict === undefined || verdict.replicas === resource.spec.replicas) continue
    return {
      step: 'scalePool',
      pool: resource.meta.name,
      uid: resource.meta.uid,
      resourceVersion,
      replicas: verdict.replicas,
      why: `scaling observers ${resource.meta.name} to ${verdict.replicas}: ${verdict.why}`,
    }
  }
  return undefined
}

/** Observers count in no quorum: they come and go without waiting for anybody. */
export const pools: Rule = ({ observed, desired }) => {
  for (const pool of desired.pools) {
    const { name } = pool.pool.resource.meta
    const set = observed.sets.get(names.pool(name))
    if (set?.isDeleting === true) continue
    const replicas = poolReplicas(observed, pool, set?.replicas ?? 0)
    const objects = outdated(observed, [...pool.objects, pool.set(replicas)])
    if (objects.length === 0) continue
    const why =
      set?.replicas === replicas
        ? `applying observers ${name}`
        : `scaling observers ${name} from ${set?.replicas ?? 0} to ${replicas}`
    return { step: 'apply', objects, why }
  }
  return undefined
}

/** Observers that the configuration names leave it before their pods go. */
function poolReplicas(observed: Observed, { pool }: DesiredPool, now: number): number {
  const { spec } = pool.resource
  if (spec.replicas >= now) return spec.replicas
  // Without a leader nobody knows who is named.
  if (observed.committed === undefined) return now
  let last = spec.replicas
  for (let ordinal = spec.replicas; ordinal < now; ordinal++) {
    if (committedMember(observed, pool.firstId + ordinal) !== undefined) last = ordinal + 1
  }
  return last
}

/** Entries of observers: one reconfiguration for all that leave, then one for all that join. */
export const dynamicObservers: Rule = ({ observed, desired, gate }) => {
  if (!gate.isSettled) return undefined
  const { leader, committed } = gate
  const wanted = new Set<number>()
  const joining: string[] = []
  const place = {
    cluster: observed.cluster.meta.name,
    namespace: observed.cluster.meta.namespace,
    clusterDomain: desired.input.settings.clusterDomain,
  }
  for (const { pool } of desired.pools) {
    const { meta, spec } = pool.resource
    if (spec.membership === 'Pinned') continue
    for (let ordinal = 0; ordinal < spec.replicas; ordinal++) {
      const id = pool.firstId + ordinal
      wanted.add(id)
      const name = podName(names.pool(meta.name), ordinal)
      const pod = observed.pods.find(each => each.name === name)
      if (committedMember(observed, id) === undefined && pod?.answer?.isServing === true) {
        joining.push(serverLine(id, name, 'observer', place))
      }
    }
  }
  const leaving = committed.members
    .filter(member => isPoolId(member.id) && !wanted.has(member.id))
    .filter(member => {
      // A pod that was not pinned when it started turns into a follower when it is not named.
      const pod = observed.pods.find(each => each.id === member.id)
      return pod === undefined || !isStale(observed, pod)
    })
    .map(member => member.id)
  const change = { step: 'reconfig', leader, ifVersion: committed.version } as const
  if (leaving.length > 0) {
    const why = `removing observers ${listed(leaving.map(String))} from the configuration`
    return { ...change, joining: [], leaving, why }
  }
  if (joining.length === 0) return undefined
  const who = joining.map(line => line.slice('server.'.length, line.indexOf('=')))
  return {
    ...change,
    joining,
    leaving: [],
    why: `naming observers ${listed(who)} in the configuration`,
  }
}

/** Nothing waits for observers, but a cluster without them is not what its spec says. */
export const observersReady: Rule = ({ observed, desired }) => {
  for (const { pool } of desired.pools) {
    const { meta, spec } = pool.resource
    const pods = observed.pods.filter(pod => pod.set === names.pool(meta.name))
    const ready = pods.filter(pod => pod.isReady && !pod.isTerminating)
    if (ready.length === spec.replicas && pods.length === spec.replicas) continue
    const count = `${ready.length} of ${spec.replicas} observers of ${meta.name} are ready`
    const late = pods.find(pod => !pod.isReady && isLate(observed, pod))
    return late === undefined
      ? wait('ObserversStarting', count)
      : refused(
          'ObserverNotReady',
          `${count}: ${late.name} does not become ready${troubleText(late)}`,
        )
  }
  return undefined
}
