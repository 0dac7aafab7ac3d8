import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { JuteError, Reader } from '../reader.ts'
import { utf8Bytes } from '../utf8.ts'
import { Writer } from '../writer.ts'
import {
  encodeInitialMessage,
  encodeLearnerInfo,
  encodeTouches,
  measureQuorumPacket,
  PacketStream,
  packetName,
  QUORUM_AUTH_MAGIC,
  type QuorumPacket,
  readInitialMessage,
  readLearnerInfo,
  readQuorumAuthPacket,
  readRevalidate,
  readTouches,
  writeQuorumAuthPacket,
  writeQuorumPacket,
} from './quorum.ts'

const MAX_FIELD = 4 << 20
const DATA = new URL('../testdata/', import.meta.url).pathname
const SIGNATURE = utf8Bytes('BenWasHere')

function load(name: string): Uint8Array {
  return new Uint8Array(readFileSync(`${DATA}${name}`))
}

/** Length of the snapshot stream at the start of `bytes`: it ends with a signature. */
function snapshotLength(bytes: Uint8Array): number {
  const at = Buffer.from(bytes).indexOf(SIGNATURE)
  assert.ok(at > 0, 'the snapshot stream ends with its signature')
  return at + SIGNATURE.length
}

/** Packets of a stream fed in the given cuts, with snapshot streams kept as they are. */
function decode(bytes: Uint8Array, cuts: readonly number[]): (QuorumPacket | Uint8Array)[] {
  const stream = new PacketStream(MAX_FIELD)
  const out: (QuorumPacket | Uint8Array)[] = []
  let at = 0
  let snapshot: Uint8Array[] | undefined
  const drain = (): void => {
    for (let packet = stream.next(); packet !== undefined; packet = stream.next()) {
      out.push(packet)
      if (packetName(packet.type) === 'SNAP') {
        snapshot = [stream.takeRest()]
        return
      }
    }
  }
  for (const cut of [...cuts, bytes.length]) {
    // The chunk is overwritten after use: nothing may still look at it.
    const chunk = bytes.slice(at, cut)
    at = cut
    if (snapshot === undefined) stream.push(chunk)
    else snapshot.push(chunk.slice())
    if (snapshot !== undefined && Buffer.concat(snapshot).includes(SIGNATURE)) {
      const all = new Uint8Array(Buffer.concat(snapshot))
      const length = snapshotLength(all)
      out.push(all.slice(0, length))
      snapshot = undefined
      stream.push(all.slice(length))
    }
    drain()
    chunk.fill(0xee)
  }
  // A snapshot may have come whole in the last chunk.
  while (snapshot !== undefined) {
    const all: Uint8Array = new Uint8Array(Buffer.concat(snapshot))
    const length = snapshotLength(all)
    out.push(all.slice(0, length))
    snapshot = undefined
    stream.push(all.slice(length))
    drain()
  }
  assert.equal(stream.pendingBytes, 0, 'the capture ends at a packet')
  return out
}

function packetsOf(parts: readonly (QuorumPacket | Uint8Array)[]): QuorumPacket[] {
  return parts.filter((part): part is QuorumPacket => !(part instanceof Uint8Array))
}

function encode(parts: readonly (QuorumPacket | Uint8Array)[]): Uint8Array {
  const writer = new Writer()
  for (const part of parts) {
    if (part instanceof Uint8Array) writer.raw(part)
    else writeQuorumPacket(writer, part)
  }
  return writer.copy()
}

const CAPTURES = globSync('quorum-*.bin', { cwd: DATA }).sort()

test('every captured quorum connection is read and written back byte for byte', () => {
  assert.equal(CAPTURES.length, 16)
  let packets = 0
  for (const name of CAPTURES) {
    const bytes = load(name)
    const parts = decode(bytes, [])
    packets += parts.length
    assert.deepEqual(encode(parts), bytes, name)
  }
  assert.ok(packets > 500, `${packets} packets`)
})

test('packets are those that an independent decoder saw', () => {
  for (const name of CAPTURES) {
    const direction = name.includes('.c2s.') ? 'c2s' : 's2c'
    const decoded = readFileSync(
      `${DATA}${name.replace(/\.[cs]2[cs]\.bin$/, '.decoded.txt')}`,
      'utf8',
    )
    const expected = decoded
      .split('\n')
      .map(line => line.trim().split(/\s+/))
      .filter(words => words[1] === direction && !words[2]!.startsWith('['))
      .map(words => `${words[2]} ${words.find(word => word.startsWith('zxid='))?.slice(5)}`)
    const seen = packetsOf(decode(load(name), [])).map(
      part => `${packetName(part.type)} ${part.zxid < 0n ? part.zxid : part.zxid.toString(16)}`,
    )
    const known = expected.map(line => line.replace('undefined', '-1'))
    assert.ok(known.length > 0, name)
    assert.deepEqual(seen.slice(0, known.length), known, name)
  }
})

test('no cut of the stream matters: byte by byte and at random', () => {
  for (const name of ['quorum-2-SNAP.s2c.bin', 'quorum-3-DIFF.s2c.bin', 'quorum-3-DIFF.c2s.bin']) {
    const bytes = load(name)
    const whole = decode(bytes, [])
    const everyByte = Array.from({ length: bytes.length - 1 }, (_, i) => i + 1)
    assert.deepEqual(decode(bytes, everyByte), whole, name)
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 })), cuts => {
        assert.deepEqual(
          decode(
            bytes,
            cuts.sort((a, b) => a - b),
          ),
          whole,
        )
      }),
      { numRuns: 30 },
    )
  }
})

test('a length is judged before its bytes are waited for', () => {
  const packet = new Writer()
    .int(2)
    .long(1n)
    .int(MAX_FIELD + 1)
    .copy()
  assert.throws(() => measureQuorumPacket(packet, 0, packet.length, MAX_FIELD), JuteError)
  const negative = new Writer().int(2).long(1n).int(-2).copy()
  assert.throws(() => measureQuorumPacket(negative, 0, negative.length, MAX_FIELD), JuteError)
  const many = new Writer()
    .int(1)
    .long(1n)
    .int(-1)
    .int(1 << 30)
    .copy()
  assert.throws(() => measureQuorumPacket(many, 0, many.length, MAX_FIELD), JuteError)
})

test('random bytes end in JuteError or in waiting, never in anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const stream = new PacketStream(MAX_FIELD)
      try {
        stream.push(bytes)
        while (stream.next() !== undefined);
      } catch (error) {
        assert.ok(error instanceof JuteError)
      }
    }),
  )
})

test('LearnerInfo of Apache has no features; ours travel behind what Apache reads', () => {
  const first = decode(load('quorum-8-after-leader-handover.c2s.bin'), [])[0]
  assert.ok(first !== undefined && !(first instanceof Uint8Array) && first.data !== null)
  const info = readLearnerInfo(first.data)
  assert.deepEqual(info, {
    serverId: 4n,
    protocolVersion: 0x10000,
    configVersion: 0x10000000an,
    features: 0,
  })
  assert.deepEqual(encodeLearnerInfo(info), first.data)
  const ours = encodeLearnerInfo({ ...info, features: 1 })
  assert.deepEqual(ours.slice(0, 20), first.data)
  assert.equal(readLearnerInfo(ours).features, 1)
})

test('touches and REVALIDATE of the observer capture', () => {
  const parts = decode(
    load('quorum-7-observer-INFORM-REVALIDATE-SYNC-INFORMANDACTIVATE.c2s.bin'),
    [],
  )
  const packets = packetsOf(parts)
  const revalidate = packets.find(packet => packetName(packet.type) === 'REVALIDATE')
  assert.deepEqual(readRevalidate(revalidate!.data!), {
    session: 0x02000013a47b0000n,
    timeoutMs: 8000,
  })
  const pings = packets.filter(packet => packetName(packet.type) === 'PING')
  assert.ok(pings.some(ping => ping.data!.length === 12))
  for (const ping of pings) assert.deepEqual(encodeTouches(readTouches(ping.data!)), ping.data)
})

test('initial messages of every election capture, in any split', () => {
  const names = globSync('election-*.c2s.bin', { cwd: DATA })
  assert.equal(names.length, 6)
  for (const name of [...names, 'sasl-1-election-DIGEST-MD5.c2s.bin']) {
    const bytes = load(name)
    const found = readInitialMessage(bytes)
    assert.ok(found !== undefined)
    assert.equal(found.length, 35)
    assert.match(found.message.address, /^127\.0\.0\.1:2238\d$/)
    assert.deepEqual(encodeInitialMessage(found.message), bytes.slice(0, 35))
    for (let i = 0; i < 35; i++) assert.equal(readInitialMessage(bytes.slice(0, i)), undefined)
  }
})

test('initial messages that are refused', () => {
  const unknown = new Writer().long(-65534n).long(1n).int(1).byte(65).copy()
  assert.throws(() => readInitialMessage(unknown), JuteError)
  for (const size of [0, -1, 2049]) {
    const bad = new Writer().long(-65536n).long(1n).int(size).copy()
    assert.throws(() => readInitialMessage(bad), JuteError, `size ${size}`)
  }
  assert.equal(readInitialMessage(new Writer().long(7n).copy())?.message.serverId, 7n)
})

test('the SASL preamble of both captures', () => {
  const starts: readonly [string, number][] = [
    ['sasl-1-election-DIGEST-MD5.c2s.bin', 35],
    ['sasl-2-quorum-DIGEST-MD5.c2s.bin', 0],
    ['sasl-2-quorum-DIGEST-MD5.s2c.bin', 0],
  ]
  for (const [name, start] of starts) {
    const bytes = load(name)
    const reader = new Reader(bytes)
    reader.position = start
    const packet = readQuorumAuthPacket(reader)
    assert.equal(packet.magic, QUORUM_AUTH_MAGIC)
    assert.equal(packet.status, 0)
    const writer = new Writer()
    writeQuorumAuthPacket(writer, packet)
    assert.deepEqual(writer.copy(), bytes.slice(start, reader.position))
  }
})
