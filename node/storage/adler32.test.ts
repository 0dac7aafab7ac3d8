import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ADLER_START, adler32 } from './adler32.ts'

/** RFC 1950, word for word. */
function plain(bytes: Uint8Array): number {
  let a = 1
  let b = 0
  for (const byte of bytes) {
    a = (a + byte) % 65_521
    b = (b + a) % 65_521
  }
  return b * 65_536 + a
}

test('the checksum is the one of the standard', () => {
  const text = new TextEncoder().encode('Wikipedia')
  assert.equal(adler32(ADLER_START, text, 0, text.length), 0x11e60398)
})

test('the sums stay in range over long runs of the largest bytes', () => {
  const bytes = new Uint8Array(100_000).fill(0xff)
  assert.equal(adler32(ADLER_START, bytes, 0, bytes.length), plain(bytes))
})

test('pieces chain', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 10_000 }), fc.nat(), (bytes, at) => {
      const cut = bytes.length === 0 ? 0 : at % bytes.length
      const first = adler32(ADLER_START, bytes, 0, cut)
      assert.equal(adler32(first, bytes, cut, bytes.length), plain(bytes))
    }),
  )
})
