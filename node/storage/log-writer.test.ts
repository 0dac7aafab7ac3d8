import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { type Zxid, zxid } from '../../wire/ids.ts'
import { writeTxn } from '../../wire/records/txn.ts'
import { Writer } from '../../wire/writer.ts'
import { LogWriter, type LogWriterOptions } from './log-writer.ts'
import { MemoryDisk } from './memory-disk.ts'
import type { StorageError } from './storage-error.ts'
import { createTxn, frozenClock, settle } from './test-world.ts'
import { scanLogs } from './txn-log.ts'

const DIR = '/data/version-2'
const KB = 1_024

class World {
  readonly disk = new MemoryDisk()
  readonly durable: Zxid[] = []
  readonly failures: StorageError[] = []
  readonly writer: LogWriter
  /** Told instead of `durable` when set. */
  whenDurable: ((upTo: Zxid) => void) | null = null

  constructor(changes: Partial<LogWriterOptions> = {}) {
    this.writer = new LogWriter({
      disk: this.disk,
      dir: DIR,
      lastZxid: zxid(0n),
      preAllocBytes: 64 * KB,
      sizeLimitBytes: 0,
      forceSync: true,
      clock: frozenClock,
      onDurable: upTo => {
        this.durable.push(upTo)
        this.whenDurable?.(upTo)
      },
      onFailure: error => this.failures.push(error),
      ...changes,
    })
  }

  append(counter: number, dataBytes: number = 10): number {
    return this.writer.append(createTxn(counter, `/n${counter}`, new Uint8Array(dataBytes)))
  }

  async onDisk(): Promise<number[]> {
    const counters: number[] = []
    await scanLogs({
      disk: this.disk,
      dir: DIR,
      from: zxid(0n),
      visit: record => {
        counters.push(Number(BigInt.asUintN(32, record.zxid)))
        return true
      },
    })
    return counters
  }
}

function counters(zxids: readonly Zxid[]): number[] {
  return zxids.map(id => Number(BigInt.asUintN(32, id)))
}

test('one write covers all that was appended while the one before was in flight', async () => {
  const world = new World()
  world.disk.hold()
  world.append(1)
  world.writer.flush()
  await settle()
  for (let i = 2; i <= 50; i++) {
    world.append(i)
    world.writer.flush()
  }
  await settle()
  assert.equal(world.disk.heldWrites, 1)
  assert.deepEqual(world.durable, [])
  world.disk.completeNext()
  assert.deepEqual(counters(world.durable), [1])
  await settle()
  assert.equal(world.disk.heldWrites, 1, 'the next batch starts at once, without a flush')
  world.disk.completeNext()
  assert.deepEqual(counters(world.durable), [1, 50])
  assert.equal(world.disk.logWrites, 2)
  await world.writer.close()
  assert.equal((await world.onDisk()).length, 50)
})

test('nothing is written before a flush and nothing reported without one', async () => {
  const world = new World()
  world.append(1)
  await settle()
  assert.equal(world.disk.logWrites, 0)
  assert.deepEqual(world.durable, [])
  world.writer.flush()
  await settle()
  assert.deepEqual(counters(world.durable), [1])
})

test('what several flushes of one turn ask for is one write', async () => {
  const waiting: (() => void)[] = []
  const world = new World({ soon: callback => waiting.push(callback) })
  for (let i = 1; i <= 3; i++) {
    world.append(i)
    world.writer.flush()
  }
  await settle()
  assert.equal(world.disk.logWrites, 0)
  assert.equal(waiting.length, 1)
  waiting.pop()!()
  await settle()
  assert.equal(world.disk.logWrites, 1)
  assert.deepEqual(counters(world.durable), [3])
  world.append(4)
  world.writer.flush()
  await world.writer.close()
  assert.deepEqual(counters(world.durable), [3, 4], 'closing does not wait for the turn')
  waiting.pop()!()
  assert.equal(world.disk.logWrites, 2)
})

test('power lost at any moment keeps what was reported durable', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('append', 'flush', 'complete', 'roll', 'settle'), {
        minLength: 5,
        maxLength: 60,
      }),
      async steps => {
        const world = new World({ preAllocBytes: KB })
        world.disk.hold()
        let counter = 0
        for (const step of steps) {
          if (step === 'append') world.append(++counter, counter * 7)
          else if (step === 'flush') world.writer.flush()
          else if (step === 'roll') world.writer.roll()
          else if (step === 'complete') world.disk.completeNext()
          else await settle()
        }
        const reported = counters(world.durable).at(-1) ?? 0
        world.disk.crash()
        const kept = await world.onDisk()
        assert.ok(kept.length >= reported, `${reported} reported, ${kept.length} kept`)
        assert.deepEqual(
          kept,
          kept.map((_, i) => i + 1),
        )
        assert.deepEqual(world.failures, [])
      },
    ),
    { numRuns: 300 },
  )
})

test('the directory entry of a new file is durable before anything in it is reported', async () => {
  const world = new World()
  world.append(1)
  world.writer.flush()
  world.whenDurable = () => world.disk.crash()
  await settle()
  assert.deepEqual(await world.onDisk(), [1])
})

test('a directory that cannot be synced is a failure, though the bytes were written', async () => {
  const world = new World()
  world.disk.broken.add(DIR)
  world.append(1)
  world.writer.flush()
  await settle()
  assert.deepEqual(world.durable, [])
  assert.equal(world.failures[0]?.file, DIR)
})

test('a failed write stops everything and names file and offset', async () => {
  const world = new World()
  world.append(1)
  world.writer.flush()
  await settle()
  const position = world.disk.peek(`${DIR}/log.100000001`).length
  world.disk.hold()
  world.append(2)
  world.writer.flush()
  world.append(3)
  await settle()
  world.disk.completeNext(new Error('ENOSPC: no space left on device'))
  world.append(4)
  world.writer.flush()
  await settle()
  assert.equal(world.disk.heldWrites, 0)
  assert.deepEqual(counters(world.durable), [1])
  assert.equal(world.failures.length, 1)
  const failure = world.failures[0]!
  assert.deepEqual(
    [failure.kind, failure.file, failure.offset],
    ['io', `${DIR}/log.100000001`, position],
  )
  assert.match(failure.message, /ENOSPC/)
  assert.equal(world.writer.failed, true)
  await world.writer.close()
  assert.deepEqual(await world.onDisk(), [1])
})

test('a file that cannot be created is a failure', async () => {
  const world = new World()
  world.disk.broken.add(`${DIR}/log.100000001`)
  world.append(1)
  world.writer.flush()
  await settle()
  assert.equal(world.failures.length, 1)
  assert.deepEqual(world.durable, [])
})

test('after a roll the next append begins a file of its name, within the same batch', async () => {
  const world = new World()
  world.append(1)
  world.append(2)
  world.writer.roll()
  world.append(3)
  world.writer.flush()
  await settle()
  assert.deepEqual(counters(world.durable), [3], 'one report for the batch')
  await world.writer.close()
  assert.deepEqual((await world.disk.list(DIR)).sort(), ['log.100000001', 'log.100000003'])
  assert.deepEqual(await world.onDisk(), [1, 2, 3])
})

test('a file above the size limit is followed by a new one, under any load', async () => {
  const world = new World({ sizeLimitBytes: 4 * KB })
  let next = 0
  // There is always something waiting when a batch ends.
  world.whenDurable = () => {
    for (let i = 0; i < 2 && next < 40; i++) world.append(++next, 1_000)
    world.writer.flush()
  }
  world.append(++next, 1_000)
  world.writer.flush()
  await settle()
  while (counters(world.durable).at(-1)! < 40) await settle()
  await world.writer.close()
  const files = await world.disk.list(DIR)
  assert.ok(files.length >= 6, `${files.length} files`)
  for (const file of files) {
    const written = (await world.onDisk()).length
    assert.equal(written, 40)
    assert.ok(world.disk.peek(`${DIR}/${file}`).length <= 16 + 64 * KB)
  }
})

test('files grow in steps of the preallocation behind a header of 16 bytes', async () => {
  const world = new World()
  const sizes = new Set<number>()
  for (let i = 1; i <= 100; i++) {
    world.append(i, 3_000)
    world.writer.flush()
    await settle()
    if (i > 1) sizes.add(world.disk.peek(`${DIR}/log.100000001`).length)
  }
  assert.deepEqual(
    [...sizes],
    [16, 16, 16, 16, 16].map((head, i) => head + 64 * KB * (i + 1)),
  )
})

test('a batch larger than the preallocation still fits into it', async () => {
  const world = new World({ preAllocBytes: KB })
  world.append(1)
  world.writer.flush()
  await settle()
  world.append(2, 10_000)
  world.writer.flush()
  await settle()
  const size = world.disk.peek(`${DIR}/log.100000001`).length
  assert.equal((size - 16) % KB, 0)
  assert.ok(size > 10_000 + 4_096)
  assert.deepEqual(await world.onDisk(), [1, 2])
})

test('without preallocation a file ends with its last record', async () => {
  const world = new World({ preAllocBytes: 0 })
  const bytes = [world.append(1), world.append(2)]
  world.writer.flush()
  await settle()
  const size = world.disk.peek(`${DIR}/log.100000001`).length
  assert.equal(size, 16 + bytes[0]! + bytes[1]! + 2 * 13)
})

test('closing writes what is waiting, reports it and can be asked for twice', async () => {
  const world = new World()
  world.disk.hold()
  world.append(1)
  world.writer.flush()
  await settle()
  world.append(2)
  let closed = false
  const closing = Promise.all([world.writer.close(), world.writer.close()]).then(() => {
    closed = true
  })
  await settle()
  assert.equal(closed, false)
  world.disk.completeNext()
  await settle()
  world.disk.completeNext()
  await closing
  assert.deepEqual(counters(world.durable), [1, 2])
})

test('an entry taken over as bytes is the entry of its transaction', async () => {
  const one = new World()
  const two = new World()
  const txn = createTxn(1, '/a', new Uint8Array([1, 2]))
  const writer = new Writer()
  writeTxn(writer, txn)
  one.writer.append(txn)
  two.writer.appendEntry(txn.zxid, writer.bytes, 0, writer.length)
  one.writer.flush()
  two.writer.flush()
  await settle()
  const name = `${DIR}/log.100000001`
  assert.deepEqual(one.disk.peek(name), two.disk.peek(name))
})

test('a transaction older than the last one is a mistake in the program', () => {
  const world = new World()
  world.append(2)
  assert.throws(() => world.append(2), /appended after a newer one/)
})
