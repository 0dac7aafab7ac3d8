/** The alarms of one member: one that is set again replaces its former setting. */

import type { Alarm } from '../base/ports.ts'
import type { AlarmName } from '../node/zab/inputs.ts'
import type { World } from './world.ts'

export class Alarms {
  readonly #world: World
  readonly #running: Map<AlarmName, Alarm>
  readonly #ring: (name: AlarmName) => void

  constructor(world: World, ring: (name: AlarmName) => void) {
    this.#world = world
    this.#running = new Map()
    this.#ring = ring
  }

  set(name: AlarmName, afterMs: number): void {
    this.#running.get(name)?.cancel()
    const alarm = this.#world.after(afterMs, () => {
      this.#running.delete(name)
      this.#ring(name)
    })
    this.#running.set(name, alarm)
  }

  clear(name: AlarmName): void {
    this.#running.get(name)?.cancel()
    this.#running.delete(name)
  }

  clearAll(): void {
    for (const name of this.#running.keys()) this.clear(name)
  }
}
