/**
 * Silence on a link, counted in half ticks of the member's own alarm: a member that was paused
 * finds one alarm late, not a link dead (quorum-protocol.md 7.7).
 */
export class Silence {
  #halfTicks: number
  #limitTicks: number

  constructor(limitTicks: number) {
    this.#halfTicks = 0
    this.#limitTicks = limitTicks
  }

  /** Something was heard. */
  reset(): void {
    this.#halfTicks = 0
  }

  setLimit(limitTicks: number): void {
    this.#limitTicks = limitTicks
    this.#halfTicks = 0
  }

  /** Half a tick went by. Returns whether the limit is exceeded. */
  tick(): boolean {
    this.#halfTicks++
    return this.#halfTicks > this.#limitTicks * 2
  }

  get halfTicks(): number {
    return this.#halfTicks
  }
}
