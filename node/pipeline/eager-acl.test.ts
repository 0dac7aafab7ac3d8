/** client-protocol.md 16.8. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import type { RawAcl } from '../../wire/records/data.ts'
import * as proto from '../../wire/records/proto.ts'
import type { TestClient } from './test-client.ts'
import { TestEnsemble } from './test-ensemble.ts'

const OPEN: readonly RawAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const BAD: readonly RawAcl[] = [{ perms: 31, scheme: 'nobody', id: 'x' }]
const CLOSED: readonly RawAcl[] = [{ perms: 31, scheme: 'digest', id: 'v:x' }]

function create(client: TestClient, path: string, acl: readonly RawAcl[]): void {
  client.ask(OpCode.create, writer =>
    proto.createRequest.write(writer, { path, data: null, acl, flags: 0 }),
  )
}

function setAcl(client: TestClient, path: string, acl: readonly RawAcl[]): void {
  client.ask(OpCode.setAcl, writer => proto.setAclRequest.write(writer, { path, acl, version: -1 }))
}

/** One client per member, and a znode that nobody may touch. */
function world(eagerAclCheck: boolean): {
  readonly ensemble: TestEnsemble
  readonly clients: readonly TestClient[]
} {
  const ensemble = new TestEnsemble(1, { eagerAclCheck })
  const clients = ensemble.members.map(member => {
    const client = member.open()
    client.attach()
    ensemble.settle()
    return client
  })
  create(clients[0]!, '/closed', OPEN)
  create(clients[0]!, '/closed/in', OPEN)
  setAcl(clients[0]!, '/closed', CLOSED)
  ensemble.settle()
  return { ensemble, clients }
}

const { ok, noAuth, noNode, invalidAcl, badArguments, marshallingError } = ErrorCode

/** What is asked, what comes, and whether the member that is asked knows it at once. */
const TABLE: readonly (readonly [(client: TestClient) => unknown, number, boolean])[] = [
  [c => create(c, '/closed/x', OPEN), noAuth, true],
  [c => create(c, '/x', BAD), invalidAcl, true],
  [c => create(c, '/closed/x', BAD), invalidAcl, true],
  [c => c.delete('/closed/in'), noAuth, true],
  [c => c.delete('/closed/missing'), noAuth, true],
  [c => c.setData('/closed', null), noAuth, true],
  [c => setAcl(c, '/closed', OPEN), noAuth, true],
  [c => setAcl(c, '/x', BAD), invalidAcl, true],
  [c => c.setData('/missing', null), noNode, false],
  [c => create(c, '/missing/x', OPEN), noNode, false],
  [c => create(c, 'bad', OPEN), badArguments, false],
  [c => c.delete('/zookeeper'), badArguments, false],
  [c => c.ask(OpCode.setData), marshallingError, false],
  [c => c.delete('/closed'), ErrorCode.notEmpty, false],
  [c => create(c, '/open', OPEN), ok, false],
  [c => c.delete('/open'), ok, false],
]

test('what its state forbids is refused by the member that is asked, without a transaction', () => {
  const { ensemble, clients } = world(true)
  for (const client of clients) {
    for (const [i, [ask, err, isEager]] of TABLE.entries()) {
      const before = ensemble.leader.log.entries.length
      ask(client)
      if (isEager) assert.equal(client.last.err, err, `entry ${i}`)
      ensemble.settle()
      assert.equal(client.last.err, err, `entry ${i}`)
      if (isEager) assert.equal(ensemble.leader.log.entries.length, before)
    }
  }
})

test('switched off, the leader answers the same', () => {
  const { ensemble, clients } = world(false)
  for (const client of clients) {
    for (const [i, [ask, err]] of TABLE.entries()) {
      ask(client)
      ensemble.settle()
      assert.equal(client.last.err, err, `entry ${i}`)
    }
  }
})

test('a refusal waits for its turn', () => {
  const { ensemble, clients } = world(true)
  for (const client of clients) {
    client.received.length = 0
    create(client, '/a', OPEN)
    client.setData('/closed', null)
    client.delete('/a')
    assert.equal(client.replies.length, 0)
    ensemble.settle()
    assert.deepEqual(
      client.replies.map(reply => reply.err),
      [ok, noAuth, ok],
    )
  }
})
