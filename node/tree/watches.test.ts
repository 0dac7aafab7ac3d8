import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { EventType } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import { type Acl, OPEN_ACL } from '../../wire/records/data.ts'
import { type Watcher, Watches, WatchMode } from './watches.ts'

const CLOSED_ACL: readonly Acl[] = [{ perms: 31, id: { scheme: 'digest', id: 'u:x' } }]

class Client implements Watcher {
  readonly name: string
  readonly mayReadClosed: boolean
  events: string[] = []
  constructor(name: string, mayReadClosed: boolean) {
    this.name = name
    this.mayReadClosed = mayReadClosed
  }
  notify(frame: Uint8Array, length: number): void {
    const reader = new Reader(frame.slice(0, length))
    assert.equal(reader.int(), length - 4)
    assert.equal(reader.int(), -1)
    const zxid = reader.long()
    assert.equal(reader.int(), 0)
    const type = reader.int()
    assert.equal(reader.int(), 3)
    this.events.push(`${type} ${reader.text()} ${zxid}`)
    assert.equal(reader.remaining, 0)
  }
  mayRead(acl: readonly Acl[]): boolean {
    return acl === OPEN_ACL || this.mayReadClosed
  }
}

type TableName = 'data' | 'child'

interface Registration {
  readonly table: TableName
  readonly path: string
  readonly client: Client
  readonly mode: number
}

/** client-protocol.md 14.3 and 14.4, word by word, over a list of registrations. */
class NaiveWatches {
  list: Registration[] = []

  add(one: Registration): void {
    if (!this.list.some(other => same(one, other))) this.list.push(one)
  }

  remove(table: TableName, path: string, client: Client, modes: number): void {
    this.list = this.list.filter(
      one =>
        one.table !== table ||
        one.path !== path ||
        one.client !== client ||
        (one.mode & modes) === 0,
    )
  }

  /** Who is reached; one-shot registrations at the path are consumed. */
  collect(table: TableName, path: string, type: number): Set<Client> {
    const reached = new Set<Client>()
    for (const one of this.list) {
      if (one.table !== table) continue
      const isRecursive = one.mode === WatchMode.recursive
      const below = one.path === '/' ? path !== '/' : path.startsWith(`${one.path}/`)
      if (one.path === path && !(isRecursive && type === EventType.nodeChildrenChanged)) {
        reached.add(one.client)
      }
      if (below && isRecursive && type !== EventType.nodeChildrenChanged) reached.add(one.client)
    }
    this.list = this.list.filter(
      one => one.table !== table || one.path !== path || one.mode !== WatchMode.standard,
    )
    return reached
  }

  fire(table: TableName, type: number, path: string, acl: readonly Acl[]): [Client, string][] {
    return this.#told(this.collect(table, path, type), type, path, acl)
  }

  delete(path: string, acl: readonly Acl[]): [Client, string][] {
    const reached = this.collect('data', path, EventType.nodeDeleted)
    for (const client of this.collect('child', path, EventType.nodeDeleted)) reached.add(client)
    return this.#told(reached, EventType.nodeDeleted, path, acl)
  }

  #told(reached: Set<Client>, type: number, path: string, acl: readonly Acl[]): [Client, string][] {
    return [...reached]
      .filter(client => client.mayRead(acl))
      .map(client => [client, `${type} ${path}`])
  }
}

function same(a: Registration, b: Registration): boolean {
  return a.table === b.table && a.path === b.path && a.client === b.client && a.mode === b.mode
}

const PATHS = ['/', '/a', '/a/b', '/a/b/c', '/ab', '/b', '/a/c'] as const

function parentOf(path: string): string {
  return path.lastIndexOf('/') === 0 ? '/' : path.slice(0, path.lastIndexOf('/'))
}

/** One change of the tree told to both; the events that each client must have got. */
function change(
  random: TestRandom,
  watches: Watches,
  naive: NaiveWatches,
  zxid: bigint,
): [Client, string][] {
  const path = random.pick(PATHS.slice(1))
  const parent = parentOf(path)
  const acl = random.oneIn(3) ? CLOSED_ACL : OPEN_ACL
  const parentAcl = random.oneIn(3) ? CLOSED_ACL : OPEN_ACL
  switch (random.int(3)) {
    case 0:
      watches.created(path, acl, parent, parentAcl, zxid)
      return [
        ...naive.fire('data', EventType.nodeCreated, path, acl),
        ...naive.fire('child', EventType.nodeChildrenChanged, parent, parentAcl),
      ]
    case 1:
      watches.deleted(path, acl, parent, parentAcl, zxid)
      return [
        ...naive.delete(path, acl),
        ...naive.fire('child', EventType.nodeChildrenChanged, parent, parentAcl),
      ]
    default:
      watches.dataChanged(path, acl, zxid)
      return naive.fire('data', EventType.nodeDataChanged, path, acl)
  }
}

function assertTables(watches: Watches, naive: NaiveWatches, clients: readonly Client[]): void {
  for (const table of ['data', 'child'] as const) {
    const own = naive.list.filter(one => one.table === table)
    const pairs = new Set(own.map(one => `${one.path} ${one.client.name}`))
    assert.equal(watches[table].size, pairs.size)
    assert.equal(watches[table].pathCount, new Set(own.map(one => one.path)).size)
    assert.equal(watches[table].watcherCount, new Set(own.map(one => one.client)).size)
    const listed = [...watches[table].entries()].flatMap(([path, watchers]) =>
      [...watchers].map(watcher => `${path} ${(watcher as Client).name}`),
    )
    assert.deepEqual(listed.sort(), [...pairs].sort())
    for (const client of clients) {
      for (const path of PATHS) {
        const modes = own
          .filter(one => one.client === client && one.path === path)
          .reduce((bits, one) => bits | one.mode, 0)
        assert.equal(watches[table].modes(path, client), modes)
      }
    }
  }
}

test('watches fire as the reference says, for any registrations and any changes', () => {
  let fired = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = new TestRandom(seed)
      const watches = new Watches()
      const naive = new NaiveWatches()
      let counted = 0
      watches.onFired((_type, notified) => (counted += notified))
      const clients = [new Client('x', true), new Client('y', false), new Client('z', true)]
      let told = 0
      for (let i = 1; i <= 200; i++) {
        const table = random.pick(['data', 'child'] as const)
        const path = random.pick(PATHS)
        const client = random.pick(clients)
        const mode = random.pick([1, 1, 2, table === 'data' ? 4 : 1])
        switch (random.int(8)) {
          case 0:
            watches[table].remove(path, client, mode)
            naive.remove(table, path, client, mode)
            break
          case 1:
            if (!random.oneIn(4)) break
            watches.removeWatcher(client)
            naive.list = naive.list.filter(one => one.client !== client)
            break
          case 2:
          case 3:
          case 4:
            watches[table].add(path, client, mode)
            naive.add({ table, path, client, mode })
            break
          default: {
            const expected = change(random, watches, naive, BigInt(i))
            for (const one of clients) {
              const own = expected.filter(([to]) => to === one).map(([, event]) => `${event} ${i}`)
              assert.deepEqual(one.events, own)
              one.events = []
            }
            told += expected.length
          }
        }
        assertTables(watches, naive, clients)
      }
      assert.equal(counted, told)
      fired += told
    }),
    { numRuns: 60, endOnFailure: true },
  )
  assert.ok(fired > 2000, 'a check that looked at nothing has not passed')
})

test('a deletion tells a connection once, though both its watches are consumed', () => {
  const watches = new Watches()
  const client = new Client('x', true)
  watches.data.add('/a', client, WatchMode.standard)
  watches.child.add('/a', client, WatchMode.standard)
  watches.deleted('/a', OPEN_ACL, '/', OPEN_ACL, 9n)
  assert.deepEqual(client.events, ['2 /a 9'])
  assert.equal(watches.size, 0)
})

test('an event that may not be read is not sent, and its watch is gone', () => {
  const watches = new Watches()
  const client = new Client('x', false)
  watches.data.add('/a', client, WatchMode.standard)
  watches.dataChanged('/a', CLOSED_ACL, 9n)
  watches.dataChanged('/a', OPEN_ACL, 10n)
  assert.deepEqual(client.events, [])
  assert.equal(watches.size, 0)
})
