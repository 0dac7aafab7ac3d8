/** Local sessions, read-only mode, and reconfiguration as a client meets it. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { CreateMode } from '../../wire/opcodes.ts'
import { eventText, fails, ok } from '../harness/client.ts'
import { fourLetter } from '../harness/four-letter.ts'
import { ClosedError } from '../harness/raw-client.ts'
import { poll } from '../harness/wait.ts'
import type { Member } from './ensemble.ts'
import { ensembleSuite } from './suite.ts'

const NO_AUTH = -102
const BAD_VERSION = -103
const NEW_CONFIG_NO_QUORUM = -13
const READ_ONLY = -119
const LOCAL_SESSION = -120
const EPHEMERAL = { flags: CreateMode.ephemeral }

const LOCAL = { localSessionsEnabled: true, localSessionsUpgradingEnabled: true }
const NO_UPGRADE = { localSessionsEnabled: true, localSessionsUpgradingEnabled: false }

ensembleSuite('local sessions', { own: [LOCAL, NO_UPGRADE] }, item => {
  item('160: a local session is known to its member alone', async ({ ensemble, connect }) => {
    const [one, two] = [ensemble.member(1), ensemble.member(2)]
    const before = await one.look()
    const client = await connect(one)
    ok(await client.getData('/'))
    assert.equal((await one.look())?.zxid, before?.zxid)
    const elsewhere = await connect(two, client.credentials)
    assert.equal(elsewhere.session.timeOut, 0)
    client.destroy()
    const again = await connect(one, client.credentials)
    assert.equal(again.session.sessionId, client.session.sessionId)
    ok(await again.create('/t160'))
  })

  item('161: an ephemeral makes it global, where that is allowed', async scene => {
    const { ensemble, root, connect } = scene
    const [one, two] = [ensemble.member(1), ensemble.member(2)]
    const client = await connect(one)
    ok(await client.create(root, EPHEMERAL))
    const moved = await connect(two, client.credentials)
    assert.equal(moved.session.sessionId, client.session.sessionId)
    ok(await moved.sync('/'))
    assert.equal(ok(await moved.exists(root)).ephemeralOwner, client.session.sessionId)
    const local = await connect(two)
    fails(await local.create(`${root}-no`, EPHEMERAL), LOCAL_SESSION)
    ok(await local.create(`${root}-persistent`))
  })
})

/** The other one is killed; `member` goes into read-only mode. */
async function awaitReadOnly(member: Member, other: Member): Promise<void> {
  await other.server.kill()
  await poll('read-only mode', async () => {
    try {
      return (await fourLetter(member.port, 'isro')) === 'ro' ? true : undefined
    } catch {
      return undefined
    }
  })
}

/** Without local sessions Apache's cannot make a session there, and answers with a ReplyHeader. */
const READ_ONLY_MODE = { cfg: LOCAL, jvm: { 'readonlymode.enabled': true } }

ensembleSuite('read-only mode', READ_ONLY_MODE, item => {
  item('209: without a quorum it serves who wants to read', async scene => {
    const { leader, follower, root, connect } = scene
    const writer = await connect(follower)
    ok(await writer.create(root, { data: 'seen' }))
    ok(await writer.sync('/'))
    assert.equal(await fourLetter(follower.port, 'isro'), 'rw')
    await awaitReadOnly(follower, leader)
    const reader = await connect(follower, { readOnly: true })
    assert.equal(reader.session.readOnly, true)
    assert.equal(Buffer.from(ok(await reader.getData(root)).data ?? []).toString(), 'seen')
    await assert.rejects(connect(follower), ClosedError)
  })

  item('210: no writes and no syncs there', async ({ leader, follower, root, connect }) => {
    await awaitReadOnly(follower, leader)
    const reader = await connect(follower, { readOnly: true })
    fails(await reader.create(root), READ_ONLY)
    fails(await reader.setData('/', 'x'), READ_ONLY)
    fails(await reader.delete(root), READ_ONLY)
    fails(await reader.sync('/'), READ_ONLY)
    ok(await reader.getChildren('/', true))
    ok(await reader.exists('/', true))
    ok(await reader.ping())
  })

  item('211: a global session is not attached there', async ({ leader, follower, connect }) => {
    const client = await connect(follower)
    // What it owns makes it a global one.
    ok(await client.create('/t211', EPHEMERAL))
    await awaitReadOnly(follower, leader)
    await assert.rejects(connect(follower, { ...client.credentials, readOnly: true }), ClosedError)
  })
})

const SECRET = 'super:secret'
const RECONFIG = {
  cfg: { reconfigEnabled: true, standaloneEnabled: false },
  jvm: {
    'zookeeper.DigestAuthenticationProvider.superDigest': `super:${createHash('sha1').update(SECRET).digest('base64')}`,
  },
  keepConfig: true,
}

ensembleSuite('reconfig as a client meets it', RECONFIG, item => {
  item('203: another version than the one in force', async ({ follower, connect }) => {
    const client = await connect(follower)
    fails(await client.reconfig({ leavingServers: '9', curConfigId: 7n }), BAD_VERSION)
  })

  item('204: without the right to write the configuration', async ({ follower, connect }) => {
    const client = await connect(follower)
    fails(await client.reconfig({ leavingServers: '9' }), NO_AUTH)
  })

  item('205: somebody unknown is removed', async ({ follower, connect }) => {
    const client = await connect(follower)
    ok(await client.auth('digest', SECRET))
    const versions: (string | undefined)[] = []
    for (let i = 0; i < 2; i++) {
      const { data } = ok(await client.reconfig({ leavingServers: '9' }))
      versions.push(/version=(.*)/.exec(Buffer.from(data ?? []).toString())?.[1])
    }
    assert.ok(Number(`0x${versions[1]}`) > Number(`0x${versions[0]}`), versions.join(' and '))
  })

  item('206: watches on the configuration', async ({ leader, follower, connect }) => {
    const client = await connect(leader)
    ok(await client.auth('digest', SECRET))
    const watchers = [await connect(leader), await connect(follower)]
    for (const watcher of watchers) ok(await watcher.getData('/zookeeper/config', true))
    const answer = await client.reconfig({ leavingServers: '9' })
    ok(answer)
    for (const watcher of watchers) {
      const [event] = await watcher.awaitEvents(1)
      assert.ok(event !== undefined)
      assert.equal(eventText(event), 'DataChanged /zookeeper/config')
      assert.equal(event.zxid, answer.zxid)
    }
  })

  item('208: members of which no quorum is there', async ({ ensemble, leader, connect }) => {
    const client = await connect(leader)
    ok(await client.auth('digest', SECRET))
    const lines = ensemble.members.map(({ line }) => line)
    const nowhere = [7, 8, 9].map(id => `server.${id}=127.0.0.1:1${id}:2${id};127.0.0.1:3${id}`)
    const newMembers = [...lines, ...nowhere].join(',')
    fails(await client.reconfig({ newMembers }), NEW_CONFIG_NO_QUORUM)
  })
})
