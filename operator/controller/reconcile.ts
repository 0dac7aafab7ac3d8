/** Look, decide, tell, act. Nothing is remembered from one time to the next. */
import type { Clock, Log } from '../../base/ports.ts'
import { act, type Hands, StepError } from '../act/act.ts'
import { POOLS_MAX } from '../api/limits.ts'
import type { Manifest } from '../api/manifest.ts'
import { API_VERSION } from '../api/schema.ts'
import type { Condition, ZkClusterStatus } from '../api/types.ts'
import type { OperatorSettings } from '../desired/settings.ts'
import { observe } from '../observe/observe.ts'
import { readPool } from '../observe/resources.ts'
import type { Trouble } from '../plan/conditions.ts'
import { type Plan, plan, presentObjects } from '../plan/plan.ts'
import { clusterStatus, orphanStatus, poolStatus } from '../plan/status.ts'
import { isChange, whyOf } from '../plan/steps.ts'
import { type KubeApi, KubeError } from '../ports/kube-api.ts'
import type { Observed } from '../ports/observed.ts'
import type { Result } from './queue.ts'

export interface Controller {
  readonly hands: Hands
  readonly settings: OperatorSettings
  readonly clock: Clock
  readonly log: Log
  /** When everything was applied last, by cluster. Losing it costs one round of applying. */
  readonly refreshed: Map<string, number>
  /** Told about every decision, and what it came to. */
  readonly onPlan?: (
    cluster: string,
    plan: Plan,
    conditions: readonly Condition[],
    trouble: Trouble | undefined,
  ) => void
}

/** How long an edit of what the operator owns may last. */
const REFRESH_MS = 600_000

/** After a change the world looks different at once; while waiting, members are asked again. */
const AGAIN_MS = { change: 100, wait: 2000, settled: 20_000 } as const

export async function reconcile(
  controller: Controller,
  namespace: string,
  name: string,
): Promise<Result> {
  const { hands, settings, clock } = controller
  const eyes = { ...hands, wallMs: () => clock.wallMs() }
  const observed = await observe(eyes, namespace, name)
  if (observed === undefined) {
    await tellOrphans(hands.kube, namespace, name, clock.wallMs())
    return { againMs: undefined, failed: false }
  }
  const decided = plan(observed, settings)
  const trouble = await tryToAct(controller, decided, observed)
  const status = clusterStatus(observed, decided, trouble, settings.clusterDomain)
  controller.onPlan?.(`${namespace}/${name}`, decided, status.conditions ?? [], trouble)
  const isTold = await unlessBeaten(async () => {
    if (!observed.cluster.meta.isDeleting) await tell(hands.kube, observed, decided, status)
    if (decided.step.step === 'settled') await refresh(controller, observed, decided)
  })
  const afterMs = isTold ? againMs(decided) : AGAIN_MS.change
  return { againMs: afterMs, failed: trouble !== undefined }
}

/** False: somebody was faster, or what it was about is gone. The next look sees that world. */
async function unlessBeaten(work: () => Promise<void>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (!(error instanceof KubeError)) throw error
    if (error.reason !== 'Conflict' && error.reason !== 'NotFound') throw error
    return false
  }
}

function againMs({ step }: Plan): number {
  if (step.step === 'settled') return AGAIN_MS.settled
  return isChange(step) ? AGAIN_MS.change : AGAIN_MS.wait
}

/** A step that fails becomes a condition. What is not our trade goes on upwards. */
async function tryToAct(
  { hands, log }: Controller,
  { step, rule }: Plan,
  observed: Observed,
): Promise<Trouble | undefined> {
  const { meta } = observed.cluster
  const facts = { namespace: meta.namespace, cluster: meta.name, rule, step: step.step }
  try {
    if (isChange(step)) log.info('step', { ...facts, why: whyOf(step) })
    await act(hands, step, meta)
    return undefined
  } catch (error) {
    if (!(error instanceof KubeError) && !(error instanceof StepError)) throw error
    log.warn('step failed', { ...facts, reason: error.reason, error: error.message })
    // Losing a race is no trouble: the next look sees the winner's world.
    if (error instanceof KubeError && error.reason === 'Conflict') return undefined
    return {
      reason: error instanceof KubeError ? `Kubernetes${error.reason}` : error.reason,
      message: `${whyOf(step)}: ${error.message}`,
    }
  }
}

/** Pools of a cluster that does not exist say so. */
async function tellOrphans(
  kube: KubeApi,
  namespace: string,
  cluster: string,
  nowMs: number,
): Promise<void> {
  const objects = await kube.list({ apiVersion: API_VERSION, kind: 'ZkObservers' }, namespace, '')
  for (const pool of objects.map(readPool)) {
    if (pool.spec.cluster !== cluster || pool.meta.isDeleting) continue
    const message = `there is no ZkCluster ${cluster} in ${namespace}`
    const status = orphanStatus(pool, 'ClusterNotFound', message, nowMs)
    if (!isNews(status, pool.status)) continue
    await kube.applyStatus(statusOf('ZkObservers', pool.meta, status))
  }
}

/**
 * Applies everything again: whoever has edited what the operator owns is undone. Nothing else
 * compares it; the API server writes nothing when nothing has changed.
 */
async function refresh(
  controller: Controller,
  observed: Observed,
  { desired }: Plan,
): Promise<void> {
  const { name, namespace } = observed.cluster.meta
  const key = `${namespace}/${name}`
  const nowMs = controller.clock.monotonicMs()
  const before = controller.refreshed.get(key)
  controller.refreshed.set(key, before ?? nowMs)
  if (before === undefined || nowMs - before < REFRESH_MS) return
  for (const object of presentObjects(observed, desired)) await controller.hands.kube.apply(object)
  controller.refreshed.set(key, nowMs)
}

/** Writes what has changed of the statuses. */
async function tell(
  kube: KubeApi,
  observed: Observed,
  decided: Plan,
  status: ZkClusterStatus,
): Promise<void> {
  const { cluster } = observed
  if (isNews(status, cluster.status)) {
    await kube.applyStatus(statusOf('ZkCluster', cluster.meta, status))
  }
  for (const { resource } of observed.pools) {
    if (decided.desired.pools.some(({ pool }) => pool.resource === resource)) continue
    if (resource.meta.isDeleting) continue
    const message = `a cluster has at most ${POOLS_MAX} pools of observers`
    const own = orphanStatus(resource, 'NoFreeIds', message, observed.nowMs)
    if (!isNews(own, resource.status)) continue
    await kube.applyStatus(statusOf('ZkObservers', resource.meta, own))
  }
  for (const { pool } of decided.desired.pools) {
    const own = poolStatus(observed, decided, pool)
    if (isNews(own, pool.resource.status)) {
      await kube.applyStatus(statusOf('ZkObservers', pool.resource.meta, own))
    }
  }
}

function statusOf(
  kind: string,
  meta: { readonly name: string; readonly namespace: string },
  status: object,
): Manifest {
  const { name, namespace } = meta
  return { apiVersion: API_VERSION, kind, metadata: { name, namespace }, status }
}

/**
 * Zxids and lags change with every write of any client: alone they are not worth a write of ours,
 * which would wake us again.
 */
function isNews(now: object, before: object): boolean {
  return JSON.stringify(now, withoutNoise) !== JSON.stringify(before, withoutNoise)
}

function withoutNoise(this: unknown, key: string, value: unknown): unknown {
  if (key === 'zxid' || key === 'lag' || key === 'connections' || key === 'readLatencyMs') {
    return undefined
  }
  // The API server may return keys in another order.
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
