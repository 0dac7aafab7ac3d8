/** The order of checks of every operation: client-protocol.md 7, 8 and 9. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../wire/errors.ts'
import { CreateMode, OpCode } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import type { RawAcl } from '../../wire/records/data.ts'
import * as proto from '../../wire/records/proto.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import type { TestClient } from './test-client.ts'
import { TestMember } from './test-member.ts'

const OPEN: readonly RawAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }]
const BAD: readonly RawAcl[] = [{ perms: 31, scheme: 'nobody', id: 'x' }]

/** Only `digest:v` may do anything. */
const CLOSED: readonly RawAcl[] = [{ perms: 31, scheme: 'digest', id: 'v:x' }]

interface Create {
  readonly type?: number
  readonly flags?: number
  readonly ttl?: bigint
  readonly acl?: readonly RawAcl[] | null
}

function create(client: TestClient, path: string | null, more: Create = {}): number {
  const { type = OpCode.create, flags = 0, ttl, acl = OPEN } = more
  client.ask(type, writer => {
    proto.createRequest.write(writer, { path, data: null, acl, flags })
    if (ttl !== undefined) writer.long(ttl)
  })
  client.member.settle()
  return client.last.err
}

function setAcl(client: TestClient, path: string, acl: readonly RawAcl[], version = -1): number {
  client.ask(OpCode.setAcl, writer => proto.setAclRequest.write(writer, { path, acl, version }))
  client.member.settle()
  return client.last.err
}

function settled(client: TestClient, ask: () => unknown): number {
  ask()
  client.member.settle()
  return client.last.err
}

/** /t, /t/child, an ephemeral /e, a container /c, and /closed with what is in it. */
function world(): TestClient {
  const client = new TestMember().connect()
  for (const path of ['/t', '/t/child', '/closed', '/closed/in'])
    assert.equal(create(client, path), 0)
  assert.equal(create(client, '/e', { flags: CreateMode.ephemeral }), 0)
  assert.equal(create(client, '/c', { type: OpCode.createContainer }), 0)
  assert.equal(setAcl(client, '/closed', CLOSED), 0)
  return client
}

test('create: the first check that fails decides', () => {
  const client = world()
  const { badArguments, marshallingError, invalidAcl, noNode, noAuth, nodeExists } = ErrorCode
  const table: readonly (readonly [string | null, Create, number])[] = [
    ['/', {}, nodeExists],
    ['', {}, badArguments],
    ['a', {}, badArguments],
    ['a/b', {}, noNode],
    ['/t/', {}, badArguments],
    ['/t//b', {}, noNode],
    ['/t/\0', {}, badArguments],
    [null, {}, marshallingError],
    ['/missing/x', { acl: BAD }, invalidAcl],
    ['/missing/x', { acl: null }, invalidAcl],
    ['bad', { flags: 99 }, badArguments],
    ['/missing/\u0001', {}, noNode],
    ['/t/\u0001', {}, badArguments],
    ['/closed/x', {}, noAuth],
    ['/closed/\u0001', {}, noAuth],
    ['/t/child', {}, nodeExists],
    ['/e/x', {}, ErrorCode.noChildrenForEphemerals],
    ['/e/x', { flags: 2 }, ErrorCode.noChildrenForEphemerals],
    ['/t/x', { flags: 7 }, badArguments],
    ['/t/x', { flags: -1 }, badArguments],
    ['/t/x', { flags: 5 }, badArguments],
    ['/t/x', { type: OpCode.create2, flags: 6 }, badArguments],
    ['/t/x', { type: OpCode.createTtl, flags: 0, ttl: 100n }, badArguments],
    ['/t/x', { type: OpCode.createTtl, flags: 0, ttl: -1n }, badArguments],
    ['/t/x', { type: OpCode.createTtl, flags: 5, ttl: 0n }, badArguments],
    ['/t/x', { type: OpCode.createTtl, flags: 5, ttl: 0x100_0000_0000n }, badArguments],
    ['/t/x', { type: OpCode.createTtl, flags: 5, ttl: -(1n << 63n) }, badArguments],
    ['/t/x', { type: OpCode.createTtl, flags: 5 }, marshallingError],
    ['/t/ttl', { type: OpCode.createTtl, flags: 5, ttl: 0xff_ffff_ffffn }, 0],
    ['/t/ttl-', { type: OpCode.createTtl, flags: 6, ttl: 1n }, 0],
    ['/t/', { flags: 2 }, 0],
    ['/', { flags: 2 }, 0],
    ['/c/x', { flags: 1 }, 0],
  ]
  for (const [path, more, err] of table) {
    assert.equal(create(client, path, more), err, `${path} ${JSON.stringify(more.flags)}`)
  }
  client.member.checkRecovery()
})

test('TTL modes are not implemented unless extended types are on', () => {
  const client = new TestMember({ options: { extendedTypes: false } }).connect()
  const more = { type: OpCode.createTtl, flags: 5, ttl: 5n }
  assert.equal(create(client, '/t', more), ErrorCode.unimplemented)
})

test('flags and operations together say what is created', () => {
  const client = world()
  const { tree } = client.member.database
  const owner = (path: string): bigint => tree.owner(tree.find(path))
  create(client, '/1', { flags: CreateMode.container })
  assert.equal(owner('/1'), 0n)
  create(client, '/2', { type: OpCode.createContainer, flags: CreateMode.ephemeral })
  assert.equal(owner('/2'), -(1n << 63n))
  create(client, '/3', { type: OpCode.createTtl, flags: 5, ttl: 5n })
  assert.equal(owner('/3'), -(1n << 56n) | 5n)
  create(client, '/4', { type: OpCode.create2, flags: CreateMode.ephemeral })
  assert.equal(owner('/4'), client.session)
  const { path, stat } = proto.create2Response.read(new Reader(client.last.body))
  assert.deepEqual([path, stat.ephemeralOwner], ['/4', client.session])
})

test('delete: session, special paths, parent, permission, znode, version, children', () => {
  const client = world()
  const { badArguments, noNode, noAuth, badVersion, notEmpty, marshallingError } = ErrorCode
  const table: readonly (readonly [string | null, number, number])[] = [
    [null, -1, marshallingError],
    ['', -1, badArguments],
    ['a', -1, badArguments],
    ['/a\0', -1, badArguments],
    ['/', -1, badArguments],
    ['/zookeeper', -1, badArguments],
    ['/zookeeper/quota', -1, badArguments],
    ['/zookeeper/config', -1, badArguments],
    ['/missing/x', -1, noNode],
    ['/closed/missing', -1, noAuth],
    ['/closed/in', -1, noAuth],
    ['/missing', 5, noNode],
    ['/t', 5, badVersion],
    ['/t', -2, badVersion],
    ['/t', 0, notEmpty],
    ['/t/child', 0, 0],
    ['/t', -1, 0],
  ]
  for (const [path, version, err] of table) {
    const ask = (): unknown =>
      client.ask(OpCode.delete, writer => proto.pathVersion.write(writer, { path, version }))
    assert.equal(settled(client, ask), err, `${path} ${version}`)
  }
})

test('setData and setACL: path, znode, permission, version', () => {
  const client = world()
  const { badArguments, noNode, noAuth, badVersion, invalidAcl } = ErrorCode
  for (const [path, version, err] of [
    ['', -1, badArguments],
    ['/t/', -1, badArguments],
    ['/missing', 5, noNode],
    ['/closed', 5, noAuth],
    ['/t', 5, badVersion],
    ['/t', -2, badVersion],
    ['/zookeeper/config', -1, noAuth],
    ['/t', 0, 0],
    ['/', -1, 0],
  ] as const) {
    assert.equal(
      settled(client, () => client.setData(path, null, version)),
      err,
      path,
    )
  }
  for (const [path, acl, version, err] of [
    ['/t/', BAD, -1, badArguments],
    ['/missing', BAD, -1, invalidAcl],
    ['/missing', OPEN, -1, noNode],
    ['/closed', OPEN, 99, noAuth],
    ['/t', OPEN, 99, badVersion],
    ['/t', OPEN, 0, 0],
    ['/t', OPEN, 1, 0],
  ] as const) {
    assert.equal(setAcl(client, path, acl, version), err, path)
  }
  const { tree } = client.member.database
  const { aversion, version } = tree.stat(tree.find('/t'))
  assert.deepEqual([aversion, version], [2, 1])
})

test('reads look a path up as it is', () => {
  const client = world()
  const { noNode, noAuth, badArguments, marshallingError } = ErrorCode
  for (const [type, path, err] of [
    [OpCode.exists, '/', 0],
    [OpCode.exists, '', 0],
    [OpCode.exists, 'x', noNode],
    [OpCode.exists, '/t/', noNode],
    [OpCode.exists, '/t\0', badArguments],
    [OpCode.exists, '/closed', noAuth],
    [OpCode.getData, '/t\0', noNode],
    [OpCode.getData, '/closed', noAuth],
    [OpCode.getChildren, '/closed', noAuth],
    [OpCode.getChildren2, '/missing', noNode],
  ] as const) {
    client.read(type, path)
    assert.equal(client.last.err, err, `${type} ${path}`)
  }
  client.ask(OpCode.getData, writer => writer.int(-1).boolean(false))
  assert.equal(client.last.err, marshallingError)
  client.ask(OpCode.getAllChildrenNumber, writer => writer.string('/'))
  assert.equal(proto.intResponse.read(new Reader(client.last.body)).value, 9)
})

test('getACL: READ or ADMIN, and digests are masked for whoever is not ADMIN', () => {
  const client = world()
  const acl = [
    { perms: 1, scheme: 'world', id: 'anyone' },
    { perms: 31, scheme: 'digest', id: 'bob:2x4k=' },
  ]
  assert.equal(create(client, '/masked', { acl }), 0)
  client.ask(OpCode.getAcl, writer => writer.string('/masked'))
  const seen = proto.aclResponse.read(new Reader(client.last.body)).acl
  assert.deepEqual(
    seen?.map(entry => entry.id),
    ['anyone', 'bob:x'],
  )
  client.ask(OpCode.getAcl, writer => writer.string('/closed'))
  assert.equal(client.last.err, ErrorCode.noAuth)
})

test('watches of all kinds are found and taken away by their kind', () => {
  const client = world()
  const ask = (op: number, type: number): number => {
    client.ask(op, writer => proto.pathType.write(writer, { path: '/t', type }))
    return client.last.err
  }
  const { noWatcher, marshallingError } = ErrorCode
  const check = (): number[] => [1, 2, 3, 4, 5].map(type => ask(OpCode.checkWatches, type))
  assert.deepEqual(
    check(),
    Array.from({ length: 5 }, () => noWatcher),
  )
  client.read(OpCode.getData, '/t', true)
  assert.deepEqual(check(), [noWatcher, 0, 0, noWatcher, noWatcher])
  client.read(OpCode.getChildren, '/t', true)
  assert.equal(ask(OpCode.addWatch, 0), 0)
  assert.equal(client.last.body.length, 4)
  assert.equal(ask(OpCode.addWatch, 1), 0)
  assert.equal(ask(OpCode.addWatch, 2), marshallingError)
  assert.deepEqual(check(), [0, 0, 0, 0, 0])
  assert.equal(ask(OpCode.checkWatches, 0), marshallingError)
  assert.equal(ask(OpCode.removeWatches, 6), marshallingError)
  assert.equal(ask(OpCode.removeWatches, 2), 0)
  assert.deepEqual(check(), [0, noWatcher, 0, 0, 0])
  assert.equal(ask(OpCode.removeWatches, 4), 0)
  assert.deepEqual(check(), [0, noWatcher, 0, noWatcher, 0])
  assert.equal(ask(OpCode.removeWatches, 3), 0)
  assert.deepEqual(
    check(),
    Array.from({ length: 5 }, () => noWatcher),
  )
  assert.equal(client.member.database.watches.size, 0)
})

test('setWatches tells of what was missed, before its reply, with zxid -1', () => {
  const client = world()
  const { lastZxid } = client.member.database
  const other = client.member.connect()
  settled(other, () => other.setData('/t', utf8Bytes('x')))
  settled(other, () => other.create('/t/new'))
  client.received.length = 0
  const lists = {
    data: ['/t', '/missing', '/e', '/closed'],
    exist: ['/t', '/still-missing'],
    child: ['/t', '/missing', '/c'],
    persistent: ['/p'],
    persistentRecursive: ['/r'],
  }
  client.ask(OpCode.setWatches2, writer =>
    proto.setWatches2Request.write(writer, { relativeZxid: lastZxid, ...lists }),
  )
  assert.deepEqual(client.events, [
    '3 /t -1',
    '2 /missing -1',
    '1 /t -1',
    '4 /t -1',
    '2 /missing -1',
  ])
  assert.equal(client.received.at(-1)?.kind, 'reply')
  client.received.length = 0
  settled(other, () => other.create('/still-missing'))
  settled(other, () => other.create('/r'))
  settled(other, () => other.create('/c/child'))
  assert.deepEqual(
    client.events.map(event => event.split(' ').slice(0, 2).join(' ')),
    ['1 /still-missing', '1 /r', '4 /c'],
  )
})

test('a hard quota refuses, a soft one does not', () => {
  const client = world()
  for (const path of ['/zookeeper/quota/t']) assert.equal(create(client, path), 0)
  const limits = utf8Bytes('count=1,bytes=1=;byteHardLimit=10;countHardLimit=3')
  for (const leaf of ['zookeeper_limits', 'zookeeper_stats']) {
    assert.equal(
      settled(client, () => client.create(`/zookeeper/quota/t/${leaf}`, limits)),
      0,
    )
  }
  assert.equal(create(client, '/t/third'), 0)
  assert.equal(create(client, '/t/fourth'), ErrorCode.quotaExceeded)
  assert.equal(
    settled(client, () => client.setData('/t', new Uint8Array(10))),
    0,
  )
  const over = settled(client, () => client.setData('/t', new Uint8Array(11)))
  assert.equal(over, ErrorCode.quotaExceeded)
  assert.equal(
    settled(client, () => client.delete('/t/third')),
    0,
  )
  assert.equal(create(client, '/t/fourth'), 0)
  client.member.checkRecovery()
})
