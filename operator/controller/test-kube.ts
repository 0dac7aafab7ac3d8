/**
 * A model of the API server, the StatefulSet controller and kubelets, for tests. What it gets wrong
 * on purpose: server-side apply knows one manager, label selectors are equalities, and claims are
 * bound and grown at once.
 */
import type { Random } from '../../base/ports.ts'
import { isObject } from '../api/defaults.ts'
import type { JsonObject, Manifest, ObjectKey } from '../api/manifest.ts'
import { canonical, contentHash } from '../api/manifest.ts'
import { formatTime } from '../api/time.ts'
import { listAt, numberAt, objectAt, textAt } from '../observe/read.ts'
import {
  type EventRecord,
  type KubeApi,
  KubeError,
  type LiveObject,
  type Precondition,
  type RemoveOptions,
} from '../ports/kube-api.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** An object as the model changes it. */
export interface Mutable extends Omit<LiveObject, 'metadata'> {
  apiVersion: string
  kind: string
  metadata: Writable<LiveObject['metadata']>
  spec?: Record<string, unknown>
  status?: Record<string, unknown>
}

export class TestKube implements KubeApi {
  readonly objects: Map<string, Mutable> = new Map<string, Mutable>()
  readonly events: EventRecord[] = []
  /** Called before and after the effect of every call that changes something; may throw. */
  onCall: (when: 'before' | 'after', what: string) => void = () => {}
  /** Told about every pod that is to go, before it does. */
  onRemovePod: (pod: Mutable) => void = () => {}
  /** Lists of pods and sets may be as old as this many changes. */
  staleness: number = 0
  /** Of one in so many calls that change something somebody else is faster; 0: never. */
  conflictOdds: number = 0
  nowMs: number = 1_795_000_000_000
  readonly #random: Random
  readonly #past: Map<string, LiveObject>[] = []
  #version = 0

  constructor(random: Random) {
    this.#random = random
  }

  get(key: ObjectKey): Promise<LiveObject | undefined> {
    const found = this.objects.get(idOf(key))
    return Promise.resolve(found === undefined ? undefined : structured(found))
  }

  list(
    kind: Pick<ObjectKey, 'apiVersion' | 'kind'>,
    namespace: string,
    selector: string,
  ): Promise<readonly LiveObject[]> {
    const wanted = selector.split(',').filter(term => term !== '')
    const found = [...this.#sight(kind.kind).values()].filter(
      object =>
        object.kind === kind.kind &&
        object.metadata.namespace === namespace &&
        wanted.every(term => {
          const [key = '', value] = term.split('=')
          return object.metadata.labels?.[key] === value
        }),
    )
    return Promise.resolve(found.map(structured))
  }

  /** The present, or with `staleness` sometimes a moment of the past. */
  #sight(kind: string): ReadonlyMap<string, LiveObject> {
    const isOld = kind === 'Pod' || kind === 'StatefulSet' || kind === 'PersistentVolumeClaim'
    if (!isOld || this.staleness === 0 || this.#random.int(4) > 0) return this.objects
    return (
      this.#past[Math.max(0, this.#past.length - 1 - this.#random.int(this.staleness))] ??
      this.objects
    )
  }

  async apply(manifest: Manifest): Promise<void> {
    this.#call('before', `apply ${manifest.kind}/${manifest.metadata.name}`)
    const found = this.objects.get(idOf(keyFrom(manifest)))
    if (found === undefined) this.create(manifest)
    else this.#merge(found, manifest)
    this.#call('after', `apply ${manifest.kind}`)
  }

  async applyStatus(manifest: Manifest): Promise<void> {
    this.#call('before', `status ${manifest.kind}`)
    const found = this.#find(keyFrom(manifest))
    found.status = structured(manifest['status']) as Record<string, unknown>
    this.#touch(found)
  }

  async patch(key: ObjectKey, patch: JsonObject, only: Precondition): Promise<void> {
    this.#call('before', `patch ${key.kind}/${key.name}`)
    const found = this.#find(key)
    this.#check(found, only)
    const before = canonical(found.spec)
    mergePatch(found, patch)
    if (canonical(found.spec) !== before) this.#bump(found)
    this.#touch(found)
    this.#call('after', `patch ${key.kind}`)
  }

  async remove(key: ObjectKey, only: Precondition, options: RemoveOptions = {}): Promise<void> {
    this.#call('before', `remove ${key.kind}/${key.name}`)
    const found = this.#find(key)
    this.#check(found, only)
    if (key.kind === 'Pod') {
      this.onRemovePod(found)
      this.terminate(found)
    } else {
      if (options.orphan === true) this.#orphan(found)
      this.delete(found)
    }
    this.#call('after', `remove ${key.kind}`)
  }

  record(event: EventRecord): Promise<void> {
    this.events.push(event)
    return Promise.resolve()
  }

  // --- what the world does ---

  create(manifest: Manifest): Mutable {
    const uid = `uid-${this.#version + 1}`
    const object = {
      ...structured<Manifest>(manifest),
      metadata: {
        ...structured(manifest.metadata),
        uid,
        resourceVersion: '0',
        generation: 1,
        creationTimestamp: formatTime(this.nowMs),
      },
    } as Mutable
    if (manifest.kind === 'ZkObservers' && object.spec?.['replicas'] === undefined) {
      object.spec = { ...object.spec, replicas: 1 }
    }
    this.objects.set(idOf(keyFrom(object)), object)
    this.#touch(object)
    return object
  }

  delete(object: Mutable): void {
    this.objects.delete(idOf(keyFrom(object)))
    this.#remember()
  }

  terminate(pod: Mutable): void {
    pod.metadata.deletionTimestamp ??= formatTime(this.nowMs)
    this.#touch(pod)
  }

  all(kind: string): Mutable[] {
    return [...this.objects.values()].filter(object => object.kind === kind)
  }

  find(kind: string, name: string): Mutable | undefined {
    return this.all(kind).find(object => object.metadata.name === name)
  }

  /** Writes of the model itself. */
  update(object: Mutable, change: () => void): void {
    const before = JSON.stringify(object)
    change()
    if (JSON.stringify(object) !== before) this.#touch(object)
  }

  editSpec(object: Mutable, spec: JsonObject): void {
    mergePatch((object.spec ??= {}), spec)
    this.#bump(object)
    this.#touch(object)
  }

  /** One round of the StatefulSet controller. */
  runSets(): void {
    for (const set of this.all('StatefulSet')) {
      const template = JSON.stringify(objectAt(set, 'spec', 'template'))
      const revision = `${set.metadata.name}-${contentHash(template)}`
      this.update(set, () => {
        const { generation } = set.metadata
        set.status = { observedGeneration: generation, updateRevision: revision }
      })
      const replicas = numberAt(set, 'spec', 'replicas') ?? 1
      for (let ordinal = 0; ordinal < replicas; ordinal++) this.#runPod(set, ordinal, revision)
      for (const pod of this.podsOf(set)) {
        const ordinal = Number(pod.metadata.name.slice(set.metadata.name.length + 1))
        if (ordinal >= replicas) this.terminate(pod)
      }
    }
  }

  podsOf(set: Mutable): Mutable[] {
    return this.all('Pod').filter(
      pod => pod.metadata.ownerReferences?.[0]?.uid === set.metadata.uid,
    )
  }

  #runPod(set: Mutable, ordinal: number, revision: string): void {
    const { name, namespace, uid } = set.metadata
    const podName = `${name}-${ordinal}`
    for (const claim of listAt(set, 'spec', 'volumeClaimTemplates')) {
      const claimName = `${textAt(claim, 'metadata', 'name')}-${podName}`
      if (this.find('PersistentVolumeClaim', claimName) !== undefined) continue
      const labels = objectAt(claim, 'metadata', 'labels') as Record<string, string>
      const spec = structured(objectAt(claim, 'spec'))
      const metadata = { name: claimName, namespace, labels }
      this.create({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec })
    }
    const owner = {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      name,
      uid,
      controller: true,
      blockOwnerDeletion: true,
    }
    const known = this.find('Pod', podName)
    if (known !== undefined) {
      // Pods without an owner are adopted.
      if (known.metadata.ownerReferences === undefined) {
        this.update(known, () => (known.metadata.ownerReferences = [owner]))
      }
      return
    }
    const template = objectAt(set, 'spec', 'template')
    const labels = objectAt(template, 'metadata', 'labels') as Record<string, string>
    this.create({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: podName,
        namespace,
        labels: { ...labels, 'controller-revision-hash': revision },
        ownerReferences: [owner],
      },
      spec: structured(objectAt(template, 'spec')),
      status: { phase: 'Pending' },
    })
  }

  /** What is owned by something that is gone goes too, sooner or later. */
  collectGarbage(): void {
    const alive = new Set([...this.objects.values()].map(object => object.metadata.uid))
    for (const object of this.objects.values()) {
      const owner = object.metadata.ownerReferences?.[0]?.uid
      if (owner === undefined || alive.has(owner) || this.#random.int(2) === 0) continue
      if (object.kind === 'Pod') this.terminate(object)
      else this.delete(object)
    }
  }

  /** Claims have the size that was asked for last. */
  runClaims(): void {
    for (const claim of this.all('PersistentVolumeClaim')) {
      const wanted = textAt(claim, 'spec', 'resources', 'requests', 'storage') ?? '0'
      this.update(claim, () => (claim.status = { capacity: { storage: wanted } }))
    }
  }

  // --- inside ---

  #orphan(owner: Mutable): void {
    for (const pod of this.podsOf(owner)) {
      this.update(pod, () => {
        delete (pod.metadata as { ownerReferences?: unknown }).ownerReferences
      })
    }
  }

  #merge(found: Mutable, manifest: Manifest): void {
    const before = canonical(found.spec)
    if (manifest.kind === 'StatefulSet') checkImmutable(found, manifest)
    for (const [field, value] of Object.entries(manifest)) {
      if (field === 'metadata') continue
      const own = structured(value)
      const kept = field === 'spec' && manifest.kind === 'ZkObservers' ? found.spec : {}
      const merged = isObject(own as never) ? { ...keptReplicas(kept), ...(own as object) } : own
      ;(found as unknown as Record<string, unknown>)[field] = merged
    }
    const { metadata } = found
    metadata.labels = { ...metadata.labels, ...manifest.metadata.labels }
    metadata.annotations = { ...metadata.annotations, ...manifest.metadata.annotations }
    if (canonical(found.spec) !== before) this.#bump(found)
    this.#touch(found)
  }

  #bump(object: Mutable): void {
    object.metadata.generation = (object.metadata.generation ?? 0) + 1
  }

  #touch(object: Mutable): void {
    object.metadata.resourceVersion = String(++this.#version)
    this.#remember()
  }

  #remember(): void {
    if (this.staleness === 0) return
    this.#past.push(structured(this.objects) as Map<string, LiveObject>)
    if (this.#past.length > 30) this.#past.shift()
  }

  #call(when: 'before' | 'after', what: string): void {
    this.onCall(when, what)
    if (when === 'before' && this.conflictOdds > 0 && this.#random.int(this.conflictOdds) === 0) {
      throw new KubeError('Conflict', `${what}: somebody was faster`)
    }
  }

  #find(key: ObjectKey): Mutable {
    const found = this.objects.get(idOf(key))
    if (found === undefined) throw new KubeError('NotFound', `${key.kind} ${key.name} is gone`)
    return found
  }

  #check(object: Mutable, { uid, resourceVersion }: Precondition): void {
    const { metadata } = object
    if (metadata.uid !== uid) throw new KubeError('Conflict', `${metadata.name} has another uid`)
    if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
      throw new KubeError('Conflict', `${metadata.name} has changed`)
    }
  }
}

function checkImmutable(found: Mutable, manifest: Manifest): void {
  for (const field of ['volumeClaimTemplates', 'selector', 'serviceName', 'podManagementPolicy']) {
    const now = objectAt(manifest, 'spec')[field]
    if (canonical(found.spec?.[field]) !== canonical(now)) {
      throw new KubeError('Invalid', `spec.${field} of ${found.metadata.name} cannot be changed`)
    }
  }
}

function keptReplicas(spec: Record<string, unknown> | undefined): object {
  return spec?.['replicas'] === undefined ? {} : { replicas: spec['replicas'] }
}

/** RFC 7386. */
function mergePatch(target: Record<string, unknown>, patch: JsonObject): void {
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete target[key]
    else if (isObject(value)) {
      const inner = isObject(target[key] as never) ? { ...(target[key] as object) } : {}
      target[key] = inner
      mergePatch(inner, value)
    } else target[key] = value
  }
}

function keyFrom({ apiVersion, kind, metadata }: Manifest): ObjectKey {
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name }
}

function idOf({ kind, namespace, name }: ObjectKey): string {
  return `${kind}/${namespace}/${name}`
}

/** A copy that shares nothing. */
function structured<T>(value: T): T {
  if (value instanceof Map) {
    return new Map(
      [...value].map(([key, inner]) => [key as unknown, structured(inner as unknown)]),
    ) as T
  }
  if (Array.isArray(value)) return value.map(structured) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([key, inner]) => [key, structured(inner as unknown)]),
  ) as T
}
