/** An observation as the status of a cluster and of its pools. */
import { counterOf, epochOf, hex } from '../../wire/ids.ts'
import { PORTS } from '../api/limits.ts'
import type { ZkObservers } from '../api/objects.ts'
import { formatTime } from '../api/time.ts'
import type { MemberStatus, ZkClusterStatus, ZkObserversStatus } from '../api/types.ts'
import { poolSelector, selectorText, voterSelector } from '../desired/labels.ts'
import { names } from '../desired/names.ts'
import type { Pool } from '../desired/settings.ts'
import type { Observed, ObservedPod } from '../ports/observed.ts'
import { judge } from './autoscale.ts'
import { conditions, type Finding, findings, type Trouble } from './conditions.ts'
import { isInitialized } from './facts.ts'
import { leadingPod } from './gate.ts'
import type { Plan } from './plan.ts'
import { reasonOf, whyOf } from './steps.ts'
import { isCommittedVoter, voterPods } from './world.ts'

export function clusterStatus(
  observed: Observed,
  plan: Plan,
  trouble: Trouble | undefined,
  clusterDomain: string,
): ZkClusterStatus {
  const { cluster, committed, nowMs } = observed
  const { name, namespace, generation } = cluster.meta
  const leader = leadingPod(observed)
  const versions = new Set(observed.pods.flatMap(pod => pod.answer?.version ?? []))
  const [version] = versions
  const initialized = isInitialized(observed)
  return {
    observedGeneration: generation,
    conditions: conditions(
      findings(observed, plan, trouble),
      cluster.status.conditions ?? [],
      generation,
      nowMs,
    ),
    summary: summaryOf(plan, trouble),
    ...(initialized ? { initialized } : {}),
    voters:
      committed?.members.filter(member => member.role === 'participant').length ??
      cluster.status.voters ??
      0,
    readyVoters: voterPods(observed).filter(
      pod => pod.isReady && (committed === undefined || isCommittedVoter(observed, pod.id)),
    ).length,
    observers: observed.pods.filter(pod => !pod.isVoter && pod.isReady).length,
    ...(leader === undefined ? {} : { leader: leader.name }),
    ...(versions.size === 1 && version !== undefined ? { version } : {}),
    ...(committed === undefined ? {} : { configVersion: hex(committed.version) }),
    selector: selectorText(voterSelector(name)),
    ...(initialized
      ? {
          clientEndpoint: `${names.client(name)}.${namespace}.svc.${clusterDomain}:${PORTS.client}`,
        }
      : {}),
    members: observed.pods.map(pod => memberStatus(observed, pod, leader)),
  }
}

const SUMMARY_MAX = 200

function summaryOf(plan: Plan, trouble: Trouble | undefined): string {
  const text = trouble?.message ?? whyOf(plan.step)
  return text.length > SUMMARY_MAX ? `${text.slice(0, SUMMARY_MAX - 1)}…` : text
}

function memberStatus(
  observed: Observed,
  pod: ObservedPod,
  leader: ObservedPod | undefined,
): MemberStatus {
  const { answer } = pod
  const base = {
    id: pod.id,
    pod: pod.name,
    voter: isCommittedVoter(observed, pod.id),
    ready: pod.isReady,
  }
  if (answer === undefined) return { ...base, role: 'unreachable', synced: false }
  const lead = leader?.answer
  const isSameEpoch = lead !== undefined && epochOf(lead.zxid) === epochOf(answer.zxid)
  return {
    ...base,
    role: answer.role,
    synced: answer.isServing && lead !== undefined,
    zxid: hex(answer.zxid),
    // A new epoch shows with its first write only. Asked one after the other, a follower may know
    // more than its leader did.
    ...(isSameEpoch ? { lag: Math.max(0, counterOf(lead.zxid) - counterOf(answer.zxid)) } : {}),
    version: answer.version,
  }
}

/** A pool that cannot be looked after: there is no such cluster, or no room for one more. */
export function orphanStatus(
  pool: ZkObservers,
  reason: 'ClusterNotFound' | 'NoFreeIds',
  message: string,
  nowMs: number,
): ZkObserversStatus {
  const { meta, status } = pool
  const finding: Finding = { status: 'False', reason, message }
  const before = status.conditions ?? []
  return {
    ...status,
    observedGeneration: meta.generation,
    conditions: conditions(new Map([['Ready', finding]]), before, meta.generation, nowMs),
  }
}

export function poolStatus(observed: Observed, plan: Plan, pool: Pool): ZkObserversStatus {
  const { meta, spec, status } = pool.resource
  const pods = observed.pods.filter(pod => pod.set === names.pool(meta.name))
  const ready = pods.filter(pod => pod.isReady).length
  const verdict = judge(observed, pool.resource)
  const isComplete = pods.length === spec.replicas && ready === spec.replicas
  const finding: Finding = isComplete
    ? { status: 'True', reason: 'Ready', message: `${ready} observers are ready` }
    : {
        status: 'False',
        reason: isInitialized(observed) ? 'ObserversNotReady' : reasonOf(plan.step),
        message: `${ready} of ${spec.replicas} observers are ready`,
      }
  return {
    observedGeneration: meta.generation,
    conditions: conditions(
      new Map([['Ready', finding]]),
      status.conditions ?? [],
      meta.generation,
      observed.nowMs,
    ),
    replicas: pods.length,
    readyReplicas: ready,
    selector: selectorText(poolSelector(spec.cluster, meta.name)),
    firstId: pool.firstId,
    ...(verdict === undefined
      ? {}
      : {
          autoscaling: {
            wantedReplicas: verdict.wanted,
            connections: verdict.connections,
            ...(verdict.lowSinceMs === undefined
              ? {}
              : { lowSince: formatTime(verdict.lowSinceMs) }),
            ...(verdict.readLatencyMs === undefined
              ? {}
              : { readLatencyMs: Math.round(verdict.readLatencyMs) }),
          },
        }),
  }
}
