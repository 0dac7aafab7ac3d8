/**
 * Ours and Apache's in one ensemble: each leads the other, each observes the other, every member
 * is killed and comes back in every way there is, and their data directories are exchanged.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ok } from '../harness/client.ts'
import { apacheTool, files, look, write } from '../storage/disk.ts'
import {
  APACHE,
  APACHE_OBSERVER,
  Ensemble,
  type Member,
  OUR_OBSERVER,
  OURS,
  withEnsemble,
} from './ensemble.ts'
import { depose, killEach, loseDisk, rejoin, syncAndWrite, writeSome } from './faults.ts'
import { assertSameState } from './state.ts'

void describe('two of ours and one Apache, then the data directories exchanged', () => {
  void test('Apache leads two of ours; ours leads two Apaches over the same disks', async () => {
    const ensemble = await Ensemble.prepare([OURS, OURS, APACHE])
    try {
      await ensemble.startUnder(ensemble.member(3))
      await write(ensemble.member(1).port)
      await everyFault(ensemble, 'first')
      await ensemble.killAll()
      await ensemble.replace(ensemble.member(1), 'apache')
      await ensemble.replace(ensemble.member(2), 'apache')
      await ensemble.replace(ensemble.member(3), 'ours')
      const before = await logsOf(ensemble)
      assert.ok(before > 3, 'there is something to exchange')
      await ensemble.startUnder(ensemble.member(3))
      assert.ok((await look(ensemble.member(3).port)).some(line => line.startsWith('/disk/acl ')))
      await everyFault(ensemble, 'second')
      await readWithApachesTools(ensemble.member(3))
    } catch (error) {
      ensemble.keep = true
      throw error
    } finally {
      await ensemble.stop()
    }
  })
})

async function everyFault(ensemble: Ensemble, name: string): Promise<void> {
  for (const member of ensemble.members) await writeSome(member, `/${name}-by-${member.id}`)
  await assertSameState(ensemble)
  await depose(ensemble, `${name}-trunc`, false)
  await assertSameState(ensemble)
  await killEach(ensemble, `/${name}-killed`)
  await depose(ensemble, `${name}-snap`, true)
  for (const id of [1, 3]) await loseDisk(ensemble, ensemble.member(id), `/${name}-lost-disk`)
  await assertSameState(ensemble)
}

async function logsOf(ensemble: Ensemble): Promise<number> {
  const found = await Promise.all(
    ensemble.members.map(async ({ dataDir }) => files(dataDir, 'log')),
  )
  return found.flat().length
}

/** Every file that the members have written, ours and Apache's one after the other. */
async function readWithApachesTools({ dataDir }: Member): Promise<void> {
  const logs = await files(dataDir, 'log')
  const snapshots = await files(dataDir, 'snapshot')
  const log = logs.at(-1) ?? ''
  const dump = await apacheTool('org.apache.zookeeper.server.persistence.TxnLogToolkit', '-d', log)
  assert.match(dump, /EOF reached after \d+ txns/)
  assert.doesNotMatch(dump, /CRC ERROR/)
  const [first = ''] = snapshots
  const last = snapshots.at(-1) ?? ''
  const server = 'org.apache.zookeeper.server'
  assert.match(await apacheTool(`${server}.SnapshotFormatter`, last), /^\/disk\/acl$/m)
  const flags = ['-l', first, '-r', last, '-b', '2', '-n', '1']
  assert.match(
    await apacheTool(`${server}.SnapshotComparer`, ...flags),
    /Successfully parsed|nodes/i,
  )
}

void describe("Apache's follower under our leader", () => {
  void test('syncs and writes of many clients are all answered', async () => {
    const ensemble = await Ensemble.prepare([APACHE, OURS, OURS])
    try {
      await ensemble.startUnder(ensemble.member(3))
      await syncAndWrite(ensemble.member(1))
    } catch (error) {
      ensemble.keep = true
      throw error
    } finally {
      await ensemble.stop()
    }
  })
})

void describe('observers', () => {
  void test("Apache's observer on ours", async () => {
    await withEnsemble([OURS, OURS, OURS, APACHE_OBSERVER], {}, async ensemble => {
      await observe(ensemble, ensemble.member(4))
    })
  })

  void test("our observer on Apache's", async () => {
    await withEnsemble([APACHE, APACHE, OUR_OBSERVER], {}, async ensemble => {
      await observe(ensemble, ensemble.member(3))
    })
  })
})

async function observe(ensemble: Ensemble, observer: Member): Promise<void> {
  assert.equal((await observer.look())?.mode, 'observer')
  await write(observer.port)
  await assertSameState(ensemble)
  await observer.server.kill()
  await writeSome(ensemble.member(1), '/observer-missed')
  await rejoin(ensemble, observer, 'diff')
  await loseDisk(ensemble, observer, '/observer-lost-disk')
  const leader = await ensemble.leader()
  await leader.server.kill()
  await leader.server.launch()
  await ensemble.awaitServing()
  const client = await observer.connect()
  ok(await client.create('/observer-after'))
  ok(await client.sync('/'))
  ok(await client.exists('/observer-after'))
  await client.close()
  await assertSameState(ensemble)
}
