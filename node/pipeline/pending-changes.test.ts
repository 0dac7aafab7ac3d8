import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import { OPEN_ACL } from '../../wire/records/data.ts'
import * as proto from '../../wire/records/proto.ts'
import { Field } from '../tree/columns.ts'
import { ROOT } from '../tree/data-tree.ts'
import { Database } from '../tree/database.ts'
import { TREE_OPTIONS } from '../tree/test-twin.ts'
import type { TestClient } from './test-client.ts'
import { TestMember } from './test-member.ts'

const ACL = OPEN_ACL.map(({ perms, id }) => ({ perms, ...id }))
const PATHS = ['/a', '/b', '/a/x', '/b/x', '/a/x/y'] as const

/** One thing to ask, the same from every client that is given it. */
type Step = (client: TestClient) => void

function part(random: TestRandom): proto.MultiOp {
  const path = random.pick(PATHS)
  switch (random.int(5)) {
    case 0:
    case 1: {
      const flags = random.pick([0, 1, 2, 3])
      const request = {
        path: flags < 2 ? path : `${path}-`,
        data: random.bytes(3),
        acl: ACL,
        flags,
      }
      return proto.multiOp(OpCode.create, proto.createRequest, request)
    }
    case 2:
      return proto.multiOp(OpCode.delete, proto.pathVersion, { path, version: -1 })
    case 3:
      return proto.multiOp(OpCode.check, proto.pathVersion, { path, version: -1 })
    default: {
      const request = { path, data: random.bytes(random.int(9)), version: -1 }
      return proto.multiOp(OpCode.setData, proto.setDataRequest, request)
    }
  }
}

function multi(parts: readonly proto.MultiOp[]): Step {
  return client => client.ask(OpCode.multi, writer => proto.writeMulti(writer, parts))
}

/** A check that never holds: the multi it ends does not happen. */
const NEVER = proto.multiOp(OpCode.check, proto.pathVersion, { path: '/never', version: 0 })
/** Takes a zxid as well, and nothing else. */
const NOTHING: Step = client => client.delete('/never')

function plain(random: TestRandom): Step {
  const path = random.pick(PATHS)
  const data = random.bytes(random.int(9))
  switch (random.int(5)) {
    case 0: {
      const flags = random.pick([0, 1, 2, 3])
      return client => client.create(flags < 2 ? path : `${path}-`, data, flags)
    }
    case 1:
      return client => client.delete(path)
    case 2:
      return client => client.setData(path, data)
    case 3: {
      const acl = [{ perms: random.pick([31, 15, 7]), scheme: 'world', id: 'anyone' }]
      return client =>
        client.ask(OpCode.setAcl, writer =>
          proto.setAclRequest.write(writer, { path, acl, version: -1 }),
        )
    }
    default:
      return multi(Array.from({ length: random.int(4) }, () => part(random)))
  }
}

test('a multi that fails leaves everything as if it had never been', () => {
  let failed = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = new TestRandom(seed)
      const members = [new TestMember(), new TestMember()]
      const clients = members.map(member => member.connect())
      for (let i = 0; i < 120; i++) {
        if (random.oneIn(3)) {
          const parts = Array.from({ length: random.between(1, 5) }, () => part(random))
          multi([...parts, NEVER])(clients[0]!)
          NOTHING(clients[1]!)
          failed++
        } else {
          const step = plain(random)
          for (const client of clients) step(client)
        }
        if (!random.oneIn(3)) continue
        const count = random.int(6)
        for (const member of members) member.durable(count)
      }
      for (const member of members) {
        member.settle()
        member.checkQuiet()
        member.checkRecovery()
      }
      const [one, other] = members.map(member => contentOf(member.database))
      assert.deepEqual(one, other)
    }),
    { numRuns: 25, endOnFailure: true },
  )
  assert.ok(failed > 500, 'a check that looked at nothing has not passed')
})

function contentOf({ tree, lastZxid }: Database): unknown {
  const nodes: unknown[] = []
  for (let id = tree.beginScan(); id !== -1; id = tree.nextInScan(id)) {
    nodes.push([tree.path(id), tree.stat(id), tree.data(id), tree.acl(id)])
  }
  tree.endScan()
  return { nodes, digest: tree.digest, lastZxid }
}

test('pipelined writes see each other before anything is applied', () => {
  const member = new TestMember()
  const client = member.connect()
  const asked: readonly (readonly [Step, number])[] = [
    [c => c.create('/a'), ErrorCode.ok],
    [c => c.create('/a/b'), ErrorCode.ok],
    [c => c.delete('/a'), ErrorCode.notEmpty],
    [c => c.create('/a'), ErrorCode.nodeExists],
    [c => c.delete('/a/b'), ErrorCode.ok],
    [c => c.delete('/a/b'), ErrorCode.noNode],
    [c => c.setData('/a', null, 0), ErrorCode.ok],
    [c => c.setData('/a', null, 0), ErrorCode.badVersion],
    [c => c.delete('/a', 1), ErrorCode.ok],
    [c => c.create('/a/c'), ErrorCode.noNode],
    [c => c.create('/e', null, 1), ErrorCode.ok],
    [c => c.create('/e/child'), ErrorCode.noChildrenForEphemerals],
    [c => c.create('/a', null, 0), ErrorCode.ok],
  ]
  for (const [step] of asked) step(client)
  assert.equal(member.pipeline.changes.size > 0, true)
  assert.equal(client.replies.length, 0)
  member.settle()
  const errors = client.replies.map(reply => reply.err)
  assert.deepEqual(
    errors,
    asked.map(([, err]) => err),
  )
  member.checkQuiet()
  member.checkRecovery()
})

test('sequence numbers are taken from what is pending, and given back by what fails', () => {
  const member = new TestMember()
  const client = member.connect()
  const sequential = { path: '/s-', data: null, acl: ACL, flags: 2 }
  const one = proto.multiOp(OpCode.create, proto.createRequest, sequential)
  client.create('/s-', null, 2)
  multi([one, one, NEVER])(client)
  multi([one, one])(client)
  client.create('/s-', null, 3)
  member.settle()
  const names = member.database.tree.childNames(ROOT).filter(name => name.startsWith('s-'))
  // The first child ever was /zookeeper, which does not count.
  assert.deepEqual(
    names.sort(),
    [0, 1, 2, 3].map(n => `s-${String(n).padStart(10, '0')}`),
  )
})

test('results of a multi show each part right after it', () => {
  const member = new TestMember()
  const client = member.connect()
  const write = (text: string): proto.MultiOp =>
    proto.multiOp(OpCode.setData, proto.setDataRequest, {
      path: '/a',
      data: new TextEncoder().encode(text),
      version: -1,
    })
  client.create('/a')
  multi([write('x'), write('longer'), write('')])(client)
  member.settle()
  const results = proto.readMultiResults(new Reader(client.last.body))
  const stats = results.map(result => ('stat' in result ? result.stat : undefined))
  assert.deepEqual(
    stats.map(stat => stat?.version),
    [1, 2, 3],
  )
  assert.deepEqual(
    stats.map(stat => stat?.dataLength),
    [1, 6, 0],
  )
})

test('a count of creations at its end stays, and the member lives', () => {
  const database = new Database(TREE_OPTIONS)
  database.tree.columns.set(ROOT, Field.cversion, 2 ** 31 - 2)
  database.tree.setAcl(ROOT, OPEN_ACL, 0)
  const member = new TestMember({ database })
  const client = member.connect()
  for (const name of ['/a', '/b', '/c']) client.create(name)
  client.create('/s-', null, 2)
  client.delete('/b')
  member.settle()
  assert.deepEqual(
    client.replies.map(reply => reply.err),
    [0, 0, 0, 0, 0],
  )
  member.checkQuiet()
  assert.equal(member.database.tree.columns.get(ROOT, Field.cversion), 2 ** 31 - 1)
})

test('versions wrap round as an int does', () => {
  const first = new TestMember()
  first.connect().create('/a')
  first.settle()
  const { database } = first
  database.tree.setData(database.tree.find('/a'), null, 2 ** 31 - 1)
  const member = new TestMember({ database })
  const client = member.connect()
  client.setData('/a', null, 2 ** 31 - 1)
  client.setData('/a', null, -(2 ** 31))
  member.settle()
  assert.deepEqual(
    client.replies.map(reply => reply.err),
    [0, 0],
  )
  member.checkQuiet()
})
