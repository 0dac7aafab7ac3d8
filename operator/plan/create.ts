/** From nothing to an ensemble, and what must be there around it (operators.md 4.1). */
import { shortKey } from '../api/manifest.ts'
import { names } from '../desired/names.ts'
import type { Observed } from '../ports/observed.ts'
import { isInitialized } from './facts.ts'
import { gate, troubleText } from './gate.ts'
import {
  claimRef,
  isStale,
  outdated,
  type Rule,
  refused,
  voterPods,
  voterSetOf,
  wait,
} from './world.ts'

/** Kubernetes takes down what the cluster owns; claims follow their retention policy. */
export const deleting: Rule = ({ observed }) =>
  observed.cluster.meta.isDeleting ? wait('Deleting', 'the cluster is being deleted') : undefined

export const paused: Rule = ({ observed }) =>
  observed.cluster.spec.paused ? refused('Paused', 'spec.paused is true') : undefined

/** Two owners of one object would undo each other's work for ever. */
export const nameTaken: Rule = ({ observed, desired }) => {
  const { uid } = observed.cluster.meta
  const own = new Set([uid, ...observed.pools.map(pool => pool.resource.meta.uid)])
  const keys = [
    ...[...desired.foundation, ...desired.later].map(shortKey),
    `StatefulSet/${names.voters(observed.cluster.meta.name)}`,
    `Secret/${names.secret(observed.cluster.meta.name)}`,
    ...desired.pools.flatMap(({ pool, objects }) => [
      ...objects.map(shortKey),
      `StatefulSet/${names.pool(pool.resource.meta.name)}`,
    ]),
  ]
  for (const key of keys) {
    const owner = observed.objects.get(key)?.controllerUid
    if (owner !== undefined && !own.has(owner)) {
      return refused('NameTaken', `${key} belongs to another owner`)
    }
  }
  return undefined
}

export const credentials: Rule = ({ observed }) =>
  observed.credentialsUid !== undefined
    ? undefined
    : {
        step: 'createCredentials',
        name: names.secret(observed.cluster.meta.name),
        why: 'making the credentials for reconfigurations',
      }

export const foundation: Rule = ({ observed, desired }) => {
  const objects = outdated(observed, desired.foundation)
  if (objects.length > 0) {
    const what = objects.map(object => `${object.kind} ${object.metadata.name}`).join(', ')
    return { step: 'apply', objects, why: `applying ${what}` }
  }
  for (const { apiVersion, kind, metadata } of desired.unwanted) {
    const found = observed.objects.get(`${kind}/${metadata.name}`)
    if (found?.controllerUid === observed.cluster.meta.uid) {
      const why = `the spec no longer asks for ${kind} ${metadata.name}`
      return { step: 'remove', key: { apiVersion, kind, name: metadata.name }, uid: found.uid, why }
    }
  }
  return undefined
}

/** Applying a template restarts nobody: pods are replaced one by one, by other rules. */
export const voterSet: Rule = ({ observed, desired }) => {
  const set = voterSetOf(observed)
  if (set?.isDeleting === true) return wait('SetDeleting', `StatefulSet ${set.name} is going`)
  const replicas = set?.replicas ?? firstReplicas(observed)
  const objects = outdated(observed, [desired.voterSet(replicas, set?.claimSizes)])
  if (objects.length === 0) return undefined
  const first = voterPods(observed).length > 0 ? 'making the set anew around' : 'starting'
  const why =
    set === undefined ? `${first} ${replicas} voters` : 'applying the new template of the voters'
  return { step: 'apply', objects, why }
}

/** Over disks or pods that are there already: as many as there were, whatever the spec says. */
function firstReplicas(observed: Observed): number {
  const ordinals = [
    ...observed.claims.filter(claim => claim.initialized !== undefined).map(each => each.ordinal),
    ...voterPods(observed).map(pod => pod.ordinal),
  ]
  if (ordinals.length === 0) return observed.cluster.spec.voters
  return Math.max(...ordinals) + 1
}

/**
 * Until the marker is written everything may be started over, since no client has been let in.
 * A first leader needs a quorum only, but we wait for all: whoever misses the first start has to
 * join like anybody else.
 */
export const firstQuorum: Rule = ({ observed }) => {
  if (isInitialized(observed)) return undefined
  const set = voterSetOf(observed)
  if (set === undefined) return undefined
  const broken = voterPods(observed).find(
    pod => !pod.isReady && !pod.isTerminating && isStale(observed, pod),
  )
  if (broken !== undefined) {
    return {
      step: 'restartPod',
      pod: broken,
      reason: 'Unready',
      why: `${broken.name} is not ready and older than the spec`,
    }
  }
  const open = gate(observed)
  if (!open.isSettled) {
    const troubled = voterPods(observed).find(pod => pod.trouble !== undefined)
    const trouble = troubled === undefined ? '' : `; ${troubled.name}${troubleText(troubled)}`
    return wait('Creating', `waiting for the first quorum: ${open.why}${trouble}`)
  }
  return {
    step: 'markInitialized',
    claims: observed.claims.map(claimRef),
    set: { name: set.name, uid: set.uid },
    why: 'the ensemble exists: from now on an empty disk never votes',
  }
}

/** The mark of the set is lost when the set is made anew. */
export const markedSet: Rule = ({ observed }) => {
  const set = voterSetOf(observed)
  if (set === undefined || set.isMarkedInitialized) return undefined
  const { name, uid } = set
  const why = `StatefulSet ${name} does not say yet that the ensemble exists`
  return { step: 'markInitialized', claims: [], set: { name, uid }, why }
}

/** Clients are let in once the ensemble exists. */
export const letClientsIn: Rule = ({ observed, desired }) => {
  const objects = outdated(observed, desired.later)
  if (objects.length > 0) {
    const what = objects.map(object => `${object.kind} ${object.metadata.name}`).join(', ')
    return { step: 'apply', objects, why: `applying ${what}` }
  }
  const { meta, spec } = observed.cluster
  const short = observed.pools.find(pool => pool.resource.ownerUid === meta.uid)
  if (spec.observers !== undefined || short === undefined) return undefined
  if (short.resource.meta.isDeleting) return undefined
  const { name, uid } = short.resource.meta
  const found = observed.objects.get(`ZkObservers/${name}`)
  return {
    step: 'remove',
    key: { apiVersion: found?.apiVersion ?? '', kind: 'ZkObservers', name },
    uid,
    why: 'the spec no longer asks for observers',
  }
}
