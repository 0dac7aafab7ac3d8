import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { hex, type Zxid, zxid } from '../../wire/ids.ts'
import { LogWriter } from './log-writer.ts'
import { MemoryDisk } from './memory-disk.ts'
import { recover } from './recovery.ts'
import { startSnapshot } from './snapshot.ts'
import { StorageError } from './storage-error.ts'
import {
  createTxn,
  frozenClock,
  newDatabase,
  noCompression,
  promptTimers,
  recoveryOptions,
  settle,
} from './test-world.ts'
import { truncate } from './truncate.ts'

const DISK = new URL('./testdata/disk/', import.meta.url)
const DIR = '/data/version-2'

function bytesOf(name: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(name, DISK)))
}

/**
 * Logs 1..count in epoch 1, a new file after each of `rolls`, a snapshot at each of `snapshots`.
 */
async function member(
  count: number,
  rolls: readonly number[],
  snapshots: readonly number[],
): Promise<MemoryDisk> {
  const disk = new MemoryDisk()
  const database = newDatabase()
  const snapshot = async (): Promise<unknown> =>
    startSnapshot({
      disk,
      dir: DIR,
      database,
      method: 'plain',
      compression: noCompression,
      timers: promptTimers,
    }).done
  if (snapshots.includes(0)) await snapshot()
  const log = new LogWriter({
    disk,
    dir: DIR,
    lastZxid: zxid(0n),
    preAllocBytes: 1_024,
    sizeLimitBytes: 0,
    forceSync: true,
    clock: frozenClock,
    onDurable: () => undefined,
    onFailure: error => {
      throw error
    },
  })
  for (let i = 1; i <= count; i++) {
    const txn = createTxn(i, `/n${i}`)
    database.apply(txn)
    log.append(txn)
    log.flush()
    if (rolls.includes(i)) log.roll()
    if (snapshots.includes(i)) await snapshot()
  }
  await log.close()
  await settle()
  return disk
}

function at(counter: number): Zxid {
  return zxid(0x100000000n + BigInt(counter))
}

async function files(disk: MemoryDisk): Promise<string[]> {
  return (await disk.list(DIR)).sort()
}

test('a deposed leader loses its uncommitted transactions, as on the vector', async () => {
  const disk = new MemoryDisk()
  const before = new Uint8Array(65_552)
  before.set(bytesOf('log.100000001.before-TRUNC'))
  disk.poke(`${DIR}/log.100000001`, before)
  disk.poke(`${DIR}/snapshot.0`, bytesOf('snapshot.0'))
  const recovered = await truncate(recoveryOptions(disk), at(0x23))
  assert.equal(recovered.lastZxid, at(0x23))
  assert.equal(hex(recovered.database.tree.digest), '0x8fd088fb7')
  assert.deepEqual(
    disk.peek(`${DIR}/log.100000001`),
    bytesOf('log.100000001.after-TRUNC-to-100000023'),
  )
  disk.crash()
  assert.equal((await recover(recoveryOptions(disk))).lastZxid, at(0x23))
})

test('cutting at every transaction gives exactly the history up to it', async () => {
  for (let target = 1; target <= 20; target++) {
    const disk = await member(20, [5, 6, 14], [0, 6, 9, 17])
    const recovered = await truncate(recoveryOptions(disk), at(target))
    assert.equal(recovered.lastZxid, at(target))
    disk.crash()
    const again = await recover(recoveryOptions(disk))
    assert.equal(again.lastZxid, at(target), `cut at ${target}`)
    assert.equal(again.database.tree.nodeCount, 4 + target)
    assert.equal(again.database.tree.digest, recovered.database.tree.digest)
  }
})

test('snapshots that know more go first, so that nothing comes back (ZOOKEEPER-4837)', async () => {
  const disk = await member(10, [], [0, 4, 10])
  await truncate(recoveryOptions(disk), at(8))
  assert.deepEqual(await files(disk), ['log.100000001', 'snapshot.0', 'snapshot.100000004'])
})

test('a snapshot named before the target goes when it shows later transactions', async () => {
  const disk = await member(10, [], [0])
  const database = newDatabase()
  for (let i = 1; i <= 4; i++) database.apply(createTxn(i, `/n${i}`))
  const write = startSnapshot({
    disk,
    dir: DIR,
    database,
    method: 'plain',
    compression: noCompression,
    timers: promptTimers,
  })
  for (let i = 5; i <= 9; i++) database.apply(createTxn(i, `/n${i}`))
  await write.done
  const recovered = await truncate(recoveryOptions(disk), at(7))
  assert.equal(recovered.database.tree.nodeCount, 4 + 7)
  assert.deepEqual(await files(disk), ['log.100000001', 'snapshot.0'])
})

test('a snapshot of the target alone is enough', async () => {
  const disk = await member(10, [6], [6])
  await disk.remove(`${DIR}/log.100000001`)
  const recovered = await truncate(recoveryOptions(disk), at(6))
  assert.equal(recovered.lastZxid, at(6))
  assert.deepEqual(await files(disk), ['snapshot.100000006'])
})

test('what cannot be reached exactly is refused before anything is touched', async () => {
  const disk = await member(10, [4], [4, 9])
  const before = await files(disk)
  for (const target of [zxid(0x200000001n), at(11), at(2)]) {
    await assert.rejects(
      truncate(recoveryOptions(disk), target),
      (error: unknown) => error instanceof StorageError && error.kind === 'truncate',
      hex(target),
    )
  }
  assert.deepEqual(await files(disk), before)
  assert.equal((await recover(recoveryOptions(disk))).lastZxid, at(10))
})

/** Loses power before the n-th change of the directory or of a file. */
class FragileDisk extends MemoryDisk {
  changesLeft = Number.MAX_SAFE_INTEGER
  override async remove(file: string): Promise<void> {
    this.#spend()
    await super.remove(file)
  }
  override async truncate(file: string, size: number): Promise<void> {
    this.#spend()
    await super.truncate(file, size)
  }
  override async syncDir(dir: string): Promise<void> {
    this.#spend()
    await super.syncDir(dir)
  }
  #spend(): void {
    if (this.changesLeft-- <= 0) throw new Error('power lost')
  }
}

test('power lost between any two steps leaves a history without holes', async () => {
  let crashes = 0
  for (let steps = 0; ; steps++) {
    const source = await member(20, [5, 9, 14], [0, 6, 12, 17])
    const disk = new FragileDisk()
    for (const name of await files(source)) {
      disk.poke(`${DIR}/${name}`, source.peek(`${DIR}/${name}`))
    }
    disk.changesLeft = steps
    const done = await truncate(recoveryOptions(disk), at(8)).then(
      () => true,
      () => false,
    )
    disk.changesLeft = Number.MAX_SAFE_INTEGER
    disk.crash()
    const after = await recover(recoveryOptions(disk))
    assert.ok(after.lastZxid >= at(8))
    assert.equal(after.database.tree.nodeCount, 4 + Number(after.lastZxid & 0xffffn))
    if (done) break
    crashes += 1
    // The leader asks again, and now it is done.
    assert.equal((await truncate(recoveryOptions(disk), at(8))).lastZxid, at(8))
  }
  assert.ok(crashes >= 5, `${crashes} places to crash`)
})
