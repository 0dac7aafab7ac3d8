import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { contentHash } from './manifest.ts'
import { parseQuantity } from './quantity.ts'
import { formatTime, parseTime } from './time.ts'

test('times are what Date says', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), seconds => {
      const ms = seconds * 1000
      const text = formatTime(ms)
      equal(text, new Date(ms).toISOString().replace('.000', ''))
      equal(parseTime(text), ms)
    }),
  )
  equal(parseTime('2026-11-25T14:05:59.123456Z'), Date.UTC(2026, 10, 25, 14, 5, 59))
  equal(parseTime('yesterday'), undefined)
  equal(parseTime(undefined), undefined)
})

test('quantities are bytes', () => {
  equal(parseQuantity('8Gi'), 8 * 2 ** 30)
  equal(parseQuantity('1.5Ki'), 1536)
  equal(parseQuantity('2k'), 2000)
  equal(parseQuantity('1610612736'), 1610612736)
  equal(parseQuantity('1500m'), 1.5)
  for (const text of ['', '8 Gi', '-1', 'Gi', undefined]) equal(parseQuantity(text), undefined)
})

test('hashes of different values differ', () => {
  fc.assert(
    fc.property(fc.json(), fc.json(), (a, b) => {
      equal(contentHash(a) === contentHash(b), a === b)
    }),
  )
})
