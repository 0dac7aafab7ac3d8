import { deepEqual, equal, match, rejects } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { TestRandom } from '../../base/test-random.ts'
import { TestKube } from '../controller/test-kube.ts'
import { testCluster } from '../desired/test-input.ts'
import type { EnsembleApi } from '../ports/ensemble-api.ts'
import { KubeError, type LiveObject } from '../ports/kube-api.ts'
import { act, type Hands } from './act.ts'
import { base64, credentialsManifest, newPassword, readCredentials } from './credentials.ts'

const CLUSTER = testCluster().meta
const HASH = {
  digest: (algorithm: string, bytes: Uint8Array) =>
    createHash(algorithm.toLowerCase()).update(bytes).digest(),
}

function hands(ensemble: Partial<EnsembleApi> = {}): Hands & { readonly kube: TestKube } {
  const random = new TestRandom(1)
  const nobody: EnsembleApi = {
    describe: () => Promise.resolve(undefined),
    reconfig: () => Promise.resolve({ ok: true }),
    handOver: () => Promise.resolve(undefined),
  }
  return { kube: new TestKube(random), random, hash: HASH, ensemble: { ...nobody, ...ensemble } }
}

async function withCredentials(
  ensemble: Partial<EnsembleApi> = {},
): Promise<ReturnType<typeof hands>> {
  const made = hands(ensemble)
  await act(made, { step: 'createCredentials', name: 'zk-operator', why: '' }, CLUSTER)
  return made
}

function pod(made: ReturnType<typeof hands>): { name: string; uid: string; address: string } {
  const { metadata } = made.kube.create({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'zk-0', namespace: 'apps' },
  })
  return { name: 'zk-0', uid: metadata.uid, address: '10.0.0.1' }
}

test('base64 is that of everybody else', () => {
  for (const text of ['', 'a', 'ab', 'abc', 'super:secret\n']) {
    equal(base64(new TextEncoder().encode(text)), Buffer.from(text).toString('base64'))
  }
})

test('members get the digest of the password that the operator keeps', () => {
  const password = newPassword(new TestRandom(2))
  equal(password.length, 33)
  const secret = credentialsManifest(CLUSTER, password, HASH) as LiveObject
  deepEqual(readCredentials(secret), { digest: `super:${password}` })
  const data = secret['data'] as Record<string, string>
  const flags = Buffer.from(data['server-jvmflags'] ?? '', 'base64').toString()
  const digest = createHash('sha1').update(`super:${password}`).digest('base64')
  equal(flags, `-Dzookeeper.DigestAuthenticationProvider.superDigest=super:${digest}`)
})

test('a pod that has been replaced meanwhile is not restarted', async () => {
  const made = hands()
  const found = pod(made)
  const step = { step: 'restartPod', reason: 'Changed', why: 'w' } as const
  await rejects(
    act(made, { ...step, pod: { ...found, uid: 'of another' } }, CLUSTER),
    (error: unknown) => error instanceof KubeError && error.reason === 'Conflict',
  )
  equal(made.kube.events.length, 0)
  await act(made, { ...step, pod: found }, CLUSTER)
  equal(made.kube.events[0]?.reason, 'MemberRestartedChanged')
})

test('a pod that is gone is restarted', async () => {
  const made = hands()
  const gone = { name: 'zk-0', uid: 'u' }
  await act(made, { step: 'restartPod', pod: gone, reason: 'Changed', why: 'w' }, CLUSTER)
})

test('a leader that refuses to go is restarted, unless that was not asked for', async () => {
  const made = await withCredentials({ handOver: () => Promise.resolve('nobody is level') })
  const from = pod(made)
  const step = { step: 'passLead', from, to: 2, why: 'w' } as const
  await rejects(act(made, { ...step, thenRestart: false }, CLUSTER), /nobody is level/)
  equal(made.kube.find('Pod', 'zk-0')?.metadata.deletionTimestamp, undefined)
  await act(made, { ...step, thenRestart: true }, CLUSTER)
  match(made.kube.find('Pod', 'zk-0')?.metadata.deletionTimestamp ?? '', /Z$/)
})

test('a reconfiguration that is refused or has no outcome says so', async () => {
  const step = {
    step: 'reconfig',
    leader: { name: 'zk-0', uid: 'u', address: 'a' },
    joining: [],
    leaving: [3],
    ifVersion: 5n,
    why: 'w',
  } as const
  const refusing = await withCredentials({
    reconfig: () => Promise.resolve({ ok: false, reason: 'newConfigNoQuorum' }),
  })
  await rejects(act(refusing, step, CLUSTER), /zk-0 refuses: newConfigNoQuorum/)
  const silent = await withCredentials({ reconfig: () => Promise.reject(new Error('reset')) })
  await rejects(act(silent, step, CLUSTER), /outcome unknown/)
})
