import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { sessionId, zxid } from '../ids.ts'
import { OpCode } from '../opcodes.ts'
import { JuteError, Reader } from '../reader.ts'
import { Writer } from '../writer.ts'
import type { Acl } from './data.ts'
import { readTxn, type SingleTxn, type Txn, type TxnBody, writeTxn } from './txn.ts'

/** Records as the code makes them: with the ordinary prototype. */
function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>
}

const long = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
const text = fc.string({ unit: fc.integer({ min: 0, max: 0xd7ff }).map(String.fromCharCode) })
const data = fc.option(fc.uint8Array({ maxLength: 60 }))
const acl: fc.Arbitrary<readonly Acl[]> = fc.array(
  record({ perms: fc.integer(), id: record({ scheme: text, id: text }) }),
  { maxLength: 3 },
)
/** -1 is how `create` of 3.4 is told: it has no such field. */
const parentCVersion = fc.integer().filter(value => value !== -1)

const single: fc.Arbitrary<SingleTxn> = fc.oneof(
  record({
    type: fc.constantFrom(OpCode.create, OpCode.create2),
    path: text,
    data,
    acl,
    ephemeral: fc.boolean(),
    parentCVersion,
    ttlMs: fc.constant(0),
  }),
  record({
    type: fc.constant(OpCode.createContainer),
    path: text,
    data,
    acl,
    ephemeral: fc.constant(false),
    parentCVersion,
    ttlMs: fc.constant(0),
  }),
  record({
    type: fc.constant(OpCode.createTtl),
    path: text,
    data,
    acl,
    ephemeral: fc.constant(false),
    parentCVersion,
    ttlMs: fc.integer({ min: 1, max: 0xff_ffff_ffff }),
  }),
  record({ type: fc.constantFrom(OpCode.delete, OpCode.deleteContainer), path: text }),
  record({
    type: fc.constantFrom(OpCode.setData, OpCode.reconfig),
    path: text,
    data,
    version: fc.integer(),
  }),
  record({ type: fc.constant(OpCode.setAcl), path: text, acl, version: fc.integer() }),
  record({ type: fc.constant(OpCode.check), path: text, version: fc.integer() }),
  record({ type: fc.constant(OpCode.createSession), timeoutMs: fc.integer() }),
  record({
    type: fc.constant(OpCode.closeSession),
    paths: fc.option(fc.array(text, { maxLength: 4 })),
  }),
  record({ type: fc.constant(OpCode.error), err: fc.integer() }),
)

/** What a multi holds: nothing of sessions. */
const part = single.filter(
  ({ type }) => type !== OpCode.createSession && type !== OpCode.closeSession,
)

const body: fc.Arbitrary<TxnBody> = fc.oneof(
  single,
  record({ type: fc.constant(OpCode.multi), txns: fc.array(part, { maxLength: 6 }) }),
)

const txn: fc.Arbitrary<Txn> = record({
  clientId: long.map(sessionId),
  cxid: fc.integer(),
  zxid: long.map(zxid),
  timeMs: fc.maxSafeInteger(),
  body,
  digest: fc.option(record({ version: fc.constant(2), treeDigest: long })),
})

function bytesOf(value: Txn): Uint8Array {
  const writer = new Writer()
  writeTxn(writer, value)
  return writer.copy()
}

/** closeSession paths of exactly 12 bytes without a digest look like a bare digest. */
function isAmbiguous(value: Txn): boolean {
  if (value.body.type !== OpCode.closeSession || value.digest !== null) return false
  const writer = new Writer().strings(value.body.paths ?? [])
  return value.body.paths !== null && writer.length === 12
}

test('every transaction is read back as it was written', () => {
  fc.assert(
    fc.property(txn, value => {
      fc.pre(!isAmbiguous(value))
      assert.deepEqual(readTxn(new Reader(bytesOf(value))), value)
    }),
    { numRuns: 1000 },
  )
})

test('a transaction that is cut gives a JuteError or another transaction, nothing else', () => {
  let refused = 0
  fc.assert(
    fc.property(txn, fc.nat(), (value, at) => {
      const whole = bytesOf(value)
      try {
        readTxn(new Reader(whole.slice(0, at % whole.length)))
      } catch (error) {
        assert.ok(error instanceof JuteError)
        refused++
      }
    }),
    { numRuns: 1000 },
  )
  assert.ok(refused > 500, 'a check that looked at nothing has not passed')
})

interface Recorded {
  readonly offset: number
  readonly entryLength: number
  readonly typeName: string
  readonly zxid: string
  readonly cxid: number
  readonly time: number
  readonly body: { readonly path?: string }
}

test('the entries of Apache are read, and written back byte for byte', () => {
  const names = new Set<string>()
  for (const file of ['disk/log.100000001', 'reconfig/log.100000001']) {
    const url = new URL(`../../node/storage/testdata/${file}`, import.meta.url)
    const log = readFileSync(url)
    const facts = JSON.parse(readFileSync(new URL(`${url.href}.json`), 'utf8')) as {
      readonly records: readonly Recorded[]
    }
    for (const record of facts.records) {
      // Checksum and length come first: 12 bytes.
      const start = record.offset + 12
      const entry = new Uint8Array(log.subarray(start, start + record.entryLength))
      const value = readTxn(new Reader(entry))
      assert.equal(value.zxid, BigInt(record.zxid))
      assert.equal(value.cxid, record.cxid)
      assert.equal(value.timeMs, record.time)
      if ('path' in value.body) assert.equal(value.body.path, record.body.path)
      assert.deepEqual(bytesOf(value), entry, record.typeName)
      names.add(record.typeName)
    }
  }
  assert.ok(names.size >= 12, `only ${[...names].join(', ')} were looked at`)
})

test('a create of 3.4 has no parent cversion, with and without a digest', () => {
  const old: Txn = {
    clientId: sessionId(1n),
    cxid: 1,
    zxid: zxid(2n),
    timeMs: 3,
    body: {
      type: OpCode.create,
      path: '/a',
      data: null,
      acl: [],
      ephemeral: true,
      parentCVersion: -1,
      ttlMs: 0,
    },
    digest: null,
  }
  for (const digest of [null, { version: 2, treeDigest: 5n }]) {
    assert.deepEqual(readTxn(new Reader(bytesOf({ ...old, digest }))), { ...old, digest })
  }
})

test('an unknown type is refused, alone and inside a multi', () => {
  const header = (type: number): Writer => new Writer().long(1n).int(1).long(2n).long(3n).int(type)
  assert.throws(() => readTxn(new Reader(header(99).copy())), /unknown type 99/)
  const inside = header(OpCode.multi).int(1).int(77).buffer(new Uint8Array(8)).copy()
  assert.throws(() => readTxn(new Reader(inside)), /unknown type 77/)
  const nested = header(OpCode.multi).int(1).int(OpCode.multi).buffer(new Uint8Array(8)).copy()
  assert.throws(() => readTxn(new Reader(nested)), /unknown type 14/)
})
