/** Members that do not hear each other, in both directions or in one (faults.md B3). */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Ensemble, type Member, OURS } from '../ensemble/ensemble.ts'
import { writeSome } from '../ensemble/faults.ts'
import { assertSameState } from '../ensemble/state.ts'
import { ok } from '../harness/client.ts'
import { poll } from '../harness/wait.ts'
import { Paths } from './paths.ts'

/** syncLimit ticks of silence, one more to notice, and what a busy machine adds. */
const NOTICED_MS = 6 * 500 + 500 + 1500

interface Scene {
  readonly ensemble: Ensemble
  readonly paths: Paths
  readonly leader: Member
  readonly followers: readonly Member[]
}

async function withPaths(work: (scene: Scene) => Promise<void>): Promise<void> {
  const paths = new Paths()
  const ensemble = await Ensemble.start([OURS, OURS, OURS], { route: paths })
  try {
    const leader = await ensemble.leader()
    const followers = ensemble.members.filter(member => member !== leader)
    await writeSome(leader, '/before')
    await work({ ensemble, paths, leader, followers })
    paths.heal(true)
    await ensemble.awaitServing()
    await assertSameState(ensemble)
  } catch (error) {
    ensemble.keep = true
    throw error
  } finally {
    await ensemble.stop()
  }
}

async function awaitSilent(member: Member): Promise<void> {
  await poll(
    `member ${member.id} serves no more`,
    async () => ((await member.look()) === undefined ? true : undefined),
    NOTICED_MS,
  )
}

/** A write on its way at a leader that is cut off is never acknowledged. */
async function losesLead(
  { ensemble, leader, followers }: Scene,
  cutOff: () => void,
): Promise<void> {
  const client = await leader.connect()
  cutOff()
  const write = client.create('/cut-off')
  const outcome = write.then(
    answer => `answered ${answer.err}`,
    () => 'not answered',
  )
  await awaitSilent(leader)
  assert.equal(await outcome, 'not answered')
  const next = await ensemble.awaitLeader(leader)
  assert.ok(followers.includes(next))
  await writeSome(next, '/without-leader')
}

void describe('partitions of three of ours', () => {
  void test('a leader that is alone gives up, the others go on', async () => {
    await withPaths(async scene => {
      const { paths, leader, followers } = scene
      await losesLead(scene, () =>
        paths.split(
          [leader.id],
          followers.map(({ id }) => id),
        ),
      )
      // What was held arrives late: nobody may be impressed by it.
      paths.heal(false)
      await scene.ensemble.awaitServing()
    })
  })

  void test('a leader that is not heard is replaced', async () => {
    await withPaths(async scene => {
      await losesLead(scene, () => {
        for (const { id } of scene.followers) scene.paths.hold(scene.leader.id, id)
      })
    })
  })

  void test('a leader that hears nothing gives up', async () => {
    await withPaths(async scene => {
      await losesLead(scene, () => {
        for (const { id } of scene.followers) scene.paths.hold(id, scene.leader.id)
      })
    })
  })

  void test('a follower that is alone disturbs nobody, not when it returns either', async () => {
    await withPaths(async ({ ensemble, paths, leader, followers }) => {
      const [lonely, other] = followers
      assert.ok(lonely !== undefined && other !== undefined)
      const elections = [leader, other].map(countElections)
      paths.split([lonely.id], [leader.id, other.id])
      await awaitSilent(lonely)
      await writeSome(other, '/without-follower')
      paths.heal(false)
      await ensemble.awaitServing()
      assert.deepEqual([leader, other].map(countElections), elections)
      assert.equal((await ensemble.leader()).id, leader.id)
    })
  })

  void test('two that do not hear each other, a third that hears both', async () => {
    await withPaths(async ({ ensemble, paths, leader, followers }) => {
      const [lonely, bridge] = followers
      assert.ok(lonely !== undefined && bridge !== undefined)
      const elections = [leader, bridge].map(countElections)
      paths.split([lonely.id], [leader.id])
      await awaitSilent(lonely)
      const client = await bridge.connect()
      ok(await client.create('/over-the-bridge'))
      await client.close()
      assert.deepEqual([leader, bridge].map(countElections), elections)
      paths.heal(true)
      await ensemble.awaitServing()
    })
  })
})

/** How often a member has begun to look for a leader. */
function countElections(member: Member): number {
  return member.countLogged(/"role":"looking"/)
}
