import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { NO_BLOCK, Slabs } from './slabs.ts'

interface Block {
  readonly ref: number
  readonly length: number
  readonly fill: number
}

function fillBlock(slabs: Slabs, { ref, length, fill }: Block): void {
  const at = slabs.offset(ref)
  slabs.bytes(ref).fill(fill, at, at + length)
}

function isIntact(slabs: Slabs, { ref, length, fill }: Block): boolean {
  const at = slabs.offset(ref)
  const bytes = slabs.bytes(ref).subarray(at, at + length)
  return bytes.length === length && bytes.every(byte => byte === fill)
}

/** All sizes: tiny, around the steps of the classes, and larger than a quarter of a slab. */
function someLength(random: TestRandom): number {
  switch (random.int(12)) {
    case 0:
      return random.between(1000, 1100)
    case 1:
      return random.between(1, 200_000)
    case 2:
      return random.oneIn(8) ? random.between(1 << 20, (1 << 20) + 2000) : 1
    default:
      return random.between(1, 300)
  }
}

test('blocks never overlap, whatever is allocated and freed', () => {
  let checked = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const random = new TestRandom(seed)
      const slabs = new Slabs()
      const blocks: Block[] = []
      for (let i = 0; i < 1500; i++) {
        if (blocks.length > 0 && random.oneIn(2)) {
          const [block] = blocks.splice(random.int(blocks.length), 1)
          assert.ok(isIntact(slabs, block!), `block of ${block!.length} bytes was overwritten`)
          slabs.free(block!.ref, block!.length)
          checked++
        } else {
          const length = someLength(random)
          const block = { ref: slabs.allocate(length), length, fill: random.int(256) }
          assert.notEqual(block.ref, NO_BLOCK)
          fillBlock(slabs, block)
          blocks.push(block)
        }
      }
      for (const block of blocks) {
        assert.ok(isIntact(slabs, block))
        slabs.free(block.ref, block.length)
      }
      assert.equal(slabs.usedBytes, 0)
    }),
    { numRuns: 15, endOnFailure: true },
  )
  assert.ok(checked > 5000, 'a check that looked at nothing has not passed')
})

test('what is freed is used again: steady use takes no more room', () => {
  const random = new TestRandom(1)
  const slabs = new Slabs()
  const lengths = Array.from({ length: 400 }, () => someLength(random))
  let reserved = 0
  for (let round = 0; round < 20; round++) {
    const refs = lengths.map(length => slabs.allocate(length))
    for (const [i, ref] of refs.entries()) slabs.free(ref, lengths[i]!)
    if (round === 0) reserved = slabs.reservedBytes
  }
  assert.ok(slabs.reservedBytes <= reserved, `${slabs.reservedBytes} after ${reserved}`)
})

test('nothing is no block, and freeing it is harmless', () => {
  const slabs = new Slabs()
  assert.equal(slabs.allocate(0), NO_BLOCK)
  slabs.free(NO_BLOCK, 0)
  assert.equal(slabs.usedBytes, 0)
  assert.equal(slabs.reservedBytes, 0)
})

test('a large block gives its array back', () => {
  const slabs = new Slabs()
  const length = 3 << 20
  const ref = slabs.allocate(length)
  assert.ok(slabs.reservedBytes >= length)
  slabs.free(ref, length)
  assert.equal(slabs.reservedBytes, 0)
  const again = slabs.allocate(length)
  assert.equal(slabs.bytes(again).length - slabs.offset(again), length)
})
