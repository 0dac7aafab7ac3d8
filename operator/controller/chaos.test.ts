/**
 * Random lives of a cluster: the spec changes, pods die, a disk is lost, the operator crashes
 * between any two of its calls and reads the past. Whatever happens, no quorum is lost by our
 * doing, no acknowledged write disappears, and when the world leaves it alone the cluster becomes
 * what its spec says.
 */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { JsonObject } from '../api/manifest.ts'
import { isChange } from '../plan/steps.ts'
import { TestWorld } from './test-world.ts'

const RUNS = Number(process.env['OPERATOR_RUNS'] ?? 8)
const FIRST_SEED = Number(process.env['OPERATOR_SEED'] ?? Math.floor(Math.random() * 1e6))
const EVENTS = 12

type Accident = (world: TestWorld) => void

/** What users do. */
const EDITS: readonly Accident[] = [
  world => world.edit({ voters: world.random.pick([1, 3, 5, 7]) }),
  world => world.edit({ voters: world.random.pick([3, 5]) }),
  world => world.edit({ config: { snapCount: String(world.random.between(1000, 9000)) } }),
  world => world.edit({ logLevel: world.random.pick(['info', 'debug', 'warn']) }),
  world => world.edit({ image: world.random.pick(['node:bad', 'node:good', 'node:better']) }),
  world => world.edit({ paused: world.random.oneIn(2) }),
  world => {
    const membership = world.random.pick(['Pinned', 'Dynamic'])
    const observers = { replicas: world.random.int(4), membership }
    world.edit({ observers: world.random.oneIn(4) ? null : observers })
  },
  world => {
    const size = (world.cluster.spec?.['storage'] as { data?: { size?: string } } | undefined)?.data
    const now = Number.parseInt(size?.size ?? '8', 10)
    world.edit({ storage: { data: { size: `${now + world.random.int(3)}Gi` } } })
  },
  world => world.edit({ storage: { whenScaled: world.random.pick(['Retain', 'Delete']) } }),
]

/** What the world does. */
const ACCIDENTS: readonly Accident[] = [
  world => {
    const pods = world.kube.all('Pod')
    if (pods.length > 0) world.deletePod(world.random.pick(pods).metadata.name)
  },
  world => {
    world.crashIn = world.random.int(6)
  },
  world => {
    world.ensemble.handOverFails = world.random.oneIn(2)
  },
  world => {
    world.kube.staleness = world.random.pick([0, 0, 3, 10])
  },
  world => {
    world.kube.conflictOdds = world.random.pick([0, 0, 2, 5])
  },
  loseOneDisk,
]

/** More than a minority of disks must not be lost at a time: that is nobody's to repair. */
function loseOneDisk(world: TestWorld): void {
  const config = world.ensemble.leader?.disk.config
  const voters = (config?.members ?? []).filter(member => member.role === 'participant')
  const margin = world.ensemble.margin()
  if (voters.length < 3 || margin?.synced.length !== voters.length) return
  const victim = world.random.pick(voters)
  const claim = world.kube.find('PersistentVolumeClaim', `data-zk-${victim.id - 1}`)
  if (claim?.metadata.annotations?.['zkcluster.dev/initialized'] === undefined) return
  world.loseDisk(victim.id - 1)
}

async function live(world: TestWorld): Promise<void> {
  for (let i = 0; i < EVENTS; i++) {
    const deed = world.random.pick(world.random.oneIn(2) ? EDITS : ACCIDENTS)
    deed(world)
    for (let rounds = world.random.int(25); rounds > 0; rounds--) {
      world.tick(world.random.between(200, 3000))
      await world.reconcile()
    }
  }
}

/** The world leaves it alone, and the spec asks for something that can be had. */
function calm(world: TestWorld): void {
  world.crashIn = undefined
  world.kube.staleness = 0
  world.kube.conflictOdds = 0
  world.ensemble.handOverFails = false
  const wish: JsonObject = { paused: false, image: 'node:good' }
  world.edit(wish)
}

function isVoterPod(labels: Readonly<Record<string, string>> | undefined): boolean {
  return labels?.['zkcluster.dev/role'] === 'voter'
}

async function run(seed: number): Promise<TestWorld> {
  const world = new TestWorld(seed, { voters: [1, 3, 5][seed % 3] ?? 3 })
  await live(world)
  calm(world)
  const isSettled = await world.settle(1500)
  const story = `seed ${seed}: OPERATOR_SEED=${seed} OPERATOR_RUNS=1\n${world.log.slice(-60).join('\n')}`
  deepEqual(world.ensemble.complaints, [], story)
  const now = world.plans.length === 0 ? 'nothing' : JSON.stringify(world.plan.step)
  ok(isSettled, `${story}\nnow ${now}`)
  return world
}

test(`whatever happens, ${RUNS} lives end well, from seed ${FIRST_SEED}`, async () => {
  let changes = 0
  for (let i = 0; i < RUNS; i++) {
    const world = await run(FIRST_SEED + i)
    changes += world.plans.filter(plan => isChange(plan.step)).length
    equal(world.condition('Ready')['status'], 'True')
    equal(world.condition('MembersAligned')['status'], 'True')
    equal(world.condition('ConfigurationApplied')['status'], 'True')
    const pods = world.kube.all('Pod').filter(pod => isVoterPod(pod.metadata.labels))
    equal(pods.length, world.cluster.spec?.['voters'])
  }
  ok(changes > RUNS * 10, 'a check that looked at nothing has not passed')
})

test('the operator may crash between any two calls of creation, growth and a roll', async () => {
  let crashes = 0
  for (let call = 0; call < 60; call++) {
    const world = new TestWorld(11)
    const story = (): string => `crash at call ${call}\n${world.log.join('\n')}`
    world.crashIn = call
    ok(await world.settle(), story())
    world.edit({ voters: 5, config: { snapCount: '7000' } })
    ok(await world.settle(1500), story())
    deepEqual(world.ensemble.complaints, [], story())
    if (world.crashIn === undefined) crashes++
  }
  ok(crashes > 40, `${crashes} crashes`)
})
