import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import type { Txn } from '../../wire/records/txn.ts'
import { Columns, Field } from './columns.ts'
import type { DataTree } from './data-tree.ts'
import { Database } from './database.ts'
import { RandomTxns, TREE_OPTIONS, Twin } from './test-twin.ts'

/** What stays the same for as long as a znode lives, and is never the same for two. */
function identities(tree: DataTree, twin: Twin): Map<number, string> {
  const found = new Map<number, string>()
  for (const [path, { czxid }] of twin.nodes) found.set(tree.find(path), `${path} ${czxid}`)
  return found
}

/** Scans while the tree changes: after every step a few transactions. */
function scanWhile(database: Database, txns: () => readonly Txn[]): string[] {
  const { tree } = database
  const visited: string[] = []
  for (let id = tree.beginScan(); id !== -1; id = tree.nextInScan(id)) {
    visited.push(`${tree.path(id)} ${tree.stat(id).czxid}`)
    for (const txn of txns()) database.apply(txn)
  }
  tree.endScan()
  return visited
}

test('a scan visits once whatever lived through it, while everything changes', () => {
  let lived = 0
  let died = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = new TestRandom(seed)
      const database = new Database(TREE_OPTIONS)
      const twin = new Twin()
      const source = new RandomTxns(twin, random)
      for (let i = 0; i < 150; i++) database.apply(source.next())
      for (let round = 0; round < 4; round++) {
        const before = new Set(identities(database.tree, twin).values())
        const visited = scanWhile(database, () =>
          Array.from({ length: random.int(4) }, () => source.next()),
        )
        const after = new Set(identities(database.tree, twin).values())
        assert.equal(new Set(visited).size, visited.length, 'visited twice')
        for (const one of before) {
          if (!after.has(one)) died++
          else assert.ok(visited.includes(one), `${one} was passed over`)
        }
        lived += after.size
      }
    }),
    { numRuns: 20, endOnFailure: true },
  )
  assert.ok(lived > 1000 && died > 100, 'a check that looked at nothing has not passed')
})

test('two scans at a time do not disturb each other', () => {
  const database = new Database(TREE_OPTIONS)
  const twin = new Twin()
  const source = new RandomTxns(twin, new TestRandom(5))
  for (let i = 0; i < 200; i++) database.apply(source.next())
  const { tree } = database
  const started = new Set(identities(tree, twin).values())
  const outer: string[] = []
  for (let id = tree.beginScan(); id !== -1; id = tree.nextInScan(id)) {
    outer.push(`${tree.path(id)} ${tree.stat(id).czxid}`)
    if (outer.length === 5) scanWhile(database, () => [source.next()])
    database.apply(source.next())
  }
  tree.endScan()
  const ended = new Set(identities(tree, twin).values())
  const through = [...started].filter(one => ended.has(one))
  assert.ok(through.length > 5, 'a check that looked at nothing has not passed')
  for (const one of through) assert.equal(outer.filter(other => other === one).length, 1)
})

test('records are used again, but not while a scan may stand on them', () => {
  const columns = new Columns()
  const first = columns.allocate()
  const second = columns.allocate()
  columns.set(second, Field.version, 7)
  columns.free(second)
  assert.ok(columns.isFree(second))
  assert.equal(columns.allocate(), second)
  assert.equal(columns.get(second, Field.version), 0)
  columns.beginScan()
  columns.free(first)
  assert.notEqual(columns.allocate(), first)
  columns.endScan()
  assert.equal(columns.allocate(), first)
})
