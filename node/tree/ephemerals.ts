/** Ephemeral znodes by the session that owns them. */
export class Ephemerals {
  readonly #byOwner = new Map<bigint, Set<number>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  get ownerCount(): number {
    return this.#byOwner.size
  }

  add(owner: bigint, node: number): void {
    const nodes = this.#byOwner.get(owner)
    if (nodes === undefined) this.#byOwner.set(owner, new Set([node]))
    else nodes.add(node)
    this.#count++
  }

  remove(owner: bigint, node: number): void {
    const nodes = this.#byOwner.get(owner)
    if (nodes === undefined || !nodes.delete(node)) return
    this.#count--
    if (nodes.size === 0) this.#byOwner.delete(owner)
  }

  /** Ids of the znodes of a session; empty when it has none. */
  of(owner: bigint): Iterable<number> {
    return this.#byOwner.get(owner) ?? []
  }

  owners(): Iterable<bigint> {
    return this.#byOwner.keys()
  }
}
