/** The operator: one lease, one queue, watches that fill it. */
import { Lease } from './controller/lease.ts'
import { Queue, type Result } from './controller/queue.ts'
import { type Controller, reconcile } from './controller/reconcile.ts'
import { readEnvironment } from './io/environment.ts'
import { serveHealth } from './io/health.ts'
import { KubeClient } from './io/kube-client.ts'
import { JsonLog } from './io/log.ts'
import { MemberClient } from './io/member-client.ts'
import { OperatorMetrics } from './io/metrics.ts'
import { watchAll } from './io/watches.ts'
import { systemClock, systemHash, systemRandom, systemTimers } from './io/world.ts'

const LEASE = { name: 'zkcluster-operator', durationMs: 15_000, renewMs: 4000 } as const
const BACK_OFF_MS = { first: 500, max: 60_000 } as const
const EXIT_LEASE_LOST = 1

const environment = readEnvironment(process.env)
const log = new JsonLog(environment.logLevel)
const client = new KubeClient()
const ending = new AbortController()

const controller: Controller = {
  hands: { kube: client, ensemble: new MemberClient(), random: systemRandom, hash: systemHash },
  settings: environment.settings,
  clock: systemClock,
  log,
  refreshed: new Map(),
  onPlan: (name, { step }, conditions) => {
    const [namespace = '', cluster = ''] = name.split('/')
    metrics.steps.inc({ step: step.step })
    metrics.lastReconcile.set({ namespace, cluster }, systemClock.wallMs() / 1000)
    for (const { type, status } of conditions) {
      metrics.condition.set({ namespace, cluster, type }, status === 'True' ? 1 : 0)
    }
  },
}

const queue: Queue = new Queue({
  clock: systemClock,
  timers: systemTimers,
  random: systemRandom,
  backOffMs: BACK_OFF_MS.first,
  backOffMaxMs: BACK_OFF_MS.max,
  ratePerSecond: environment.ratePerSecond,
  work: look,
})

const metrics: OperatorMetrics = new OperatorMetrics(() => queue.depth)

async function look(name: string): Promise<Result> {
  const [namespace = '', cluster = ''] = name.split('/')
  const startedMs = systemClock.monotonicMs()
  try {
    const result = await reconcile(controller, namespace, cluster)
    metrics.reconciles.inc({ result: result.failed ? 'failed' : 'done' })
    return result
  } catch (error) {
    metrics.reconciles.inc({ result: 'failed' })
    log.error('reconcile failed', { namespace, cluster, error: String(error) })
    return { againMs: undefined, failed: true }
  } finally {
    metrics.seconds.observe((systemClock.monotonicMs() - startedMs) / 1000)
  }
}

const lease = new Lease({
  kube: client,
  clock: systemClock,
  timers: systemTimers,
  log,
  namespace: environment.settings.operatorNamespace,
  name: LEASE.name,
  holder: environment.podName,
  durationMs: LEASE.durationMs,
  renewMs: LEASE.renewMs,
  onGained: () => {
    metrics.leading.set(1)
    watchAll({
      client,
      log,
      namespaces: environment.namespaces,
      onCluster: (namespace, cluster) => queue.add(`${namespace}/${cluster}`),
      onGone: (namespace, cluster) => {
        queue.forget(`${namespace}/${cluster}`)
        metrics.forget(namespace, cluster).catch((error: unknown) => {
          log.warn('metrics', { error: String(error) })
        })
      },
      signal: ending.signal,
    }).catch((error: unknown) => {
      log.error('watching failed', { error: String(error) })
      process.exit(EXIT_LEASE_LOST)
    })
  },
  onLost: () => {
    log.error('the lease is lost, another operator may act')
    process.exit(EXIT_LEASE_LOST)
  },
})

/** What has begun ends; then the lease goes to whoever is next. */
async function stop(signal: string): Promise<void> {
  log.info('stopping', { signal })
  ending.abort()
  queue.stop()
  await queue.idle()
  await lease.stop()
  process.exit(0)
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    stop(signal).catch((error: unknown) => {
      log.error('stopping failed', { error: String(error) })
      process.exit(EXIT_LEASE_LOST)
    })
  })
}

await serveHealth(environment, metrics, () => client.hasAnswered)
lease.start()
log.info('operator', {
  namespaces: environment.namespaces.map(name => name || 'all'),
  image: environment.settings.image,
  pod: environment.podName,
})
