/** A real API server judges the API: defaults, bounds, CEL rules, transition rules, scale. */
import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { globSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { withDefaults } from '../operator/api/defaults.ts'
import type { JsonObject } from '../operator/api/manifest.ts'
import { ZK_CLUSTER } from '../operator/api/zk-cluster.ts'
import { apply, kubectl, read } from './kube.ts'

const CRDS = 'manifests/crd'
const NAMESPACE = 'zk-api-test'

/** Kinds that were there before us stay: deleting them would delete every ZkCluster. */
let isOurs = false

before(async () => {
  isOurs = (await kubectl('get', '--ignore-not-found', '-f', CRDS)).trim() === ''
  if (isOurs) await kubectl('apply', '--server-side', '-f', CRDS)
  await kubectl('wait', '--for=condition=Established', '--timeout=60s', '-f', CRDS)
  await kubectl('create', 'namespace', NAMESPACE)
})

after(async () => {
  await kubectl('delete', 'namespace', NAMESPACE, '--wait=false')
  if (isOurs) await kubectl('delete', '-f', CRDS)
})

function cluster(name: string, spec: JsonObject): object {
  const metadata = { name, namespace: NAMESPACE }
  return { apiVersion: 'zkcluster.dev/v1alpha1', kind: 'ZkCluster', metadata, spec }
}

const own = ['-n', NAMESPACE] as const

test('every example is accepted', async () => {
  const files = globSync('manifests/examples/*.yaml').filter(file => !file.includes('pod-monitor'))
  ok(files.length > 8, 'a check that looked at nothing has not passed')
  for (const file of files) await kubectl('apply', ...own, '--dry-run=server', '-f', file)
})

test('defaults are those that the operator knows', async () => {
  await apply(cluster('plain', {}))
  const { spec } = await read<{ spec: JsonObject }>('zk', 'plain', ...own)
  deepEqual(spec, withDefaults(ZK_CLUSTER.spec, {}))
})

const REFUSED: readonly (readonly [name: string, spec: JsonObject, why: RegExp])[] = [
  ['even', { voters: 4 }, /an even number needs allowEvenVoters/],
  ['many', { voters: 11 }, /less than or equal to 9/],
  ['x-observers', {}, /names that end in -observers/],
  ['a'.repeat(41), {}, /at most 40 characters/],
  ['key', { config: { dataDir: '/x' } }, /the operator sets dataDir/],
  ['family', { config: { 'ssl.keyStore.location': '/x' } }, /the operator sets dataDir/],
  ['line', { config: { a: 'x\ny' } }, /spec.config.a/],
  ['unknown', { nosuch: 1 }, /unknown field "spec.nosuch"/],
  ['port', { clientService: { nodePort: 30000 } }, /nodePort: only with type NodePort/],
  [
    'both',
    { observers: { replicas: 1, autoscaling: { maxReplicas: 3 } } },
    /replicas: not together with autoscaling/,
  ],
  [
    'bounds',
    { observers: { autoscaling: { minReplicas: 5, maxReplicas: 3 } } },
    /minReplicas: at most maxReplicas/,
  ],
  ['log', { storage: { ephemeral: true, log: {} } }, /log: not with ephemeral storage/],
  ['size', { storage: { data: { size: 'lots' } } }, /spec.storage.data.size/],
]

for (const [name, spec, why] of REFUSED) {
  test(`refused: ${why.source}`, async () => {
    await rejects(apply(cluster(name, spec)), (error: Error & { stderr?: string }) => {
      match(error.stderr ?? error.message, why)
      return true
    })
  })
}

const CHANGES: readonly (readonly [change: JsonObject, why: RegExp | undefined])[] = [
  [{ storage: { data: { size: '16Gi' } } }, undefined],
  [{ storage: { data: { size: '4Gi' } } }, /a claim cannot shrink/],
  [{ storage: { data: { storageClassName: 'x' } } }, /storageClassName: cannot be changed/],
  [{ storage: { ephemeral: true } }, /ephemeral: cannot be changed/],
  [{ storage: { log: {} } }, /a log volume cannot be added/],
  [{ config: { tickTime: '8000' } }, undefined],
  [{ config: { tickTime: '9000' } }, /by a factor of four at most/],
  [{ config: { tickTime: '400' } }, /by a factor of four at most/],
]

for (const [change, why] of CHANGES) {
  const text = JSON.stringify(change)
  test(`${why === undefined ? 'allowed' : 'refused'}: ${text}`, async () => {
    await apply(cluster('changing', { config: { tickTime: '2000' } }))
    const patch = JSON.stringify({ spec: change })
    const how = ['--dry-run=server', '--type=merge', '-p', patch]
    const patching = kubectl('patch', 'zk', 'changing', ...own, ...how)
    if (why === undefined) await patching
    else {
      await rejects(patching, (error: Error & { stderr?: string }) => {
        match(error.stderr ?? error.message, why)
        return true
      })
    }
  })
}

test('a pool is scaled as a Deployment is', async () => {
  await kubectl('apply', ...own, '-f', 'manifests/examples/observers-dynamic.yaml')
  await kubectl('scale', ...own, 'zkobservers', 'named', '--replicas=5')
  const { spec } = await read<{ spec: { replicas: number } }>('zkobservers', 'named', ...own)
  equal(spec.replicas, 5)
})
