import assert from 'node:assert/strict'
import { test } from 'node:test'
import { highWord, lowWord, sessionId, type Zxid, zxid } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { OPEN_ACL } from '../../wire/records/data.ts'
import type { CreateTxn } from '../../wire/records/txn.ts'
import { Database } from './database.ts'
import { DigestLog } from './digest-log.ts'
import { OwnerKind, ownerKind, TTL_MS_MAX, ttlOf, ttlOwnerHigh } from './owner.ts'
import { reapable } from './reapable.ts'
import { TREE_OPTIONS } from './test-twin.ts'

test('what a stored owner means, by what is switched on', () => {
  const { persistent, ephemeral, container, ttl } = OwnerKind
  const off = { extendedTypes: false, emulate353: false }
  const on = { extendedTypes: true, emulate353: false }
  const old = { extendedTypes: true, emulate353: true }
  const table = [
    [0n, persistent, persistent, persistent],
    [0x100000f7d6f0000n, ephemeral, ephemeral, ephemeral],
    [-(1n << 63n), container, container, container],
    [-(1n << 56n) | 5000n, ephemeral, ttl, ttl],
    [-(1n << 63n) | 5000n, ephemeral, ephemeral, ttl],
    [-2n << 56n, ephemeral, ephemeral, ttl],
  ] as const
  for (const [owner, ...kinds] of table) {
    for (const [i, rules] of [off, on, old].entries()) {
      assert.equal(ownerKind(highWord(owner), lowWord(owner), rules), kinds[i], `${owner} ${i}`)
    }
  }
})

test('a TTL of 40 bits survives in its owner', () => {
  for (const ttlMs of [1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, TTL_MS_MAX]) {
    assert.equal(ttlOf(ttlOwnerHigh(ttlMs), ttlMs | 0), ttlMs)
  }
})

const SESSION = sessionId(9n)

function create(path: string, type: CreateTxn['type'], ttlMs: number, cversion: number): CreateTxn {
  const parentCVersion = cversion
  return { type, path, data: null, acl: OPEN_ACL, ephemeral: false, parentCVersion, ttlMs }
}

test('containers and TTL znodes are due when the reference says', () => {
  const database = new Database(TREE_OPTIONS)
  let next = 1n
  const apply = (timeMs: number, body: Parameters<Database['apply']>[0]['body']): void =>
    database.apply({ clientId: SESSION, cxid: 1, zxid: zxid(next++), timeMs, body, digest: null })
  const due = (nowMs: number, neverUsedMs: number = 0): string[] =>
    reapable(database.tree, { nowMs, neverUsedMs }).sort()
  apply(1000, create('/used', OpCode.createContainer, 0, 1))
  apply(1000, create('/unused', OpCode.createContainer, 0, 2))
  apply(1000, create('/ttl', OpCode.createTtl, 500, 3))
  apply(1000, create('/used/child', OpCode.create, 0, 1))
  assert.deepEqual(due(1000), [])
  assert.deepEqual(due(1500), [])
  assert.deepEqual(due(1501), ['/ttl'])
  apply(1400, { type: OpCode.setData, path: '/ttl', data: null, version: 1 })
  assert.deepEqual(due(1501), [])
  apply(1600, create('/ttl/child', OpCode.create, 0, 1))
  assert.deepEqual(due(9000), [])
  apply(9000, { type: OpCode.delete, path: '/used/child' })
  apply(9000, { type: OpCode.delete, path: '/ttl/child' })
  assert.deepEqual(due(9000), ['/ttl', '/used'])
  assert.deepEqual(due(9000, 8000), ['/ttl', '/used'])
  assert.deepEqual(due(9001, 8000), ['/ttl', '/unused', '/used'])
  apply(9002, { type: OpCode.deleteContainer, path: '/used' })
  assert.deepEqual(due(9002), ['/ttl'])
})

test('the digest is kept at every 128th zxid, the newest thousand of them', () => {
  const digests = new DigestLog()
  let asked = 0
  for (let counter = 1; counter <= 128 * 1100; counter++) {
    digests.after(((5n << 32n) | BigInt(counter)) as Zxid, () => BigInt(++asked))
  }
  assert.equal(asked, 1100)
  assert.equal(digests.recorded.length, 1024)
  assert.deepEqual(digests.recorded.at(-1), { zxid: (5n << 32n) | (128n * 1100n), digest: 1100n })
})
