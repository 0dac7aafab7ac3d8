import assert from 'node:assert/strict'
import { CreateMode } from '../../wire/opcodes.ts'
import { type Client, fails, ok } from '../harness/client.ts'
import { fourLetter } from '../harness/four-letter.ts'
import { http } from '../harness/http.ts'
import { ClosedError } from '../harness/raw-client.ts'
import { pause, poll } from '../harness/wait.ts'
import type { Member } from './ensemble.ts'
import { type EnsembleScene, ensembleSuite } from './suite.ts'

const NO_NODE = -101
const RECONFIG_DISABLED = -123
const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests\n'
const EPHEMERAL = { flags: CreateMode.ephemeral }
const SEQUENTIAL = { flags: CreateMode.persistentSequential }

async function text(client: Client, path: string): Promise<string> {
  return Buffer.from(ok(await client.getData(path)).data ?? []).toString()
}

/** The other member is killed: this one has no quorum, and has noticed. */
async function isolate(member: Member, other: Member): Promise<void> {
  await other.server.kill()
  await poll(`member ${member.id} serves no more`, async () => {
    try {
      return (await fourLetter(member.port, 'srvr')) === NOT_SERVING ? true : undefined
    } catch {
      return undefined // in the moment in which it loses its role it cuts all connections
    }
  })
}

/** Killed and started again; the other one may lead then. */
async function changeLeader({ ensemble, leader }: EnsembleScene): Promise<void> {
  await leader.server.kill()
  await leader.server.launch()
  await ensemble.awaitServing()
}

const OPTIONS = { cfg: { 'admin.enableServer': true } }

ensembleSuite('sessions and data over two members', OPTIONS, item => {
  item('13: a session is attached again on another member', async ({ connect, ...members }) => {
    const first = await connect(members.follower)
    const again = await connect(members.leader, first.credentials)
    assert.equal(again.session.sessionId, first.session.sessionId)
    assert.deepEqual(again.session.passwd, first.session.passwd)
    const back = await connect(members.follower, first.credentials)
    assert.equal(back.session.sessionId, first.session.sessionId)
    await back.close()
  })

  item('55: what a closed session owned is gone on the other member', async scene => {
    const { leader, follower, root, connect } = scene
    for (const [from, to] of [
      [leader, follower],
      [follower, leader],
    ] as const) {
      const owner = await connect(from)
      const path = `${root}-${from.id}`
      ok(await owner.create(path, EPHEMERAL))
      const other = await connect(to)
      ok(await other.sync(path))
      ok(await other.exists(path))
      await owner.close()
      ok(await other.sync(path))
      fails(await other.exists(path), NO_NODE)
    }
  })

  item('89: sync, then the newest value', async ({ leader, follower, root, connect }) => {
    const writer = await connect(leader)
    const reader = await connect(follower)
    ok(await writer.create(root))
    for (let i = 0; i < 50; i++) {
      ok(await writer.setData(root, `${i}`))
      const synced = reader.sync(root)
      assert.equal(await text(reader, root), `${i}`)
      ok(await synced)
    }
  })

  item('99: times are the same on all members', async ({ leader, follower, root, connect }) => {
    const writer = await connect(follower)
    ok(await writer.create(root))
    ok(await writer.setData(root, 'x'))
    const stats = []
    for (const member of [leader, follower]) {
      const reader = await connect(member)
      ok(await reader.sync(root))
      stats.push(ok(await reader.exists(root)))
    }
    assert.deepEqual(stats[0], stats[1])
  })

  item('156: ephemerals stay when their session moves', async scene => {
    const { leader, follower, root, connect } = scene
    const first = await connect(follower, { timeOut: 3000 })
    ok(await first.create(root, EPHEMERAL))
    first.destroy()
    await pause(1000)
    const again = await connect(leader, { ...first.credentials, timeOut: 3000 })
    // Past the first deadline, alive by the second connection.
    for (let i = 0; i < 4; i++) {
      await pause(700)
      await again.ping()
    }
    assert.equal(ok(await again.exists(root)).ephemeralOwner, first.session.sessionId)
    await again.close()
  })

  item('157: a write of a session that has moved ends its old connection', async scene => {
    const { leader, follower, root, connect } = scene
    const old = await connect(follower)
    ok(await old.create(root))
    const moved = await connect(leader, old.credentials)
    ok(await moved.setData(root, 'new'))
    ok(await old.getData(root))
    await assert.rejects(old.setData(root, 'old'), ClosedError)
    assert.equal(await text(moved, root), 'new')
    await moved.close()
  })

  item('63: sequential numbers go on after a change of the leader', async scene => {
    const { follower, root, connect } = scene
    const client = await connect(follower)
    ok(await client.create(root))
    for (let i = 0; i < 3; i++) ok(await client.create(`${root}/n-`, SEQUENTIAL))
    ok(await client.delete(`${root}/n-0000000002`))
    await changeLeader(scene)
    const next = await connect(scene.leader)
    assert.equal(ok(await next.create(`${root}/n-`, SEQUENTIAL)), `${root}/n-0000000003`)
  })

  item('159: sessions survive a change of the leader, with a fresh time-out', async scene => {
    const { follower, root, connect } = scene
    const timeOut = 5000
    const owner = await connect(follower, { timeOut })
    ok(await owner.create(root, EPHEMERAL))
    owner.destroy()
    await pause(3000)
    await changeLeader(scene)
    const client = await connect(follower)
    ok(await client.sync('/'))
    ok(await client.exists(root, true))
    // The old deadline passes.
    await pause(2500)
    ok(await client.exists(root))
    await client.awaitEvents(1)
  })
})

ensembleSuite('what operators ask members of an ensemble', OPTIONS, item => {
  item('201: the configuration lists everybody', async ({ ensemble, connect }) => {
    for (const member of ensemble.members) {
      const client = await connect(member)
      const { data, stat } = ok(await client.getData('/zookeeper/config'))
      const lines = Buffer.from(data ?? [])
        .toString()
        .split('\n')
      assert.deepEqual(
        lines.slice(0, 2),
        ensemble.members.map(({ line }) => line),
      )
      assert.match(lines[2] ?? '', /^version=[0-9a-f]+$/)
      assert.equal(stat.version, -1)
      const { acl } = ok(await client.getAcl('/zookeeper/config'))
      assert.deepEqual(acl, [{ perms: 1, scheme: 'world', id: 'anyone' }])
    }
  })

  item('207: reconfig that is not enabled', async ({ leader, follower, connect }) => {
    for (const member of [leader, follower]) {
      const client = await connect(member)
      fails(await client.reconfig({ leavingServers: '1' }), RECONFIG_DISABLED)
    }
  })

  item('221: conf lists the membership', async ({ ensemble }) => {
    for (const member of ensemble.members) {
      const answer = await fourLetter(member.port, 'conf')
      assert.match(answer, new RegExp(`^serverId=${member.id}$`, 'm'))
      assert.match(answer, /^membership: $/m)
      for (const { line } of ensemble.members) assert.ok(answer.includes(line), answer)
      for (const key of ['initLimit', 'syncLimit', 'electionPort', 'quorumPort', 'peerType']) {
        assert.match(answer, new RegExp(`^${key}=\\d+$`, 'm'))
      }
    }
  })

  item('222: dump, as a learner and as the leader', async ({ leader, follower, connect }) => {
    const client = await connect(follower, { timeOut: 7000 })
    ok(await client.create('/dumped', EPHEMERAL))
    const id = `0x${BigInt.asUintN(64, client.session.sessionId).toString(16)}`
    const learner = await fourLetter(follower.port, 'dump')
    assert.match(learner, /^Global Sessions\(\d+\):$/m)
    assert.match(learner, new RegExp(`^${id}\\t7000ms$`, 'm'))
    const leading = await fourLetter(leader.port, 'dump')
    assert.match(leading, /^Session Sets \(\d+\)\/\(\d+\):$/m)
    assert.match(leading, new RegExp(`^\\t${id}$`, 'm'))
    for (const answer of [learner, leading]) {
      assert.match(answer, new RegExp(`^${id}:\\n\\t/dumped$`, 'm'))
    }
  })

  item('230: zabstate', async ({ leader, follower }) => {
    for (const member of [leader, follower]) {
      const answer = await http(member.ports.admin, '/commands/zabstate')
      const state = JSON.parse(answer.text) as { voting: unknown; zabstate: unknown }
      assert.equal(state.voting, true)
      assert.equal(state.zabstate, 'broadcast')
    }
  })

  item('218: words without a quorum', async ({ leader, follower }) => {
    await isolate(follower, leader)
    assert.equal(await fourLetter(follower.port, 'ruok'), 'imok')
    assert.equal(await fourLetter(follower.port, 'srvr'), NOT_SERVING)
  })

  item('17: a client of a member without a quorum', async ({ leader, follower, connect }) => {
    await isolate(leader, follower)
    await assert.rejects(connect(leader), ClosedError)
  })
})
