import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configOfTxn } from '../node/zab/members.ts'
import { type Cluster, DEFAULT_CLUSTER } from './cluster.ts'
import { type ChaosOptions, chaos } from './scenarios/chaos.ts'

/** Runs the seeds and says with which command a failing one is repeated. */
function runSeeds(from: number, count: number, options: Partial<ChaosOptions>): Cluster[] {
  const clusters: Cluster[] = []
  for (let seed = from; seed < from + count; seed++) {
    const all: ChaosOptions = {
      ...DEFAULT_CLUSTER,
      rounds: 3,
      faultyMs: 10_000,
      nemesis: { everyMs: 300, hasDiskFaults: true, hasReconfigs: false },
      ...options,
      isWireReal: seed % 4 === 0,
      seed,
    }
    try {
      clusters.push(chaos(all))
    } catch (error) {
      const { voters, observers } = all
      const again = `sim/main.ts --seed ${seed} --voters ${voters} --observers ${observers}`
      throw new Error(`seed ${seed} (${again})`, { cause: error })
    }
  }
  return clusters
}

function sum(clusters: readonly Cluster[], of: (cluster: Cluster) => number): number {
  return clusters.reduce((total, cluster) => total + of(cluster), 0)
}

test('three voters: safe through everything, live when healed', () => {
  const clusters = runSeeds(1, 24, { voters: 3 })
  assert.ok(sum(clusters, cluster => cluster.leadership.lastEpoch) > 120, 'many elections')
  assert.ok(sum(clusters, cluster => cluster.workload.acknowledgedWrites) > 6000, 'many writes')
  assert.ok(sum(clusters, cluster => cluster.workload.answeredSyncs) > 300, 'many syncs')
  assert.ok(sum(clusters, cluster => cluster.looks) > 60_000, 'the checkers looked')
})

test('five voters and two observers', () => {
  const clusters = runSeeds(1000, 6, { voters: 5, observers: 2 })
  assert.ok(sum(clusters, cluster => cluster.workload.acknowledgedWrites) > 1500)
})

test('observers hang on followers', () => {
  const zab = { ...DEFAULT_CLUSTER.zab, hasObserverMasters: true }
  const clusters = runSeeds(6000, 8, { voters: 3, observers: 2, zab })
  assert.ok(sum(clusters, cluster => cluster.workload.acknowledgedWrites) > 2000)
})

test('hierarchical quorums: three groups of two and a member without weight', () => {
  const groups = 'group.1=1:2:7\ngroup.2=3:4\ngroup.3=5:6\nweight.7=0'
  const clusters = runSeeds(7000, 6, { voters: 7, groups })
  assert.ok(sum(clusters, cluster => cluster.workload.acknowledgedWrites) > 500)
})

test('one and two voters, with an observer', () => {
  runSeeds(2000, 10, { voters: 1, observers: 1 })
  const clusters = runSeeds(3000, 10, { voters: 2, observers: 1 })
  assert.ok(sum(clusters, cluster => cluster.workload.acknowledgedWrites) > 1000)
})

test('members change their roles, leave and return meanwhile', () => {
  const options = {
    zab: { ...DEFAULT_CLUSTER.zab, isReconfigEnabled: true },
    nemesis: { everyMs: 300, hasDiskFaults: true, hasReconfigs: true },
  }
  const clusters = [
    ...runSeeds(4000, 10, { ...options, voters: 3, observers: 1 }),
    ...runSeeds(5000, 4, { ...options, voters: 5, observers: 1 }),
  ]
  const reconfigs = sum(clusters, cluster => {
    return cluster.agreement.committed.filter(entry => configOfTxn(entry.bytes)).length
  })
  assert.ok(reconfigs > 25, `${reconfigs} reconfigs`)
})

test('the same seed gives the same trace, another seed another', () => {
  const options = { voters: 3, observers: 1, faultyMs: 5000, rounds: 1 }
  const hashOf = (seed: number): number => runSeeds(seed, 1, options)[0]!.world.traceHash
  const first = hashOf(77)
  assert.equal(hashOf(77), first)
  assert.notEqual(hashOf(78), first)
})
