import { deepStrictEqual, notStrictEqual, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { copyOf } from './byte-pool.ts'

test('copies of all sizes keep their bytes while later ones are made', () => {
  const source = Uint8Array.from({ length: 5000 }, (_, i) => i * 7)
  const copies = Array.from({ length: 3000 }, (_, length) => ({
    length,
    bytes: copyOf(source, length % 17, (length % 17) + length),
  }))
  ok(copies.length > 0)
  for (const { length, bytes } of copies) {
    deepStrictEqual(bytes, source.slice(length % 17, (length % 17) + length))
    notStrictEqual(bytes.buffer, source.buffer)
  }
})
