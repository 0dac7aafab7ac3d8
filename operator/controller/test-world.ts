/** Kubernetes and an ensemble together, with an operator in front: what tests walk through. */
import type { DigestAlgorithm } from '../../base/ports.ts'
import { TestRandom } from '../../base/test-random.ts'
import { isObject } from '../api/defaults.ts'
import type { JsonObject } from '../api/manifest.ts'
import { API_VERSION } from '../api/schema.ts'
import { formatTime } from '../api/time.ts'
import type { OperatorSettings } from '../desired/settings.ts'
import { listAt, objectAt, textAt } from '../observe/read.ts'
import type { Plan } from '../plan/plan.ts'
import { type Controller, reconcile } from './reconcile.ts'
import { type Disk, emptyDisk, TestEnsemble } from './test-ensemble.ts'
import { type Mutable, TestKube } from './test-kube.ts'

export const WORLD_SETTINGS: OperatorSettings = {
  image: 'node:good',
  operatorNamespace: 'zk-system',
  clusterDomain: 'cluster.local',
}

/** Thrown into the operator between two of its calls. */
export class Crash extends Error {}

export class TestWorld {
  readonly random: TestRandom
  readonly kube: TestKube
  readonly ensemble: TestEnsemble
  readonly plans: Plan[] = []
  readonly log: string[] = []
  /** By claim uid, or pod uid where there is no claim. */
  readonly #disks = new Map<string, Disk>()
  readonly #controller: Controller
  /** Calls until the operator crashes; undefined: it does not. */
  crashIn: number | undefined

  constructor(seed: number, spec: JsonObject = {}) {
    this.random = new TestRandom(seed)
    this.kube = new TestKube(this.random)
    this.ensemble = new TestEnsemble(this.random)
    this.kube.onCall = (_when, what) => {
      if (this.crashIn === undefined || this.crashIn-- > 0) return
      this.crashIn = undefined
      throw new Crash(what)
    }
    this.kube.onRemovePod = pod => this.#judgeRestart(pod)
    this.#controller = this.#makeController()
    this.#create(spec)
  }

  #create(spec: JsonObject): void {
    this.kube.create({
      apiVersion: API_VERSION,
      kind: 'ZkCluster',
      metadata: { name: 'zk', namespace: 'apps' },
      spec,
    })
  }

  #makeController(): Controller {
    const { kube, ensemble, random } = this
    const silent = (): void => {}
    return {
      hands: {
        kube,
        ensemble,
        random,
        hash: { digest: (_algorithm: DigestAlgorithm, bytes: Uint8Array) => bytes.slice(0, 20) },
      },
      settings: WORLD_SETTINGS,
      clock: { wallMs: () => kube.nowMs, monotonicMs: () => kube.nowMs },
      log: { trace: silent, debug: silent, info: silent, warn: silent, error: silent },
      refreshed: new Map(),
      onPlan: (_name, plan, _conditions, trouble) => {
        this.plans.push(plan)
        if (plan.step.step !== 'wait') {
          const why = 'why' in plan.step ? plan.step.why : ''
          const failed = trouble === undefined ? '' : ` FAILED ${trouble.message}`
          this.log.push(`${plan.rule}: ${plan.step.step} ${why}${failed}`)
        }
      },
    }
  }

  get cluster(): Mutable {
    const found = this.kube.find('ZkCluster', 'zk')
    if (found === undefined) throw new Error('the test deleted its cluster')
    return found
  }

  /** The operator looks once. A crash is one of the things that happen. */
  async reconcile(): Promise<void> {
    try {
      await reconcile(this.#controller, 'apps', 'zk')
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      this.log.push(`crash at ${error.message}`)
    }
  }

  get plan(): Plan {
    const last = this.plans[this.plans.length - 1]
    if (last === undefined) throw new Error('the operator has not decided anything yet')
    return last
  }

  condition(type: string): JsonObject {
    for (const condition of listAt(this.cluster, 'status', 'conditions')) {
      if (isObject(condition) && condition['type'] === type) return condition
    }
    return {}
  }

  /** Time passes for everybody but the operator. */
  tick(ms: number = 1000): void {
    this.kube.nowMs += ms
    this.ensemble.nowMs = this.kube.nowMs
    this.kube.collectGarbage()
    this.kube.runSets()
    this.kube.runClaims()
    this.#runPods()
    this.ensemble.tick()
    this.#runReadiness()
  }

  /** Ticks and looks until nothing is left to do. Returns false when that does not come. */
  async settle(limit: number = 400): Promise<boolean> {
    for (let i = 0; i < limit; i++) {
      this.tick()
      await this.reconcile()
      if (this.plans.length === 0) continue
      if (this.plan.step.step === 'settled' && this.plan.gate.isSettled) return true
    }
    return false
  }

  /** Deletes the cluster and everything that it owns, and makes it again; claims stay. */
  remake(spec: JsonObject): void {
    for (const object of this.kube.objects.values()) {
      if (object.kind !== 'PersistentVolumeClaim' && object.kind !== 'Pod') this.kube.delete(object)
    }
    for (const pod of this.kube.all('Pod')) {
      this.ensemble.stop(pod.metadata.uid)
      this.kube.delete(pod)
    }
    this.#create(spec)
  }

  edit(spec: JsonObject): void {
    this.kube.editSpec(this.cluster, spec)
  }

  /** kubectl delete pod. */
  deletePod(name: string): void {
    const pod = this.kube.find('Pod', name)
    if (pod !== undefined) this.kube.terminate(pod)
  }

  /** The disk of a voter is gone, and its pod with it. */
  loseDisk(ordinal: number): void {
    const claim = this.kube.find('PersistentVolumeClaim', `data-zk-${ordinal}`)
    if (claim !== undefined) {
      this.#disks.delete(claim.metadata.uid)
      this.kube.delete(claim)
    }
    const pod = this.kube.find('Pod', `zk-${ordinal}`)
    if (pod !== undefined) {
      this.ensemble.stop(pod.metadata.uid)
      this.kube.delete(pod)
    }
  }

  // --- kubelets ---

  #runPods(): void {
    for (const pod of this.kube.all('Pod')) {
      if (pod.metadata.deletionTimestamp !== undefined) {
        this.ensemble.stop(pod.metadata.uid)
        if (!this.random.oneIn(3)) this.kube.delete(pod)
        continue
      }
      if (textAt(pod, 'status', 'phase') === 'Running' || this.random.oneIn(3)) continue
      this.#startPod(pod)
    }
  }

  #startPod(pod: Mutable): void {
    const [container] = listAt(pod, 'spec', 'containers')
    const image = textAt(container, 'image') ?? ''
    const ip = `10.0.0.${pod.metadata.uid.slice(4)}`
    if (image.includes('bad')) {
      const waiting = { reason: 'CrashLoopBackOff', message: 'back-off' }
      const terminated = { reason: 'Error', exitCode: 2, message: `${image} does not start` }
      this.kube.update(pod, () => {
        pod.status = {
          ...this.#ready(pod, false),
          phase: 'Running',
          podIP: ip,
          containerStatuses: [{ name: 'zookeeper', state: { waiting }, lastState: { terminated } }],
        }
      })
      return
    }
    this.kube.update(pod, () => {
      pod.status = { ...this.#ready(pod, false), phase: 'Running', podIP: ip }
    })
    const env = (name: string): string => {
      const found = listAt(container, 'env').find(each => textAt(each, 'name') === name)
      return textAt(found, 'value') ?? ''
    }
    this.ensemble.start({
      pod: pod.metadata.name,
      podUid: pod.metadata.uid,
      address: ip,
      firstId: Number(env('ZK_POD_FIRST_ID')),
      isVoter: env('ZK_POD_ROLE') === 'voter',
      isPinned: env('ZK_POD_PINNED') === 'true',
      isEphemeral: env('ZK_POD_EPHEMERAL') === 'true',
      disk: this.#diskOf(pod),
      mounted: () => this.#mounted(),
      id: -1,
      state: 'waiting',
      connections: 0,
    })
  }

  #diskOf(pod: Mutable): Disk {
    const claim = this.kube.find('PersistentVolumeClaim', `data-${pod.metadata.name}`)
    const key = claim?.metadata.uid ?? pod.metadata.uid
    const known = this.#disks.get(key) ?? emptyDisk()
    this.#disks.set(key, known)
    return known
  }

  #mounted(): ReturnType<Parameters<TestEnsemble['start']>[0]['mounted']> {
    const data = objectAt(this.kube.find('ConfigMap', 'zk-ensemble'), 'data')
    const until = Number(textAt(data, 'first-start-until') || Number.NaN)
    return {
      members: textAt(data, 'members') ?? '',
      firstStartUntil: Number.isNaN(until) ? undefined : until,
      wipe: textAt(data, 'wipe') ?? '',
      settings: textAt(data, 'settings') ?? '',
    }
  }

  #ready(pod: Mutable, isReady: boolean): Record<string, unknown> {
    const [before] = listAt(pod, 'status', 'conditions')
    const status = isReady ? 'True' : 'False'
    const since =
      textAt(before, 'status') === status ? textAt(before, 'lastTransitionTime') : undefined
    return {
      conditions: [
        { type: 'Ready', status, lastTransitionTime: since ?? formatTime(this.kube.nowMs) },
      ],
    }
  }

  #runReadiness(): void {
    for (const pod of this.kube.all('Pod')) {
      if (textAt(pod, 'status', 'phase') !== 'Running') continue
      const process = this.ensemble.processes.get(pod.metadata.uid)
      const isReady = process?.state === 'serving' && pod.metadata.deletionTimestamp === undefined
      this.kube.update(pod, () => {
        pod.status = { ...pod.status, ...this.#ready(pod, isReady) }
      })
    }
  }

  /** The promise: no quorum is lost by a restart of ours, and nothing else is on its way. */
  #judgeRestart(pod: Mutable): void {
    const process = this.ensemble.processes.get(pod.metadata.uid)
    const margin = this.ensemble.margin()
    if (process === undefined || margin === undefined || !process.isVoter) return
    if (!margin.synced.includes(pod.metadata.name)) return
    const needed = Math.floor(margin.voters / 2) + 1
    if (margin.voters >= 3 && margin.synced.length - 1 < needed) {
      this.ensemble.complaints.push(
        `restart of ${pod.metadata.name} leaves ${margin.synced.length - 1} of ${margin.voters}`,
      )
    }
    const others = this.kube
      .all('Pod')
      .filter(each => each !== pod && this.ensemble.processes.get(each.metadata.uid)?.isVoter)
    if (others.some(each => each.metadata.deletionTimestamp !== undefined)) {
      this.ensemble.complaints.push(`restart of ${pod.metadata.name} beside another`)
    }
  }
}
