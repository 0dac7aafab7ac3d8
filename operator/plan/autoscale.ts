/** How many observers a pool needs, by connections and read latency. */
import type { ZkObservers } from '../api/objects.ts'
import { parseTime } from '../api/time.ts'
import { names } from '../desired/names.ts'
import type { Observed } from '../ports/observed.ts'

export interface Verdict {
  /** What `replicas` should be now. */
  readonly replicas: number
  /** What would suffice now. */
  readonly wanted: number
  /** Since when fewer would suffice. */
  readonly lowSinceMs: number | undefined
  readonly connections: number
  readonly readLatencyMs: number | undefined
  readonly why: string
}

/** Below this part of the limit nobody is kept because of latency. */
const CALM = 0.5

/** Undefined: the pool does not ask for it. Nothing is remembered but `status.autoscaling`. */
export function judge(observed: Observed, pool: ZkObservers): Verdict | undefined {
  const { autoscaling: limits, replicas: now } = pool.spec
  if (limits === undefined) return undefined
  const pods = observed.pods.filter(pod => pod.set === names.pool(pool.meta.name))
  const answers = pods.flatMap(pod => (pod.answer === undefined ? [] : [pod.answer]))
  const connections = answers.reduce((sum, answer) => sum + answer.connections, 0)
  const latencies = answers.flatMap(answer => answer.readLatencyMs ?? [])
  const readLatencyMs = latencies.length === 0 ? undefined : Math.max(...latencies)
  const clamp = (count: number): number =>
    Math.min(Math.max(count, limits.minReplicas), limits.maxReplicas)
  const isComplete = answers.length === now && pods.every(pod => pod.isReady)
  const byConnections = Math.ceil(connections / limits.connectionsPerObserver)
  const latencyLimit = limits.readLatencyMs ?? Number.POSITIVE_INFINITY
  const isSlow = readLatencyMs !== undefined && readLatencyMs > latencyLimit
  const isCalm = readLatencyMs === undefined || readLatencyMs <= latencyLimit * CALM
  // Whoever was added for latency shows its effect first.
  const byLatency = isSlow && isComplete ? now + 1 : isCalm ? 0 : now
  const wanted = clamp(Math.max(byConnections, byLatency))
  const facts = { wanted, connections, readLatencyMs }
  if (wanted > now) {
    const why =
      byLatency > byConnections
        ? `reads take ${readLatencyMs} ms`
        : `${connections} connections, ${limits.connectionsPerObserver} for each`
    return { ...facts, replicas: wanted, lowSinceMs: undefined, why }
  }
  if (now > limits.maxReplicas) {
    return { ...facts, replicas: limits.maxReplicas, lowSinceMs: undefined, why: 'maxReplicas' }
  }
  // A pool that does not answer has no load to judge by.
  if (wanted === now || !isComplete) {
    return { ...facts, replicas: now, lowSinceMs: undefined, why: 'enough' }
  }
  const since = parseTime(pool.status.autoscaling?.lowSince) ?? observed.nowMs
  const isLongEnough = observed.nowMs - since >= limits.scaleDownAfterSeconds * 1000
  return {
    ...facts,
    replicas: isLongEnough ? now - 1 : now,
    lowSinceMs: isLongEnough ? observed.nowMs : since,
    why: `${wanted} have sufficed for ${limits.scaleDownAfterSeconds} s`,
  }
}
