/** client-protocol.md 18: what comes too fast waits, and nobody else notices. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import * as proto from '../../wire/records/proto.ts'
import {
  AUTH_IDS_MAX,
  UNREAD_REPLIES_MAX_BYTES,
  UNREAD_REPLIES_PAUSE_BYTES,
  UNREAD_REQUESTS_PAUSE_BYTES,
} from './options.ts'
import type { TestClient } from './test-client.ts'
import { TestMember } from './test-member.ts'

/** `count` requests in one chunk, as a client that pipelines sends them. */
function pushAll(client: TestClient, frames: readonly Uint8Array[]): void {
  client.push(Buffer.concat(frames))
}

function creates(client: TestClient, count: number): Uint8Array[] {
  const acl = [{ perms: 31, scheme: 'world', id: 'anyone' }]
  return Array.from({ length: count }, () =>
    client.requestFrame(client.takeXid(), OpCode.create, writer =>
      proto.createRequest.write(writer, { path: '/n-', data: null, acl, flags: 2 }),
    ),
  )
}

function reads(client: TestClient, path: string, count: number): Uint8Array[] {
  return Array.from({ length: count }, () =>
    client.requestFrame(client.takeXid(), OpCode.getData, writer =>
      proto.pathWatch.write(writer, { path, watch: false }),
    ),
  )
}

function assertInOrder(client: TestClient, count: number): void {
  assert.deepEqual(
    client.replies.map(reply => reply.xid),
    Array.from({ length: count }, (_, i) => i + 1),
  )
}

test('above the global limit a connection waits, and gets every answer in order', () => {
  const member = new TestMember({ options: { globalOutstandingLimit: 10 } })
  const client = member.connect()
  pushAll(client, creates(client, 100))
  assert.ok(client.isPaused)
  assert.equal(member.pipeline.outstanding, 11)
  // One that has nothing on its way is let in all the same.
  const other = member.open()
  other.attach()
  assert.equal(member.pipeline.outstanding, 12)
  assert.ok(!other.isPaused)
  while (member.undelivered > 0) {
    member.durable(3)
    assert.ok(member.pipeline.outstanding <= 12)
  }
  assertInOrder(client, 100)
  assert.ok(!client.isPaused)
  member.checkQuiet()
})

test('a client that does not read its replies is not read from, until it does', () => {
  const member = new TestMember()
  const client = member.connect()
  client.create('/big', new Uint8Array(100_000))
  member.settle()
  client.isReading = false
  for (let i = 0; i < 10; i++) pushAll(client, reads(client, '/big', 20))
  assert.ok(client.isPaused)
  const limit = UNREAD_REPLIES_PAUSE_BYTES + 2 * 100_000
  assert.ok(client.queuedBytes() < limit, `${client.queuedBytes()} bytes wait`)
  const other = member.connect()
  other.read(OpCode.getData, '/big')
  assert.equal(other.last.err, ErrorCode.ok)
  while (client.queuedBytes() > 0) {
    client.drain(70_000)
    assert.ok(client.queuedBytes() < limit)
  }
  assertInOrder(client, 201)
  assert.ok(!client.isPaused)
  member.checkQuiet()
})

test('reads deferred behind a write leave early, and not without end', () => {
  const member = new TestMember()
  const [reading, lazy] = [member.connect(), member.connect()]
  reading.create('/big', new Uint8Array(500_000))
  member.settle()
  lazy.isReading = false
  for (const client of [reading, lazy]) {
    client.create('/n-', null, 2)
    pushAll(client, reads(client, '/big', 400))
  }
  member.settle()
  assertInOrder(reading, 402)
  assert.ok(!lazy.isOpen)
  assert.ok(lazy.receivedBytes < UNREAD_REPLIES_MAX_BYTES + 2_000_000)
  member.checkQuiet()
  member.checkRecovery()
})

test('connections held back by each other and by the limit all come through', () => {
  const member = new TestMember({ options: { globalOutstandingLimit: 5 } })
  const clients = Array.from({ length: 4 }, () => member.connect())
  clients[0]!.create('/big', new Uint8Array(900_000))
  member.settle()
  for (const client of clients) {
    client.isReading = false
    pushAll(client, [...creates(client, 3), ...reads(client, '/big', 30), ...creates(client, 3)])
  }
  for (let i = 0; i < 1000; i++) {
    member.durable(1)
    for (const client of clients) client.drain(500_000)
  }
  member.settle()
  for (const client of clients) client.drain()
  for (const [i, client] of clients.entries()) assertInOrder(client, i === 0 ? 37 : 36)
  member.checkQuiet()
})

test('a watcher that never reads is disconnected before its events fill the memory', () => {
  const member = new TestMember()
  const watcher = member.connect()
  const writer = member.connect()
  writer.create('/a')
  member.settle()
  watcher.ask(OpCode.addWatch, out => proto.pathType.write(out, { path: '/a', type: 0 }))
  watcher.isReading = false
  watcher.otherQueuedBytes = UNREAD_REPLIES_MAX_BYTES - 1000
  let events = 0
  for (; events < 1000 && watcher.isOpen; events++) {
    writer.setData('/a', null)
    member.settle()
  }
  assert.ok(!watcher.isOpen)
  assert.ok(events > 10 && events < 40, `${events} events were kept`)
  assert.equal(member.database.watches.size, 0)
})

test('what comes before the session is there piles up only so far', () => {
  const member = new TestMember()
  const client = member.open()
  client.attach()
  const chunk = Buffer.concat(creates(client, 1000))
  let sent = 0
  for (; !client.isPaused && sent < 100; sent++) {
    client.push(sent === 0 ? chunk : Buffer.concat(creates(client, 1000)))
  }
  assert.ok(client.isPaused)
  assert.ok(client.connection.unreadBytes <= UNREAD_REQUESTS_PAUSE_BYTES + chunk.length)
  member.settle()
  assert.ok(!client.isPaused)
  assertInOrder(client, sent * 1000)
  member.checkQuiet()
})

test('auth requests are held back like others, and ids have a limit', () => {
  const member = new TestMember()
  const client = member.connect()
  client.isReading = false
  const auth = (i: number): Uint8Array =>
    client.requestFrame(i, OpCode.auth, writer =>
      proto.authRequest.write(writer, {
        type: 0,
        scheme: 'digest',
        auth: new TextEncoder().encode(`u${i % 100}:p`),
      }),
    )
  for (let i = 0; i < 200 && !client.isPaused; i++) {
    pushAll(
      client,
      Array.from({ length: 1000 }, (_, j) => auth(i * 1000 + j)),
    )
  }
  assert.ok(client.isPaused)
  assert.equal(client.connection.ids.length, 101)

  const greedy = member.connect()
  for (let i = 0; greedy.isOpen && i < 2 * AUTH_IDS_MAX; i++) {
    greedy.ask(OpCode.auth, writer =>
      proto.authRequest.write(writer, {
        type: 0,
        scheme: 'digest',
        auth: new TextEncoder().encode(`user${i}:p`),
      }),
    )
  }
  assert.ok(!greedy.isOpen)
  assert.equal(greedy.last.err, ErrorCode.authFailed)
  assert.equal(greedy.connection.ids.length, AUTH_IDS_MAX)
})

test('a multiRead does not multiply a value without end', () => {
  const member = new TestMember()
  const client = member.connect()
  client.create('/big', new Uint8Array(1_000_000))
  member.settle()
  const ask = (count: number): void => {
    client.ask(OpCode.multiRead, writer =>
      proto.writeMulti(
        writer,
        Array.from({ length: count }, () =>
          proto.multiOp(OpCode.getData, proto.pathWatch, { path: '/big', watch: false }),
        ),
      ),
    )
  }
  ask(10)
  assert.equal(proto.readMultiResults(new Reader(client.last.body)).length, 10)
  ask(10_000)
  assert.equal(client.last.err, ErrorCode.marshallingError)
  assert.equal(client.last.body.length, 0)
  ask(1)
  assert.equal(client.last.err, ErrorCode.ok)
})
