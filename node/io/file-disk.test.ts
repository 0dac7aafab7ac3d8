import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, before, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { zxid } from '../../wire/ids.ts'
import { fileSource, writeAtomically } from '../storage/disk.ts'
import { dataDirs, listSnapshots } from '../storage/file-names.ts'
import { LogWriter } from '../storage/log-writer.ts'
import { recover } from '../storage/recovery.ts'
import { checkSnapshot, startSnapshot } from '../storage/snapshot.ts'
import type { StorageError } from '../storage/storage-error.ts'
import { createTxn, newDatabase, RecordingLog } from '../storage/test-world.ts'
import { truncate } from '../storage/truncate.ts'
import { FileDisk } from './file-disk.ts'
import { zlibCompression } from './gzip.ts'

const disk = new FileDisk()
let root = ''

before(() => {
  root = mkdtempSync(`${tmpdir()}/file-disk-`)
})
after(() => rmSync(root, { recursive: true }))

const timers = {
  after: () => ({ cancel: () => undefined }),
  every: () => ({ cancel: () => undefined }),
  soon: (callback: () => void) => void setImmediate(callback),
}
const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

test('files and directories that are missing are no error where the port says so', async () => {
  assert.deepEqual(await disk.list(`${root}/none`), [])
  assert.equal(await disk.size(`${root}/none`), undefined)
  await disk.remove(`${root}/none`)
  await assert.rejects(disk.read(`${root}/none`, 0, 1), /ENOENT/)
})

test('a file is replaced, read in parts and cut', async () => {
  const dir = `${root}/a/b`
  await disk.makeDir(dir)
  await disk.makeDir(dir)
  await writeAtomically(disk, dir, 'f', new TextEncoder().encode('first, longer'))
  await writeAtomically(disk, dir, 'f', new TextEncoder().encode('second'))
  assert.equal(text(await disk.read(`${dir}/f`, 0, 100)), 'second')
  assert.equal(text(await disk.read(`${dir}/f`, 3, 2)), 'on')
  assert.equal((await disk.read(`${dir}/f`, 6, 10)).length, 0)
  await disk.truncate(`${dir}/f`, 3)
  assert.equal(await disk.size(`${dir}/f`), 3)
  assert.deepEqual(await disk.list(dir), ['f'])
})

for (const forceSync of [true, false]) {
  test(`a log is written, preallocated and read again, forceSync ${forceSync}`, async () => {
    const dir = `${root}/log-${forceSync}`
    const dirs = dataDirs(dir)
    await disk.makeDir(dirs.logs)
    const failures: StorageError[] = []
    let durable = 0n
    let writes = 0
    const log = new LogWriter({
      disk,
      dir: dirs.logs,
      lastZxid: zxid(0n),
      preAllocBytes: 65_536,
      sizeLimitBytes: 0,
      forceSync,
      clock,
      onDurable: upTo => {
        durable = upTo
      },
      onFailure: error => failures.push(error),
      onWrite: () => {
        writes += 1
      },
    })
    for (let i = 1; i <= 500; i++) {
      log.append(createTxn(i, `/n${i}`, new Uint8Array(300)))
      log.flush()
      if (i % 100 === 0) await new Promise(resolve => setImmediate(resolve))
      if (i === 250) log.roll()
    }
    await log.close()
    assert.deepEqual(failures, [])
    assert.equal(durable, 0x1000001f4n)
    assert.ok(writes > 0 && writes < 100, `${writes} writes for 500 transactions`)
    assert.deepEqual((await disk.list(dirs.logs)).sort(), ['log.100000001', 'log.1000000fb'])
    const recovered = await recover({
      disk,
      dirs,
      compression: zlibCompression,
      timers,
      log: new RecordingLog(),
      newDatabase,
      autocreate: true,
      trustEmptySnapshot: true,
      snapshotMethod: 'plain',
      digestEnabled: true,
    })
    assert.equal(recovered.database.tree.nodeCount, 504)
    const cut = await truncate(
      {
        disk,
        dirs,
        compression: zlibCompression,
        timers,
        log: new RecordingLog(),
        newDatabase,
        autocreate: true,
        trustEmptySnapshot: false,
        snapshotMethod: 'plain',
        digestEnabled: true,
      },
      zxid(0x100000001n),
    ).catch((error: StorageError) => error.kind)
    assert.equal(cut, 'truncate', 'there is no snapshot to begin with')
  })
}

test('a write that the disk refuses is a failure with file and offset', async () => {
  const dir = `${root}/gone`
  const failures: StorageError[] = []
  const log = new LogWriter({
    disk,
    dir,
    lastZxid: zxid(0n),
    preAllocBytes: 0,
    sizeLimitBytes: 0,
    forceSync: true,
    clock,
    onDurable: () => assert.fail('nothing is durable'),
    onFailure: error => failures.push(error),
  })
  log.append(createTxn(1, '/a'))
  log.flush()
  await log.close()
  assert.deepEqual(
    failures.map(({ kind, file, offset }) => [kind, file, offset]),
    [['io', `${dir}/log.100000001`, 0]],
  )
})

for (const method of ['plain', 'gz', 'snappy'] as const) {
  test(`a snapshot written as ${method} loads`, async () => {
    const dir = `${root}/snapshots-${method}`
    await disk.makeDir(dir)
    const database = newDatabase()
    for (let i = 1; i <= 3_000; i++) database.apply(createTxn(i, `/n${i}`, new Uint8Array(300)))
    const write = startSnapshot({
      disk,
      dir,
      database,
      method,
      compression: zlibCompression,
      timers,
    })
    const file = await write.done
    assert.deepEqual(await listSnapshots(disk, dir), [file])
    const trailer = await checkSnapshot(disk, zlibCompression, file)
    assert.equal(trailer.digest?.treeDigest, database.tree.digest)
    if (method === 'gz')
      assert.equal(text(gunzipSync(readFileSync(file.path)).subarray(0, 4)), 'ZKSN')
    await disk.truncate(file.path, (await disk.size(file.path))! - 50)
    await assert.rejects(checkSnapshot(disk, zlibCompression, file))
  })
}

test('a cancelled compressed snapshot leaves nothing', async () => {
  const dir = `${root}/cancelled`
  await disk.makeDir(dir)
  const database = newDatabase()
  for (let i = 1; i <= 3_000; i++) database.apply(createTxn(i, `/n${i}`, new Uint8Array(300)))
  const write = startSnapshot({
    disk,
    dir,
    database,
    method: 'gz',
    compression: zlibCompression,
    timers,
  })
  write.cancel()
  await assert.rejects(write.done, /cancelled/)
  assert.deepEqual(await disk.list(dir), [])
})

test('a source ends where its file ends', async () => {
  await disk.writeFile(`${root}/source`, new Uint8Array(10), { sync: false })
  const source = fileSource(disk, `${root}/source`, 4)
  const lengths: number[] = []
  for (let part = await source.next(); part !== null; part = await source.next()) {
    lengths.push(part.length)
  }
  assert.deepEqual(lengths, [4, 4, 2])
})
