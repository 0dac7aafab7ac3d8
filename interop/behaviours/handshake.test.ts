/** behaviours.md 1-15 and 18; 12 and 16 wait for time to pass: time.test.ts. */
import assert from 'node:assert/strict'
import { OpCode, Xid } from '../../wire/opcodes.ts'
import { authRequest, setWatchesRequest } from '../../wire/records/proto.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import { fails, ok } from '../harness/client.ts'
import { ClosedError } from '../harness/raw-client.ts'
import { suite } from '../harness/suite.ts'

const NO_PASSWORD = new Uint8Array(16)

suite('handshake', {}, item => {
  item('1: 45-byte request, 37-byte response', async ({ connect }) => {
    const { session } = await connect()
    assert.equal(session.bodyBytes, 37)
    assert.equal(session.readOnly, false)
  })

  item('2: 44-byte request, 36-byte response', async ({ connect }) => {
    const client = await connect({ withoutReadOnly: true })
    assert.equal(client.session.bodyBytes, 36)
    ok(await client.exists('/'))
  })

  item('3: trailing bytes are ignored', async ({ connect }) => {
    const client = await connect({ trailing: Uint8Array.of(1, 2, 3, 4, 5) })
    assert.notEqual(client.session.sessionId, 0n)
    ok(await client.exists('/'))
  })

  item('4: protocolVersion 7 is answered with 0', async ({ connect }) => {
    const { session } = await connect({ protocolVersion: 7 })
    assert.equal(session.protocolVersion, 0)
    assert.notEqual(session.sessionId, 0n)
  })

  item('5: null or empty password on a new session', async ({ connect }) => {
    for (const passwd of [null, new Uint8Array(0), new Uint8Array(3)]) {
      const { session } = await connect({ passwd })
      assert.notEqual(session.sessionId, 0n)
      assert.equal(session.passwd?.length, 16)
    }
  })

  item('6: timeOut is clamped to 2..20 ticks', async ({ connect }) => {
    const expected = [
      [0, 4000],
      [-5, 4000],
      [100, 4000],
      [10_000_000, 40_000],
      [10_000, 10_000],
      [12_345, 12_345],
    ] as const
    for (const [asked, given] of expected) {
      const { session } = await connect({ timeOut: asked })
      assert.equal(session.timeOut, given, `asked for ${asked}`)
    }
  })

  item('7: the password is derived from the session id', async ({ connect }) => {
    assert.equal(passwordOf(0x100000f7d6f0000n), 'e378a704349cc389f90591269d894bbc')
    const { session } = await connect()
    assert.equal(Buffer.from(session.passwd ?? []).toString('hex'), passwordOf(session.sessionId))
  })

  item('8: a lastZxidSeen from the future is closed in silence', async ({ connect }) => {
    const lastZxidSeen = (await (await connect()).ping()).zxid + 1000n
    await assert.rejects(connect({ lastZxidSeen }), ClosedError)
  })

  item('9: re-attaching a session that is not is refused and closed', async ({ connect }) => {
    const gone = await connect()
    await gone.close()
    const never = { sessionId: 0x1234567890n, passwd: NO_PASSWORD }
    for (const knobs of [gone.credentials, never]) {
      const { session, raw } = await connect(knobs)
      assert.equal(session.timeOut, 0)
      assert.equal(session.sessionId, 0n)
      assert.deepEqual(session.passwd, NO_PASSWORD)
      assert.equal(session.bodyBytes, 37)
      await raw.closed
    }
  })

  item('10: a wrong password is answered as an invalid session', async ({ connect }) => {
    const owner = await connect()
    const { session, raw } = await connect({ ...owner.credentials, passwd: NO_PASSWORD })
    assert.equal(session.timeOut, 0)
    assert.equal(session.sessionId, 0n)
    assert.deepEqual(session.passwd, NO_PASSWORD)
    await raw.closed
    const again = await connect(owner.credentials)
    assert.equal(again.session.sessionId, owner.session.sessionId)
  })

  item('11: re-attaching closes the first connection', async ({ connect, root }) => {
    const first = await connect()
    ok(await first.create(root, { flags: 1 }))
    const second = await connect(first.credentials)
    await first.raw.closed
    assert.equal(second.session.sessionId, first.session.sessionId)
    assert.deepEqual(second.session.passwd, first.session.passwd)
    assert.equal(ok(await second.exists(root)).ephemeralOwner, first.session.sessionId)
  })

  item('14: frames behind the ConnectRequest wait for it', async ({ open }) => {
    const raw = await open()
    const answers: string[] = []
    const handshake = raw.handshake().then(() => answers.push('connect'))
    const auth = raw.call(
      OpCode.auth,
      w => authRequest.write(w, { type: 0, scheme: 'digest', auth: utf8Bytes('u:p') }),
      Xid.auth,
    )
    const lists = { relativeZxid: 0n, data: ['/'], exist: [], child: [] }
    const watches = raw.call(
      OpCode.setWatches,
      w => setWatchesRequest.write(w, lists),
      Xid.setWatches,
    )
    const replies = await Promise.all([
      auth.then(reply => (answers.push('auth'), reply)),
      watches.then(reply => (answers.push('setWatches'), reply)),
      handshake,
    ])
    assert.deepEqual(answers, ['connect', 'auth', 'setWatches'])
    assert.equal(replies[0].err, 0)
    assert.equal(replies[1].err, 0)
    assert.ok(replies[0].order < replies[1].order)
  })

  item('15: unreasonable frame lengths close without an answer', async ({ open, connect }) => {
    for (const length of [-1, 0x100000, 0x7fffffff]) {
      const raw = await open()
      raw.send(int(length))
      await raw.closed
      const { raw: attached } = await connect()
      attached.send(int(length))
      await attached.closed
    }
    // The longest that is allowed is read (and answered as a request for nothing).
    const client = await connect()
    const body = new Uint8Array(0xfffff - 8)
    fails(
      await client.send(
        OpCode.exists,
        w => w.raw(int(1)).raw(utf8Bytes('x')).raw(body.subarray(5)),
        () => undefined,
      ),
      -101,
    )
  })
})

suite('maxClientCnxns', { cfg: { maxClientCnxns: 3 } }, item => {
  item('18: one connection too many is closed', async ({ connect, open }) => {
    const clients = [await connect(), await connect(), await connect()]
    // Either end may win: the connection is reset while it is made, or closed right after.
    await open().then(
      tooMany => tooMany.closed,
      () => undefined,
    )
    for (const client of clients) ok(await client.exists('/'))
    clients.pop()?.destroy()
    for (const client of clients) ok(await client.exists('/'))
  })
})

/** client-protocol.md 2.5, in hexadecimal. */
function passwordOf(sessionId: bigint): string {
  const mask = (1n << 48n) - 1n
  const seed = BigInt.asUintN(64, sessionId) ^ 0xb3415c00n
  const bytes: number[] = []
  let state = (seed ^ 0x5deece66dn) & mask
  for (let i = 0; i < 4; i++) {
    state = (state * 0x5deece66dn + 0xbn) & mask
    const word = Number((state >> 16n) & 0xffffffffn)
    for (let shift = 0; shift < 32; shift += 8) bytes.push((word >>> shift) & 0xff)
  }
  return Buffer.from(bytes).toString('hex')
}

function int(value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
