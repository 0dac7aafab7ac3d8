/**
 * Golden manifests: UPDATE_TRANSCRIPTS=1 rewrites them. Commit a rewritten one only when you know
 * what it means for clusters that exist: most fields of a StatefulSet cannot be changed.
 */
import { deepEqual, equal, notEqual, ok } from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { isUpdating } from '../../tools/transcript.ts'
import { contentHash, type Manifest } from '../api/manifest.ts'
import { type Desired, desire } from './desired.ts'
import { Annotation } from './labels.ts'
import { sealed } from './manifest.ts'
import { ordinalOf } from './names.ts'
import { testCluster, testInput, testPool } from './test-input.ts'

function everything(desired: Desired, voters: number): readonly Manifest[] {
  return [
    ...desired.foundation,
    desired.voterSet(voters),
    ...desired.later,
    ...desired.pools.flatMap(pool => [...pool.objects, pool.set(2)]),
  ]
}

function golden(name: string, objects: readonly Manifest[]): void {
  const path = fileURLToPath(new URL(`testdata/${name}.yaml`, import.meta.url))
  const text = objects
    .map(object => stringify(object, { lineWidth: 100, aliasDuplicateObjects: false }))
    .join('---\n')
  if (isUpdating()) writeFileSync(path, text)
  else deepEqual(text.split('\n'), readFileSync(path, 'utf8').split('\n'), path)
}

test('the default cluster', () => {
  golden('default', everything(desire(testInput(testCluster())), 3))
})

test('a single ephemeral voter without extras', () => {
  const spec = {
    voters: 1,
    storage: { ephemeral: true },
    networkPolicy: { enabled: false },
    metrics: false,
  }
  golden('single', everything(desire(testInput(testCluster(spec))), 1))
})

test('everything that can be set', () => {
  const cluster = testCluster(
    {
      voters: 5,
      image: 'example/zk:1.2',
      imagePullSecrets: [{ name: 'pull' }],
      config: { maxClientCnxns: '300', '4lw.commands.whitelist': 'cons' },
      logLevel: 'debug',
      storage: {
        data: { size: '20Gi', storageClassName: 'fast' },
        log: { size: '4Gi' },
        whenDeleted: 'Delete',
      },
      placement: {
        separateNodes: 'Required',
        separateZones: false,
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ key: 'dedicated', operator: 'Exists' }],
        priorityClassName: 'high',
      },
      clientService: { type: 'LoadBalancer', annotations: { 'a/b': 'c' } },
      networkPolicy: { clients: 'Labelled' },
      pod: {
        labels: { team: 'a' },
        env: [{ name: 'JVMFLAGS', value: '-Djute.maxbuffer=2097152' }],
      },
      observers: { replicas: 2 },
    },
    { [Annotation.restartedAt]: '2026-11-25T14:00:00Z' },
  )
  const pools = [
    testPool('zk', { replicas: 2 }, 20),
    testPool('far', { membership: 'Dynamic', maxUnavailable: '1' }, 40),
  ]
  golden('everything', everything(desire(testInput(cluster, pools)), 5))
})

test('whatever is selected by is the same for every spec', () => {
  const selectorOf = (spec: Parameters<typeof testCluster>[0]): unknown => {
    const set = desire(testInput(testCluster(spec))).voterSet(3)
    const { selector, serviceName } = set['spec'] as Record<string, unknown>
    return { selector, serviceName }
  }
  deepEqual(selectorOf({}), selectorOf({ voters: 5, pod: { labels: { team: 'a' } } }))
})

test('settings that members re-read restart nobody, the others make a new ConfigMap', () => {
  const base = desire(testInput(testCluster()))
  const hot = desire(testInput(testCluster({ logLevel: 'debug' })))
  const cold = desire(testInput(testCluster({ config: { snapCount: '5000' } })))
  deepEqual(base.voterSet(3), hot.voterSet(3))
  notEqual(base.settingsHash, hot.settingsHash)
  notEqual(base.configName, cold.configName)
  equal(base.settingsHash, cold.settingsHash)
})

test('the operator wins over the keys that it sets, although the API refuses them first', () => {
  const spec = { config: { dataDir: '/elsewhere', 'db.autocreate': 'true', initLimit: '20' } }
  const [map] = desire(testInput(testCluster(spec))).foundation.filter(
    object => object.kind === 'ConfigMap',
  )
  const text = ((map?.['data'] ?? {}) as Record<string, string>)['zoo.cfg'] ?? ''
  ok(text.includes('dataDir=/data\n') && text.includes('db.autocreate=false\n'), text)
  ok(text.includes('initLimit=20\n'), text)
})

test('pods of a set are told from those of a set with a longer name', () => {
  equal(ordinalOf('zk', 'zk-12'), 12)
  equal(ordinalOf('zk', 'zk-observers-1'), undefined)
  equal(ordinalOf('zk', 'zk-01'), undefined)
})

test('the hash of an object depends on what it says, not on the order of its keys', () => {
  equal(contentHash({ a: 1, b: [1, 2] }), contentHash({ b: [1, 2], a: 1 }))
  notEqual(contentHash({ a: 1 }), contentHash({ a: 2 }))
  const object = desire(testInput(testCluster())).voterSet(3)
  deepEqual(sealed(sealed(object)), object)
})
