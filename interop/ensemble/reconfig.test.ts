/**
 * Reconfiguration while it runs: a joiner becomes observer and voter, members and the leader leave,
 * addresses change. The same for ours alone and for ours with Apache's in both roles.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { type Client, fails, ok } from '../harness/client.ts'
import { freePorts } from '../harness/ports.ts'
import { poll } from '../harness/wait.ts'
import { APACHE, Ensemble, type Member, type MemberPlan, type Mode, OURS } from './ensemble.ts'
import { killEach, writeSome } from './faults.ts'
import { assertSameState, syncWith } from './state.ts'

const CONFIG = '/zookeeper/config'
const SECRET = 'super:secret'
const SUPER_DIGEST = `super:${createHash('sha1').update(SECRET).digest('base64')}`
const OPTIONS = {
  cfg: { reconfigEnabled: true, standaloneEnabled: false },
  jvm: { 'zookeeper.DigestAuthenticationProvider.superDigest': SUPER_DIGEST },
  keepConfig: true,
}

/** What reconfig answers with. */
const NO_AUTH = -102
const BAD_VERSION = -103
const NEW_CONFIG_NO_QUORUM = -13

const CASES: readonly {
  readonly name: string
  readonly plans: readonly MemberPlan[]
  /** Started first: it leads. */
  readonly leader: number
}[] = [
  { name: 'ours alone', plans: [OURS, OURS, OURS, joiner('ours')], leader: 3 },
  { name: 'Apache leads ours', plans: [OURS, OURS, APACHE, joiner('ours')], leader: 3 },
  { name: 'ours leads Apache', plans: [APACHE, OURS, OURS, joiner('apache')], leader: 3 },
]

function joiner(kind: 'ours' | 'apache'): MemberPlan {
  return { kind, role: 'observer', joins: true }
}

void describe('reconfig', () => {
  for (const { name, plans, leader } of CASES) {
    void test(name, async () => {
      const ensemble = await Ensemble.prepare(plans, OPTIONS)
      try {
        await ensemble.startUnder(ensemble.member(leader))
        await reconfigure(ensemble)
      } catch (error) {
        ensemble.keep = true
        throw error
      } finally {
        await ensemble.stop()
      }
    })
  }
})

async function reconfigure(ensemble: Ensemble): Promise<void> {
  await refusals(ensemble)
  await joinAndPromote(ensemble)
  await moveFollower(ensemble)
  await removeFollower(ensemble)
  await removeLeader(ensemble)
  await assertSameConfig(await voters(ensemble))
  await allAgain(ensemble)
}

async function awaitMode(member: Member, mode: Mode): Promise<void> {
  await poll(`member ${member.id} is ${mode}`, async () =>
    (await member.look())?.mode === mode ? true : undefined,
  )
}

/** A client with the rights of super, on `member`. */
async function superClient(member: Member): Promise<Client> {
  const client = await member.connect()
  ok(await client.auth('digest', SECRET))
  return client
}

async function refusals(ensemble: Ensemble): Promise<void> {
  const plain = await ensemble.member(1).connect()
  fails(await plain.reconfig({ leavingServers: '1' }), NO_AUTH)
  fails(await plain.reconfig({ leavingServers: '1', curConfigId: 7n }), BAD_VERSION)
  await plain.close()
  const client = await superClient(ensemble.member(2))
  const [quorum, election, clientPort] = await freePorts(3)
  const nowhere = (id: number): string =>
    `server.${id}=127.0.0.1:${quorum! + id}:${election! + id}:participant;${clientPort! + id}`
  const newMembers = [ensemble.member(1).line, nowhere(7), nowhere(8), nowhere(9)].join(',')
  fails(await client.reconfig({ newMembers }), NEW_CONFIG_NO_QUORUM)
  // Removing somebody unknown changes the version alone.
  const before = await versionAt(ensemble.member(2))
  ok(await client.reconfig({ leavingServers: '99' }))
  assert.ok((await versionAt(ensemble.member(2))) > before)
  await client.close()
}

async function joinAndPromote(ensemble: Ensemble): Promise<void> {
  const joining = ensemble.member(4)
  await joining.server.launch()
  await ensemble.awaitServing()
  const watcher = await ensemble.member(1).connect()
  ok(await watcher.getData(CONFIG, true))
  const client = await superClient(ensemble.member(2))
  const added = await client.reconfig({ joiningServers: joining.line })
  const text = Buffer.from(ok(added).data ?? []).toString()
  assert.ok(text.includes(joining.line), text)
  const [event] = await watcher.awaitEvents(1)
  assert.equal(event?.zxid, added.zxid, 'watches on the configuration fire with its zxid')
  await watcher.close()
  // Not listed it has followed without a vote; it becomes level again in its new role.
  await awaitMode(joining, 'observer')
  await assertSameConfig(ensemble.running)
  const line = joining.line.replace(':observer;', ':participant;')
  ok(await client.reconfig({ joiningServers: line, curConfigId: await versionAt(joining) }))
  await client.close()
  await awaitMode(joining, 'follower')
  await assertSameConfig(ensemble.running)
  await killEach(ensemble, '/reconfig-four')
  await assertSameState(ensemble)
}

/** A follower's ports between members change; the client port is not part of this test. */
async function moveFollower(ensemble: Ensemble): Promise<void> {
  const [follower] = await ensemble.inMode('follower')
  assert.ok(follower !== undefined)
  const [quorum, election] = await freePorts(2)
  const { id, port } = follower
  const line = `server.${id}=127.0.0.1:${quorum}:${election}:participant;127.0.0.1:${port}`
  const client = await superClient(await ensemble.leader())
  ok(await client.reconfig({ joiningServers: line }))
  client.destroy()
  await ensemble.awaitServing()
  await assertSameConfig(ensemble.running)
  await follower.server.kill()
  await writeSome(await ensemble.awaitServing(), '/moved')
  await follower.server.launch()
  await ensemble.awaitServing()
  // With somebody else away it is needed: its new ports are found by the others.
  const other = (await ensemble.inMode('follower')).find(member => member !== follower)
  assert.ok(other !== undefined)
  await other.server.kill()
  const leader = await ensemble.leader()
  await leader.server.kill()
  await leader.server.launch()
  await ensemble.awaitServing()
  await writeSome(follower, '/moved')
  await other.server.launch()
  await ensemble.awaitServing()
}

async function removeFollower(ensemble: Ensemble): Promise<void> {
  const [follower] = await ensemble.inMode('follower')
  assert.ok(follower !== undefined)
  const client = await superClient(await ensemble.leader())
  ok(await client.reconfig({ leavingServers: `${follower.id}` }))
  client.destroy()
  assert.deepEqual((await voters(ensemble)).length, 3)
  await writeSome(await ensemble.awaitLeader(), '/without-follower')
  // It keeps following, without a vote, until it is stopped.
  await syncWith(follower)
  await follower.server.kill()
  await ensemble.awaitServing(ensemble.running)
}

async function removeLeader(ensemble: Ensemble): Promise<void> {
  const leader = await ensemble.leader()
  const client = await superClient(leader)
  await client.reconfig({ leavingServers: `${leader.id}` }).catch(() => undefined)
  client.destroy()
  const next = await ensemble.awaitLeader(leader)
  await writeSome(next, '/without-leader')
  const left = await voters(ensemble)
  assert.equal(left.length, 2)
  assert.ok(!left.includes(leader))
  // Without a vote, as before it was a member.
  await awaitMode(leader, 'follower')
  await syncWith(leader)
  await leader.server.kill()
  await ensemble.awaitServing(ensemble.running)
}

/** Whoever is left starts from the files that the reconfigurations wrote. */
async function allAgain(ensemble: Ensemble): Promise<void> {
  const left = ensemble.running
  const version = await versionAt(left[0]!)
  await ensemble.killAll()
  for (const member of left) await member.server.launch()
  await ensemble.awaitServing(left)
  for (const member of left) assert.equal(await versionAt(member), version)
  await writeSome(left[0]!, '/again')
  await assertSameState(ensemble, left)
}

async function configAt(member: Member): Promise<string> {
  const client = await member.connect()
  try {
    ok(await client.sync('/'))
    const { data, stat } = ok(await client.getData(CONFIG))
    assert.equal(stat.version, -1, `Stat version of ${CONFIG} at member ${member.id}`)
    return Buffer.from(data ?? []).toString()
  } finally {
    await client.close()
  }
}

async function versionAt(member: Member): Promise<bigint> {
  const text = await configAt(member)
  const version = /^version=([0-9a-f]+)$/m.exec(text)?.[1]
  assert.ok(version !== undefined, text)
  return BigInt(`0x${version}`)
}

/** Members that the configuration lists as participants. */
async function voters(ensemble: Ensemble): Promise<readonly Member[]> {
  const text = await configAt(await ensemble.awaitLeader())
  return ensemble.members.filter(({ id }) =>
    new RegExp(`^server\\.${id}=.*:participant`, 'm').test(text),
  )
}

/** The znode and the files that the members have written are the same everywhere. */
async function assertSameConfig(members: readonly Member[]): Promise<void> {
  const texts = await Promise.all(members.map(configAt))
  members.forEach((member, i) => {
    assert.equal(texts[i], texts[0], `configuration at member ${member.id} (${member.kind})`)
  })
  const lines = (texts[0] ?? '').split('\n')
  const version = lines.at(-1)?.replace('version=', '')
  const servers = lines.slice(0, -1).sort()
  for (const member of members) {
    const path = `${member.server.configFile}.dynamic.${version}`
    await poll(`${path} is written`, async () => (existsSync(path) ? true : undefined))
    const written = readFileSync(path, 'utf8').trim().split('\n')
    assert.deepEqual(written, servers, `dynamic file of member ${member.id} (${member.kind})`)
    await poll(`zoo.cfg of member ${member.id} names ${path}`, async () => {
      const text = readFileSync(member.server.configFile, 'utf8')
      return text.includes(`dynamicConfigFile=${path}`) ? true : undefined
    })
    const text = readFileSync(member.server.configFile, 'utf8')
    assert.doesNotMatch(text, /^(server\.|clientPort)/m, `zoo.cfg of member ${member.id}`)
  }
}
