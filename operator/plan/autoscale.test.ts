import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Zxid } from '../../wire/ids.ts'
import { formatTime } from '../api/time.ts'
import { testCluster, testPool } from '../desired/test-input.ts'
import type { MemberAnswer } from '../ports/ensemble-api.ts'
import type { Observed, ObservedPod } from '../ports/observed.ts'
import { judge, type Verdict } from './autoscale.ts'

const NOW_MS = 1_795_000_000_000

interface Load {
  readonly replicas: number
  readonly connections: readonly number[]
  readonly latencyMs?: number
  readonly lowForSeconds?: number
  readonly limits?: Readonly<Record<string, number>>
}

function verdict({ replicas, connections, latencyMs, lowForSeconds, limits }: Load): Verdict {
  const autoscaling = { maxReplicas: 6, connectionsPerObserver: 100, ...limits }
  const { resource } = testPool('p', { replicas, autoscaling }, 20)
  const lowSince =
    lowForSeconds === undefined ? {} : { lowSince: formatTime(NOW_MS - lowForSeconds * 1000) }
  const pool = {
    ...resource,
    status: { autoscaling: { wantedReplicas: 1, connections: 0, ...lowSince } },
  }
  const pods = connections.map((count, ordinal): ObservedPod => {
    const answer: MemberAnswer = {
      id: 20 + ordinal,
      role: 'observer',
      isServing: true,
      isVoting: false,
      zxid: 0n as Zxid,
      version: '',
      membership: undefined,
      leader: undefined,
      connections: count,
      readLatencyMs: latencyMs,
      settings: undefined,
    }
    return {
      name: `p-observers-${ordinal}`,
      uid: String(ordinal),
      set: 'p-observers',
      ordinal,
      id: 20 + ordinal,
      isVoter: false,
      isReady: true,
      changedMs: 0,
      isTerminating: false,
      revision: undefined,
      address: undefined,
      node: undefined,
      isNodeClosed: undefined,
      trouble: undefined,
      configMaps: [],
      answer,
    }
  })
  const observed: Observed = {
    nowMs: NOW_MS,
    cluster: testCluster(),
    pools: [],
    objects: new Map(),
    sets: new Map(),
    pods,
    claims: [],
    credentialsUid: undefined,
    startList: undefined,
    firstStartUntil: undefined,
    committed: undefined,
  }
  const found = judge(observed, pool)
  if (found === undefined) throw new Error('the pool asks for autoscaling')
  return found
}

test('connections ask for as many observers as it takes, at once', () => {
  equal(verdict({ replicas: 2, connections: [300, 150] }).replicas, 5)
  equal(verdict({ replicas: 2, connections: [900, 900] }).replicas, 6)
})

test('slow reads ask for one more, and wait until it shows its effect', () => {
  const limits = { readLatencyMs: 50 }
  equal(verdict({ replicas: 2, connections: [10, 10], latencyMs: 80, limits }).replicas, 3)
  equal(verdict({ replicas: 3, connections: [10, 10], latencyMs: 80, limits }).replicas, 3)
})

test('fewer have to suffice for a while, then one goes', () => {
  const calm = { replicas: 3, connections: [10, 10, 10] }
  const first = verdict(calm)
  equal(first.replicas, 3)
  equal(first.lowSinceMs, NOW_MS)
  equal(verdict({ ...calm, lowForSeconds: 299 }).replicas, 3)
  const later = verdict({ ...calm, lowForSeconds: 300 })
  equal(later.replicas, 2)
  // The next one has to wait as long again.
  equal(later.lowSinceMs, NOW_MS)
})

test('latency near its limit keeps everybody', () => {
  const limits = { readLatencyMs: 50 }
  const load = { replicas: 3, connections: [1, 1, 1], latencyMs: 40, limits, lowForSeconds: 900 }
  equal(verdict(load).replicas, 3)
  equal(verdict({ ...load, latencyMs: 20 }).replicas, 2)
})

test('a pool that does not answer is not made smaller, the bounds hold always', () => {
  equal(verdict({ replicas: 3, connections: [1], lowForSeconds: 900 }).replicas, 3)
  equal(verdict({ replicas: 9, connections: [1], lowForSeconds: 900 }).replicas, 6)
  equal(verdict({ replicas: 0, connections: [] }).replicas, 1)
})
