import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import { hashBytes, PathIndex } from './path-index.ts'

function found(index: PathIndex, hash: number, id: number): boolean {
  const slots = index.segment(hash)
  const mask = slots.length - 1
  for (let at = hash & mask; slots[at] !== 0; at = (at + 1) & mask) {
    if (slots[at] === id + 1) return true
  }
  return false
}

test('what was inserted is found until it is removed, however hashes collide', () => {
  let looked = 0
  fc.assert(
    fc.property(fc.integer(), fc.constantFrom(1, 3, 40, 0x100000000), (seed, distinct) => {
      const random = new TestRandom(seed)
      const hashes: number[] = []
      const index = new PathIndex(id => hashes[id]!)
      const inside = new Set<number>()
      for (let i = 0; i < 600; i++) {
        if (inside.size > 0 && random.oneIn(3)) {
          const id = random.pick([...inside])
          index.remove(hashes[id]!, id)
          inside.delete(id)
        } else {
          // Few segments and few slots of them, or all there are.
          hashes.push(random.int(distinct) | 0)
          index.insert(hashes.at(-1)!, hashes.length - 1)
          inside.add(hashes.length - 1)
        }
        if (i % 20 !== 19) continue
        for (const [id, hash] of hashes.entries()) {
          assert.equal(found(index, hash, id), inside.has(id))
          looked++
        }
      }
    }),
    { numRuns: 30, endOnFailure: true },
  )
  assert.ok(looked > 10_000, 'a check that looked at nothing has not passed')
})

test('hashes spread names that differ in a digit over segments and slots', () => {
  const segments = new Set<number>()
  const hashes = new Set<number>()
  for (let i = 0; i < 5000; i++) {
    const bytes = utf8Bytes(`/queue/item-${String(i).padStart(10, '0')}`)
    const hash = hashBytes(bytes, 0, bytes.length, 12_345)
    segments.add(hash >>> 24)
    hashes.add(hash)
  }
  assert.ok(segments.size > 200)
  assert.ok(hashes.size > 4990)
})

test('the hash depends on the seed and on every byte, not on where they lie', () => {
  const bytes = utf8Bytes('xx/a/b')
  assert.equal(hashBytes(bytes, 2, 6, 5), hashBytes(utf8Bytes('/a/b'), 0, 4, 5))
  assert.notEqual(hashBytes(bytes, 2, 6, 5), hashBytes(bytes, 2, 6, 6))
  assert.notEqual(hashBytes(bytes, 2, 6, 5), hashBytes(bytes, 2, 5, 5))
})
