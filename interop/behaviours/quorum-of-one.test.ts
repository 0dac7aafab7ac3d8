/**
 * behaviours.md 160, 161, 201-206, 221 and 230 as far as one member can show them: it is a quorum
 * of its own, so it has a configuration, a leader and local sessions.
 */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { CreateMode, Perms } from '../../wire/opcodes.ts'
import { acl, type Client, eventText, fails, ok, op } from '../harness/client.ts'
import { fourLetter } from '../harness/four-letter.ts'
import { http } from '../harness/http.ts'
import { freePorts } from '../harness/ports.ts'
import { suite } from '../harness/suite.ts'

const CONFIG = '/zookeeper/config'
const SUPER = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4='
/** Its two ports are the same for every server of this file: they run one after the other. */
const [quorumPort, electionPort] = await freePorts(2)
const QUORUM = {
  standaloneEnabled: false,
  initLimit: 5,
  syncLimit: 2,
  'server.1': `127.0.0.1:${quorumPort}:${electionPort}:participant`,
}

const OPTIONS = {
  myid: 1,
  cfg: {
    ...QUORUM,
    reconfigEnabled: true,
    'DigestAuthenticationProvider.superDigest': SUPER,
    'admin.enableServer': true,
  },
} as const

suite('quorum of one', OPTIONS, item => {
  item('201: /zookeeper/config lists the members', async ({ connect }) => {
    const client = await connect()
    const { data, stat } = ok(await client.getData(CONFIG))
    const lines = Buffer.from(data ?? [])
      .toString()
      .split('\n')
    assert.match(lines[0] ?? '', /^server\.1=127\.0\.0\.1:\d+:\d+:participant/)
    assert.match(lines[1] ?? '', /^version=[0-9a-f]+$/)
    assert.equal(lines.length, 2)
    assert.equal(stat.version, -1)
    const list = ok(await client.getAcl(CONFIG)).acl
    assert.deepEqual(list, [acl(Perms.read, 'world', 'anyone')])
  })

  item('203: a wrong curConfigId comes before NoAuth', async ({ connect }) => {
    const client = await connect()
    fails(await client.reconfig({ leavingServers: '9', curConfigId: 77n }), ErrorCode.badVersion)
  })

  item('204: reconfig needs WRITE on the configuration', async ({ connect }) => {
    const client = await connect()
    fails(await client.reconfig({ leavingServers: '9' }), ErrorCode.noAuth)
    fails(await client.reconfig({ leavingServers: 'x' }), ErrorCode.marshallingError)
    fails(await client.reconfig({ joiningServers: 'nonsense' }), ErrorCode.badArguments)
    fails(await client.reconfig({ newMembers: '' }), ErrorCode.marshallingError)
  })

  item('205: removing an unknown id makes a new version', async ({ connect }) => {
    const client = await asSuper(await connect())
    const answer = await client.reconfig({ leavingServers: '9' })
    const { data, stat } = ok(answer)
    assert.ok(
      Buffer.from(data ?? [])
        .toString()
        .endsWith(`version=${answer.zxid.toString(16)}`),
    )
    assert.equal(stat.mzxid, answer.zxid)
    assert.equal(stat.version, -1)
    assert.deepEqual(ok(await client.getData(CONFIG)).data, data)
  })

  item('206: watches on the configuration fire', async ({ connect }) => {
    const [client, watcher] = [await asSuper(await connect()), await connect()]
    ok(await watcher.getData(CONFIG, true))
    const observer = 'server.7=127.0.0.1:9:10:observer;127.0.0.1:11'
    const answer = await client.reconfig({ joiningServers: observer })
    assert.match(Buffer.from(ok(answer).data ?? []).toString(), /\nserver\.7=.*:observer;/)
    const [event] = await watcher.events()
    assert.ok(event !== undefined)
    assert.equal(eventText(event), `DataChanged ${CONFIG}`)
    assert.equal(event.zxid, answer.zxid)
    ok(await client.reconfig({ leavingServers: '7' }))
  })

  item('221: conf lists the membership', async ({ server }) => {
    const conf = await fourLetter(server.port, 'conf')
    assert.match(conf, /\nserverId=1\ninitLimit=5\nsyncLimit=2\nelectionAlg=3\nelectionPort=\d+\n/)
    assert.match(conf, /\nquorumPort=\d+\npeerType=0\nmembership: \nserver\.1=.*\nversion=\w+$/)
  })

  item('219: the leader has a tenth line', async ({ server }) => {
    const lines = (await fourLetter(server.port, 'srvr')).split('\n')
    assert.equal(lines[7], 'Mode: leader')
    assert.match(lines[9] ?? '', /^Proposal sizes last\/min\/max: -?\d+\/-?\d+\/-?\d+$/)
  })

  item('230: zabstate of a leader', async ({ server }) => {
    const { text } = await http(server.adminPort, '/commands/zabstate')
    const state = JSON.parse(text) as Record<string, unknown>
    assert.equal(state['voting'], true)
    assert.equal(state['zabstate'], 'broadcast')
    assert.equal(state['is_leader'], true)
    assert.equal(state['myid'], 1)
  })
})

const LOCAL = { myid: 1, cfg: { ...QUORUM, localSessionsEnabled: true } } as const

suite('local sessions', LOCAL, item => {
  item('160: a new session takes no zxid', async ({ connect }) => {
    const client = await connect()
    const { zxid } = await client.create('/t160')
    const other = await connect()
    assert.equal((await other.ping()).zxid, zxid)
    await other.close()
    assert.equal((await client.ping()).zxid, zxid)
    // On the member that made it, it is attached again.
    const again = await connect(client.credentials)
    assert.equal(again.session.sessionId, client.session.sessionId)
  })

  item('161: without upgrading no ephemerals', async ({ connect, root }) => {
    const client = await connect()
    const ephemeral = { flags: CreateMode.ephemeral }
    fails(await client.create(root, ephemeral), ErrorCode.ephemeralOnLocalSession)
    ok(await client.create(root))
    const [result] = ok(await client.multi([op.create(`${root}/e`, ephemeral)]))
    assert.deepEqual(result, { type: -1, err: ErrorCode.ephemeralOnLocalSession })
  })
})

const UPGRADING = {
  myid: 1,
  cfg: { ...QUORUM, localSessionsEnabled: true, localSessionsUpgradingEnabled: true },
} as const

suite('local sessions that are upgraded', UPGRADING, item => {
  item('161: an ephemeral makes the session global', async ({ connect, root }) => {
    const [client, other] = [await connect(), await connect()]
    const { zxid } = await other.create(root)
    const created = await client.create(`${root}/e`, { flags: CreateMode.ephemeral })
    ok(created)
    // createSession first, then the node.
    assert.equal(created.zxid, zxid + 2n)
    assert.equal(ok(await other.exists(`${root}/e`)).ephemeralOwner, client.session.sessionId)
    const closed = await client.close()
    assert.equal(closed.zxid, zxid + 3n)
    fails(await other.exists(`${root}/e`), ErrorCode.noNode)
  })
})

async function asSuper(client: Client): Promise<Client> {
  ok(await client.auth('digest', 'super:secret'))
  return client
}
