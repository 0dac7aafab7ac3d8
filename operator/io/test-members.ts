/** Members as real processes on this machine, for tests. */

import { ok } from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Credentials, MemberAnswer } from '../ports/ensemble-api.ts'
import { MemberClient } from './member-client.ts'

const MAIN = fileURLToPath(new URL('../../node/main.ts', import.meta.url))
export const AS: Credentials = { digest: 'super:secret' }
const HIDDEN = createHash('sha1').update(AS.digest).digest('base64')
const WAIT_MS = 20_000

export interface Member {
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

/** `extra` lines of zoo.cfg by member; `isListed` false: it is not in the others' start list. */
export interface MemberPlan {
  readonly extra?: readonly string[]
  readonly role?: 'participant' | 'observer'
  readonly isListed?: boolean
}

export async function ensemble(
  t: TestContext,
  plans: readonly MemberPlan[],
): Promise<readonly Member[]> {
  const root = mkdtempSync(join(tmpdir(), 'members-'))
  const ports = await Promise.all(plans.map(freePorts))
  const lines = ports.map(
    ({ quorum, election, client }, i) =>
      `server.${i + 1}=127.0.0.1:${quorum}:${election}:${plans[i]?.role ?? 'participant'};127.0.0.1:${client}`,
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
        ...lines.filter((_, at) => at === i || plans[at]?.isListed !== false),
        ...(plans[i]?.extra ?? []),
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

export const HOST = '127.0.0.1'

/** Asks again until the answers are as wanted. */
export async function until(
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

export const isSettled = (answers: readonly (MemberAnswer | undefined)[]): boolean =>
  answers.every(answer => answer?.isServing) &&
  answers.some(answer => answer?.leader?.syncedFollowers === answers.length - 1)
