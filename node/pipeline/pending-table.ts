import type { PendingNode } from './pending-changes.ts'

const FIRST_SLOTS = 64
/** A table that a burst made larger than this is not kept. */
const KEEP_SLOTS_MAX = 4096

/**
 * Pending znodes by path: open addressing over the tree's own hash of the path. A Map would do the
 * same, but one whose entries come and go with every write makes a new store every few hundred of
 * them, and each store keeps the next one alive: the collector copies megabytes of dead requests.
 */
export class PendingTable {
  #slots: (PendingNode | undefined)[] = emptySlots(FIRST_SLOTS)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(hash: number, path: string): PendingNode | undefined {
    const slots = this.#slots
    const mask = slots.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const node = slots[at]
      if (node === undefined || (node.hash === hash && node.path === path)) return node
    }
  }

  /** In place of the node that has the same path, if there is one. */
  set(node: PendingNode): void {
    if (this.#size + 1 > this.#slots.length * 0.5) this.#resize(this.#slots.length * 2)
    const slots = this.#slots
    const mask = slots.length - 1
    let at = node.hash & mask
    for (let other = slots[at]; other !== undefined; other = slots[at]) {
      if (other.hash === node.hash && other.path === node.path) {
        slots[at] = node
        return
      }
      at = (at + 1) & mask
    }
    slots[at] = node
    this.#size++
  }

  /** Takes this very node out; one that replaced it stays. */
  delete(node: PendingNode): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let hole = node.hash & mask
    while (slots[hole] !== node) {
      if (slots[hole] === undefined) return
      hole = (hole + 1) & mask
    }
    // Shift back what would no longer be found across the hole.
    let at = (hole + 1) & mask
    for (let next = slots[at]; next !== undefined; next = slots[at]) {
      if (((at - next.hash) & mask) >= ((at - hole) & mask)) {
        slots[hole] = next
        hole = at
      }
      at = (at + 1) & mask
    }
    slots[hole] = undefined
    this.#size--
    if (this.#size === 0 && slots.length > KEEP_SLOTS_MAX) this.#slots = emptySlots(FIRST_SLOTS)
  }

  #resize(length: number): void {
    const old = this.#slots
    this.#slots = emptySlots(length)
    this.#size = 0
    for (const node of old) if (node !== undefined) this.set(node)
  }
}

function emptySlots(length: number): (PendingNode | undefined)[] {
  return Array.from({ length }, () => undefined)
}
