/** A leader and its learners: client-protocol.md 3.5 and 15, quorum-protocol.md 7. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import * as proto from '../../wire/records/proto.ts'
import { readTxn } from '../../wire/records/txn.ts'
import { Database } from '../tree/database.ts'
import { Asker, checkMonotonic, checkRead, readsOf } from './test-asker.ts'
import type { TestClient } from './test-client.ts'
import { TestEnsemble } from './test-ensemble.ts'
import type { TestMember } from './test-member.ts'

/** A client with a session at one of the members. */
function connect(ensemble: TestEnsemble, member: TestMember): TestClient {
  const client = member.open()
  client.attach({ timeOut: 20_000 })
  ensemble.settle()
  assert.notEqual(client.session, undefined)
  return client
}

interface Sync {
  readonly client: TestClient
  readonly xid: number
  /** What was committed when it was asked. */
  readonly atLeast: bigint
}

interface Run {
  readonly ensemble: TestEnsemble
  readonly all: Asker[]
  readonly syncs: Sync[]
}

/** Clients at all members ask, move, are cut off and expire, while links deliver when they like. */
function run(seed: number, steps: number): Run {
  const random = new TestRandom(seed)
  const isLocal = random.oneIn(2)
  const options = { localSessions: isLocal, localSessionsUpgrading: isLocal }
  const ensemble = new TestEnsemble(2, options)
  const all: Asker[] = []
  const syncs: Sync[] = []
  const enter = (client: TestClient): void => void all.push(new Asker(client))
  for (const member of ensemble.members) enter(connect(ensemble, member))
  for (let step = 0; step < steps; step++) {
    for (const member of ensemble.members) member.advance(0)
    const open = all.filter(({ client }) => client.isOpen && client.session !== undefined)
    const asker = open.length > 0 ? random.pick(open) : undefined
    switch (random.int(20)) {
      case 0:
        if (open.length < 6) enter(openOne(random.pick(ensemble.members)))
        break
      case 1:
        if (random.oneIn(3)) asker?.client.cut()
        break
      case 2: {
        const session = asker?.client.session
        if (session === undefined || !random.oneIn(3)) break
        const again = random.pick(ensemble.members).open()
        again.reattach(session, { timeOut: 20_000 })
        enter(again)
        break
      }
      case 3:
        ensemble.advance(random.int(2500))
        break
      case 4:
        if (asker === undefined || !random.oneIn(4)) break
        asker.client.ask(OpCode.closeSession)
        asker.asked.push({ xid: 0, type: OpCode.closeSession, path: '', watch: false })
        break
      case 5:
      case 6:
        if (asker === undefined) break
        syncs.push(sync(ensemble, asker))
        break
      case 7:
      case 8:
      case 9:
      case 10:
      case 11:
        ensemble.stir(random)
        break
      default:
        if (asker !== undefined) asker.ask(random)
    }
  }
  ensemble.settle()
  return { ensemble, all, syncs }
}

function openOne(member: TestMember): TestClient {
  const client = member.open()
  client.attach({ timeOut: 20_000 })
  return client
}

function sync(ensemble: TestEnsemble, { client, asked }: Asker): Sync {
  const atLeast = ensemble.leader.database.lastZxid
  const xid = client.ask(OpCode.sync, writer => writer.string('/'))
  asked.push({ xid, type: OpCode.sync, path: '/', watch: false })
  return { client, xid, atLeast }
}

test('everywhere replies come in order, and nobody is left without an answer', () => {
  let answers = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const { ensemble, all } = run(seed, 350)
      for (const { client, asked } of all) {
        const xids = client.replies.map(reply => reply.xid)
        const expected = asked.filter(one => one.type !== OpCode.closeSession).map(one => one.xid)
        const withoutClose = xids.filter(xid => expected.includes(xid))
        assert.deepEqual(withoutClose, expected.slice(0, withoutClose.length))
        if (client.isOpen && client.session !== undefined) assert.equal(xids.length, asked.length)
        checkMonotonic(client.received)
        answers += xids.length
      }
      for (const { pipeline, database } of ensemble.members) {
        assert.equal(pipeline.outstanding, 0)
        assert.equal(pipeline.heldBack.size, 0)
        assert.equal(database.tree.digest, ensemble.leader.database.tree.digest)
        assert.deepEqual(new Map(database.sessions), ensemble.leader.database.sessions)
      }
      ensemble.leader.checkQuiet()
      ensemble.leader.checkRecovery()
    }),
    { numRuns: 60, endOnFailure: true },
  )
  assert.ok(answers > 1500, `${answers}: a check that looked at nothing has not passed`)
})

test('reads are true at their zxid on every member', () => {
  let looked = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const { ensemble, all } = run(seed, 350)
      const reads = all.flatMap(readsOf)
      const database = new Database(ensemble.leader.database.tree.options)
      for (const { bytes } of ensemble.leader.log.entries) {
        database.apply(readTxn(new Reader(bytes)))
        for (const read of reads) {
          if (read.zxid !== database.lastZxid) continue
          checkRead(database, read)
          looked++
        }
      }
    }),
    { numRuns: 40, endOnFailure: true },
  )
  assert.ok(looked > 250, `${looked}: a check that looked at nothing has not passed`)
})

test('after a sync a member knows what the leader had committed when it was asked', () => {
  let looked = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      for (const { client, xid, atLeast } of run(seed, 350).syncs) {
        const reply = client.replies.find(one => one.xid === xid)
        if (reply === undefined || reply.err !== ErrorCode.ok) continue
        assert.ok(reply.zxid >= atLeast, `sync at ${reply.zxid}, asked at ${atLeast}`)
        looked++
      }
    }),
    { numRuns: 40, endOnFailure: true },
  )
  assert.ok(looked > 120, `${looked}: a check that looked at nothing has not passed`)
})

test('a session that moved: writes through the old member are refused with a cut', () => {
  const ensemble = new TestEnsemble(2)
  const [leader, one, two] = ensemble.members
  const old = connect(ensemble, one!)
  old.create('/a')
  ensemble.settle()
  assert.equal(old.last.err, ErrorCode.ok)
  const moved = two!.open()
  moved.reattach(old.session!)
  ensemble.settle()
  assert.equal(moved.session, old.session)
  // The old member has not heard of it: it still reads there.
  assert.ok(old.isOpen)
  old.read(OpCode.exists, '/a')
  assert.equal(old.last.err, ErrorCode.ok)
  old.create('/b')
  ensemble.settle()
  assert.ok(!old.isOpen)
  assert.equal(old.replies.length, 2)
  assert.equal(leader!.database.tree.find('/b'), -1)
  moved.create('/b')
  ensemble.settle()
  assert.equal(moved.last.err, ErrorCode.ok)
})

test('what an earlier connection of the session wrote is not taken for what this one asked', () => {
  for (const to of [1, 2]) {
    const ensemble = new TestEnsemble(2)
    const old = connect(ensemble, ensemble.members[1]!)
    old.create('/old')
    ensemble.pumpLeader(1, 1)
    old.cut()
    const again = ensemble.members[to]!.open()
    again.reattach(old.session!)
    ensemble.pumpLeader(to, 1)
    ensemble.pump(to, 1)
    assert.equal(again.session, old.session)
    // Clients that number each connection anew, like kazoo, use the same xid again.
    const xid = again.create('/new')
    assert.equal(xid, 1)
    ensemble.commit(1)
    ensemble.pump(to, 1)
    assert.equal(again.replies.length, 0)
    ensemble.settle()
    assert.equal(proto.pathOnly.read(new Reader(again.last.body)).path, '/new')
    assert.equal(again.last.zxid, ensemble.leader.database.lastZxid)
    again.read(OpCode.exists, '/old')
    assert.equal(again.last.err, ErrorCode.ok)
  }
})

test('nor is it when the session is a local one, which nobody is asked about', () => {
  const options = { localSessions: true, localSessionsUpgrading: true }
  const ensemble = new TestEnsemble(1, options)
  const member = ensemble.members[1]!
  const old = connect(ensemble, member)
  old.create('/old')
  old.create('/older')
  old.cut()
  const again = member.open()
  again.reattach(old.session!)
  again.create('/new')
  again.read(OpCode.exists, '/old')
  ensemble.settle()
  const [created, read] = again.replies
  assert.equal(proto.pathOnly.read(new Reader(created!.body)).path, '/new')
  assert.equal(read!.err, ErrorCode.ok)
  again.create('/newer')
  ensemble.settle()
  assert.equal(proto.pathOnly.read(new Reader(again.last.body)).path, '/newer')
})

test('a session is kept alive through its learner, and expires when that is silent', () => {
  const ensemble = new TestEnsemble(1)
  const client = connect(ensemble, ensemble.members[1]!)
  client.create('/e', null, 1)
  ensemble.settle()
  for (let i = 0; i < 5; i++) {
    ensemble.advance(15_000)
    client.ping()
    ensemble.ping(1)
    ensemble.settle()
    assert.ok(client.isOpen)
  }
  ensemble.advance(15_000)
  ensemble.advance(8000)
  ensemble.settle()
  assert.ok(!client.isOpen)
  for (const { database } of ensemble.members) assert.equal(database.tree.find('/e'), -1)
})

test('ephemerals and their watches end on every member at the same zxid', () => {
  const ensemble = new TestEnsemble(2)
  const [owner, ...watchers] = ensemble.members.map(member => connect(ensemble, member))
  owner!.create('/e', null, 1)
  ensemble.settle()
  for (const watcher of watchers) watcher.read(OpCode.exists, '/e', true)
  owner!.ask(OpCode.closeSession)
  ensemble.settle()
  const newest = ensemble.leader.database.lastZxid
  for (const watcher of watchers) assert.deepEqual(watcher.events, [`2 /e ${newest}`])
})

test('an unreadable packet of a learner harms nobody', () => {
  const ensemble = new TestEnsemble(1)
  const random = new TestRandom(3)
  const client = connect(ensemble, ensemble.members[1]!)
  const port = ensemble.members[1]!.pipeline.ports.ensemble!
  for (let i = 0; i < 500; i++) {
    const type = random.pick([1, 6])
    const data = random.oneIn(8) ? null : random.bytes(random.int(40))
    port.forward({ type, zxid: -1n as never, data, authinfo: null })
  }
  client.create('/a')
  ensemble.settle()
  assert.equal(client.last.err, ErrorCode.ok)
})
