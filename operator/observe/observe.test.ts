import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { answerOf } from '../io/member-client.ts'
import type { LiveObject } from '../ports/kube-api.ts'
import { readPod } from './pods.ts'
import { readClaim, readSet } from './sets.ts'

function live(kind: string, name: string, rest: object): LiveObject {
  return {
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'apps', uid: 'u', resourceVersion: '1', generation: 2 },
    ...rest,
  }
}

const FIRST = new Map([
  ['zk', 1],
  ['zk-observers', 20],
])

function trouble(status: object): string | undefined {
  return readPod(live('Pod', 'zk-0', { status }), FIRST)?.trouble
}

test('what keeps a pod from running is told in the words of who knows', () => {
  const unschedulable = {
    conditions: [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' },
    ],
  }
  equal(trouble(unschedulable), 'Unschedulable: 0/3 nodes')
  const container = (state: object, lastState: object = {}): object => ({
    containerStatuses: [{ name: 'zookeeper', state, lastState }],
  })
  const waiting = { reason: 'CrashLoopBackOff', message: 'back-off 10s' }
  const terminated = { reason: 'Error', exitCode: 2, message: 'snapCount=x: valid is a number\n' }
  equal(
    trouble(container({ waiting }, { terminated })),
    'CrashLoopBackOff, exit code 2: snapCount=x: valid is a number',
  )
  equal(
    trouble(container({ waiting: { reason: 'ErrImagePull', message: 'not found' } })),
    'ErrImagePull: not found',
  )
  equal(trouble(container({ waiting: { reason: 'ContainerCreating' } })), undefined)
  equal(trouble(container({ running: {} })), undefined)
})

test('pods belong to sets by name while nobody owns them', () => {
  equal(readPod(live('Pod', 'zk-2', {}), FIRST)?.id, 3)
  equal(readPod(live('Pod', 'zk-observers-1', {}), FIRST)?.id, 21)
  equal(readPod(live('Pod', 'zk-test', {}), FIRST), undefined)
})

test('a set whose last change was not seen has no revision yet', () => {
  const set = (observedGeneration: number): LiveObject =>
    live('StatefulSet', 'zk', {
      spec: {
        replicas: 3,
        volumeClaimTemplates: [
          { metadata: { name: 'data' }, spec: { resources: { requests: { storage: '8Gi' } } } },
        ],
      },
      status: { observedGeneration, updateRevision: 'zk-1' },
    })
  equal(readSet(set(2)).revision, 'zk-1')
  equal(readSet(set(1)).revision, undefined)
  deepEqual([...readSet(set(2)).claimSizes], [['data', '8Gi']])
})

test('claims of voters are told from all others', () => {
  const claim = (name: string): LiveObject =>
    live('PersistentVolumeClaim', name, { status: { capacity: { storage: '8Gi' } } })
  equal(readClaim(claim('data-zk-1'), 'zk')?.id, 2)
  equal(readClaim(claim('log-zk-1'), 'zk')?.volume, 'log')
  equal(readClaim(claim('data-zk-observers-1'), 'zk'), undefined)
  equal(readClaim(claim('other'), 'zk'), undefined)
})

test('what a member says is understood, with both metrics providers', () => {
  const conf =
    'clientPort=2181\nmembership: \nserver.1=a:1:2:participant;0.0.0.0:3\nversion=100000000'
  const zab = {
    myid: 1,
    voting: true,
    last_zxid: '0x100000002',
    zabstate: 'broadcast',
    error: null,
  }
  const monitor = {
    version: '3.9.6-x, built on 2026',
    server_state: 'leader',
    synced_followers: '2',
    leader_uptime: 5000,
    num_alive_connections: 7,
    'readlatency{quantile="0.99"}': 'NaN',
    p99_readlatency: '12.5',
  }
  const answer = answerOf({ id: 1, settings: 'abc' }, zab, monitor, conf)
  deepEqual(
    [answer?.id, answer?.role, answer?.isServing, answer?.isVoting, answer?.zxid],
    [1, 'leader', true, true, 0x100000002n],
  )
  equal(answer?.version, '3.9.6-x')
  equal(answer?.membership, 'server.1=a:1:2:participant;0.0.0.0:3\nversion=100000000')
  equal(answer?.leader?.syncedFollowers, 2)
  equal(answer?.leader?.leadingForMs, 5000)
  equal(answer?.readLatencyMs, 12.5)
  equal(answer?.settings, 'abc')
})

test('a member that looks for a leader is told from nobody at all', () => {
  const error = 'This ZooKeeper instance is not currently serving requests'
  const looking = answerOf({ id: 2, settings: null }, { error }, { error }, '')
  deepEqual([looking?.id, looking?.role, looking?.isServing], [2, 'looking', false])
  equal(answerOf({}, { error }, { error }, ''), undefined)
})
