/**
 * kill -9 under load: what was acknowledged is there after the restart, and nothing is half done.
 * `ZKCLUSTER_ROUNDS=N` kills ours N times instead of 5.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Client, ok, op } from '../harness/client.ts'
import { ClosedError } from '../harness/raw-client.ts'
import { type Server, serverKinds, startServer } from '../harness/server.ts'
import { pause } from '../harness/wait.ts'
import { files } from './disk.ts'

const ROUNDS = Number(process.env['ZKCLUSTER_ROUNDS'] ?? 5)
const CLIENTS = 8
const PIPELINE = 16
/** Long enough to roll logs and write snapshots, which is when a crash hurts. */
const LOAD_MS = 700
const OPTIONS = { cfg: { forceSync: null, snapCount: 1000, preAllocSize: 1024 } }

/** What one client knows: its node's last acknowledged value and the pairs it has made. */
interface Acknowledged {
  readonly path: string
  /** Version that the last acknowledged setData gave. */
  version: number
  /** Pairs `path/N-a` and `path/N-b`, made by one multi. */
  pairs: number
  /** Sent, but perhaps not done. */
  sentVersion: number
  sentPairs: number
  zxid: bigint
}

for (const kind of serverKinds()) {
  void describe(`${kind}: kill -9 under load`, () => {
    void test('acknowledged writes survive', async () => {
      const dataDir = mkdtempSync(join(tmpdir(), 'zkcluster-crash-'))
      const server = await startServer(kind, { ...OPTIONS, dataDir })
      try {
        const setup = await Client.connect(server.port)
        ok(await setup.create('/crash'))
        // Once is enough to prove the test on Apache.
        for (let round = 0; round < (kind === 'ours' ? ROUNDS : 1); round++) {
          await crash(server, round)
        }
        const snapshots = await files(dataDir, 'snapshot')
        assert.ok(snapshots.length > 1, 'snapshots were written under the load')
      } catch (error) {
        server.keep = true
        throw error
      } finally {
        await server.stop()
        if (!server.keep) rmSync(dataDir, { recursive: true })
      }
    })
  })
}

async function crash(server: Server, round: number): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () => Client.connect(server.port)),
  )
  const known = await Promise.all(clients.map(async (client, i) => begin(client, round, i)))
  const load = clients.map(async (client, i) => write(client, known[i]!))
  await pause(LOAD_MS)
  await server.kill()
  await Promise.all(load)
  await server.start()
  const client = await Client.connect(server.port)
  const last = (await client.ping()).zxid
  let writes = 0
  for (const state of known) {
    await verify(client, state)
    assert.ok(last >= state.zxid, 'the last zxid is not before an acknowledged one')
    writes += state.version + state.pairs
  }
  assert.ok(writes > CLIENTS, `${writes} writes were acknowledged in round ${round}`)
  await client.close()
}

async function begin(client: Client, round: number, i: number): Promise<Acknowledged> {
  const path = `/crash/${round}-${i}`
  ok(await client.create(path))
  return { path, version: 0, pairs: 0, sentVersion: 0, sentPairs: 0, zxid: 0n }
}

/** Keeps `PIPELINE` requests on their way until the server is gone. */
async function write(client: Client, state: Acknowledged): Promise<void> {
  try {
    for (;;) {
      const batch: Promise<void>[] = []
      for (let i = 0; i < PIPELINE; i++)
        batch.push(i % 2 === 0 ? set(client, state) : pair(client, state))
      const results = await Promise.allSettled(batch)
      const failure = results.find(result => result.status === 'rejected')
      if (failure !== undefined) throw failure.reason
    }
  } catch (error) {
    if (!(error instanceof ClosedError)) throw error
  }
}

async function set(client: Client, state: Acknowledged): Promise<void> {
  const version = ++state.sentVersion
  const answer = await client.setData(state.path, `${version}`, version - 1)
  ok(answer)
  state.version = version
  if (answer.zxid > state.zxid) state.zxid = answer.zxid
}

async function pair(client: Client, state: Acknowledged): Promise<void> {
  const number = state.sentPairs++
  const creates = ['a', 'b'].map(half => op.create(`${state.path}/${number}-${half}`))
  const answer = await client.multi(creates)
  ok(answer)
  state.pairs = number + 1
  if (answer.zxid > state.zxid) state.zxid = answer.zxid
}

async function verify(client: Client, state: Acknowledged): Promise<void> {
  const { data, stat } = ok(await client.getData(state.path))
  assert.ok(stat.version >= state.version, `${state.path}: version ${stat.version}`)
  assert.ok(stat.version <= state.sentVersion, `${state.path}: version ${stat.version}`)
  assert.equal(Buffer.from(data ?? []).toString(), stat.version === 0 ? '' : `${stat.version}`)
  const names = new Set(ok(await client.getChildren(state.path)))
  let pairs = 0
  while (names.has(`${pairs}-a`) && names.has(`${pairs}-b`)) pairs++
  assert.equal(names.size, pairs * 2, `${state.path}: half a multi, or a hole`)
  assert.ok(pairs >= state.pairs && pairs <= state.sentPairs, `${state.path}: ${pairs} pairs`)
}
