/** What is done to members of any kind, and how a member says in which way it became level. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { type Answer, ok } from '../harness/client.ts'
import { poll } from '../harness/wait.ts'
import { files } from '../storage/disk.ts'
import type { Ensemble, Member } from './ensemble.ts'

export type SyncKind = 'diff' | 'trunc' | 'snap'

const PATTERNS: Readonly<Record<SyncKind, RegExp>> = {
  diff: /"event":"sync","kind":"diff".*"leader":|Getting a diff from the leader/,
  trunc: /"event":"sync","kind":"trunc".*"leader":|Truncating log to get in sync/,
  snap: /"event":"sync","kind":"snap".*"leader":|Getting a snapshot from leader/,
}

/** How often `member` has become level in this way since its process was first started. */
export function countSyncs(member: Member, kind: SyncKind): number {
  return member.countLogged(PATTERNS[kind])
}

/** Starts `member` again and asserts in which way it becomes level. */
export async function rejoin(ensemble: Ensemble, member: Member, kind: SyncKind): Promise<void> {
  const before = countSyncs(member, kind)
  await member.server.launch()
  await ensemble.awaitServing()
  const after = countSyncs(member, kind)
  assert.ok(after > before, `member ${member.id} (${member.kind}) becomes level by ${kind}`)
}

/** Writes through `member`, so that who is away misses something. */
export async function writeSome(member: Member, path: string, count: number = 10): Promise<void> {
  const client = await member.connect()
  await client.create(path)
  for (let i = 0; i < count; i++) ok(await client.setData(path, `${i}`))
  await client.close()
}

async function writeMany(member: Member, path: string): Promise<void> {
  const client = await member.connect()
  await client.create(path)
  const data = new Uint8Array(FORGOTTEN_BYTES)
  const writes = Array.from({ length: FORGOTTEN_WRITES }, () => client.setData(path, data))
  for (const answer of await Promise.all(writes)) ok(answer)
  await client.close()
}

/** Each member in turn: kill -9, writes without it, and back by DIFF. */
export async function killEach(ensemble: Ensemble, path: string): Promise<void> {
  for (const victim of ensemble.members) {
    await victim.server.kill()
    await ensemble.awaitServing(ensemble.running)
    await writeSome(ensemble.running[0]!, path)
    await rejoin(ensemble, victim, 'diff')
  }
}

/** More than what leaders remember for DIFF: Apache 500 transactions, ours at least 16 MiB. */
const FORGOTTEN_WRITES = 520
const FORGOTTEN_BYTES = 40_000

/** A member without any data becomes level by SNAP. */
export async function loseDisk(ensemble: Ensemble, victim: Member, path: string): Promise<void> {
  await victim.server.kill()
  ensemble.emptyDisk(victim)
  await ensemble.awaitServing(ensemble.running)
  await writeMany(ensemble.running[0]!, path)
  await rejoin(ensemble, victim, 'snap')
}

/**
 * The leader logs writes that nobody else hears of, and everybody is killed. The others make an
 * epoch without them; what the old leader has too much goes by TRUNC, or by SNAP when the new
 * epoch has transactions of its own.
 */
export async function depose(
  ensemble: Ensemble,
  name: string,
  isNewEpochUsed: boolean,
): Promise<void> {
  const leader = await ensemble.leader()
  const others = ensemble.running.filter(member => member !== leader)
  const client = await leader.connect()
  const lost = `/lost-${name}`
  for (const other of others) await other.server.suspend()
  const answers: string[] = []
  for (let i = 0; i < 3; i++) {
    client.create(`${lost}-${i}`, { data: 'x' }).then(
      answer => answers.push(`${lost}-${i}: ${answer.err}`),
      () => {},
    )
  }
  await poll('the leader has logged what nobody has acknowledged', async () => {
    const log = (await files(leader.dataDir, 'log')).at(-1)
    if (log === undefined) return undefined
    return readFileSync(log).includes(`${lost}-2`) ? true : undefined
  })
  await ensemble.killAll()
  assert.deepEqual(answers, [], 'nothing is acknowledged by a leader alone')
  client.destroy()
  for (const other of others) await other.server.launch()
  await ensemble.awaitServing(others)
  if (isNewEpochUsed) await writeSome(others[0]!, `/after-${name}`)
  await rejoin(ensemble, leader, isNewEpochUsed ? 'snap' : 'trunc')
  for (const member of ensemble.running) {
    const reader = await member.connect()
    ok(await reader.sync('/'))
    assert.equal((await reader.exists(`${lost}-0`)).err, -101, `member ${member.id}: ${lost}`)
    await reader.close()
  }
}

/**
 * Several clients of `member` at once. Apache's CommitProcessor answers its clients' writes and
 * syncs in one order: an answer out of order would leave all that follow without one.
 */
export async function syncAndWrite(member: Member): Promise<void> {
  const clients = Array.from({ length: 6 }, async (_, i) => {
    const client = await member.connect()
    const path = `/order-${member.id}-${i}`
    ok(await client.create(path))
    for (let round = 0; round < 150; round++) {
      const calls = [client.sync(path), client.setData(path, `${round}`), client.sync(path)]
      for (const answer of await Promise.all<Answer<unknown>>(calls)) ok(answer)
    }
    await client.close()
  })
  await Promise.all(clients)
}
