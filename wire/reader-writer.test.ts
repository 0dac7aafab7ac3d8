import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { JuteError, Reader } from './reader.ts'
import { Writer } from './writer.ts'

const LONG_MIN = -(1n << 63n)
const LONG_MAX = (1n << 63n) - 1n

/** One primitive: how it is written, and how it is read back. */
interface Step {
  readonly write: (writer: Writer) => void
  readonly check: (reader: Reader) => void
}

const bytesOf = fc.uint8Array({ maxLength: 200 })
const text = fc.string({ unit: fc.integer({ min: 0, max: 0xd7ff }).map(String.fromCharCode) })

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.integer({ min: -128, max: 127 }).map(value => ({
    write: (writer: Writer) => writer.byte(value),
    check: (reader: Reader) => assert.equal(reader.byte(), value),
  })),
  fc.boolean().map(value => ({
    write: (writer: Writer) => writer.boolean(value),
    check: (reader: Reader) => assert.equal(reader.boolean(), value),
  })),
  fc.integer().map(value => ({
    write: (writer: Writer) => writer.int(value),
    check: (reader: Reader) => assert.equal(reader.int(), value),
  })),
  fc.bigInt({ min: LONG_MIN, max: LONG_MAX }).map(value => ({
    write: (writer: Writer) => writer.long(value),
    check: (reader: Reader) => assert.equal(reader.long(), value),
  })),
  fc.maxSafeInteger().map(value => ({
    write: (writer: Writer) => writer.longFromNumber(value),
    check: (reader: Reader) => assert.equal(reader.longAsNumber(), value),
  })),
  fc.option(text).map(value => ({
    write: (writer: Writer) => writer.string(value),
    check: (reader: Reader) => assert.equal(reader.string(), value),
  })),
  fc.option(bytesOf).map(value => ({
    write: (writer: Writer) => writer.buffer(value),
    check: (reader: Reader) => assert.deepEqual(reader.buffer(), value),
  })),
  fc.option(bytesOf).map(value => ({
    write: (writer: Writer) => writer.buffer(value),
    check: (reader: Reader) => assert.deepEqual(reader.bufferView(), value),
  })),
  fc.option(fc.array(text, { maxLength: 8 })).map(value => ({
    write: (writer: Writer) => writer.strings(value),
    check: (reader: Reader) => assert.deepEqual(reader.strings(), value),
  })),
)

test('what is written is read back, from any place in the bytes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.nat(9), fc.nat(9), (steps, before, after) => {
      const writer = new Writer(1)
      for (let i = 0; i < before; i++) writer.byte(0x55)
      for (const { write } of steps) write(writer)
      const end = writer.length
      for (let i = 0; i < after; i++) writer.byte(0x55)
      const reader = new Reader()
      reader.reset(writer.copy(), before, end)
      for (const { check } of steps) check(reader)
      assert.equal(reader.remaining, 0)
      assert.throws(() => reader.byte(), JuteError)
    }),
    { numRuns: 500 },
  )
})

test('a record that is cut anywhere is a JuteError, never a wrong value or another error', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 6 }), steps => {
      const writer = new Writer()
      for (const { write } of steps) write(writer)
      for (let cut = 0; cut < writer.length; cut++) {
        const reader = new Reader(writer.bytes.slice(0, cut))
        assert.throws(() => {
          for (const { check } of steps) check(reader)
        }, JuteError)
      }
    }),
    { numRuns: 100 },
  )
})

test('only -1 is null; other negative and too long lengths are refused', () => {
  for (const length of [-2, -100, -(2 ** 31), 101, 2 ** 31 - 1]) {
    const bytes = new Writer().int(length).raw(new Uint8Array(200)).copy()
    assert.throws(() => new Reader(bytes, 100).string(), JuteError, `string of ${length}`)
    assert.throws(() => new Reader(bytes, 100).buffer(), JuteError, `buffer of ${length}`)
    if (length < 0) assert.throws(() => new Reader(bytes, 100).strings(), JuteError)
  }
  assert.equal(new Reader(new Writer().int(-1).copy()).string(), null)
  assert.equal(new Reader(new Writer().int(-1).copy()).buffer(), null)
  assert.equal(new Reader(new Writer().int(-1).copy()).strings(), null)
})

test('a huge count ends where the bytes end', () => {
  const bytes = new Writer()
    .int(2 ** 31 - 1)
    .string('a')
    .string('b')
    .copy()
  assert.throws(() => new Reader(bytes).strings(), JuteError)
})

test('any non-zero byte is true', () => {
  for (const byte of [1, 2, 127, 128, 255]) {
    assert.equal(new Reader(Uint8Array.of(byte)).boolean(), true)
  }
  assert.equal(new Reader(Uint8Array.of(0)).boolean(), false)
})

test('random bytes read as anything give a value or a JuteError', () => {
  const methods = ['byte', 'boolean', 'int', 'long', 'longAsNumber', 'string', 'text'] as const
  const more = ['buffer', 'bufferView', 'strings', 'range'] as const
  const method = fc.constantFrom(...methods, ...more)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), fc.array(method), (bytes, calls) => {
      const reader = new Reader(bytes, 40)
      for (const call of calls) {
        const before = reader.position
        try {
          reader[call]()
        } catch (error) {
          assert.ok(error instanceof JuteError)
          assert.ok(reader.position <= reader.end)
          return
        }
        assert.ok(reader.position >= before && reader.position <= reader.end)
      }
    }),
    { numRuns: 2000 },
  )
})

test('a copy outlives its bytes, a view does not', () => {
  const bytes = new Writer().buffer(Uint8Array.of(1, 2)).buffer(Uint8Array.of(3, 4)).copy()
  const reader = new Reader(bytes)
  const copy = reader.buffer()
  const view = reader.bufferView()
  bytes.fill(9)
  assert.deepEqual(copy, Uint8Array.of(1, 2))
  assert.deepEqual(view, Uint8Array.of(9, 9))
})

test('a frame is patched with its length, and a rewound writer forgets', () => {
  const writer = new Writer(2)
  const outer = writer.beginFrame()
  writer.int(7)
  const inner = writer.beginFrame()
  writer.string('abc')
  writer.endFrame(inner)
  writer.endFrame(outer)
  assert.deepEqual(
    writer.copy(),
    Uint8Array.from([0, 0, 0, 15, 0, 0, 0, 7, 0, 0, 0, 7, 0, 0, 0, 3, 97, 98, 99]),
  )
  writer.rewind(outer)
  assert.equal(writer.length, 0)
  assert.equal(writer.written().length, 0)
})
