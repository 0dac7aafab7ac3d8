/** The planner, the hands and the eyes against a model of the world: one story a test. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../api/manifest.ts'
import { listAt, numberAt, objectAt, textAt } from '../observe/read.ts'
import { TestWorld } from './test-world.ts'

const SEED = 7

async function settled(spec: JsonObject = {}, seed: number = SEED): Promise<TestWorld> {
  const world = new TestWorld(seed, spec)
  ok(await world.settle(), `not settled: ${world.log.join('\n')}`)
  return world
}

function allIsWell(world: TestWorld): void {
  deepEqual(world.ensemble.complaints, [], world.log.join('\n'))
  equal(world.condition('Ready')['status'], 'True', JSON.stringify(world.condition('Ready')))
}

function steps(world: TestWorld): string[] {
  return world.log.map(line => line.slice(0, line.indexOf(' ', line.indexOf(' ') + 1)))
}

function voters(world: TestWorld): number[] {
  const config = world.ensemble.leader?.disk.config
  return (config?.members ?? []).filter(each => each.role === 'participant').map(each => each.id)
}

test('three voters from nothing, and clients are let in last', async () => {
  const world = await settled()
  allIsWell(world)
  deepEqual(steps(world).slice(0, 6), [
    'credentials: createCredentials',
    'foundation: apply',
    'voterSet: apply',
    'firstQuorum: markInitialized',
    'foundation: apply',
    'letClientsIn: apply',
  ])
  equal(textAt(world.kube.find('ConfigMap', 'zk-ensemble'), 'data', 'first-start-until'), '')
  deepEqual(voters(world), [1, 2, 3])
})

test('a changed configuration restarts all, one by one, the leader last', async () => {
  const world = await settled()
  const leader = world.ensemble.leader?.pod
  world.log.length = 0
  world.edit({ config: { snapCount: '5000' } })
  ok(await world.settle())
  allIsWell(world)
  const restarts = world.log.filter(
    line => line.includes('restartPod') || line.includes('passLead'),
  )
  equal(restarts.length, 4)
  match(restarts[2] ?? '', new RegExp(`passLead ${leader} leads and is the last to restart`))
  match(restarts[3] ?? '', new RegExp(`restartPod restarting ${leader}`))
})

test('a leader that cannot pass the lead on is restarted all the same', async () => {
  const world = await settled()
  world.ensemble.handOverFails = true
  world.edit({ config: { snapCount: '5000' } })
  ok(await world.settle())
  allIsWell(world)
})

test('settings that members re-read restart nobody', async () => {
  const world = await settled()
  world.log.length = 0
  world.edit({ logLevel: 'debug' })
  ok(await world.settle())
  allIsWell(world)
  deepEqual(
    steps(world).filter(step => step.includes('restartPod')),
    [],
  )
  equal(world.condition('ConfigurationApplied')['status'], 'True')
})

test('three voters become five and three again, disks of the past are wiped', async () => {
  const world = await settled()
  world.edit({ voters: 5 })
  ok(await world.settle())
  allIsWell(world)
  deepEqual(voters(world), [1, 2, 3, 4, 5])
  world.edit({ voters: 3 })
  ok(await world.settle())
  allIsWell(world)
  deepEqual(voters(world), [1, 2, 3])
  const kept = world.kube.find('PersistentVolumeClaim', 'data-zk-4')
  match(kept?.metadata.annotations?.['zkcluster.dev/left-at'] ?? '', /^0x/)
  world.edit({ voters: 5 })
  ok(await world.settle())
  allIsWell(world)
  deepEqual(voters(world), [1, 2, 3, 4, 5])
})

test('claims of removed voters go when the policy says so', async () => {
  const world = await settled({ voters: 5, storage: { whenScaled: 'Delete' } })
  world.edit({ voters: 3 })
  ok(await world.settle())
  allIsWell(world)
  deepEqual(
    world.kube.all('PersistentVolumeClaim').map(claim => claim.metadata.name),
    ['data-zk-0', 'data-zk-1', 'data-zk-2'],
  )
})

test('one voter becomes three without a moment in which two empty disks outvote it', async () => {
  const world = await settled({ voters: 1 })
  world.edit({ voters: 3 })
  ok(await world.settle())
  allIsWell(world)
  deepEqual(voters(world), [1, 2, 3])
})

test('a bad image takes one pod and no second; the next good one repairs it', async () => {
  const world = await settled()
  world.edit({ image: 'node:bad', update: { progressDeadlineSeconds: 30 } })
  ok(!(await world.settle(100)))
  const broken = world.kube
    .all('Pod')
    .filter(pod => JSON.stringify(pod.status).includes('CrashLoopBackOff'))
  equal(broken.length, 1)
  const degraded = world.condition('Degraded')
  equal(degraded['status'], 'True')
  match(textAt(degraded, 'message') ?? '', /zk-\d does not become ready.*node:bad does not start/)
  world.edit({ image: 'node:better' })
  ok(await world.settle())
  allIsWell(world)
})

test('a bad image at the creation is replaced by a good one', async () => {
  const world = new TestWorld(SEED, { image: 'node:bad' })
  ok(!(await world.settle(20)))
  world.edit({ image: 'node:good' })
  ok(await world.settle())
  allIsWell(world)
})

test('a lost disk leaves the configuration, comes back empty and joins', async () => {
  const world = await settled()
  const victim = world.ensemble.leader?.id === 2 ? 1 : 2
  world.log.length = 0
  world.loseDisk(victim - 1)
  ok(await world.settle())
  allIsWell(world)
  deepEqual(voters(world), [1, 2, 3])
  const reconfigs = steps(world).filter(step => step.includes('reconfig'))
  deepEqual(reconfigs, ['lostDisk: reconfig', 'join: reconfig'])
})

test('two lost disks of three: nothing destructive, and a condition says why', async () => {
  const world = await settled()
  world.loseDisk(0)
  world.loseDisk(1)
  world.log.length = 0
  ok(!(await world.settle(50)))
  deepEqual(world.ensemble.complaints, [])
  deepEqual(
    steps(world).filter(step => /restartPod|reconfig|deleteClaim/.test(step)),
    [],
  )
  equal(world.condition('QuorumAvailable')['status'], 'False')
  match(textAt(world.condition('QuorumAvailable'), 'message') ?? '', /zk-0.*3 data claims exist/)
})

test('pinned observers come and go without a reconfiguration', async () => {
  const world = await settled({ observers: { replicas: 2 } })
  allIsWell(world)
  equal(numberAt(world.cluster, 'status', 'observers'), 2)
  deepEqual(voters(world), [1, 2, 3])
  equal(world.ensemble.leader?.disk.config?.members.length, 3)
  world.log.length = 0
  world.edit({ observers: { replicas: 4 } })
  ok(await world.settle())
  equal(numberAt(world.cluster, 'status', 'observers'), 4)
  world.edit({ observers: null })
  ok(await world.settle())
  deepEqual(
    steps(world).filter(step => step.includes('reconfig')),
    [],
  )
})

test('dynamic observers are named while they are there, and leave before their pods', async () => {
  const world = await settled({ observers: { replicas: 2, membership: 'Dynamic' } })
  allIsWell(world)
  const ids = (): number[] =>
    (world.ensemble.leader?.disk.config?.members ?? [])
      .filter(each => each.role === 'observer')
      .map(each => each.id)
  deepEqual(ids(), [20, 21])
  world.edit({ observers: { replicas: 1 } })
  ok(await world.settle())
  allIsWell(world)
  deepEqual(ids(), [20])
})

test('claims grow one at a time, and the StatefulSet is made anew around its pods', async () => {
  const world = await settled()
  const pods = world.kube.all('Pod').map(pod => pod.metadata.uid)
  world.edit({ storage: { data: { size: '9Gi' } } })
  ok(await world.settle())
  allIsWell(world)
  deepEqual(
    world.kube.all('Pod').map(pod => pod.metadata.uid),
    pods,
  )
  const set = world.kube.find('StatefulSet', 'zk')
  const [template] = listAt(set, 'spec', 'volumeClaimTemplates')
  equal(textAt(template, 'spec', 'resources', 'requests', 'storage'), '9Gi')
  for (const claim of world.kube.all('PersistentVolumeClaim')) {
    equal(textAt(claim, 'spec', 'resources', 'requests', 'storage'), '9Gi')
  }
})

test('a paused cluster is looked at and left alone', async () => {
  const world = await settled()
  world.edit({ paused: true, voters: 5 })
  ok(!(await world.settle(20)))
  equal(numberAt(world.kube.find('StatefulSet', 'zk'), 'spec', 'replicas'), 3)
  equal(world.condition('Paused')['status'], 'True')
  world.edit({ paused: false })
  ok(await world.settle())
  equal(voters(world).length, 5)
})

test('a lost status is made anew, and nobody begins with an empty disk because of it', async () => {
  const world = await settled()
  world.cluster.status = {}
  world.log.length = 0
  ok(await world.settle())
  allIsWell(world)
  deepEqual(
    steps(world).filter(step => step !== 'settled: settled'),
    [],
  )
  equal(objectAt(world.cluster, 'status')['initialized'], true)
})

test('a cluster that is made again over its claims goes on with its data', async () => {
  const world = await settled({ voters: 5 })
  const written = world.ensemble.acknowledged
  world.remake({ voters: 3 })
  world.log.length = 0
  ok(await world.settle(), world.log.join('\n'))
  allIsWell(world)
  ok(world.ensemble.acknowledged > written)
  deepEqual(voters(world), [1, 2, 3])
  equal(steps(world).includes('firstQuorum: markInitialized'), false)
})

test('ephemeral voters are restarted one by one, and a single one starts over', async () => {
  const world = await settled({ storage: { ephemeral: true } })
  world.edit({ config: { snapCount: '5000' } })
  ok(await world.settle())
  allIsWell(world)
  const single = await settled({ voters: 1, storage: { ephemeral: true } })
  single.ensemble.acknowledged = 0n
  single.deletePod('zk-0')
  ok(await single.settle(), single.log.join('\n'))
  equal(voters(single).length, 1)
})

test('what somebody has edited is undone after a while', async () => {
  const world = await settled()
  const service = world.kube.find('Service', 'zk')
  ok(service?.spec !== undefined)
  service.spec['type'] = 'NodePort'
  for (let i = 0; i < 40; i++) {
    world.tick(20_000)
    await world.reconcile()
  }
  equal(world.kube.find('Service', 'zk')?.spec?.['type'], 'ClusterIP')
})

test('a pool without a cluster says so', async () => {
  const world = await settled()
  const pool = world.kube.create({
    apiVersion: 'zkcluster.dev/v1alpha1',
    kind: 'ZkObservers',
    metadata: { name: 'lonely', namespace: 'apps' },
    spec: { cluster: 'zk', replicas: 1 },
  })
  world.kube.delete(world.cluster)
  await world.reconcile()
  const [condition] = listAt(pool, 'status', 'conditions')
  equal(textAt(condition, 'reason'), 'ClusterNotFound')
})

test('a Secret that somebody has deleted is made anew, and members restart for it', async () => {
  const world = await settled()
  const secret = world.kube.find('Secret', 'zk-operator')
  ok(secret !== undefined)
  world.kube.delete(secret)
  world.log.length = 0
  ok(await world.settle(), world.log.join('\n'))
  allIsWell(world)
  equal(steps(world).filter(step => step === 'roll: restartPod').length, 3)
})
