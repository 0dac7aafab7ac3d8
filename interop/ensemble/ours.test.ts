/** An ensemble of ours alone: three voters and an observer, then five voters. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { CreateMode } from '../../wire/opcodes.ts'
import { Client, eventText, ok } from '../harness/client.ts'
import { ClosedError } from '../harness/raw-client.ts'
import { poll } from '../harness/wait.ts'
import { write } from '../storage/disk.ts'
import { Ensemble, type Member, OUR_OBSERVER, OURS, withEnsemble } from './ensemble.ts'
import { assertSameState, syncWith } from './state.ts'

/** Shortest session: two ticks of 500 ms. */
const SHORT_SESSION_MS = 1000

void describe('ours: three voters and an observer', () => {
  let ensemble: Ensemble
  let failed = true
  before(async () => {
    ensemble = await Ensemble.start([OURS, OURS, OURS, OUR_OBSERVER])
  })
  after(async () => {
    ensemble.keep ||= failed
    await ensemble.stop()
  })

  void test('one leads, two follow, the observer observes', async () => {
    assert.equal((await ensemble.inMode('leader')).length, 1)
    assert.equal((await ensemble.inMode('follower')).length, 2)
    const observers = await ensemble.inMode('observer')
    assert.deepEqual(
      observers.map(member => member.id),
      [4],
    )
  })

  void test('every member takes every kind of write, and all show the same', async () => {
    await write(ensemble.member(1).port)
    for (const member of ensemble.members) await writeThrough(ensemble, member)
    await assertSameState(ensemble)
  })

  void test('a session moves between all members', async () => {
    const first = await ensemble.member(1).connect()
    ok(await first.create('/moving', { flags: CreateMode.ephemeral }))
    let last: Client = first
    for (const member of [...ensemble.members, ensemble.member(1)]) {
      const next = await member.connect(first.credentials)
      assert.equal(next.session.sessionId, first.session.sessionId)
      ok(await next.sync('/'))
      ok(await next.exists('/moving'))
      ok(await next.setData('/moving', `at ${member.id}`))
      if (last !== next) last.destroy()
      last = next
    }
    await last.close()
    for (const member of ensemble.members) {
      await syncWith(member)
      const client = await member.connect()
      assert.equal((await client.exists('/moving')).err, -101)
      await client.close()
    }
  })

  void test('watches fire on every member', async () => {
    const writer = await ensemble.member(2).connect()
    ok(await writer.create('/watched'))
    await Promise.all(ensemble.members.map(syncWith))
    const watchers = await Promise.all(ensemble.members.map(async member => member.connect()))
    for (const watcher of watchers) {
      ok(await watcher.getData('/watched', true))
      ok(await watcher.getChildren('/watched', true))
    }
    ok(await writer.setData('/watched', '1'))
    const created = await writer.create('/watched/child')
    ok(created)
    for (const watcher of watchers) {
      const events = await watcher.awaitEvents(2)
      assert.deepEqual(events.map(eventText), ['DataChanged /watched', 'ChildrenChanged /watched'])
      assert.equal(events[1]?.zxid, created.zxid)
      await watcher.close()
    }
    await writer.close()
  })

  void test('an ephemeral of a client that is gone ends by expiry, on every member', async () => {
    for (const member of ensemble.members) {
      const watcher = await member.connect()
      const owner = await member.connect({ timeOut: SHORT_SESSION_MS })
      const path = `/expires-${member.id}`
      ok(await owner.create(path, { flags: CreateMode.ephemeral }))
      ok(await watcher.exists(path, true))
      owner.destroy()
      const events = await watcher.awaitEvents(1)
      assert.deepEqual(events.map(eventText), [`Deleted ${path}`])
      await watcher.close()
    }
  })

  void test('each role is killed and comes back, with a session over all of it', async () => {
    const owner = await ensemble.member(4).connect({ timeOut: 20_000 })
    ok(await owner.create('/kept', { flags: CreateMode.ephemeral }))
    for (const pick of ['follower', 'observer', 'leader'] as const) {
      const [victim] = await ensemble.inMode(pick)
      assert.ok(victim !== undefined)
      await victim.server.kill()
      const rest = ensemble.running
      await ensemble.awaitServing(rest)
      const client = await rest[0]!.connect()
      ok(await client.create(`/without-${pick}`))
      await client.close()
      await victim.server.launch()
      await ensemble.awaitServing()
    }
    owner.destroy()
    const again = await ensemble.member(1).connect(owner.credentials)
    ok(await again.sync('/'))
    ok(await again.exists('/kept'))
    await again.close()
    await assertSameState(ensemble)
  })

  void test('SIGTERM of the leader hands over without an election', async () => {
    const leader = await ensemble.leader()
    const others = ensemble.members.filter(member => member !== leader)
    const rounds = await Promise.all(others.map(countRounds))
    assert.ok(
      rounds.every(count => count > 0),
      'rounds are found in the log',
    )
    const client = await others[0]!.connect()
    ok(await client.create('/handed-over'))
    await leader.server.terminate()
    await ensemble.awaitServing(others)
    // The same connection was kept or was closed; whoever comes again finds a leader at once.
    const next = await others[0]!.connect(client.credentials)
    ok(await next.setData('/handed-over', 'after'))
    await next.close()
    client.destroy()
    assert.deepEqual(await Promise.all(others.map(countRounds)), rounds, 'no round was held')
    await leader.server.launch()
    await ensemble.awaitServing()
    await assertSameState(ensemble)
    failed = false
  })
})

/** Elections that a member has begun. */
async function countRounds(member: Member): Promise<number> {
  return member.countLogged(/role.*looking.*(the role has ended|start)/)
}

void describe('ours: five voters', () => {
  void test('a minority stops serving, and comes back when it is none', async () => {
    await withEnsemble([OURS, OURS, OURS, OURS, OURS], {}, async ensemble => {
      const client = await ensemble.member(1).connect()
      ok(await client.create('/five'))
      client.destroy()
      const leader = await ensemble.leader()
      const victims = [leader, ...ensemble.members.filter(member => member !== leader).slice(0, 2)]
      for (const victim of victims) await victim.server.kill()
      const rest = ensemble.running
      assert.equal(rest.length, 2)
      for (const member of rest) {
        await poll('it has stopped serving', async () => {
          return (await member.look()) === undefined ? true : undefined
        })
        await assert.rejects(member.connect(), ClosedError)
      }
      await victims[0]!.server.launch()
      await ensemble.awaitServing()
      const again = await rest[0]!.connect()
      ok(await again.setData('/five', 'three are enough'))
      await again.close()
      for (const victim of victims.slice(1)) await victim.server.launch()
      await ensemble.awaitServing()
      await assertSameState(ensemble)
    })
  })
})

void describe('ours: a leader that loses its followers and leads again', () => {
  void test('commits what it had proposed before', async () => {
    await withEnsemble([OURS, OURS, OURS], {}, async ensemble => {
      const leader = await ensemble.leader()
      const others = ensemble.members.filter(member => member !== leader)
      const client = await leader.connect()
      ok(await client.create('/before'))
      for (const { server } of others) await server.suspend()
      const open = [1, 2, 3].map(async i => client.create(`/open-${i}`))
      await Promise.all(others.map(async ({ server }) => server.kill()))
      for (const call of open) await assert.rejects(call, ClosedError)
      for (const { server } of others) await server.launch()
      // Nobody else has as long a log.
      assert.equal((await ensemble.awaitServing()).id, leader.id)
      for (const member of ensemble.members) {
        await syncWith(member)
        const reader = await member.connect()
        for (const i of [1, 2, 3]) ok(await reader.exists(`/open-${i}`))
        await reader.close()
      }
      await assertSameState(ensemble)
    })
  })
})

async function writeThrough(ensemble: Ensemble, member: Member): Promise<void> {
  const client = await member.connect()
  const path = `/through-${member.id}`
  ok(await client.create(path, { data: 'a' }))
  ok(await client.setData(path, 'b'))
  // A pipeline of writes and reads keeps its order on a learner too.
  const reads: Promise<void>[] = []
  for (let i = 0; i < 50; i++) {
    const written = client.setData(path, `${i}`)
    const read = client.getData(path)
    reads.push(
      Promise.all([written, read]).then(([write, seen]) => {
        ok(write)
        assert.equal(Buffer.from(ok(seen).data ?? []).toString(), `${i}`)
      }),
    )
  }
  await Promise.all(reads)
  for (const other of ensemble.members) {
    const reader = await other.connect()
    ok(await reader.sync(path))
    const { data, stat } = ok(await reader.getData(path))
    assert.equal(Buffer.from(data ?? []).toString(), '49')
    assert.equal(stat.version, 51)
    await reader.close()
  }
  await client.close()
}
