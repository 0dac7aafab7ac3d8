import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { sessionId } from '../../wire/ids.ts'
import { firstSessionId, isPasswordOf, PASSWORD_BYTES, sessionPassword } from './ids.ts'

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

const anyId = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }).map(sessionId)

test('passwords are those that Apache gives', () => {
  const table = [
    [0x100000f7d6f0000n, 'e378a704349cc389f90591269d894bbc'],
    [0x100001cb1e80001n, 'bdf2f6728f7e30e08d78111f24337646'],
  ] as const
  for (const [id, password] of table) {
    assert.equal(hexOf(sessionPassword(sessionId(id))), password)
    assert.ok(isPasswordOf(sessionId(id), Buffer.from(password, 'hex')))
  }
})

test('a password opens its own session and no other', () => {
  fc.assert(
    fc.property(
      anyId,
      fc.nat(PASSWORD_BYTES - 1),
      fc.integer({ min: 1, max: 255 }),
      (id, at, x) => {
        const password = sessionPassword(id)
        assert.ok(isPasswordOf(id, password))
        assert.ok(!isPasswordOf(sessionId(id ^ 1n), password))
        assert.ok(!isPasswordOf(id, password.subarray(1)))
        assert.ok(!isPasswordOf(id, Uint8Array.of(...password, 0)))
        password[at]! ^= x
        assert.ok(!isPasswordOf(id, password))
      },
    ),
  )
  assert.ok(!isPasswordOf(sessionId(5n), new Uint8Array(0)))
})

test('ids begin with the member and with the time', () => {
  const nowMs = 1_795_348_607_645
  const first = firstSessionId(nowMs, 1)
  assert.equal(first >> 56n, 1n)
  assert.equal(first & 0xffffn, 0n)
  assert.equal((first >> 16n) & 0xff_ffff_ffffn, BigInt(nowMs) & 0xff_ffff_ffffn)
  assert.ok(firstSessionId(nowMs + 1, 1) - first === 0x10000n)
  assert.ok(firstSessionId(nowMs, 128) < 0n)
  assert.equal(BigInt.asUintN(64, firstSessionId(nowMs, 255)) >> 56n, 255n)
})

test('the smallest number of all is the mark of containers, never a session', () => {
  assert.equal(firstSessionId(0, 128), -(1n << 63n) + 1n)
})
