import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { JuteError } from '../../wire/reader.ts'
import type { ByteSink, ByteSource } from './disk.ts'
import {
  snappyCompress,
  snappyDecompress,
  snappyMaxLength,
  snappySink,
  snappySource,
} from './snappy.ts'

function compress(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(snappyMaxLength(data.length))
  const end = snappyCompress(data, 0, data.length, out, 0, new Int32Array(1 << 14))
  return out.slice(0, end)
}

/** Bytes with repetitions near and far. */
const data = fc
  .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 200 })))
  .map(parts => {
    const bytes: number[] = []
    for (const [part, times] of parts) for (let i = 0; i < times; i++) bytes.push(...part)
    return Uint8Array.from(bytes)
  })

test('what was compressed comes back', () => {
  fc.assert(
    fc.property(data, bytes => {
      const block = bytes.subarray(0, 32 << 10)
      const packed = compress(block)
      assert.deepEqual(snappyDecompress(packed, 0, packed.length), new Uint8Array(block))
    }),
  )
})

test('repetitions become smaller', () => {
  const packed = compress(new Uint8Array(32 << 10).fill(7))
  assert.ok(packed.length < 2_000, `${packed.length} bytes`)
})

test('all three kinds of copies are read', () => {
  // "abcd", then a copy of 4 at distance 4 in the one-byte, two-byte and four-byte form.
  const block = [16, 3 << 2, 97, 98, 99, 100, 1, 4, (3 << 2) | 2, 4, 0, (3 << 2) | 3, 4, 0, 0, 0]
  const bytes = Uint8Array.from(block)
  const text = new TextDecoder().decode(snappyDecompress(bytes, 0, bytes.length))
  assert.equal(text, 'abcdabcdabcdabcd')
})

test('damage never reads or writes outside the block', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
      try {
        snappyDecompress(bytes, 0, bytes.length)
      } catch (error) {
        assert.ok(error instanceof JuteError, String(error))
      }
    }),
    { numRuns: 2_000 },
  )
})

function collector(): ByteSink & { readonly parts: Uint8Array[] } {
  const parts: Uint8Array[] = []
  return {
    parts,
    write: async bytes => {
      parts.push(bytes.slice())
    },
    close: async () => undefined,
    abort: async () => undefined,
  }
}

function pieces(bytes: Uint8Array, size: number): ByteSource {
  let at = 0
  return {
    async next() {
      if (at >= bytes.length) return null
      at += size
      return bytes.subarray(at - size, at)
    },
  }
}

test('a stream survives pieces of any size on both sides', async () => {
  await fc.assert(
    fc.asyncProperty(data, fc.integer({ min: 1, max: 70_000 }), async (bytes, size) => {
      const stored = collector()
      const sink = snappySink(stored)
      for (let at = 0; at < bytes.length; at += size)
        await sink.write(bytes.subarray(at, at + size))
      await sink.close()
      const source = snappySource(pieces(new Uint8Array(Buffer.concat(stored.parts)), size))
      const back: Uint8Array[] = []
      for (let part = await source.next(); part !== null; part = await source.next())
        back.push(part)
      assert.deepEqual(new Uint8Array(Buffer.concat(back)), bytes)
    }),
    { numRuns: 50 },
  )
})

test('a cut stream is refused', async () => {
  const stored = collector()
  const sink = snappySink(stored)
  await sink.write(new Uint8Array(1_000))
  await sink.close()
  const whole = new Uint8Array(Buffer.concat(stored.parts))
  for (let cut = 0; cut < whole.length; cut++) {
    if (cut === 16) continue // the header alone is an empty stream
    const source = snappySource(pieces(whole.subarray(0, cut), 1_000))
    await assert.rejects(source.next(), JuteError, `cut at ${cut}`)
  }
})
