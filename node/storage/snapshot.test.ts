import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import * as fc from 'fast-check'
import { hex, zxid } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { JuteError, Reader } from '../../wire/reader.ts'
import { readAcl } from '../../wire/records/data.ts'
import type { Txn, TxnBody } from '../../wire/records/txn.ts'
import type { Database } from '../tree/database.ts'
import type { ByteSink, ByteSource, Compression, SnapshotMethod } from './disk.ts'
import { listSnapshots, type SnapshotFile } from './file-names.ts'
import { LogWriter } from './log-writer.ts'
import { MemoryDisk } from './memory-disk.ts'
import { recover } from './recovery.ts'
import {
  checkSnapshot,
  readSnapshot,
  SnapshotCancelled,
  snapshotSource,
  startSnapshot,
} from './snapshot.ts'
import { maybeValid, SnapshotParser } from './snapshot-format.ts'
import {
  createTxn,
  frozenClock,
  newDatabase,
  promptTimers,
  RecordingLog,
  recoveryOptions,
  SESSION,
  settle,
  txnOf,
} from './test-world.ts'
import { databaseTarget, TreeParser, TreeWriter } from './tree-stream.ts'

const DISK = new URL('./testdata/disk/', import.meta.url)
const DIR = '/data/version-2'

/** The whole stream at once: enough for a test. The real one is in node/io. */
const wholeGzip: Compression = {
  gzip(into: ByteSink): ByteSink {
    const parts: Uint8Array[] = []
    return {
      write: async bytes => {
        parts.push(bytes.slice())
      },
      close: async () => {
        await into.write(gzipSync(Buffer.concat(parts)))
        await into.close()
      },
      abort: () => into.abort(),
    }
  },
  gunzip(from: ByteSource): ByteSource {
    let done = false
    return {
      async next() {
        if (done) return null
        done = true
        const parts: Uint8Array[] = []
        for (let part = await from.next(); part !== null; part = await from.next()) parts.push(part)
        return gunzipSync(Buffer.concat(parts))
      },
    }
  },
}

function bytesOf(name: string): Uint8Array {
  return readFileSync(new URL(name, DISK))
}

async function drain(source: ByteSource): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let part = await source.next(); part !== null; part = await source.next()) parts.push(part)
  return new Uint8Array(Buffer.concat(parts))
}

function sourceOf(bytes: Uint8Array, chunkBytes: number): ByteSource {
  let at = 0
  return {
    async next() {
      if (at >= bytes.length) return null
      at += chunkBytes
      return bytes.subarray(at - chunkBytes, at)
    },
  }
}

/** The snapshot as the independent parser of the vectors shows it. */
function show(bytes: Uint8Array): Record<string, unknown> {
  const sessions: unknown[] = []
  const acls: unknown[] = []
  const nodes: { path: string }[] = []
  const parser = new SnapshotParser({
    session: (id, timeout) => sessions.push({ id: hex(id), timeout }),
    acls: reader => {
      for (let left = reader.int(); left > 0; left--) {
        const id = Number(reader.long())
        const list = (reader.vector(readAcl) ?? []).map(({ perms, id }) => ({
          perms,
          scheme: id.scheme,
          idName: id.id,
        }))
        acls.push({ id, list })
      }
    },
    node: reader => nodes.push(showNode(reader)),
    end: () => undefined,
  })
  parser.push(bytes)
  const { digest, lastZxid } = parser.finish()
  return {
    version: 2,
    dbid: -1,
    sessions,
    acls,
    nodes: nodes.sort((a, b) => (a.path < b.path ? -1 : 1)),
    digestSection:
      digest === null
        ? null
        : { zxid: hex(digest.zxid), version: digest.version, tree: hex(digest.treeDigest ?? 0n) },
    lastZxid: lastZxid === null ? null : hex(lastZxid),
  }
}

interface ShownNode {
  readonly path: string
  readonly data: unknown
  readonly aclId: number
  readonly stat: unknown
}

function showNode(reader: Reader): ShownNode {
  const path = reader.text()
  const data = reader.buffer()
  const aclId = Number(reader.long())
  const czxid = hex(reader.long())
  const mzxid = hex(reader.long())
  const ctime = reader.longAsNumber()
  const mtime = reader.longAsNumber()
  const version = reader.int()
  const cversion = reader.int()
  const aversion = reader.int()
  const eo = hex(reader.long())
  const pzxid = hex(reader.long())
  return {
    path,
    data: data === null ? null : { hex: Buffer.from(data).toString('hex') },
    aclId,
    stat: { czxid, mzxid, ctime, mtime, version, cversion, aversion, eo, pzxid },
  }
}

interface SnapshotJson {
  readonly nodes: { path: string }[]
  readonly computedTreeDigest: string
}

const SNAPSHOTS: readonly (readonly [string, SnapshotMethod, string])[] = [
  ['snapshot.0', 'plain', 'snapshot.0'],
  ['snapshot.100000016.received-by-SNAP-sync', 'plain', 'snapshot.100000016.received-by-SNAP-sync'],
  ['snapshot.100000023', 'plain', 'snapshot.100000023'],
  ['snapshot.100000023.gz', 'gz', 'snapshot.100000023'],
  ['snapshot.100000023.snappy', 'snappy', 'snapshot.100000023'],
  ['snapshot.100000023.written-after-TRUNC', 'plain', 'snapshot.100000023.written-after-TRUNC'],
]

for (const [name, method, json] of SNAPSHOTS) {
  test(`${name} gives its JSON, and an equivalent file when written again`, async () => {
    const disk = new MemoryDisk()
    disk.poke(`${DIR}/${name}`, bytesOf(name))
    const file: SnapshotFile = { name, path: `${DIR}/${name}`, zxid: zxid(0n), method }
    assert.equal(await maybeValid(disk, file), true)
    const stream = await drain(snapshotSource(disk, wholeGzip, file))
    const parsed = JSON.parse(readFileSync(new URL(`${json}.json`, DISK), 'utf8')) as SnapshotJson
    const { computedTreeDigest, ...expected } = parsed
    expected.nodes.sort((a, b) => (a.path < b.path ? -1 : 1))
    assert.ok(expected.nodes.length > 0)
    assert.deepEqual(show(stream), expected)

    const database = newDatabase()
    const trailer = await readSnapshot(sourceOf(stream, stream.length), database)
    assert.equal(hex(database.tree.digest), computedTreeDigest)
    database.lastZxid = trailer.lastZxid!
    const written = await startSnapshot({
      disk,
      dir: '/again',
      database,
      method,
      compression: wholeGzip,
      timers: promptTimers,
      exact: trailer.digest!.zxid > 0n,
    }).done
    const again = show(await drain(snapshotSource(disk, wholeGzip, written)))
    assert.deepEqual(
      { ...again, acls: null, nodes: null },
      { ...expected, acls: null, nodes: null },
    )
    assert.deepEqual(byValue(again), byValue(expected as unknown as Record<string, unknown>))
  })
}

/** ACL ids are local: nodes with their lists in place of them. */
function byValue(shown: Record<string, unknown>): unknown {
  const lists = new Map(
    (shown['acls'] as { id: number; list: unknown }[]).map(({ id, list }) => [id, list]),
  )
  return (shown['nodes'] as { aclId: number }[]).map(node => ({
    ...node,
    aclId: node.aclId === -1 ? 'open' : lists.get(node.aclId),
  }))
}

test('chunks of any size give the same tree', async () => {
  const bytes = bytesOf('snapshot.100000023')
  for (let chunkBytes = 1; chunkBytes < 300; chunkBytes++) {
    const database = newDatabase()
    await readSnapshot(sourceOf(bytes, chunkBytes), database)
    assert.equal(hex(database.tree.digest), '0x8fd088fb7', `chunks of ${chunkBytes}`)
    assert.equal(database.sessions.size, 1)
  }
})

test('any flipped bit, any cut is found', async () => {
  const bytes = bytesOf('snapshot.100000023')
  let found = 0
  for (let bit = 0; bit < bytes.length * 8; bit += 19) {
    const damaged = Uint8Array.from(bytes)
    damaged[bit >> 3]! ^= 1 << (bit & 7)
    const byte = bit >> 3
    await assert.rejects(
      readSnapshot(sourceOf(damaged, 512), newDatabase()),
      JuteError,
      `bit ${bit & 7} of byte ${byte}`,
    )
    found += 1
  }
  assert.ok(found > 1_000)
  const seals = new Set([bytes.length - 54, bytes.length - 21])
  for (let cut = 0; cut < bytes.length; cut++) {
    const reading = readSnapshot(sourceOf(bytes.slice(0, cut), 512), newDatabase())
    // Whole sections may be absent: older versions and switched off features have none.
    if (seals.has(cut)) await reading
    else await assert.rejects(reading, JuteError, `cut at ${cut}`)
  }
})

test('the stream of SNAP is the snapshot without header and seals', () => {
  const source = newDatabase()
  for (let i = 1; i <= 300; i++) source.apply(createTxn(i, `/n${i}`, new Uint8Array(i)))
  source.sessions.set(SESSION, 4_000)
  const writer = new TreeWriter(source, 1_000)
  const target = newDatabase()
  const parser = new TreeParser(databaseTarget(target))
  const scratch = new Uint8Array(100_000)
  for (let chunk = writer.next(); chunk !== null; chunk = writer.next()) {
    // The network's buffer is reused; behind the last chunk comes the signature.
    const mark = writer.ended ? 'BenWasHere' : ''
    scratch.fill(0xee)
    scratch.set(chunk)
    scratch.set(new TextEncoder().encode(mark), chunk.length)
    const given = scratch.subarray(0, chunk.length + mark.length)
    assert.equal(parser.push(given), chunk.length)
  }
  assert.equal(parser.done, true)
  assert.equal(target.tree.digest, source.tree.digest)
  assert.deepEqual([...target.sessions], [[SESSION, 4_000]])
})

function snapshotOf(
  disk: MemoryDisk,
  database: Database,
  chunkBytes?: number,
): ReturnType<typeof startSnapshot> {
  return startSnapshot({
    disk,
    dir: DIR,
    database,
    method: 'plain',
    compression: wholeGzip,
    timers: promptTimers,
    ...(chunkBytes === undefined ? {} : { chunkBytes }),
  })
}

test('a snapshot is durable under its name when it is done, not before', async () => {
  const disk = new MemoryDisk()
  const database = newDatabase()
  database.apply(createTxn(1, '/a'))
  const write = snapshotOf(disk, database)
  assert.equal(write.zxid, 0x100000001n)
  disk.crash()
  await write.done.catch(() => undefined)
  const second = new MemoryDisk()
  await snapshotOf(second, database).done
  second.crash()
  assert.deepEqual(await second.list(DIR), ['snapshot.100000001'])
})

test('a cancelled snapshot leaves nothing', async () => {
  const disk = new MemoryDisk()
  const database = newDatabase()
  for (let i = 1; i <= 50; i++) database.apply(createTxn(i, `/n${i}`, new Uint8Array(20_000)))
  const write = snapshotOf(disk, database)
  write.cancel()
  await assert.rejects(write.done, SnapshotCancelled)
  assert.deepEqual(await disk.list(DIR), [])
})

test('a full disk fails the snapshot, names the file and leaves nothing', async () => {
  const disk = new MemoryDisk()
  const database = newDatabase()
  for (let i = 1; i <= 50; i++) database.apply(createTxn(i, `/n${i}`, new Uint8Array(20_000)))
  disk.capacityBytes = 500_000
  await assert.rejects(snapshotOf(disk, database).done, /ENOSPC.*snapshot\.100000032\.tmp/)
  assert.deepEqual(await disk.list(DIR), [])
})

test('a damaged file is named', async () => {
  const disk = new MemoryDisk()
  const damaged = Uint8Array.from(bytesOf('snapshot.100000023'))
  damaged[700]! ^= 1
  disk.poke(`${DIR}/snapshot.100000023`, damaged)
  const [file] = await listSnapshots(disk, DIR)
  await assert.rejects(checkSnapshot(disk, wholeGzip, file!), /snapshot\.100000023/)
})

/** Random changes over few paths, so that znodes come, change and go while they are written. */
function randomBody(choice: number, where: number, size: number, counter: number): TxnBody {
  const parent = `/p${where % 4}`
  const path = choice % 2 === 0 ? parent : `${parent}/c${where % 9}`
  const acl = [{ perms: 1 + (where % 31), id: { scheme: 'world', id: 'anyone' } }]
  switch (choice % 7) {
    case 0:
    case 1:
    case 2:
      return {
        type: OpCode.create,
        path,
        data: new Uint8Array(size).fill(counter),
        acl,
        ephemeral: choice === 1,
        parentCVersion: -1,
        ttlMs: 0,
      }
    case 3:
      return { type: OpCode.delete, path }
    case 4:
      return { type: OpCode.setAcl, path, acl, version: counter }
    default:
      return {
        type: OpCode.setData,
        path,
        data: new Uint8Array(size).fill(counter),
        version: counter,
      }
  }
}

/** Whether the leader's checks would have let the transaction pass. */
function possible(database: Database, body: TxnBody): boolean {
  if (!('path' in body)) return true
  const { tree } = database
  const id = tree.find(body.path)
  const exists = id >= 0
  if (body.type === OpCode.create) {
    const parent = tree.find(body.path.slice(0, body.path.lastIndexOf('/')))
    return !exists && parent >= 0 && (parent === tree.find('') || tree.owner(parent) === 0n)
  }
  if (body.type === OpCode.delete) return exists && tree.childCount(id) === 0
  return exists
}

test('a snapshot taken under changes and the log behind it give the same tree', async () => {
  let fuzzy = 0
  const change = fc.tuple(fc.nat(20), fc.nat(50), fc.nat(500))
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 20, maxLength: 80 }),
      fc.nat(15),
      async (changes, startAt) => {
        const disk = new MemoryDisk()
        const live = newDatabase()
        disk.poke(`${DIR}/snapshot.0`, bytesOf('snapshot.0'))
        await readSnapshot(sourceOf(bytesOf('snapshot.0'), 1_000), live)
        const failures: unknown[] = []
        const log = new LogWriter({
          disk,
          dir: DIR,
          lastZxid: zxid(0n),
          preAllocBytes: 1_024,
          sizeLimitBytes: 0,
          forceSync: true,
          clock: frozenClock,
          onDurable: () => undefined,
          onFailure: error => failures.push(error),
        })
        let counter = 0
        let write: ReturnType<typeof startSnapshot> | null = null
        for (const [index, [choice, where, size]] of changes.entries()) {
          const body = randomBody(choice, where, size, counter + 1)
          if (index === startAt) write = snapshotOf(disk, live, 300)
          if (possible(live, body)) {
            counter += 1
            const txn = digested(live, counter, prepared(live, body))
            log.append(txn)
            log.flush()
          }
          await Promise.resolve()
          await Promise.resolve()
        }
        const file = await write?.done
        await log.close()
        if (file !== undefined) {
          const { lastZxid } = await checkSnapshot(disk, wholeGzip, file)
          if (lastZxid! > file.zxid) fuzzy += 1
        }
        await settle()
        const events = new RecordingLog()
        const recovered = await recover(recoveryOptions(disk, { log: events }))
        assert.deepEqual(failures, [])
        assert.equal(hex(recovered.database.tree.digest), hex(live.tree.digest))
        assert.equal(recovered.database.tree.nodeCount, live.tree.nodeCount)
        assert.deepEqual(aclsOf(recovered.database), aclsOf(live))
        assert.equal(recovered.digestMismatches, 0, events.events.join('\n'))
        assert.equal(recovered.lastZxid, live.lastZxid)
      },
    ),
    { numRuns: 60 },
  )
  assert.ok(fuzzy > 20, `only ${fuzzy} snapshots saw changes while they were written`)
})

/** What the leader adds: how many children the parent will have had. */
function prepared(database: Database, body: TxnBody): TxnBody {
  if (body.type !== OpCode.create) return body
  const { tree } = database
  const stat = tree.stat(tree.find(body.path.slice(0, body.path.lastIndexOf('/'))))
  return { ...body, parentCVersion: (stat.cversion + stat.numChildren) / 2 + 1 }
}

/** Applies the change and gives it the digest that a leader would have put into it. */
function digested(database: Database, counter: number, body: TxnBody): Txn {
  const id = zxid(0x100000000n + BigInt(counter))
  database.apply(txnOf(id, body))
  return txnOf(id, body, database.tree.digest)
}

function aclsOf(database: Database): string[] {
  const lines: string[] = []
  const { tree } = database
  for (let id = tree.beginScan(); id !== -1; id = tree.nextInScan(id)) {
    lines.push(`${tree.path(id)} ${JSON.stringify(tree.acl(id))}`)
  }
  tree.endScan()
  return lines.sort()
}
