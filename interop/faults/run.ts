/** One run: an ensemble, workers, misfortune; then peace, and judgement over all of it. */
import assert from 'node:assert/strict'
import { Ensemble, type EnsembleOptions, type MemberPlan } from '../ensemble/ensemble.ts'
import { assertSameState } from '../ensemble/state.ts'
import { Client, ok } from '../harness/client.ts'
import { pause, poll } from '../harness/wait.ts'
import { Dice } from './dice.ts'
import { type Final, INITIAL, judge, judgeEphemerals } from './history.ts'
import { Nemesis } from './nemesis.ts'
import { Paths } from './paths.ts'
import { EPHEMERALS, PAIR, REGISTERS, Record, Worker, watchEphemerals } from './worker.ts'

export interface FaultPlan {
  readonly members: readonly MemberPlan[]
  readonly options?: EnsembleOptions
  readonly seed: number
  readonly durationMs: number
  /** Members lose each other too. */
  readonly partitions?: boolean
}

export interface FaultReport {
  readonly strikes: readonly string[]
  readonly operations: number
  readonly acknowledged: number
  readonly expiredSessions: number
  readonly ephemeralEvents: number
}

const WORKERS = 6
/** Without misfortune, every worker gets something done within this. */
const PEACE_MS = 10_000
/** Sessions of workers that vanished are over by then. */
const EXPIRED_MS = 20_000

/** Throws with the seed and what was wrong; the data of the members stays then. */
export async function runFaults(plan: FaultPlan): Promise<FaultReport> {
  const { seed, members, options = {} } = plan
  const paths = plan.partitions === true ? new Paths() : undefined
  const routed = paths === undefined ? options : { ...options, route: paths }
  const ensemble = await Ensemble.start(members, routed)
  const nemesis = new Nemesis(ensemble, new Dice(seed), paths)
  const record = new Record()
  try {
    await setUp(ensemble)
    const report = await play(plan, ensemble, nemesis, record)
    await ensemble.stop()
    return report
  } catch (error) {
    record.isStopped = true
    ensemble.keep = true
    await ensemble.stop()
    const strikes = nemesis.done.join('; ')
    throw new Error(`seed ${seed}: ${String(error)}\nafter: ${strikes}`, { cause: error })
  }
}

async function setUp(ensemble: Ensemble): Promise<void> {
  const client = await Client.connect(ensemble.member(1).port)
  for (const path of ['/r', '/pair', EPHEMERALS]) ok(await client.create(path))
  for (const path of [...REGISTERS, ...PAIR]) ok(await client.create(path, { data: INITIAL }))
  await client.close()
}

async function play(
  plan: FaultPlan,
  ensemble: Ensemble,
  nemesis: Nemesis,
  record: Record,
): Promise<FaultReport> {
  const { seed, durationMs, members } = plan
  const ports = ensemble.members.map(({ port }) => port)
  const workers = Array.from({ length: WORKERS }, (_, i) => {
    return new Worker(i, ports, new Dice(seed * WORKERS + i + 1), record)
  })
  const running = [
    ...workers.map(async worker => worker.run()),
    ...ports.map(async port => watchEphemerals(port, record)),
  ]
  const endMs = performance.now() + durationMs
  await nemesis.run(() => performance.now() > endMs || record.surprises.length > 0)
  assertNothing('surprising answers', record.surprises)
  nemesis.assertAlive()
  await ensemble.awaitServing(ensemble.members)
  await assertProgress(workers)
  record.isStopped = true
  await Promise.all(running)
  await Promise.all(workers.map(async worker => worker.finish()))
  assertNothing('surprising answers', record.surprises)
  await assertNoEphemerals(ensemble)
  const finals = await readFinals(ensemble)
  const syncIsLinearizable = members.every(({ kind }) => kind === 'ours')
  assertNothing('the history', judge(record.operations, finals, { syncIsLinearizable }))
  assertNothing('ephemerals', judgeEphemerals(record.events))
  await assertSameState(ensemble)
  const acknowledged = workers.reduce((sum, worker) => sum + worker.acknowledged, 0)
  assert.ok(acknowledged > WORKERS, `${acknowledged} writes were acknowledged`)
  assert.ok(record.events.length > 0, 'ephemerals came and went')
  return {
    strikes: nemesis.done,
    operations: record.operations.length,
    acknowledged,
    expiredSessions: record.expiredSessions,
    ephemeralEvents: record.events.length,
  }
}

function assertNothing(what: string, wrong: readonly string[]): void {
  if (wrong.length === 0) return
  throw new Error(`${what}: ${wrong.length} faults\n  ${wrong.slice(0, 10).join('\n  ')}`)
}

async function assertProgress(workers: readonly Worker[]): Promise<void> {
  const before = workers.map(worker => worker.acknowledged)
  await poll(
    'every worker writes again',
    async () => {
      const all = workers.every((worker, i) => worker.acknowledged > (before[i] ?? 0) + 3)
      return all ? true : undefined
    },
    PEACE_MS,
  )
}

/** All sessions have ended: what they owned is gone, on every member. */
async function assertNoEphemerals(ensemble: Ensemble): Promise<void> {
  for (const member of ensemble.members) {
    const client = await member.connect()
    let left: readonly string[] = []
    const endMs = performance.now() + EXPIRED_MS
    do {
      ok(await client.sync('/'))
      left = ok(await client.getChildren(EPHEMERALS))
      if (left.length > 0) await pause(200)
    } while (left.length > 0 && performance.now() < endMs)
    assert.deepEqual(left, [], `ephemerals at member ${member.id}, all sessions are over`)
    await client.close()
  }
}

async function readFinals(ensemble: Ensemble): Promise<ReadonlyMap<string, Final>> {
  const client = await ensemble.member(1).connect()
  const finals = new Map<string, Final>()
  ok(await client.sync('/'))
  for (const key of REGISTERS) {
    const { data, stat } = ok(await client.getData(key))
    const value = Buffer.from(data ?? []).toString()
    finals.set(key, { value, version: stat.version, mzxid: stat.mzxid })
  }
  await client.close()
  return finals
}
