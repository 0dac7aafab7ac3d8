/** One use per interval: the limit on snapshots and restores over HTTP (operations.md 9.4). */
export class RateLimiter {
  readonly #intervalMs: number
  #nextAtMs = Number.NEGATIVE_INFINITY

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs
  }

  /** Whether this use is allowed; an allowed one starts the interval. `nowMs` is monotonic. */
  tryUse(nowMs: number): boolean {
    if (nowMs < this.#nextAtMs) return false
    this.#nextAtMs = nowMs + this.#intervalMs
    return true
  }
}
