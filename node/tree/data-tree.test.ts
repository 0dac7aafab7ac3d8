import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32 } from 'node:zlib'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { ErrorCode } from '../../wire/errors.ts'
import { type SessionId, sessionId, zxid } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import { OPEN_ACL, type Stat } from '../../wire/records/data.ts'
import type { SingleTxn, Txn } from '../../wire/records/txn.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import { Writer } from '../../wire/writer.ts'
import { DataTree, NOT_FOUND, ROOT } from './data-tree.ts'
import { Database } from './database.ts'
import { countDescendants, writeChildNames, writeNodeData, writeNodeStat } from './replies.ts'
import { RandomTxns, TREE_OPTIONS, Twin, type TwinNode } from './test-twin.ts'

const SESSION = sessionId(0x100000f7d6f0000n)

/** Every znode of the tree by its path. */
function nodesOf(tree: DataTree): Map<string, number> {
  const nodes = new Map<string, number>()
  for (let id = tree.beginScan(); id !== -1; id = tree.nextInScan(id)) nodes.set(tree.path(id), id)
  tree.endScan()
  return nodes
}

/** quorum-protocol.md 8.3, with the platform's CRC. */
function digestOf(twin: Twin): bigint {
  let sum = 0n
  for (const [path, node] of twin.nodes) {
    if (!path.startsWith('/zookeeper/')) sum += BigInt(nodeCrc(path, node))
  }
  return sum
}

function nodeCrc(path: string, node: TwinNode): number {
  const stat = new Writer()
    .long(node.czxid)
    .long(node.mzxid)
    .long(node.pzxid)
    .longFromNumber(node.ctime)
    .longFromNumber(node.mtime)
    .int(node.version)
    .int(node.creations)
    .int(node.aversion)
    .long(node.owner)
    .copy()
  return crc32(stat, crc32(node.data ?? new Uint8Array(0), crc32(utf8Bytes(path))))
}

function assertSame(tree: DataTree, twin: Twin): void {
  const nodes = nodesOf(tree)
  assert.deepEqual([...nodes.keys()].sort(), [...twin.nodes.keys()].sort())
  let bytes = 0
  for (const [path, node] of twin.nodes) {
    const id = tree.find(path)
    assert.equal(id, nodes.get(path))
    assert.deepEqual(tree.data(id), node.data, path)
    assert.deepEqual(tree.acl(id), node.acl, path)
    assert.deepEqual(tree.stat(id), twin.stat(path), path)
    assert.equal(tree.owner(id), node.owner, path)
    assert.deepEqual(tree.childNames(id).sort(), twin.children(path).sort(), path)
    bytes += utf8Bytes(path).length + (node.data?.length ?? 0)
  }
  assert.equal(tree.nodeCount, twin.nodes.size)
  assert.equal(tree.approximateBytes, bytes)
  assert.equal(tree.digest, digestOf(twin))
  assertOwners(tree, twin)
}

function assertOwners(tree: DataTree, twin: Twin): void {
  const bySession = new Map<bigint, string[]>()
  for (const [path] of twin.nodes) {
    const owner = twin.stat(path).ephemeralOwner
    if (owner !== 0n) bySession.set(owner, [...(bySession.get(owner) ?? []), path])
  }
  assert.deepEqual(new Set(tree.ephemerals.owners()), new Set(bySession.keys()))
  for (const [owner, paths] of bySession) {
    const found = [...tree.ephemerals.of(owner)].map(id => tree.path(id))
    assert.deepEqual(found.sort(), paths.sort())
  }
  const marked = (mark: bigint): number =>
    [...twin.nodes.values()].filter(({ owner }) => owner < 0n && owner >> 56n === mark).length
  assert.equal(tree.containers.size, marked(-128n))
  assert.equal(tree.ttlNodes.size, marked(-1n))
  assert.equal(tree.ephemerals.count, [...bySession.values()].flat().length)
}

test('under random transactions the tree is what its dumb twin is', () => {
  let compared = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = new TestRandom(seed)
      const database = new Database(TREE_OPTIONS)
      const twin = new Twin()
      const source = new RandomTxns(twin, random)
      for (let i = 0; i < 250; i++) {
        const txn = source.next()
        database.apply(txn)
        assert.equal(database.lastZxid, txn.zxid)
        assert.deepEqual([...database.sessions], [...twin.sessions])
        if (i % 10 !== 9) continue
        assertSame(database.tree, twin)
        compared += twin.nodes.size
      }
    }),
    { numRuns: 25, endOnFailure: true },
  )
  assert.ok(compared > 10_000, 'a check that looked at nothing has not passed')
})

test('a tree written as a snapshot and read again is the same tree', () => {
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = new TestRandom(seed)
      const database = new Database(TREE_OPTIONS)
      const twin = new Twin()
      const source = new RandomTxns(twin, random)
      for (let i = 0; i < 200; i++) database.apply(source.next())
      const again = reload(database.tree)
      assertSame(again, twin)
      assert.equal(again.acls.size, database.tree.acls.size)
    }),
    { numRuns: 15, endOnFailure: true },
  )
})

function reload(tree: DataTree): DataTree {
  const writer = new Writer()
  tree.acls.write(writer)
  for (let id = tree.beginScan(); id !== -1; id = tree.nextInScan(id)) tree.writeNode(writer, id)
  tree.endScan()
  const reader = new Reader(writer.copy())
  const again = new DataTree({ ...TREE_OPTIONS, hashSeed: 99 })
  again.acls.read(reader)
  while (reader.remaining > 0) again.readNode(reader)
  again.finishLoad()
  return again
}

test('what replies carry is what the tree says', () => {
  const random = new TestRandom(11)
  const database = new Database(TREE_OPTIONS)
  const twin = new Twin()
  const source = new RandomTxns(twin, random)
  for (let i = 0; i < 400; i++) database.apply(source.next())
  const { tree } = database
  let looked = 0
  for (const [path, id] of nodesOf(tree)) {
    const writer = new Writer()
    writeNodeStat(tree, writer, id)
    writeNodeData(tree, writer, id)
    writeChildNames(tree, writer, id)
    const reader = new Reader(writer.copy())
    assert.deepEqual(readStatFields(reader), twin.stat(path))
    assert.deepEqual(reader.buffer(), twin.nodes.get(path)!.data)
    assert.deepEqual(reader.strings()!.sort(), twin.children(path).sort())
    const below = [...twin.nodes.keys()].filter(other => other.startsWith(`${path}/`)).length
    assert.equal(countDescendants(tree, id), below)
    looked++
  }
  assert.ok(looked > 20, 'a check that looked at nothing has not passed')
})

function readStatFields(reader: Reader): Stat {
  return {
    czxid: reader.long(),
    mzxid: reader.long(),
    ctime: reader.longAsNumber(),
    mtime: reader.longAsNumber(),
    version: reader.int(),
    cversion: reader.int(),
    aversion: reader.int(),
    ephemeralOwner: reader.long(),
    dataLength: reader.int(),
    numChildren: reader.int(),
    pzxid: reader.long(),
  }
}

test('a fresh tree is that of the reference', () => {
  const { tree } = new Database(TREE_OPTIONS)
  assert.deepEqual(tree.childNames(ROOT), ['zookeeper'])
  assert.equal(tree.find(''), ROOT)
  assert.equal(tree.find('/'), ROOT)
  assert.equal(tree.stat(ROOT).cversion, -1)
  assert.equal(tree.stat(tree.find('/zookeeper')).cversion, -2)
  assert.equal(tree.stat(tree.find('/zookeeper/quota')).cversion, 0)
  assert.equal(tree.stat(tree.find('/zookeeper/config')).aversion, -1)
  tree.setConfig(utf8Bytes('server.1=a:1:2'), 5n, 6)
  const { version, mzxid, mtime, czxid } = tree.stat(tree.find('/zookeeper/config'))
  assert.deepEqual(
    { version, mzxid, mtime, czxid },
    { version: -1, mzxid: 5n, mtime: 6, czxid: 0n },
  )
  assert.equal(tree.find('/x'), NOT_FOUND)
  assert.equal(tree.nodeCount, 4)
})

function txn(id: bigint, body: SingleTxn, clientId: SessionId = SESSION): Txn {
  return { clientId, cxid: 1, zxid: zxid(id), timeMs: 1000, body, digest: null }
}

function create(path: string, parentCVersion: number, ephemeral: boolean = false): SingleTxn {
  const data = utf8Bytes(path)
  return { type: OpCode.create, path, data, acl: OPEN_ACL, ephemeral, parentCVersion, ttlMs: 0 }
}

test('replay over a state from the future says why and changes little', () => {
  const database = new Database(TREE_OPTIONS)
  const told: number[] = []
  const apply = (id: bigint, body: SingleTxn): void =>
    database.apply(txn(id, body), (_body, _node, err) => told.push(err))
  apply(1n, create('/a', 1))
  apply(2n, create('/a/b', 1))
  assert.deepEqual(told, [ErrorCode.ok, ErrorCode.ok])
  const before = database.tree.digest
  apply(1n, create('/a', 1))
  apply(1n, { type: OpCode.delete, path: '/gone' })
  apply(1n, { type: OpCode.setData, path: '/gone', data: null, version: 1 })
  apply(1n, { type: OpCode.setAcl, path: '/gone', acl: OPEN_ACL, version: 1 })
  apply(1n, create('/gone/child', 1))
  const { nodeExists, noNode } = ErrorCode
  assert.deepEqual(told.slice(2), [nodeExists, noNode, noNode, noNode, noNode])
  assert.equal(database.tree.digest, before)
  assert.equal(database.lastZxid, 2n)
  // A znode whose child is from the future goes with it.
  apply(3n, { type: OpCode.delete, path: '/a' })
  assert.equal(database.tree.find('/a/b'), NOT_FOUND)
})

test('closing a session takes what it owns, named or not', () => {
  for (const paths of [null, ['/e']]) {
    const database = new Database(TREE_OPTIONS)
    database.apply(txn(1n, { type: OpCode.createSession, timeoutMs: 4000 }))
    database.apply(txn(2n, create('/e', 1, true)))
    database.apply(txn(3n, create('/f', 2, true)))
    database.apply(txn(4n, create('/g', 3, true), sessionId(5n)))
    database.apply(txn(5n, { type: OpCode.closeSession, paths }))
    assert.deepEqual(database.tree.childNames(ROOT).sort(), ['g', 'zookeeper'])
    assert.equal(database.sessions.size, 0)
    assert.equal(database.tree.stat(ROOT).pzxid, 5n)
    assert.equal(database.tree.stat(ROOT).cversion, 2 * 3 - 2 + 0)
  }
})

test('a count of creations at its end stays there', () => {
  const { tree } = new Database(TREE_OPTIONS)
  tree.begin(9n, 0)
  tree.raiseCversion(ROOT, 2 ** 31 - 1)
  assert.equal(tree.stat(ROOT).pzxid, 9n)
  tree.begin(10n, 0)
  tree.raiseCversion(ROOT, -(2 ** 31))
  assert.equal(tree.stat(ROOT).pzxid, 9n)
})

test('without digests nothing is computed', () => {
  const database = new Database({ ...TREE_OPTIONS, digestEnabled: false })
  database.apply(txn(1n, create('/a', 1)))
  assert.equal(database.tree.digest, 0n)
})
