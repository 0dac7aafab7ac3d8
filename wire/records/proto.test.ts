import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { JuteError, Reader } from '../reader.ts'
import { Writer } from '../writer.ts'
import { OPEN_ACL } from './data.ts'
import * as proto from './proto.ts'

const OPEN = OPEN_ACL.map(({ perms, id }) => ({ perms, ...id }))

/** Worked frames of client-protocol.md 23, without length and header. */
const FRAMES: readonly (readonly [string, string, (writer: Writer) => unknown])[] = [
  [
    'ConnectRequest',
    '00000000 0000000000000000 00002710 0000000000000000 00000010 00000000000000000000000000000000 00',
    w =>
      proto.connectRequest.write(w, {
        protocolVersion: 0,
        lastZxidSeen: 0n,
        timeOut: 10_000,
        sessionId: 0n,
        passwd: new Uint8Array(16),
        readOnly: false,
      }),
  ],
  [
    'create',
    '00000005 2f76323334 00000001 78 00000001 0000001f 00000005 776f726c64 00000006 616e796f6e65 00000000',
    w =>
      proto.createRequest.write(w, {
        path: '/v234',
        data: Uint8Array.of(0x78),
        acl: OPEN,
        flags: 0,
      }),
  ],
  [
    'setWatches',
    '0000000000000000 00000001 00000005 2f76323334 00000000 00000000',
    w =>
      proto.setWatchesRequest.write(w, {
        relativeZxid: 0n,
        data: ['/v234'],
        exist: [],
        child: [],
      }),
  ],
  [
    'multi of check and setData',
    `0000000d 00 ffffffff 00000005 2f76323334 00000001
     00000005 00 ffffffff 00000005 2f76323334 00000001 7a 00000001 ffffffff 01 ffffffff`,
    w =>
      proto.writeMulti(w, [
        proto.multiOp(13, proto.pathVersion, { path: '/v234', version: 1 }),
        proto.multiOp(5, proto.setDataRequest, {
          path: '/v234',
          data: Uint8Array.of(0x7a),
          version: 1,
        }),
      ]),
  ],
]

for (const [name, hex, write] of FRAMES) {
  void test(`${name} as Apache's clients send it`, () => {
    const writer = new Writer()
    write(writer)
    assert.equal(Buffer.from(writer.written()).toString('hex'), hex.replaceAll(/\s/g, ''))
  })
}

void test('a ConnectResponse ends with the readOnly byte, or before it', () => {
  const bytes = fromHex(
    '00000000 00002710 0100001cb1e80001 00000010 bdf2f6728f7e30e08d78111f24337646 00',
  )
  const whole = proto.connectResponse.read(new Reader(bytes))
  assert.equal(whole.sessionId, 0x100001cb1e80001n)
  assert.equal(whole.timeOut, 10_000)
  assert.equal(whole.readOnly, false)
  const old = proto.connectResponse.read(new Reader(bytes.subarray(0, 36)))
  assert.deepEqual(old, { ...whole, readOnly: undefined })
})

void test('the results of a failed multi', () => {
  const bytes = fromHex(
    'ffffffff 00 00000000 00000000 ffffffff 00 ffffff99 ffffff99 ffffffff 00 fffffffe fffffffe ffffffff 01 ffffffff',
  )
  const reader = new Reader(bytes)
  assert.deepEqual(proto.readMultiResults(reader), [
    { type: -1, err: 0 },
    { type: -1, err: -103 },
    { type: -1, err: -2 },
  ])
  assert.equal(reader.remaining, 0)
})

void test('a multi result that contradicts its header, and one of unknown type', () => {
  const torn = fromHex('ffffffff 00 00000000 ffffff99')
  assert.throws(() => proto.readMultiResults(new Reader(torn)), JuteError)
  const unknown = fromHex('00000063 00 00000000')
  assert.throws(() => proto.readMultiResults(new Reader(unknown)), JuteError)
})

const text = fc.option(fc.string({ maxLength: 20 }), { nil: null })
const bytes = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: null })
const long = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })
const int = fc.integer({ min: -0x80000000, max: 0x7fffffff })
const entry = fc.record({ perms: int, scheme: text, id: text })
const acls = fc.option(fc.array(entry, { maxLength: 3 }), { nil: null })

void test('what is written is read back', () => {
  const create = fc.record({ path: text, data: bytes, acl: acls, flags: int })
  sameAfterwards(proto.createRequest, create)
  sameAfterwards(proto.setAclRequest, fc.record({ path: text, acl: acls, version: int }))
  sameAfterwards(proto.pathWatch, fc.record({ path: text, watch: fc.boolean() }))
  const info = fc.record({ authScheme: text, user: text })
  sameAfterwards(proto.whoAmIResponse, fc.record({ clientInfo: fc.array(info, { maxLength: 3 }) }))
  sameAfterwards(proto.replyHeader, fc.record({ xid: int, zxid: long, err: int }))
  sameAfterwards(
    proto.reconfigRequest,
    fc.record({
      joiningServers: text,
      leavingServers: text,
      newMembers: text,
      curConfigId: long,
    }),
  )
})

function sameAfterwards<T>(codec: proto.Codec<T>, values: fc.Arbitrary<T>): void {
  fc.assert(
    fc.property(values, value => {
      const writer = new Writer()
      codec.write(writer, value)
      const reader = new Reader(writer.copy())
      const back = codec.read(reader)
      assert.equal(reader.remaining, 0)
      // Compared as written: arbitrary objects have no prototype.
      const again = new Writer()
      codec.write(again, back)
      assert.deepEqual(again.copy(), writer.copy())
    }),
  )
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'))
}
