import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { decodeUtf8, encodeUtf8, hasReplacement, utf8Bytes, utf8MaxLength } from './utf8.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function decode(bytes: Uint8Array): string {
  return decodeUtf8(bytes, 0, bytes.length)
}

/** Mostly what breaks decoders: leads without tails, surrogates, overlong forms, high planes. */
const nastyByte = fc.oneof(
  fc.integer({ min: 0, max: 255 }),
  fc.constantFrom(0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef),
  fc.constantFrom(0xf0, 0xf4, 0xf5, 0xff, 0x41, 0x2f, 0x00),
)
const nastyBytes = fc.array(nastyByte, { maxLength: 40 }).map(bytes => Uint8Array.from(bytes))

test('bytes are decoded with replacement as the platform does', () => {
  fc.assert(
    fc.property(nastyBytes, bytes => {
      assert.equal(decode(bytes), decoder.decode(bytes))
    }),
    { numRuns: 5000 },
  )
})

test('every sequence of one, two and three bytes is decoded as the platform does', () => {
  let looked = 0
  for (let first = 0x80; first < 0x100; first++) {
    for (let second = 0; second < 0x100; second += 5) {
      for (const third of [0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xff]) {
        const bytes = Uint8Array.of(first, second, third)
        assert.equal(decode(bytes), decoder.decode(bytes), `${first} ${second} ${third}`)
        looked++
      }
    }
  }
  assert.ok(looked > 40_000)
})

test('a range is decoded without looking at its neighbours', () => {
  const bytes = Uint8Array.of(0xe2, 0x82, 0xac, 0xe2, 0x82, 0xac)
  assert.equal(decodeUtf8(bytes, 0, 3), '€')
  assert.equal(decodeUtf8(bytes, 0, 2), '\ufffd')
  assert.equal(decodeUtf8(bytes, 1, 4), '\ufffd\ufffd\ufffd')
  assert.equal(decodeUtf8(bytes, 3, 3), '')
})

test('text of the basic plane is encoded as UTF-8, and read back', () => {
  const plain = fc.string({ unit: fc.integer({ min: 0, max: 0xd7ff }).map(String.fromCharCode) })
  fc.assert(
    fc.property(plain, text => {
      assert.deepEqual(utf8Bytes(text), new TextEncoder().encode(text))
      assert.equal(decode(utf8Bytes(text)), text)
    }),
  )
})

test('a supplementary character is written as two sequences of three bytes', () => {
  assert.deepEqual(utf8Bytes('\u{1f600}'), Uint8Array.of(0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80))
  // Nobody can read that as one character again.
  assert.ok(hasReplacement(decode(utf8Bytes('\u{1f600}'))))
  assert.equal(decode(new TextEncoder().encode('\u{1f600}')), '\u{1f600}')
})

test('no text needs more room than it is given', () => {
  const anything = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map(String.fromCharCode) })
  fc.assert(
    fc.property(anything, fc.nat(20), (text, at) => {
      const room = new Uint8Array(at + utf8MaxLength(text) + 8).fill(0xee)
      const end = encodeUtf8(text, room, at)
      assert.ok(end <= at + utf8MaxLength(text))
      assert.deepEqual(room.slice(at, end), utf8Bytes(text))
      assert.ok(room.subarray(end).every(byte => byte === 0xee))
    }),
  )
})
