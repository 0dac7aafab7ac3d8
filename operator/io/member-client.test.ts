/** The operator's questions and orders, to an ensemble of real processes on this machine. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseMembership } from '../../wire/config-string.ts'
import type { MemberAnswer } from '../ports/ensemble-api.ts'
import { MemberClient } from './member-client.ts'

const MAIN = fileURLToPath(new URL('../../node/main.ts', import.meta.url))
const AS = { digest: 'super:secret' }
const HIDDEN = createHash('sha1').update(AS.digest).digest('base64')
const WAIT_MS = 20_000

interface Member {
  readonly id: number
  readonly line: string
  readonly client: MemberClient
  readonly process: ChildProcess
}

interface Ports {
  readonly client: number
  readonly quorum: number
  readonly election: number
  readonly admin: number
}

async function freePorts(): Promise<Ports> {
  const servers = await Promise.all(
    [0, 1, 2, 3].map(async () => {
      const server = createServer()
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
      return server
    }),
  )
  const [client = 0, quorum = 0, election = 0, admin = 0] = servers.map(server => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(
    servers.map(server => new Promise<void>(resolve => server.close(() => resolve()))),
  )
  return { client, quorum, election, admin }
}

async function ensemble(t: TestContext): Promise<readonly Member[]> {
  const root = mkdtempSync(join(tmpdir(), 'members-'))
  const ports = await Promise.all([1, 2, 3].map(freePorts))
  const lines = ports.map(
    (each, i) =>
      `server.${i + 1}=127.0.0.1:${each.quorum}:${each.election}:participant;127.0.0.1:${each.client}`,
  )
  const members = ports.map((each, i): Member => {
    const data = join(root, String(i + 1))
    mkdirSync(data)
    writeFileSync(join(data, 'myid'), `${i + 1}\n`)
    writeFileSync(
      join(data, 'zoo.cfg'),
      [
        `dataDir=${data}`,
        'tickTime=500',
        'initLimit=20',
        'syncLimit=10',
        'reconfigEnabled=true',
        'standaloneEnabled=false',
        'admin.serverAddress=127.0.0.1',
        `admin.serverPort=${each.admin}`,
        '4lw.commands.whitelist=*',
        ...lines,
        '',
      ].join('\n'),
    )
    const process = spawn(
      globalThis.process.execPath,
      ['--import', 'tsx', MAIN, join(data, 'zoo.cfg')],
      {
        env: {
          ...globalThis.process.env,
          SERVER_JVMFLAGS: `-Dzookeeper.DigestAuthenticationProvider.superDigest=super:${HIDDEN}`,
        },
        stdio: 'ignore',
      },
    )
    return {
      id: i + 1,
      line: lines[i] ?? '',
      client: new MemberClient({ admin: each.admin, client: each.client }),
      process,
    }
  })
  t.after(async () => {
    for (const { process } of members) process.kill('SIGKILL')
    await Promise.all(
      members.map(async ({ process }) => {
        if (process.exitCode !== null || process.signalCode !== null) return
        await new Promise(resolve => process.once('exit', resolve))
      }),
    )
    rmSync(root, { recursive: true })
  })
  return members
}

const HOST = '127.0.0.1'

/** Asks again until the answers are as wanted. */
async function until(
  members: readonly Member[],
  isWanted: (answers: readonly (MemberAnswer | undefined)[]) => boolean,
): Promise<readonly MemberAnswer[]> {
  const endMs = Date.now() + WAIT_MS
  for (;;) {
    const answers = await Promise.all(members.map(({ client }) => client.describe(HOST)))
    if (isWanted(answers)) return answers.flatMap(answer => answer ?? [])
    ok(Date.now() < endMs, `not within ${WAIT_MS} ms: ${JSON.stringify(answers, big)}`)
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

function big(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString(16) : value
}

const isSettled = (answers: readonly (MemberAnswer | undefined)[]): boolean =>
  answers.every(answer => answer?.isServing) &&
  answers.some(answer => answer?.leader?.syncedFollowers === answers.length - 1)

test('members describe themselves, pass the lead on and change the ensemble', async t => {
  const members = await ensemble(t)
  const answers = await until(members, isSettled)
  deepEqual(
    answers.map(answer => answer.id),
    [1, 2, 3],
  )
  equal(answers.filter(answer => answer.role === 'leader').length, 1)
  ok(answers.every(answer => answer.isVoting && answer.zxid >= 0n))
  match(answers[0]?.version ?? '', /^3\.9\./)
  const before = parseMembership(answers[0]?.membership ?? '', true)
  equal(before.members.length, 3)
  ok(before.version > 0n)

  const leader = members.find(member => answers[member.id - 1]?.role === 'leader')!
  const heir = members.find(member => member !== leader)!
  equal(await heir.client.handOver(HOST, AS, undefined), 'this member does not lead')
  equal(await leader.client.handOver(HOST, AS, heir.id), undefined)
  const after = await until(
    members,
    found => isSettled(found) && found[heir.id - 1]?.role === 'leader',
  )

  const victim = members.find(member => member !== heir)!
  const version = parseMembership(after[0]?.membership ?? '', true).version
  const removal = { joining: [], leaving: [victim.id], ifVersion: version }
  const stale = { ...removal, ifVersion: version - 1n }
  deepEqual(await heir.client.reconfig(HOST, AS, stale), { ok: false, reason: 'badVersion' })
  deepEqual(await heir.client.reconfig(HOST, AS, removal), { ok: true })
  const others = members.filter(member => member !== victim)
  const shrunk = await until(others, isSettled)
  const now = parseMembership(shrunk[0]?.membership ?? '', true)
  equal(now.members.length, 2)
  const addition = { joining: [victim.line], leaving: [], ifVersion: now.version }
  deepEqual(await heir.client.reconfig(HOST, AS, addition), { ok: true })
  await until(members, isSettled)

  victim.process.kill('SIGKILL')
  await until(members, found => found[victim.id - 1] === undefined)
})
