import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../base/test-random.ts'
import { FrameCutter, type FrameHandler } from './frame.ts'
import { Writer } from './writer.ts'

const FRAME_MAX = 1000

/** Keeps what it is given; says stop after the frames in `stops`. */
class Keeper implements FrameHandler {
  readonly frames: Uint8Array[] = []
  readonly badLengths: number[] = []
  stops: (index: number) => boolean = () => false
  frame(bytes: Uint8Array, start: number, end: number): boolean {
    this.frames.push(bytes.slice(start, end))
    return !this.stops(this.frames.length - 1)
  }
  badLength(length: number): boolean {
    this.badLengths.push(length)
    return false
  }
}

function streamOf(frames: readonly Uint8Array[]): Uint8Array {
  const writer = new Writer()
  for (const frame of frames) writer.buffer(frame)
  return writer.copy()
}

/** The stream in chunks of the given sizes; each chunk is destroyed after it was pushed. */
function pushInPieces(cutter: FrameCutter, stream: Uint8Array, size: () => number): void {
  for (let at = 0; at < stream.length; ) {
    const chunk = stream.slice(at, at + Math.max(1, size()))
    cutter.push(chunk)
    chunk.fill(0xaa)
    at += chunk.length
  }
}

const someFrames = fc.array(fc.uint8Array({ maxLength: 120 }), { maxLength: 20 })

test('every way of cutting a stream gives the same frames', () => {
  fc.assert(
    fc.property(someFrames, fc.integer(), (frames, seed) => {
      const stream = streamOf(frames)
      const random = new TestRandom(seed)
      for (const size of [() => 1, () => 3, () => stream.length, () => random.int(50)]) {
        const keeper = new Keeper()
        const cutter = new FrameCutter(keeper, FRAME_MAX)
        pushInPieces(cutter, stream, size)
        assert.deepEqual(keeper.frames, frames)
        assert.equal(cutter.waitingBytes, 0)
      }
    }),
    { numRuns: 200 },
  )
})

test('stop and go lose nothing, whenever the handler says stop', () => {
  fc.assert(
    fc.property(someFrames, fc.integer(), (frames, seed) => {
      const random = new TestRandom(seed)
      const keeper = new Keeper()
      keeper.stops = () => random.oneIn(2)
      const cutter = new FrameCutter(keeper, FRAME_MAX)
      let given = 0
      pushInPieces(cutter, streamOf(frames), () => {
        const before = keeper.frames.length
        if (random.oneIn(3)) cutter.resume()
        given = keeper.frames.length
        assert.ok(given >= before)
        return random.int(40)
      })
      for (let i = 0; i <= frames.length; i++) cutter.resume()
      assert.deepEqual(keeper.frames, frames)
    }),
    { numRuns: 300 },
  )
})

test('nothing is handed over between stop and resume', () => {
  const keeper = new Keeper()
  keeper.stops = () => true
  const cutter = new FrameCutter(keeper, FRAME_MAX)
  const one = Uint8Array.of(1)
  cutter.push(streamOf([one, one, one]))
  cutter.push(streamOf([one]))
  assert.equal(keeper.frames.length, 1)
  cutter.resume()
  assert.equal(keeper.frames.length, 2)
  assert.equal(cutter.waitingBytes, 10)
})

test('a handler may resume and close while a frame is being handed over', () => {
  const frames: number[] = []
  let cutter: FrameCutter
  const handler: FrameHandler = {
    frame: (bytes, start) => {
      frames.push(bytes[start]!)
      cutter.resume()
      if (frames.length === 3) cutter.close()
      return frames.length !== 2
    },
    badLength: () => false,
  }
  cutter = new FrameCutter(handler, FRAME_MAX)
  for (const at of [1, 2, 3, 4]) cutter.push(streamOf([Uint8Array.of(at)]))
  assert.deepEqual(frames, [1, 2])
  cutter.resume()
  assert.deepEqual(frames, [1, 2, 3])
  assert.equal(cutter.waitingBytes, 0)
})

test('a length below zero or above the limit ends everything', () => {
  for (const length of [-1, -(2 ** 31), FRAME_MAX + 1, 2 ** 31 - 1]) {
    for (const size of [1, 100]) {
      const keeper = new Keeper()
      const cutter = new FrameCutter(keeper, FRAME_MAX)
      const good = streamOf([Uint8Array.of(1)])
      const stream = new Writer().raw(good).int(length).raw(good).copy()
      pushInPieces(cutter, stream, () => size)
      assert.deepEqual(keeper.frames, [Uint8Array.of(1)])
      assert.deepEqual(keeper.badLengths, [length])
      assert.equal(cutter.waitingBytes, 0)
    }
  }
})

test('the longest frame passes, and so does an empty one', () => {
  const keeper = new Keeper()
  const cutter = new FrameCutter(keeper, FRAME_MAX)
  const frames = [new Uint8Array(FRAME_MAX).fill(7), new Uint8Array(0), Uint8Array.of(1)]
  pushInPieces(cutter, streamOf(frames), () => 17)
  assert.deepEqual(keeper.frames, frames)
})

test('a handler that waits for more bytes of a bad length is asked again', () => {
  const seen: number[] = []
  const cutter = new FrameCutter(
    {
      frame: () => true,
      badLength: (_length, bytes) => {
        seen.push(bytes.length)
        return bytes.length < 12
      },
    },
    FRAME_MAX,
  )
  pushInPieces(cutter, new Writer().raw(new Uint8Array(20).fill(0x73)).copy(), () => 3)
  assert.deepEqual(seen, [6, 9, 12])
})

test('a claimed length is not memory: what is held follows what has arrived', () => {
  const made: number[] = []
  const Plain = globalThis.Uint8Array
  const cutter = new FrameCutter(new Keeper(), 2 ** 30)
  const head = new Writer().int(2 ** 30).copy()
  class Counting extends Plain {
    constructor(size: number) {
      super(size)
      made.push(size)
    }
    static get [Symbol.species](): Uint8ArrayConstructor {
      return Plain
    }
  }
  globalThis.Uint8Array = Counting as unknown as Uint8ArrayConstructor
  try {
    cutter.push(head)
    const piece = new Plain(1000)
    for (let i = 0; i < 1000; i++) cutter.push(piece)
  } finally {
    globalThis.Uint8Array = Plain
  }
  assert.ok(made.length > 0, 'a check that looked at nothing has not passed')
  assert.equal(cutter.waitingBytes, 1_000_004)
  assert.ok(Math.max(...made) <= 2 * 1_001_004, `held ${Math.max(...made)} bytes`)
  // A frame that comes in crumbs is not copied again for each of them.
  assert.ok(made.length < 40, `${made.length} arrays for one incomplete frame`)
})

test('a closed cutter keeps nothing and hands over nothing', () => {
  const keeper = new Keeper()
  keeper.stops = () => true
  const cutter = new FrameCutter(keeper, FRAME_MAX)
  cutter.push(streamOf([Uint8Array.of(1), Uint8Array.of(2)]))
  cutter.close()
  cutter.resume()
  cutter.push(streamOf([Uint8Array.of(3)]))
  assert.equal(keeper.frames.length, 1)
  assert.equal(cutter.waitingBytes, 0)
})
