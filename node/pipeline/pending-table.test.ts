import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Zxid } from '../../wire/ids.ts'
import { PendingNode } from './pending-changes.ts'
import { PendingTable } from './pending-table.ts'

const PATHS = 40

/** Few hashes for many paths, so that nodes crowd and are shifted. */
function makeNode(path: number, spread: number): PendingNode {
  const hash = Math.imul(path % spread, 0x9e3779b1)
  return new PendingNode(`/${path}`, hash, 1n as Zxid, new Int32Array(0))
}

test('a table of pending znodes is a Map by path', () => {
  let looked = 0
  const step = fc.record({ remove: fc.boolean(), path: fc.nat(PATHS - 1) })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 200 }),
      fc.integer({ min: 1, max: 50 }),
      (steps, spread) => {
        const table = new PendingTable()
        const twin = new Map<string, PendingNode>()
        for (const { remove, path } of steps) {
          const node = makeNode(path, spread)
          const known = twin.get(node.path)
          if (remove) {
            // A node that is not the one in the table is left alone.
            table.delete(node)
            if (known !== undefined) table.delete(known)
            twin.delete(node.path)
          } else {
            table.set(node)
            twin.set(node.path, node)
          }
          strictEqual(table.size, twin.size)
          for (let i = 0; i < PATHS; i++) {
            const { hash, path: text } = makeNode(i, spread)
            strictEqual(table.get(hash, text), twin.get(text))
            looked++
          }
        }
      },
    ),
  )
  ok(looked > 0)
})

test('a table that was large is small again once it is empty', () => {
  const table = new PendingTable()
  const nodes = Array.from({ length: 5000 }, (_, i) => makeNode(i, 5000))
  for (const node of nodes) table.set(node)
  deepStrictEqual(
    nodes.map(node => table.get(node.hash, node.path)),
    nodes,
  )
  for (const node of nodes) table.delete(node)
  strictEqual(table.size, 0)
  strictEqual(table.get(nodes[0]!.hash, nodes[0]!.path), undefined)
})
