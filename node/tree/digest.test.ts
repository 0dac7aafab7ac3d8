import { strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { OPEN_ACL } from '../../wire/records/data.ts'
import { DataTree, ROOT } from './data-tree.ts'
import { CRC_START, crcUpdate, crcUpdateWord, crcValue } from './digest.ts'

const OPTIONS = { extendedTypes: true, emulate353: false, digestEnabled: true, hashSeed: 1 }

test('the CRC-32 is that of zlib, in any pieces', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
      const first = crcUpdate(CRC_START, bytes, 0, Math.min(cut, bytes.length))
      const both = crcUpdate(first, bytes, Math.min(cut, bytes.length), bytes.length)
      strictEqual(crcValue(both), crc32(bytes))
    }),
  )
})

test('a word is its four bytes, high byte first', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer(), (crc, word) => {
      const bytes = new Uint8Array(4)
      new DataView(bytes.buffer).setInt32(0, word)
      strictEqual(crcUpdateWord(crc, word), crcUpdate(crc, bytes, 0, 4))
    }),
  )
})

test('a tree has the same digest with a CRC-32 from outside', () => {
  let calls = 0
  const counted = (bytes: Uint8Array, before: number): number => {
    calls++
    return crc32(bytes, before)
  }
  const own = new DataTree(OPTIONS)
  const other = new DataTree({ ...OPTIONS, crc32: counted })
  for (const length of [0, 1, 100, 511, 512, 513, 10_000]) {
    const data = Uint8Array.from({ length }, (_, i) => i * 31)
    for (const tree of [own, other]) tree.create(ROOT, `/n${length}`, data, OPEN_ACL, 0, 0)
    strictEqual(other.digest, own.digest)
  }
  strictEqual(calls, 3)
})
