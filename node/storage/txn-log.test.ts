import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { unreachable } from '../../base/invariant.ts'
import { hex, type Zxid, zxid } from '../../wire/ids.ts'
import { Reader } from '../../wire/reader.ts'
import type { Acl } from '../../wire/records/data.ts'
import { readTxn, type Txn, type TxnBody, writeTxn } from '../../wire/records/txn.ts'
import { Writer } from '../../wire/writer.ts'
import { MemoryDisk } from './memory-disk.ts'
import { StorageError } from './storage-error.ts'
import { createTxn, newDatabase } from './test-world.ts'
import { beginRecord, endRecord, type LogRecord, scanLogs, writeLogHeader } from './txn-log.ts'

const TESTDATA = new URL('./testdata/', import.meta.url)

interface LogJson {
  readonly fileSize: number
  readonly endOfRecords: number
  readonly records: readonly unknown[]
}

function bytesOf(name: string): Uint8Array {
  return readFileSync(new URL(name, TESTDATA))
}

function jsonOf(name: string): LogJson {
  return JSON.parse(readFileSync(new URL(`${name}.json`, TESTDATA), 'utf8')) as LogJson
}

/** The record as the independent parser of the vectors shows it. */
function show(txn: Txn, record: LogRecord): unknown {
  const view = new DataView(record.bytes.buffer, record.bytes.byteOffset + record.start - 12)
  return {
    offset: record.offset,
    entryLength: record.end - record.start,
    adler32: view.getUint32(4).toString(16).padStart(8, '0'),
    sessionId: hex(txn.clientId),
    cxid: txn.cxid,
    zxid: hex(txn.zxid),
    time: txn.timeMs,
    type: txn.body.type,
    typeName: TYPE_NAMES[txn.body.type],
    body: showBody(txn.body),
    digest:
      txn.digest === null
        ? null
        : { version: txn.digest.version, tree: hex(txn.digest.treeDigest) },
  }
}

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [-11]: 'closeSession',
  [-10]: 'createSession',
  [-1]: 'error',
  1: 'create',
  2: 'delete',
  5: 'setData',
  7: 'setACL',
  13: 'check',
  14: 'multi',
  15: 'create2',
  16: 'reconfig',
  19: 'createContainer',
  20: 'deleteContainer',
  21: 'createTTL',
}

function showBody(body: TxnBody): unknown {
  switch (body.type) {
    case 1:
    case 15:
      return { ...showCreate(body), eph: body.ephemeral, pcv: body.parentCVersion }
    case 19:
      return { ...showCreate(body), pcv: body.parentCVersion }
    case 21:
      return { ...showCreate(body), pcv: body.parentCVersion, ttl: body.ttlMs }
    case 2:
    case 20:
      return { path: body.path }
    case 5:
    case 16:
      return { path: body.path, data: showBuffer(body.data), ver: body.version }
    case 7:
      return { path: body.path, acl: showAcl(body.acl), ver: body.version }
    case 13:
      return { path: body.path, ver: body.version }
    case -10:
      return { to: body.timeoutMs }
    case -11:
      return { paths: body.paths }
    case -1:
      return { err: body.err }
    case 14:
      return {
        ops: body.txns.map(one => ({ type: TYPE_NAMES[one.type], body: showBody(one) })),
      }
    default:
      return unreachable(body)
  }
}

function showCreate(body: {
  readonly path: string
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[]
}): object {
  return { path: body.path, data: showBuffer(body.data), acl: showAcl(body.acl) }
}

function showBuffer(data: Uint8Array | null): unknown {
  return data === null ? null : { hex: Buffer.from(data).toString('hex') }
}

function showAcl(acl: readonly Acl[]): unknown {
  return acl.map(({ perms, id }) => [perms, id.scheme, id.id])
}

async function scan(
  disk: MemoryDisk,
  visit: (txn: Txn, record: LogRecord) => boolean | void,
  from: Zxid = zxid(0n),
  chunkBytes: number = 1 << 20,
): ReturnType<typeof scanLogs> {
  const reader = new Reader()
  return scanLogs({
    disk,
    dir: '/d',
    from,
    chunkBytes,
    visit: record => {
      reader.reset(record.bytes, record.start, record.end)
      return visit(readTxn(reader), record) !== false
    },
  })
}

const LOGS = [
  'disk/log.100000001',
  'disk/log.100000001.before-TRUNC',
  'disk/log.100000001.after-TRUNC-to-100000023',
  'reconfig/log.100000001',
]

for (const name of LOGS) {
  test(`${name} gives its JSON, and the same bytes when written again`, async () => {
    const expected = jsonOf(name)
    const stored = bytesOf(name)
    const padded = new Uint8Array(expected.fileSize)
    padded.set(stored)
    // A chunk smaller than a record: the window has to move in the middle of one.
    for (const chunkBytes of [1 << 20, 64]) {
      const disk = new MemoryDisk()
      disk.poke('/d/log.100000001', padded)
      const records: unknown[] = []
      const writer = new Writer()
      writeLogHeader(writer)
      await scan(
        disk,
        (txn, record) => {
          records.push(show(txn, record))
          const mark = beginRecord(writer)
          writeTxn(writer, txn)
          endRecord(writer, mark)
        },
        zxid(0n),
        chunkBytes,
      )
      assert.ok(records.length > 0)
      assert.deepEqual(records, expected.records)
      assert.equal(writer.length, expected.endOfRecords)
      assert.deepEqual(writer.copy(), new Uint8Array(padded.subarray(0, expected.endOfRecords)))
    }
  })
}

test('replaying a log gives the digest of the leader after every record', async () => {
  const disk = new MemoryDisk()
  disk.poke('/d/log.100000001', bytesOf('disk/log.100000001'))
  const database = newDatabase()
  let compared = 0
  let records = 0
  await scan(disk, txn => {
    database.apply(txn)
    records += 1
    if (txn.digest === null) return
    assert.equal(hex(database.tree.digest), hex(txn.digest.treeDigest), `after ${hex(txn.zxid)}`)
    compared += 1
  })
  assert.deepEqual({ records, compared }, { records: 35, compared: 33 })
})

test('a scan begins in the newest file that may hold its start', async () => {
  const disk = new MemoryDisk()
  disk.poke('/d/log.100000001', bytesOf('recovery/13-two-files/log.100000001'))
  disk.poke('/d/log.10000000d', bytesOf('recovery/13-two-files/log.10000000d'))
  disk.poke('/d/log.1', new Uint8Array(3))
  const seen: string[] = []
  const result = await scan(
    disk,
    (txn, record) => {
      seen.push(`${record.file.name} ${hex(txn.zxid)}`)
      return seen.length < 3
    },
    zxid(0x10000000bn),
  )
  assert.deepEqual(seen, [
    'log.100000001 0x10000000b',
    'log.100000001 0x10000000c',
    'log.10000000d 0x10000000d',
  ])
  assert.equal(result.stopped, true)
})

test('whatever a crash leaves of the last write, no other record is lost or invented', async () => {
  const writer = new Writer()
  writeLogHeader(writer)
  const ends = [writer.length]
  for (let i = 1; i <= 6; i++) {
    const mark = beginRecord(writer)
    writeTxn(writer, createTxn(i, `/node-${i}`, new Uint8Array(i * 40).fill(i)))
    endRecord(writer, mark)
    ends.push(writer.length)
  }
  const whole = writer.copy()
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 16, max: whole.length }),
      fc.integer({ min: 0, max: 5_000 }),
      async (cut, padding) => {
        const torn = new Uint8Array(cut + padding)
        torn.set(whole.subarray(0, cut))
        const disk = new MemoryDisk()
        disk.poke('/d/log.100000001', torn)
        let records = 0
        await scan(disk, () => {
          records += 1
        })
        assert.equal(records, ends.filter(end => end <= cut).length - 1)
      },
    ),
    { numRuns: 300 },
  )
})

test('a flipped bit is found, or it is in bytes that end the file', async () => {
  const stored = bytesOf('disk/log.100000001')
  let refused = 0
  let accepted = 0
  // Every seventh bit: all parts of records of all kinds are met.
  for (let bit = 0; bit < stored.length * 8; bit += 7) {
    const damaged = Uint8Array.from(stored)
    damaged[bit >> 3]! ^= 1 << (bit & 7)
    const disk = new MemoryDisk()
    disk.poke('/d/log.100000001', damaged)
    let records = 0
    const outcome = await scan(disk, () => {
      records += 1
    }).catch((error: unknown) => error)
    if (outcome instanceof StorageError) refused += 1
    else {
      accepted += 1
      const offset = bit >> 3
      const ignored = offset >= 4 && offset < 16
      assert.ok(ignored ? records === 35 : records === 34, `byte ${offset}: ${records} records`)
    }
  }
  assert.ok(refused > 3_000 && accepted > 0, `${refused} refused, ${accepted} accepted`)
})
