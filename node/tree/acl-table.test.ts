import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { JuteError, Reader } from '../../wire/reader.ts'
import { type Acl, OPEN_ACL, READ_ONLY_ACL } from '../../wire/records/data.ts'
import { Writer } from '../../wire/writer.ts'
import { AclTable, OPEN_ACL_ID } from './acl-table.ts'

function acl(perms: number, scheme: string, id: string): Acl {
  return { perms, id: { scheme, id } }
}

/** Lists that a careless key would mix up are among them. */
const LISTS: readonly (readonly Acl[])[] = [
  READ_ONLY_ACL,
  [acl(31, 'digest', 'a:b')],
  [acl(3, '1 digest', 'a:b')],
  [acl(31, 'digest', 'a'), acl(1, 'x', 'y')],
  [acl(31, 'digest', 'a 1 1 x 1 y ')],
  [acl(1, 'x', 'y'), acl(31, 'digest', 'a')],
  [acl(31, '', ''), acl(31, '', '')],
  [],
  [acl(31, 'world', 'anyone'), acl(31, 'world', 'anyone')],
]

test('lists live as long as they have users, and ids stand for one list', () => {
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = new TestRandom(seed)
      const table = new AclTable()
      const users: { readonly id: number; readonly list: readonly Acl[] }[] = []
      for (let i = 0; i < 300; i++) {
        if (users.length > 0 && random.oneIn(2)) {
          const [user] = users.splice(random.int(users.length), 1)
          table.release(user!.id)
        } else {
          const list = random.pick(LISTS).map(entry => ({ ...entry, id: { ...entry.id } }))
          users.push({ id: table.acquire(list), list })
        }
        for (const { id, list } of users) assert.deepEqual(table.list(id), list)
        assert.equal(table.size, new Set(users.map(({ id }) => id)).size)
        const lists = new Set(users.map(({ list }) => JSON.stringify(list)))
        assert.equal(table.size, lists.size)
      }
    }),
    { numRuns: 30, endOnFailure: true },
  )
})

test('the open list takes no room', () => {
  const table = new AclTable()
  assert.equal(table.acquire(OPEN_ACL), OPEN_ACL_ID)
  assert.equal(table.acquire([acl(31, 'world', 'anyone')]), OPEN_ACL_ID)
  table.release(OPEN_ACL_ID)
  assert.equal(table.list(OPEN_ACL_ID), OPEN_ACL)
  assert.equal(table.size, 0)
})

test('releasing more often than acquiring is noticed or without effect', () => {
  const table = new AclTable()
  const id = table.acquire(READ_ONLY_ACL)
  table.release(id)
  table.release(id)
  assert.equal(table.size, 0)
})

test('a section of a snapshot is read back; lists without users go', () => {
  const table = new AclTable()
  const ids = LISTS.map(list => table.acquire(list))
  const writer = new Writer()
  table.write(writer)
  const again = new AclTable()
  again.read(new Reader(writer.copy()))
  for (const [i, list] of LISTS.entries()) assert.deepEqual(again.list(ids[i]!), list)
  again.addUser(ids[2]!)
  again.addUser(ids[4]!)
  again.dropUnused()
  assert.equal(again.size, 2)
  assert.equal(again.acquire(LISTS[2]!), ids[2])
  // A list that was dropped gets an id that nobody had.
  assert.ok(!ids.includes(again.acquire(LISTS[0]!)))
})

test('an id that no list has is empty, and is never given to another list', () => {
  const table = new AclTable()
  table.addUser(1)
  table.addUser(70)
  assert.deepEqual(table.list(70), [])
  assert.equal(table.acquire(READ_ONLY_ACL), 71)
  table.release(70)
  assert.deepEqual(table.list(71), READ_ONLY_ACL)
})

test('a negative count is refused', () => {
  const bytes = new Writer().int(-1).copy()
  assert.throws(() => new AclTable().read(new Reader(bytes)), JuteError)
})
