/** What Apache has written, ours opens, and the other way round: logs, snapshots, compressions. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { CreateMode } from '../../wire/opcodes.ts'
import { Client, ok } from '../harness/client.ts'
import { http } from '../harness/http.ts'
import type { ServerKind } from '../harness/server.ts'
import { poll } from '../harness/wait.ts'
import { apacheTool, files, look, over, type Picture, reattach, write } from './disk.ts'

const folders: string[] = []
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'zkcluster-disk-'))
  folders.push(folder)
  return folder
}

/** How the state lies on disk when the writer is killed. */
const FORMS: readonly {
  readonly name: string
  readonly cfg: Readonly<Record<string, string | number | boolean>>
  readonly snapshot: boolean
  readonly suffix: string
}[] = [
  { name: 'log only', cfg: {}, snapshot: false, suffix: '' },
  { name: 'snapshot', cfg: {}, snapshot: true, suffix: '' },
  {
    name: 'snapshot.gz',
    cfg: { 'snapshot.compression.method': 'gz' },
    snapshot: true,
    suffix: '.gz',
  },
  {
    name: 'snapshot.snappy',
    cfg: { 'snapshot.compression.method': 'snappy' },
    snapshot: true,
    suffix: '.snappy',
  },
]

const WAYS: readonly (readonly [ServerKind, ServerKind])[] = [
  ['apache', 'ours'],
  ['ours', 'apache'],
  ['ours', 'ours'],
]

for (const [writer, reader] of WAYS) {
  void describe(`${writer} writes, ${reader} opens`, () => {
    for (const form of FORMS) {
      void test(form.name, async () => {
        const dataDir = newFolder()
        const cfg = { ...form.cfg, 'admin.enableServer': form.snapshot }
        const written = await over(writer, dataDir, { cfg }, async (port, adminPort) => {
          const result = await write(port)
          if (form.snapshot) await takeSnapshot(adminPort)
          return result
        })
        const snapshots = await files(dataDir, 'snapshot')
        const newest = snapshots.at(-1) ?? ''
        if (form.snapshot) assert.ok(newest.endsWith(form.suffix), newest)
        else assert.deepEqual(snapshots.length, 1, 'only the empty snapshot.0')
        await over(reader, dataDir, {}, async port => {
          await reattach(port, written)
          samePicture(await look(port), written.picture)
          await goesOn(port)
        })
        // And back: what the reader has appended, the writer finds.
        await over(writer, dataDir, {}, async port => {
          const client = await Client.connect(port)
          ok(await client.exists('/disk/after'))
          client.destroy()
        })
      })
    }
  })
}

void describe("Apache's own tools read ours", () => {
  void test('TxnLogToolkit, SnapshotFormatter and SnapshotComparer', async () => {
    const dataDir = newFolder()
    const cfg = { 'admin.enableServer': true }
    await over('ours', dataDir, { cfg }, async (port, adminPort) => {
      await write(port)
      await takeSnapshot(adminPort)
    })
    const [log] = await files(dataDir, 'log')
    const snapshots = await files(dataDir, 'snapshot')
    const newest = snapshots.at(-1) ?? ''
    const persistence = 'org.apache.zookeeper.server.persistence'
    const dump = await apacheTool(`${persistence}.TxnLogToolkit`, '--dump', log ?? '')
    assert.match(dump, /ZooKeeper Transactional Log File with dbid 0 txnlog format version 2/)
    assert.match(dump, /createSession/)
    assert.match(dump, /multi/)
    assert.match(dump, /createContainer|create2/)
    assert.match(dump, /EOF reached after \d+ txns/)
    assert.doesNotMatch(dump, /CRC ERROR/)
    const server = 'org.apache.zookeeper.server'
    const formatted = await apacheTool(`${server}.SnapshotFormatter`, newest)
    assert.match(formatted, /^\/disk\/container$/m)
    assert.match(formatted, /Last zxid: 0x/)
    const [first] = snapshots
    const compared = await apacheTool(
      `${server}.SnapshotComparer`,
      '-l',
      first ?? '',
      '-r',
      newest,
      '-b',
      '2',
      '-n',
      '1',
    )
    assert.match(compared, /\/disk/)
  })
})

async function takeSnapshot(adminPort: number): Promise<void> {
  const headers = { Authorization: 'digest a:b' }
  await poll('a snapshot', async () => {
    const answer = await http(adminPort, '/commands/snapshot?streaming=false', { headers })
    if (answer.status === 429) return undefined
    assert.equal(answer.status, 200, answer.text)
    return true
  })
}

function samePicture(found: Picture, expected: Picture): void {
  // The looking sessions of both sides make and close sessions: nothing in the tree changes by it.
  assert.deepEqual(found, expected)
}

/** Writes continue where the log ended: numbers, versions, quotas. */
async function goesOn(port: number): Promise<void> {
  const client = await Client.connect(port)
  const sequential = { flags: CreateMode.persistentSequential }
  const next = ok(await client.create('/disk/s-', sequential))
  // Nine children before five sequential ones, one of them deleted, then m and gone.
  assert.equal(next, '/disk/s-0000000015')
  ok(await client.setData('/disk', 'three', 1))
  ok(await client.create('/disk/after'))
  const { data } = ok(await client.getData('/zookeeper/quota/disk/zookeeper_stats'))
  assert.match(Buffer.from(data ?? []).toString(), /^count=\d+,bytes=\d+$/)
  await client.close()
}
