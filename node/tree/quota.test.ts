import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { sessionId, zxid } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { OPEN_ACL } from '../../wire/records/data.ts'
import type { SingleTxn } from '../../wire/records/txn.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import { Database } from './database.ts'
import { parseQuota, printQuota, type QuotaNumbers } from './quota.ts'
import { TREE_OPTIONS } from './test-twin.ts'

function numbers(count: number, bytes: number, countHard: number, byteHard: number): QuotaNumbers {
  return { count, bytes, countHardLimit: countHard, byteHardLimit: byteHard }
}

test('limits and statistics are printed and read as Apache writes them', () => {
  const table: readonly (readonly [string, QuotaNumbers])[] = [
    ['count=3,bytes=-1', numbers(3, -1, -1, -1)],
    ['count=-1,bytes=-1=;byteHardLimit=10;countHardLimit=3', numbers(-1, -1, 3, 10)],
    ['count=5,bytes=7=;countHardLimit=0', numbers(5, 7, 0, -1)],
    ['count=5,bytes=7=;byteHardLimit=9', numbers(5, 7, -1, 9)],
  ]
  for (const [text, value] of table) {
    assert.deepEqual(parseQuota(text), value)
    assert.equal(printQuota(value), text)
  }
})

test('what can be read of a quota, and what cannot', () => {
  assert.deepEqual(parseQuota(''), numbers(-1, -1, -1, -1))
  assert.deepEqual(parseQuota('bytes=4,,;count=2;'), numbers(2, 4, -1, -1))
  assert.deepEqual(parseQuota('count=,bytes=1'), numbers(-1, 1, -1, -1))
  assert.deepEqual(parseQuota('other=4,count=1'), numbers(1, -1, -1, -1))
  for (const text of ['x', 'count', 'count=a', 'count=1.5', 'count=1=2', 'count=1,bytes']) {
    assert.equal(parseQuota(text), undefined, text)
  }
  assert.deepEqual(parseQuota('__proto__=1,toString=2'), numbers(-1, -1, -1, -1))
})

/** A database and short ways to change it. */
function world(): {
  readonly database: Database
  readonly apply: (body: SingleTxn) => void
  readonly create: (path: string, text?: string) => void
  readonly remove: (path: string) => void
  readonly write: (path: string, text: string) => void
} {
  const database = new Database(TREE_OPTIONS)
  let next = 1n
  const apply = (body: SingleTxn): void => {
    const txn = { clientId: sessionId(1n), cxid: 1, timeMs: 5, body, digest: null }
    database.apply({ ...txn, zxid: zxid(next++) })
  }
  const create = (path: string, text: string = ''): void =>
    apply({
      type: OpCode.create,
      path,
      data: utf8Bytes(text),
      acl: OPEN_ACL,
      ephemeral: false,
      parentCVersion: Number(next) + 100,
      ttlMs: 0,
    })
  const remove = (path: string): void => apply({ type: OpCode.delete, path })
  const write = (path: string, text: string): void =>
    apply({ type: OpCode.setData, path, data: utf8Bytes(text), version: 1 })
  return { database, apply, create, remove, write }
}

/** What `setquota` of the command line does: nodes one by one, then both leaves. */
function setQuota(create: (path: string, text?: string) => void, path: string, text: string): void {
  let at = '/zookeeper/quota'
  for (const name of path.slice(1).split('/')) {
    at += `/${name}`
    create(at)
  }
  create(`${at}/zookeeper_limits`, text)
  create(`${at}/zookeeper_stats`, text)
}

test('creating the leaves starts the accounting, deleting them ends it', () => {
  const { database, create, remove, write } = world()
  create('/q', 'abc')
  create('/q/1', 'de')
  setQuota(create, '/q', 'count=1,bytes=-1')
  const { quotas } = database.tree
  assert.deepEqual(quotas.usage('/q'), numbers(2, 5, -1, -1))
  create('/q/2', 'fghi')
  write('/q/1', 'longer')
  remove('/q/2')
  assert.deepEqual(quotas.usage('/q'), numbers(2, 9, -1, -1))
  create('/quite', 'another')
  assert.deepEqual(quotas.usage('/q'), numbers(2, 9, -1, -1))
  const stats = database.tree.stat(database.tree.find('/zookeeper/quota/q/zookeeper_stats'))
  assert.equal(stats.version, 0)
  assert.equal(stats.mzxid, stats.czxid)
  remove('/zookeeper/quota/q/zookeeper_limits')
  create('/q/3')
  assert.deepEqual(quotas.usage('/q'), numbers(2, 9, -1, -1))
  assert.deepEqual([...quotas.subjects], [])
})

test('of nested quotas the innermost counts', () => {
  const { database, create } = world()
  for (const path of ['/a', '/a/b', '/a/b/c']) create(path)
  setQuota(create, '/a', 'count=1,bytes=-1')
  create('/zookeeper/quota/a/b')
  create('/zookeeper/quota/a/b/zookeeper_limits', 'count=-1,bytes=-1=;countHardLimit=3')
  create('/zookeeper/quota/a/b/zookeeper_stats')
  const { quotas } = database.tree
  assert.equal(quotas.subjectOf('/a/b/c/d'), '/a/b')
  assert.equal(quotas.subjectOf('/a/bb'), '/a')
  assert.equal(quotas.subjectOf('/ab'), undefined)
  assert.equal(quotas.subjectOf('/'), undefined)
  create('/a/b/d')
  assert.equal(quotas.usage('/a')!.count, 3)
  assert.equal(quotas.usage('/a/b')!.count, 3)
  assert.deepEqual(quotas.excess('/a/b', 1, 0), {
    subject: '/a/b',
    what: 'count',
    hard: true,
    limit: 3,
    usage: 4,
  })
  assert.equal(quotas.excess('/a/b', 0, 5), undefined)
})

test('limits: equal is allowed, a hard one counts alone, what cannot be read is told', () => {
  const { database, create, write } = world()
  create('/q', 'abc')
  setQuota(create, '/q', 'count=1,bytes=4=;byteHardLimit=5')
  const { quotas } = database.tree
  assert.equal(quotas.excess('/q', 0, 2), undefined)
  const over = quotas.excess('/q', 0, 3)
  assert.ok(over !== undefined && over !== 'unreadable')
  assert.deepEqual([over.what, over.hard, over.limit, over.usage], ['bytes', true, 5, 6])
  const soft = quotas.excess('/q', 1, 0)
  assert.ok(soft !== undefined && soft !== 'unreadable')
  assert.equal(soft.hard, false)
  write('/zookeeper/quota/q/zookeeper_limits', 'nonsense')
  assert.equal(quotas.excess('/q', 1, 0), 'unreadable')
  assert.equal(quotas.excess('/other', 1, 0), undefined)
})

test('usage kept while the tree changes is usage counted anew', () => {
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = new TestRandom(seed)
      const { database, create, remove, write } = world()
      const { tree } = database
      setQuota(create, '/a', 'count=5,bytes=5')
      create('/zookeeper/quota/a/b')
      create('/zookeeper/quota/a/b/zookeeper_limits', 'count=5,bytes=5')
      create('/zookeeper/quota/a/b/zookeeper_stats')
      const paths = ['/a', '/a/b', '/a/b/1', '/a/b/2', '/a/c', '/ab', '/a/b/1/x']
      for (let i = 0; i < 120; i++) {
        const path = random.pick(paths)
        const text = 'x'.repeat(random.int(20))
        const id = tree.find(path)
        if (id >= 0 && random.oneIn(2)) write(path, text)
        else if (id >= 0 && tree.childCount(id) === 0) remove(path)
        else if (id < 0 && tree.find(path.slice(0, path.lastIndexOf('/'))) >= 0) create(path, text)
      }
      const below = (top: string, not: string): QuotaNumbers => {
        const own = paths.filter(
          path =>
            (path === top || path.startsWith(`${top}/`)) &&
            path !== not &&
            !path.startsWith(`${not}/`) &&
            tree.find(path) >= 0,
        )
        const bytes = own.map(path => tree.stat(tree.find(path)).dataLength)
        return numbers(
          own.length,
          bytes.reduce((sum, size) => sum + size, 0),
          -1,
          -1,
        )
      }
      assert.deepEqual(tree.quotas.usage('/a'), below('/a', '/a/b'))
      assert.deepEqual(tree.quotas.usage('/a/b'), below('/a/b', '/nothing'))
    }),
    { numRuns: 60, endOnFailure: true },
  )
})
