import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { zxid } from './ids.ts'
import {
  encodeNotification,
  frameNotification,
  NO_VOTE,
  type Notification,
  readNotification,
  SenderState,
} from './notification.ts'
import { readInitialMessage } from './records/quorum.ts'
import { Writer } from './writer.ts'

const DATA = new URL('./testdata/', import.meta.url).pathname

/** The frames of a captured election connection, without the initial message. */
function frames(name: string): Uint8Array[] {
  let bytes = new Uint8Array(readFileSync(`${DATA}${name}`))
  if (name.includes('.c2s.')) bytes = bytes.slice(readInitialMessage(bytes)!.length)
  const out: Uint8Array[] = []
  const view = new DataView(bytes.buffer)
  for (let at = 0; at < bytes.length; ) {
    const length = view.getInt32(at)
    out.push(bytes.slice(at, at + 4 + length))
    at += 4 + length
  }
  return out
}

test('every captured notification is read and written back byte for byte', () => {
  const names = globSync('election-*.bin', { cwd: DATA })
  assert.equal(names.length, 12)
  let seen = 0
  for (const name of names) {
    for (const frame of frames(name)) {
      const notification = readNotification(frame, 4)
      assert.ok(notification !== undefined, name)
      assert.equal(notification.version, 2)
      assert.match(notification.config!, /^server\.1=127\.0\.0\.1:.*\nversion=\d+$/s)
      assert.deepEqual(frameNotification(notification), frame, name)
      seen++
    }
  }
  assert.ok(seen >= 14, `${seen} notifications`)
})

test('an observer votes for nobody', () => {
  const [first] = frames('election-6-observer-asks-follower.c2s.bin')
  const notification = readNotification(first!, 4)!
  assert.equal(notification.leader, NO_VOTE)
  assert.equal(notification.zxid, NO_VOTE)
  assert.equal(notification.peerEpoch, NO_VOTE)
  assert.equal(notification.state, SenderState.looking)
})

const SAMPLE: Notification = {
  state: SenderState.leading,
  leader: 3n,
  zxid: zxid(0x500000007n),
  round: 9n,
  peerEpoch: 6n,
  version: 2,
  config: 'version=0',
}

test('older formats: 28 bytes take the epoch from the zxid, 40 bytes have no version', () => {
  const bytes = encodeNotification(SAMPLE)
  const oldest = readNotification(bytes.slice(0, 28))!
  assert.equal(oldest.peerEpoch, 5n)
  assert.equal(oldest.version, 0)
  const unversioned = readNotification(bytes.slice(0, 40))!
  assert.equal(unversioned.peerEpoch, 6n)
  assert.equal(unversioned.version, 0)
  const one = readNotification(encodeNotification({ ...SAMPLE, version: 1, config: undefined }))
  // Forty bytes whose last four are the version are still the format without one.
  assert.equal(one!.version, 0)
})

test('what must be skipped is skipped', () => {
  const bytes = encodeNotification(SAMPLE)
  assert.equal(readNotification(bytes.slice(0, 27)), undefined)
  assert.equal(readNotification(bytes.slice(0, 42)), undefined)
  for (const state of [-1, 4]) {
    const bad = bytes.slice()
    new DataView(bad.buffer).setInt32(0, state)
    assert.equal(readNotification(bad), undefined)
  }
  for (const size of [-1, 10, 1 << 30]) {
    const bad = bytes.slice()
    new DataView(bad.buffer).setInt32(40, size)
    assert.equal(readNotification(bad), undefined, `config of ${size} bytes`)
  }
})

test('random bytes never throw', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 120 }),
      fc.integer({ min: 0, max: 3 }),
      (tail, state) => {
        readNotification(new Writer().int(state).raw(tail).copy())
        readNotification(tail)
      },
    ),
  )
})
