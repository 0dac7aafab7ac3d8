/** Looks at everything once, live. Nothing is kept from one look to the next. */
import { ConfigStringError, type Membership, parseMembership } from '../../wire/config-string.ts'
import type { ZkCluster, ZkObservers } from '../api/objects.ts'
import { API_VERSION } from '../api/schema.ts'
import { Label } from '../desired/labels.ts'
import { names, voterId } from '../desired/names.ts'
import type { EnsembleApi, MemberAnswer } from '../ports/ensemble-api.ts'
import { type KubeApi, KubeError, type LiveObject } from '../ports/kube-api.ts'
import type { Observed, ObservedPod, ObservedPool, ObservedSet } from '../ports/observed.ts'
import { readPod } from './pods.ts'
import { controllerUid, objectAt, textAt, truthAt } from './read.ts'
import { readCluster, readPool } from './resources.ts'
import { readClaim, readObject, readSet } from './sets.ts'

export interface Eyes {
  readonly kube: KubeApi
  readonly ensemble: EnsembleApi
  readonly wallMs: () => number
}

const KINDS = {
  cluster: { apiVersion: API_VERSION, kind: 'ZkCluster' },
  pool: { apiVersion: API_VERSION, kind: 'ZkObservers' },
  set: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
  claim: { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
  node: { apiVersion: 'v1', kind: 'Node' },
  secret: { apiVersion: 'v1', kind: 'Secret' },
} as const

/** Objects of which only the hash matters. */
const APPLIED_KINDS = [
  { apiVersion: 'v1', kind: 'ServiceAccount' },
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
] as const

/** Undefined: there is no such cluster. Rejects with KubeError when Kubernetes cannot be read. */
export async function observe(
  eyes: Eyes,
  namespace: string,
  name: string,
): Promise<Observed | undefined> {
  const { kube } = eyes
  const found = await kube.get({ ...KINDS.cluster, namespace, name })
  if (found === undefined) return undefined
  const cluster = readCluster(found)
  const selector = `${Label.cluster}=${name}`
  const [pools, sets, pods, claims, secret, ...applied] = await Promise.all([
    kube.list(KINDS.pool, namespace, ''),
    kube.list(KINDS.set, namespace, selector),
    kube.list(KINDS.pod, namespace, selector),
    kube.list(KINDS.claim, namespace, selector),
    kube.get({ ...KINDS.secret, namespace, name: names.secret(name) }),
    ...APPLIED_KINDS.map(kind => kube.list(kind, namespace, selector)),
  ])
  const others = applied.flat()
  const ownPools = poolsOf(pools, name)
  const ownSets = new Map(sets.map(object => [object.metadata.name, readSet(object)]))
  const seen = await lookAtPods(eyes, cluster, pods, ownSets)
  const ensembleMap = others.find(
    object => object.kind === 'ConfigMap' && object.metadata.name === names.ensemble(name),
  )
  return {
    nowMs: eyes.wallMs(),
    cluster,
    pools: ownPools,
    objects: new Map(
      [
        ...sets,
        ...others,
        ...ownPools.map(pool => pool.object),
        ...(secret === undefined ? [] : [secret]),
      ].map(object => [`${object.kind}/${object.metadata.name}`, readObject(object)]),
    ),
    sets: ownSets,
    pods: seen,
    claims: claims
      .map(object => readClaim(object, names.voters(name)))
      .filter(claim => claim !== undefined)
      .sort((a, b) => a.ordinal - b.ordinal || (a.volume < b.volume ? -1 : 1)),
    credentialsUid:
      secret !== undefined && controllerUid(secret) === cluster.meta.uid
        ? secret.metadata.uid
        : undefined,
    startList: startListOf(ensembleMap),
    firstStartUntil: numberOf(textAt(ensembleMap, 'data', 'first-start-until')),
    committed: committedBy(seen),
  }
}

interface FoundPool extends ObservedPool {
  readonly resource: ZkObservers
  readonly object: LiveObject
}

function poolsOf(objects: readonly LiveObject[], cluster: string): FoundPool[] {
  return objects
    .map(object => ({
      resource: readPool(object),
      resourceVersion: object.metadata.resourceVersion,
      object,
    }))
    .filter(pool => pool.resource.spec.cluster === cluster)
    .sort((a, b) => (a.resource.meta.name < b.resource.meta.name ? -1 : 1))
}

function startListOf(map: LiveObject | undefined): string | undefined {
  const text = textAt(map, 'data', 'members')?.trim()
  return text === '' ? undefined : text
}

function numberOf(text: string | undefined): number | undefined {
  const value = Number(text?.trim() || Number.NaN)
  return Number.isFinite(value) ? value : undefined
}

async function lookAtPods(
  eyes: Eyes,
  cluster: ZkCluster,
  objects: readonly LiveObject[],
  sets: ReadonlyMap<string, ObservedSet>,
): Promise<readonly ObservedPod[]> {
  const { name } = cluster.meta
  const firstIds = new Map<string, number>([[names.voters(name), voterId(0)]])
  for (const set of sets.values())
    if (set.firstId !== undefined) firstIds.set(set.name, set.firstId)
  const found = objects
    .map(object => ({ object, pod: readPod(object, firstIds) }))
    .flatMap(({ object, pod }) => (pod === undefined ? [] : [{ object, pod }]))
  const nodes = new Set(found.flatMap(({ pod }) => (pod.node === undefined ? [] : [pod.node])))
  const [closed, answers] = await Promise.all([
    closedNodes(eyes.kube, nodes),
    Promise.all(found.map(({ object, pod }) => askMember(eyes, object, pod.id))),
  ])
  return found
    .map(({ pod }, i) => ({
      ...pod,
      isNodeClosed: pod.node === undefined ? undefined : closed.get(pod.node),
      answer: answers[i],
    }))
    .sort((a, b) => (a.set === b.set ? a.ordinal - b.ordinal : a.set < b.set ? -1 : 1))
}

/** By address: nothing waits for DNS. A member with another id is not ours. */
async function askMember(
  eyes: Eyes,
  object: LiveObject,
  id: number,
): Promise<MemberAnswer | undefined> {
  const address = textAt(object, 'status', 'podIP')
  if (address === undefined || textAt(object, 'status', 'phase') !== 'Running') return undefined
  const answer = await eyes.ensemble.describe(address)
  return answer?.id === id ? answer : undefined
}

/** Nodes may be out of reach for an operator of one namespace: then nothing is known of them. */
async function closedNodes(
  kube: KubeApi,
  nodes: ReadonlySet<string>,
): Promise<ReadonlyMap<string, boolean | undefined>> {
  const found = await Promise.all(
    [...nodes].map(async name => {
      try {
        const node = await kube.get({ ...KINDS.node, namespace: '', name })
        return [name, truthAt(objectAt(node, 'spec'), 'unschedulable')] as const
      } catch (error) {
        if (error instanceof KubeError && error.reason === 'Forbidden') {
          return [name, undefined] as const
        }
        throw error
      }
    }),
  )
  return new Map(found)
}

/** What the only leader has committed. Two leaders are one too many to believe either. */
function committedBy(pods: readonly ObservedPod[]): Membership | undefined {
  const leaders = pods.filter(pod => pod.answer?.role === 'leader' && pod.answer.isServing)
  const text = leaders[0]?.answer?.membership
  if (leaders.length !== 1 || text === undefined) return undefined
  try {
    const membership = parseMembership(text, true)
    return membership.members.length === 0 ? undefined : membership
  } catch (error) {
    if (error instanceof ConfigStringError) return undefined
    throw error
  }
}
