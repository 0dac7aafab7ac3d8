import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  fourDecimals,
  javaAddress,
  javaDate,
  javaDouble,
  javaSocketAddress,
} from './java-format.ts'

test('doubles are printed as Java prints them', () => {
  const table: readonly (readonly [number, string])[] = [
    [0, '0.0'],
    [-0, '-0.0'],
    [1, '1.0'],
    [14.5, '14.5'],
    [9_999_999, '9999999.0'],
    [1e7, '1.0E7'],
    [13_847_552, '1.3847552E7'],
    [-13_847_552, '-1.3847552E7'],
    [0.001, '0.001'],
    [0.0001, '1.0E-4'],
    [1.5e-9, '1.5E-9'],
    [1e21, '1.0E21'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
  ]
  for (const [value, text] of table) assert.equal(javaDouble(value), text)
})

test('a printed double reads back as itself', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true }), value => {
      assert.ok(Object.is(Number(javaDouble(value)), value))
    }),
  )
})

test('averages have four decimals, halves go to the even neighbour', () => {
  assert.equal(fourDecimals(1.04551), 1.0455)
  assert.equal(fourDecimals(2 / 3), 0.6667)
  assert.equal(fourDecimals(0.03125), 0.0312)
  assert.equal(fourDecimals(0.09375), 0.0938)
  assert.equal(fourDecimals(0), 0)
})

test('dates are those of Date.toString in UTC', () => {
  assert.equal(javaDate(1_795_350_203_000), 'Sun Nov 22 12:23:23 UTC 2026')
  assert.equal(javaDate(0), 'Thu Jan 01 00:00:00 UTC 1970')
  assert.equal(javaDate(Date.UTC(2024, 1, 29, 23, 59, 59, 999)), 'Thu Feb 29 23:59:59 UTC 2024')
})

test('dates agree with the calendar of the platform', () => {
  const limitMs = Date.UTC(2400, 0)
  fc.assert(
    fc.property(fc.integer({ min: -limitMs, max: limitMs }), wallMs => {
      const [day, date, month, year, time] = new Date(wallMs).toUTCString().split(/,? /)
      assert.equal(javaDate(wallMs), `${day} ${month} ${date} ${time} UTC ${Number(year)}`)
    }),
  )
})

test('IPv6 addresses have eight groups', () => {
  assert.equal(javaSocketAddress('127.0.0.1', 43048), '/127.0.0.1:43048')
  assert.equal(javaSocketAddress('::1', 43048), '/[0:0:0:0:0:0:0:1]:43048')
  assert.equal(javaAddress('fe80::0a:1%eth0'), 'fe80:0:0:0:0:0:a:1')
  assert.equal(javaAddress('2001:db8::'), '2001:db8:0:0:0:0:0:0')
  assert.equal(javaAddress('::ffff:10.0.0.7'), '10.0.0.7')
})
