/** What a client can do at the port, in every order: client-protocol.md 1 to 3, 15. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { ErrorCode } from '../../wire/errors.ts'
import { sessionId } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import * as proto from '../../wire/records/proto.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import type { Writer } from '../../wire/writer.ts'
import { ROUTES } from './ops/table.ts'
import type { TestClient } from './test-client.ts'
import { TestMember } from './test-member.ts'

test('the time-out is negotiated, and old clients get no byte that they do not know', () => {
  const member = new TestMember()
  for (const [asked, given] of [
    [0, 4000],
    [-5, 4000],
    [4001, 4001],
    [1_000_000, 40_000],
  ] as const) {
    assert.equal(member.connect(asked).timeoutMs, given)
  }
  const old = member.open()
  old.attach({ readOnly: undefined })
  member.settle()
  assert.equal(old.receivedBytes, 4 + 36)
  const current = member.open()
  current.attach()
  member.settle()
  assert.equal(current.receivedBytes, 4 + 37)
})

test('no session is given before its transaction is durable, and none after a cut', () => {
  const member = new TestMember()
  const client = member.open()
  client.attach()
  const gone = member.open()
  gone.attach()
  assert.equal(client.receivedBytes, 0)
  gone.cut()
  member.settle()
  assert.notEqual(client.session, undefined)
  assert.equal(gone.session, undefined)
  // Its session exists all the same, until it expires.
  assert.equal(member.database.sessions.size, 2)
  client.ping()
  member.advance(9000)
  client.ping()
  member.advance(4000)
  member.settle()
  assert.equal(member.database.sessions.size, 1)
  assert.ok(client.isOpen)
})

test('what was sent behind the ConnectRequest is answered in its order', () => {
  const member = new TestMember()
  const client = member.open()
  client.expectSession()
  const frames = [
    client.connectFrame(),
    client.requestFrame(-4, OpCode.auth, writer =>
      proto.authRequest.write(writer, { type: 0, scheme: 'digest', auth: utf8Bytes('u:p') }),
    ),
    client.requestFrame(1, OpCode.whoAmI, () => {}),
    client.requestFrame(-2, OpCode.ping, () => {}),
  ]
  client.push(Buffer.concat(frames))
  assert.equal(client.receivedBytes, 0)
  member.settle()
  assert.deepEqual(
    client.replies.map(reply => reply.xid),
    [-4, 1, -2],
  )
})

test('a client that has seen the future is sent away, a second ConnectRequest is a request', () => {
  const member = new TestMember()
  const ahead = member.open()
  ahead.attach({ lastZxidSeen: 1n })
  assert.ok(!ahead.isOpen)
  assert.equal(ahead.receivedBytes, 0)
  const client = member.connect()
  client.push(client.connectFrame())
  // protocolVersion and the upper half of lastZxidSeen are read as xid 0 and operation 0.
  assert.equal(client.last.err, ErrorCode.unimplemented)
  assert.ok(!client.isOpen)
})

test('a session moves to the connection that has its password, and to no other', () => {
  const member = new TestMember()
  const owner = member.connect()
  const { session } = owner
  const thief = member.open()
  thief.attach({ sessionId: session!, passwd: new Uint8Array(16) })
  assert.equal(thief.session, 0n)
  assert.equal(thief.timeoutMs, 0)
  assert.ok(!thief.isOpen)
  assert.ok(owner.isOpen)
  const again = member.open()
  again.reattach(session!, { timeOut: 5000 })
  assert.equal(again.session, session)
  assert.equal(again.timeoutMs, 5000)
  assert.ok(!owner.isOpen)
  again.create('/a')
  member.settle()
  assert.equal(again.last.err, ErrorCode.ok)
  const unknown = member.open()
  unknown.reattach(sessionId(12_345n))
  assert.equal(unknown.session, 0n)
  assert.ok(!unknown.isOpen)
})

test('writes of a connection that broke are committed and answered to nobody', () => {
  const member = new TestMember()
  const client = member.connect()
  client.create('/e', null, 1)
  client.read(OpCode.getData, '/e')
  client.cut()
  const again = member.open()
  again.reattach(client.session!)
  again.read(OpCode.exists, '/e')
  assert.equal(again.last.err, ErrorCode.noNode)
  member.settle()
  again.read(OpCode.exists, '/e')
  assert.equal(again.last.err, ErrorCode.ok)
  assert.equal(client.replies.length, 0)
  assert.equal(again.replies.length, 2)
  member.checkQuiet()
})

test('ephemerals on their way go with their session', () => {
  const member = new TestMember()
  const client = member.connect()
  client.create('/e1', null, 1)
  member.settle()
  client.create('/e2', null, 1)
  client.delete('/e1')
  client.create('/e3', null, 3)
  client.ask(OpCode.closeSession)
  client.create('/late', null, 1)
  member.settle()
  assert.ok(!client.isOpen)
  assert.equal(client.last.xid, 5)
  assert.deepEqual(member.database.tree.childNames(0), ['zookeeper'])
  member.checkQuiet()
  member.checkRecovery()
})

test('expiry while writes are on their way: they are applied, later ones are not', () => {
  const member = new TestMember()
  const [client, watcher] = [member.connect(4000), member.connect(40_000)]
  client.create('/before', null, 1)
  watcher.read(OpCode.exists, '/before', true)
  member.advance(6001)
  client.create('/after', null, 0)
  client.read(OpCode.exists, '/before')
  const late = member.open()
  late.reattach(client.session!)
  assert.equal(late.session, 0n)
  while (member.undelivered > 0) member.durable(1)
  assert.deepEqual(
    client.replies.map(({ xid, err }) => [xid, err]),
    [[1, ErrorCode.ok]],
  )
  assert.ok(!client.isOpen)
  assert.equal(member.database.tree.find('/after'), -1)
  assert.equal(member.database.tree.find('/before'), -1)
  assert.deepEqual(
    watcher.events.map(event => event.split(' ').slice(0, 2).join(' ')),
    ['1 /before'],
  )
  member.checkQuiet()
})

test('a frame too short, too long or of an unknown operation ends the connection', () => {
  const member = new TestMember()
  const table: readonly (readonly [string, (client: TestClient) => void, number | undefined])[] = [
    ['empty', c => c.push(c.frameOf(() => {})), undefined],
    ['7 bytes', c => c.push(c.frameOf(w => w.raw(new Uint8Array(7)))), undefined],
    ['negative', c => c.push(Uint8Array.of(0xff, 0xff, 0xff, 0xff)), undefined],
    ['too long', c => c.push(Uint8Array.of(0x00, 0x10, 0x00, 0x00)), undefined],
    ['a word', c => c.push(utf8Bytes('ruok')), undefined],
    ['deleteContainer', c => c.ask(OpCode.deleteContainer, w => w.string('/a')), undefined],
    ...[0, -1, -10, 10, 13, 23, 99, 108, 1000, 2 ** 31 - 1, -(2 ** 31)].map(
      type =>
        [
          `operation ${type}`,
          (c: TestClient) => c.ask(type),
          ErrorCode.unimplemented as number,
        ] as const,
    ),
  ]
  for (const [name, send, err] of table) {
    const client = member.connect()
    send(client)
    assert.ok(!client.isOpen, name)
    assert.equal(client.replies.at(-1)?.err, err, name)
    if (err !== undefined) assert.equal(client.last.zxid, -1n)
  }
  member.checkQuiet()
})

test('the longest frame is served', () => {
  const member = new TestMember()
  const client = member.connect()
  const { maxBufferBytes } = member.pipeline.options
  const rest = client.requestFrame(1, OpCode.setData, writer =>
    proto.setDataRequest.write(writer, { path: '/a', data: null, version: -1 }),
  ).length
  client.create('/a')
  client.setData('/a', new Uint8Array(maxBufferBytes - rest + 4))
  member.settle()
  assert.equal(client.last.err, ErrorCode.ok)
})

/** Needs no body, or answers before it is read. */
const BODILESS: ReadonlySet<number> = new Set([
  OpCode.ping,
  OpCode.whoAmI,
  OpCode.closeSession,
  OpCode.deleteContainer,
  OpCode.sasl,
  OpCode.auth,
])

test('a body that ends too early is -5, and the connection goes on', () => {
  const member = new TestMember()
  const client = member.connect()
  let looked = 0
  for (const type of ROUTES.keys()) {
    if (BODILESS.has(type)) continue
    const before = member.log.entries.length
    client.ask(type)
    member.settle()
    assert.equal(client.last.err, ErrorCode.marshallingError, `operation ${type}`)
    assert.equal(client.last.body.length, 0)
    // Only a multi takes a zxid for it (3.3).
    assert.equal(member.log.entries.length - before, type === OpCode.multi ? 1 : 0)
    looked++
  }
  assert.ok(looked > 20, 'a check that looked at nothing has not passed')
  assert.ok(client.isOpen)
  for (const type of [OpCode.auth, OpCode.sasl]) {
    const other = member.connect()
    other.ask(type)
    assert.ok(!other.isOpen)
    assert.equal(other.replies.length, 0)
  }
})

test('what cannot be read is answered in its turn', () => {
  const member = new TestMember()
  const client = member.connect()
  client.create('/a')
  client.ask(OpCode.setData)
  client.ask(OpCode.getData)
  client.read(OpCode.exists, '/a')
  assert.equal(client.replies.length, 0)
  member.settle()
  const { ok, marshallingError } = ErrorCode
  assert.deepEqual(
    client.replies.map(reply => reply.err),
    [ok, marshallingError, marshallingError, ok],
  )
  member.checkQuiet()
})

test('bytes behind a record are ignored', () => {
  const member = new TestMember()
  const client = member.connect()
  const more = (write: (writer: Writer) => unknown) => (writer: Writer) => {
    write(writer)
    writer.raw(new Uint8Array(50).fill(0xff))
  }
  client.ask(
    OpCode.create,
    more(writer =>
      proto.createRequest.write(writer, {
        path: '/a',
        data: null,
        acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
        flags: 0,
      }),
    ),
  )
  client.ask(
    OpCode.ping,
    more(() => {}),
  )
  member.settle()
  assert.deepEqual(
    client.replies.map(reply => reply.err),
    [0, 0],
  )
})

test('any stream cut anywhere is served like the whole', () => {
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = new TestRandom(seed)
      const member = new TestMember()
      const client = member.open()
      client.expectSession()
      const frames = [client.connectFrame()]
      for (let i = 1; i <= 12; i++) {
        frames.push(
          client.requestFrame(i, OpCode.getData, writer =>
            proto.pathWatch.write(writer, { path: random.pick(['/', '/a']), watch: false }),
          ),
        )
      }
      const stream = Buffer.concat(frames)
      for (let at = 0; at < stream.length; ) {
        const size = random.oneIn(2) ? 1 : random.between(1, 60)
        const chunk = Uint8Array.from(stream.subarray(at, at + size))
        client.push(chunk)
        chunk.fill(0xaa)
        at += size
        if (random.oneIn(8)) member.durable()
      }
      member.settle()
      assert.deepEqual(
        client.replies.map(reply => reply.xid),
        Array.from({ length: 12 }, (_, i) => i + 1),
      )
    }),
    { numRuns: 60, endOnFailure: true },
  )
})

test('a four-letter word is answered at the start, in pieces too, and nowhere else', () => {
  const member = new TestMember()
  for (const pieces of [['ruok'], ['r', 'u', 'o', 'k'], ['ruok\n']]) {
    const client = member.open()
    for (const piece of pieces) client.push(utf8Bytes(piece))
    assert.equal(client.text, 'imok')
    assert.ok(!client.isOpen)
  }
  const unknown = member.open()
  unknown.push(utf8Bytes('what'))
  assert.equal(unknown.receivedBytes, 0)
  assert.ok(!unknown.isOpen)
})

test('a member that stops answers what it has taken', () => {
  const member = new TestMember()
  const [busy, idle] = [member.connect(), member.connect()]
  busy.create('/a')
  busy.read(OpCode.exists, '/a')
  member.pipeline.stop('the member stops')
  assert.ok(!idle.isOpen)
  assert.ok(busy.isOpen)
  member.settle()
  member.pipeline.stop('the member stops')
  assert.deepEqual(
    busy.replies.map(reply => reply.err),
    [0, 0],
  )
  assert.ok(!busy.isOpen)
  const late = member.open()
  late.attach()
  assert.ok(!late.isOpen)
  member.checkQuiet()
})
