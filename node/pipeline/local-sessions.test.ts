/** client-protocol.md 15.7 and 19. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import * as proto from '../../wire/records/proto.ts'
import type { TestClient } from './test-client.ts'
import { TestEnsemble } from './test-ensemble.ts'
import type { TestMember } from './test-member.ts'

const ACL = [{ perms: 31, scheme: 'world', id: 'anyone' }]

function attached(member: TestMember): TestClient {
  const client = member.open()
  client.attach({ timeOut: 20_000 })
  return client
}

function local(upgrading: boolean): TestEnsemble {
  return new TestEnsemble(2, { localSessions: true, localSessionsUpgrading: upgrading })
}

test('a local session takes no transaction, and is known at its member only', () => {
  const ensemble = local(true)
  for (const member of ensemble.members) {
    const client = attached(member)
    assert.notEqual(client.session, undefined)
    assert.equal(client.timeoutMs, 20_000)
  }
  assert.equal(ensemble.leader.log.entries.length, 0)
  const [, one, two] = ensemble.members
  const client = attached(one!)
  client.cut()
  const again = one!.open()
  again.reattach(client.session!)
  assert.equal(again.session, client.session)
  const elsewhere = two!.open()
  elsewhere.reattach(client.session!)
  ensemble.settle()
  assert.equal(elsewhere.session, 0n)
})

test('it writes like any other, and its closing takes no transaction either', () => {
  const ensemble = local(true)
  const client = attached(ensemble.members[1]!)
  client.create('/a')
  client.read(OpCode.exists, '/a')
  client.ask(OpCode.closeSession)
  ensemble.settle()
  assert.deepEqual(
    client.replies.map(reply => reply.err),
    [0, 0, 0],
  )
  assert.ok(!client.isOpen)
  assert.equal(ensemble.leader.log.entries.length, 1)
  assert.equal(ensemble.members[1]!.pipeline.localTracker.size, 0)
})

test('nothing follows the closing of a local session, an upgrade least of all', () => {
  for (const at of [0, 1]) {
    const ensemble = local(true)
    const client = attached(ensemble.members[at]!)
    client.create('/before')
    client.read(OpCode.exists, '/before')
    client.ask(OpCode.closeSession)
    client.create('/after')
    client.create('/e', null, 1)
    ensemble.settle()
    assert.deepEqual(
      client.replies.map(reply => reply.err),
      [0, 0, 0],
    )
    assert.ok(!client.isOpen)
    assert.equal(ensemble.leader.log.entries.length, 1)
    assert.equal(ensemble.leader.database.sessions.size, 0)
    assert.equal(ensemble.members[at]!.pipeline.outstanding, 0)
  }
})

test('an ephemeral makes it global first, alone and inside a multi', () => {
  const part = proto.multiOp(OpCode.create, proto.createRequest, {
    path: '/e',
    data: null,
    acl: ACL,
    flags: 1,
  })
  for (const at of [0, 1]) {
    for (const asMulti of [false, true]) {
      const ensemble = local(true)
      const client = attached(ensemble.members[at]!)
      if (asMulti) client.ask(OpCode.multi, writer => proto.writeMulti(writer, [part]))
      else client.create('/e', null, 1)
      ensemble.settle()
      assert.equal(client.last.err, ErrorCode.ok)
      for (const { database } of ensemble.members) {
        assert.ok(database.sessions.has(client.session!))
        const stat = database.tree.stat(database.tree.find('/e'))
        assert.equal(stat.ephemeralOwner, client.session)
      }
      assert.equal(ensemble.leader.log.entries.length, 2)
      // It may move now, and expires at the leader.
      const moved = ensemble.members[2]!.open()
      moved.reattach(client.session!)
      ensemble.settle()
      assert.equal(moved.session, client.session)
      ensemble.advance(30_000)
      ensemble.settle()
      assert.equal(ensemble.leader.database.tree.find('/e'), -1)
    }
  }
})

test('without upgrading an ephemeral is refused, in its turn', () => {
  const ensemble = local(false)
  const client = attached(ensemble.members[1]!)
  client.create('/a')
  client.create('/e', null, 1)
  client.create('/b')
  ensemble.settle()
  assert.deepEqual(
    client.replies.map(reply => reply.err),
    [ErrorCode.ok, ErrorCode.ephemeralOnLocalSession, ErrorCode.ok],
  )
  assert.equal(ensemble.leader.database.sessions.size, 0)
})

test('its member expires it, and tells nobody', () => {
  const ensemble = local(true)
  const [, member] = ensemble.members
  const client = attached(member!)
  ensemble.advance(15_000)
  member!.advance(0)
  assert.ok(client.isOpen)
  client.ping()
  ensemble.advance(15_000)
  member!.advance(0)
  assert.ok(client.isOpen)
  ensemble.advance(8000)
  member!.advance(0)
  assert.ok(!client.isOpen)
  assert.equal(ensemble.leader.log.entries.length, 0)
})

/** A member that has lost its quorum. */
function readOnly(localSessions: boolean): TestMember {
  const ensemble = new TestEnsemble(1, { localSessions })
  const client = attached(ensemble.leader)
  client.create('/a')
  ensemble.settle()
  const member = ensemble.members[1]!
  member.pipeline.abandon('no quorum')
  member.pipeline.assume('readOnly', member.database)
  member.pipeline.isServing = true
  return member
}

test('a read-only member takes who asks for it, and answers reads only', () => {
  const member = readOnly(true)
  const plain = attached(member)
  assert.ok(!plain.isOpen)
  const client = member.open()
  client.attach({ readOnly: true })
  assert.notEqual(client.session, undefined)
  client.read(OpCode.exists, '/a')
  client.create('/b')
  client.setData('/a', null)
  client.ask(OpCode.sync, writer => writer.string('/'))
  client.ask(OpCode.multi, writer => proto.writeMulti(writer, []))
  client.ping()
  client.ask(OpCode.closeSession)
  const { ok, notReadOnly } = ErrorCode
  assert.deepEqual(
    client.replies.map(reply => reply.err),
    [ok, notReadOnly, notReadOnly, notReadOnly, notReadOnly, ok, ok],
  )
  assert.ok(!client.isOpen)
  assert.equal(member.pipeline.outstanding, 0)
})

test('a read-only member without local sessions has none to give', () => {
  const member = readOnly(false)
  const client = member.open()
  client.attach({ readOnly: true })
  assert.ok(!client.isOpen)
  assert.equal(client.receivedBytes, 0)
  const [known] = member.database.sessions.keys()
  const again = member.open()
  again.reattach(known!, { readOnly: true })
  assert.ok(!again.isOpen)
})

test('the byte of the response says whether the member is read-only', () => {
  const member = readOnly(true)
  const client = member.open()
  const sent: Uint8Array[] = []
  const send = client.send.bind(client)
  client.send = (bytes, length) => {
    sent.push(bytes.slice(0, length))
    return send(bytes, length)
  }
  client.attach({ readOnly: true })
  const response = proto.connectResponse.read(new Reader(sent[0]!.slice(4)))
  assert.equal(response.readOnly, true)
})
