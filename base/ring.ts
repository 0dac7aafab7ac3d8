/**
 * A queue in one array that wraps round: no shifting, no allocation while it does not grow. The
 * owner limits what goes in.
 */
export class Ring<T> {
  #slots: (T | undefined)[] = []
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(value: T): void {
    if (this.#length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = value
    this.#length++
  }

  peek(): T | undefined {
    if (this.#length === 0) return undefined
    return this.#slots[this.#head]
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const value = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length--
    return value
  }

  /** The i-th from the oldest. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined
    return this.#slots[(this.#head + index) & (this.#slots.length - 1)]
  }

  clear(): void {
    this.#slots = []
    this.#head = 0
    this.#length = 0
  }

  #grow(): void {
    // The first slots come with the first value: most rings of idle connections never hold one.
    const grown = emptySlots<T>(Math.max(FIRST_SLOTS, this.#slots.length * 2))
    for (let i = 0; i < this.#length; i++) grown[i] = this.at(i)
    this.#slots = grown
    this.#head = 0
  }
}

const FIRST_SLOTS = 16

function emptySlots<T>(length: number): (T | undefined)[] {
  return Array.from({ length }, () => undefined)
}
