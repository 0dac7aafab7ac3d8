import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { type PodDisk, type PodStart, type PodWorld, planPodStart } from './pod.ts'

const MEMBERS = [1, 2, 3]
  .map(id => `server.${id}=zk-${id - 1}.d:2888:3888:participant;0.0.0.0:2181`)
  .join('\n')

const WORLD: PodWorld = {
  podName: 'zk-1',
  firstId: 1,
  isVoter: true,
  isPinned: false,
  isEphemeral: false,
  domain: 'd',
  zooCfg: 'tickTime=2000\n',
  members: MEMBERS,
  firstStartUntil: undefined,
  wipe: '',
  nowSeconds: 1000,
}

const EMPTY: PodDisk = {
  myid: undefined,
  zooCfg: undefined,
  hasData: false,
  isLogLost: false,
  wipedAt: undefined,
}

const USED: PodDisk = { ...EMPTY, myid: '2\n', hasData: true }

function started(world: Partial<PodWorld>, disk: PodDisk): Extract<PodStart, { do: 'start' }> {
  const start = planPodStart({ ...WORLD, ...world }, disk)
  ok(start.do === 'start', JSON.stringify(start))
  return start
}

test('at the creation an empty disk may vote', () => {
  const start = started({ firstStartUntil: 1001 }, EMPTY)
  deepEqual([start.id, start.initialize, start.wipe], [2, true, undefined])
  equal(start.zooCfg, `tickTime=2000\n${MEMBERS}\n`)
})

test('afterwards an empty disk of a voter waits, for ever if need be', () => {
  for (const firstStartUntil of [undefined, 1000, 999]) {
    const start = planPodStart({ ...WORLD, firstStartUntil }, EMPTY)
    equal(start.do, 'wait')
  }
})

test('whoever is not listed joins as an observer of the others', () => {
  const start = started({ podName: 'zk-3' }, EMPTY)
  equal(start.initialize, false)
  equal(start.zooCfg, `tickTime=2000\n${MEMBERS}\nserver.4=zk-3.d:2888:3888:observer;2181\n`)
})

test('a member keeps the configuration that it knows, with the settings of the operator', () => {
  const zooCfg = 'tickTime=9\ndynamicConfigFile=/data/conf/zoo.cfg.dynamic.100000001\n'
  const start = started({}, { ...USED, zooCfg })
  equal(start.initialize, false)
  equal(start.zooCfg, 'tickTime=2000\ndynamicConfigFile=/data/conf/zoo.cfg.dynamic.100000001\n')
})

test('whoever had not joined yet asks the operator again', () => {
  const zooCfg = 'server.1=old:1:2;3\nserver.4=zk-3.d:2888:3888:observer;2181\n'
  const start = started({ podName: 'zk-3' }, { ...USED, myid: '4', zooCfg })
  match(start.zooCfg, /server\.1=zk-0\.d/)
})

test('a disk that is older than the removal of its member is wiped, once', () => {
  const world = { podName: 'zk-3', wipe: '4=0x100000007\n5=0x100000009\n' }
  const disk = { ...USED, myid: '4', zooCfg: 'dynamicConfigFile=/old\n' }
  const start = started(world, disk)
  deepEqual(start.wipe, { version: '0x100000007' })
  ok(!start.zooCfg.includes('/old'))
  const again = started(world, { ...disk, wipedAt: '0x100000007' })
  equal(again.wipe, undefined)
})

test('the disk of another voter is refused, that of another observer wiped', () => {
  const start = planPodStart(WORLD, { ...USED, myid: '3' })
  ok(start.do === 'refuse')
  match(start.why, /disk is that of member 3, and this is member 2/)
  const observer = started({ isVoter: false, firstId: 20 }, { ...USED, myid: '3' })
  deepEqual(observer.wipe, { version: 'foreign' })
})

test('a log volume that was lost makes the disk an empty one', () => {
  const lost = { ...USED, isLogLost: true }
  equal(planPodStart(WORLD, lost).do, 'wait')
  const joiner = started({ podName: 'zk-3' }, { ...lost, myid: '4' })
  deepEqual(joiner.wipe, { version: 'log lost' })
})

test('observers say what they are; pinned ones stay it', () => {
  const start = started(
    { isVoter: false, isPinned: true, firstId: 20, podName: 'zk-observers-0' },
    EMPTY,
  )
  match(start.zooCfg, /^peerType=observer$/m)
  match(start.zooCfg, /^observer\.pinned=true$/m)
  match(start.zooCfg, /^server\.20=zk-observers-0\.d:2888:3888:observer;2181$/m)
})

test('an ephemeral voter comes back without a vote of its own, unless it is alone', () => {
  equal(started({ isEphemeral: true }, EMPTY).initialize, false)
  const members = 'server.2=zk-1.d:2888:3888:participant;2181\nserver.20=o:1:2:observer;2181\n'
  equal(started({ isEphemeral: true, members }, EMPTY).initialize, true)
  equal(planPodStart({ ...WORLD, members }, EMPTY).do, 'wait')
})
