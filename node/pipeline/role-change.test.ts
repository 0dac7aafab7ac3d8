import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { TestMember } from './test-member.ts'

const ENSEMBLE = { isStandalone: false, serverId: 1 }

function leader(): TestMember {
  const member = new TestMember({ options: ENSEMBLE })
  member.pipeline.isServing = false
  member.pipeline.assume('leader', member.database)
  member.pipeline.serve()
  return member
}

test('a client that waits for nothing keeps its connection, and what it asks is answered later', () => {
  const member = leader()
  const client = member.connect()
  client.create('/a')
  member.settle()
  member.pipeline.loseRole('no leader')
  assert.ok(client.isOpen)
  const before = client.replies.length
  client.read(OpCode.getData, '/a')
  assert.equal(client.replies.length, before, 'nobody is served without a role')
  member.pipeline.assume('leader', member.database)
  member.pipeline.serve()
  assert.equal(client.replies.length, before + 1)
  assert.equal(client.last.err, ErrorCode.ok)
  client.setData('/a', new Uint8Array(3))
  member.settle()
  assert.equal(client.last.err, ErrorCode.ok)
})

test('a client with a write on its way is let go: nobody can tell it what became of it', () => {
  const member = leader()
  const idle = member.connect()
  const busy = member.connect()
  busy.create('/b')
  member.pipeline.loseRole('no leader')
  assert.ok(!busy.isOpen)
  assert.ok(idle.isOpen)
  assert.equal(member.pipeline.outstanding, 0)
})

test('a session that ended meanwhile, and a tree that was replaced, end the connection', () => {
  const member = leader()
  const ended = member.connect()
  const other = member.connect()
  const { session } = [...member.pipeline.connections][0]!
  member.pipeline.loseRole('no leader')
  member.database.sessions.delete(session!.id)
  member.pipeline.assume('leader', member.database)
  member.pipeline.serve()
  assert.ok(!ended.isOpen)
  assert.ok(other.isOpen)
  member.pipeline.loseRole('no leader')
  const replaced = new TestMember({ options: ENSEMBLE }).database
  replaced.lastZxid = member.database.lastZxid
  member.pipeline.database = replaced
  member.pipeline.loseRole('again')
  member.pipeline.assume('leader', replaced)
  assert.ok(!other.isOpen, 'its watches were on the other tree')
})
