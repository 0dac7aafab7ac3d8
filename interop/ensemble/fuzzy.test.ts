/**
 * A member becomes level by SNAP while everybody writes: Apache's snapshot is of no single moment,
 * and what follows it is applied a second time over nodes that have seen it (storage.md 4).
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CreateMode } from '../../wire/opcodes.ts'
import { Dice } from '../faults/dice.ts'
import { acl, Client, ok, op } from '../harness/client.ts'
import { pause } from '../harness/wait.ts'
import { APACHE, Ensemble, type Member, type MemberPlan, OURS } from './ensemble.ts'
import { countSyncs } from './faults.ts'
import { assertSameState } from './state.ts'

const SEED = Number(process.env['ZKCLUSTER_SEED'] ?? Date.now() % 1_000_000)
const CLIENTS = 6
const PIPELINE = 8
/** More than leaders remember for DIFF, and long enough to send that much happens meanwhile. */
const BULK_NODES = 600
const BULK_BYTES = 35_000
const PARENTS = 8
const ROUNDS = 2

const CASES: readonly { readonly name: string; readonly plans: readonly MemberPlan[] }[] = [
  { name: "Apache's snapshot, read by ours", plans: [OURS, OURS, APACHE] },
  { name: 'our snapshot, read by Apache', plans: [APACHE, OURS, OURS] },
]

void describe('SNAP while everybody writes', () => {
  for (const { name, plans } of CASES) {
    void test(`${name}, seed ${SEED}`, async () => {
      const ensemble = await Ensemble.prepare(plans)
      try {
        await ensemble.startUnder(ensemble.member(3))
        await fill(ensemble.member(3))
        for (let round = 0; round < ROUNDS; round++) await resync(ensemble, round)
      } catch (error) {
        ensemble.keep = true
        throw error
      } finally {
        await ensemble.stop()
      }
    })
  }
})

async function fill(member: Member): Promise<void> {
  const client = await member.connect()
  const data = new Uint8Array(BULK_BYTES)
  for (const path of ['/bulk', '/busy']) ok(await client.create(path))
  for (let i = 0; i < PARENTS; i++) ok(await client.create(`/busy/${i}`))
  const creates = Array.from({ length: BULK_NODES }, async (_, i) =>
    client.create(`/bulk/${i}`, { data }),
  )
  for (const answer of await Promise.all(creates)) ok(answer)
  await client.close()
}

async function resync(ensemble: Ensemble, round: number): Promise<void> {
  const [victim, other] = ensemble.members
  assert.ok(victim !== undefined && other !== undefined)
  await victim.server.kill()
  ensemble.emptyDisk(victim)
  await ensemble.awaitServing(ensemble.running)
  const load = { isOver: false, writes: 0 }
  const busy = Array.from({ length: CLIENTS }, async (_, i) => {
    const dice = new Dice(SEED + round * CLIENTS + i)
    const member = i % 2 === 0 ? other : ensemble.member(3)
    await writeAll(member, dice, load)
  })
  const snaps = countSyncs(victim, 'snap')
  await pause(200)
  await victim.server.launch()
  await ensemble.awaitServing()
  assert.equal(countSyncs(victim, 'snap'), snaps + 1, 'it became level by SNAP')
  await pause(200)
  load.isOver = true
  await Promise.all(busy)
  assert.ok(load.writes > 100, `${load.writes} writes went on meanwhile`)
  await assertSameState(ensemble)
}

/** Every kind of change, on few nodes, several on their way at once. */
async function writeAll(
  member: Member,
  dice: Dice,
  load: { isOver: boolean; writes: number },
): Promise<void> {
  while (!load.isOver) {
    const client = await Client.connect(member.port)
    for (let i = 0; i < 20 && !load.isOver; i++) {
      await Promise.all(Array.from({ length: PIPELINE }, async () => change(client, dice)))
      load.writes += PIPELINE
    }
    await client.close()
  }
}

/** Some are refused: the node is there already, or is not. */
async function change(client: Client, dice: Dice): Promise<void> {
  const parent = `/busy/${dice.int(PARENTS)}`
  const node = `${parent}/${dice.int(4)}`
  switch (dice.int(8)) {
    case 0:
      await client.create(node, { data: 'new' })
      return
    case 1:
      await client.delete(node)
      return
    case 2:
      await client.setData(node, `${dice.int(1000)}`)
      return
    case 3:
      await client.setData(parent, `${dice.int(1000)}`)
      return
    case 4:
      await client.setAcl(node, [acl(31, 'world', 'anyone'), acl(1, 'digest', `u${dice.int(9)}:h`)])
      return
    case 5:
      await client.create(`${parent}/s-`, { flags: CreateMode.ephemeralSequential })
      return
    case 6:
      await client.multi([op.create(`${node}-m`), op.setData(parent, 'm'), op.delete(`${node}-m`)])
      return
    default:
      await client.multi([op.setData(parent, 'never'), op.check(node, 99)])
  }
}
