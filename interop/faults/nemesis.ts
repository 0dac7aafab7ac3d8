/** What befalls the members: everything that a seed chooses. */
import type { Ensemble, Member } from '../ensemble/ensemble.ts'
import { pause } from '../harness/wait.ts'
import type { Dice } from './dice.ts'

/** Longer than syncLimit: a frozen leader is replaced, and thaws. */
const FREEZE_MAX_MS = 5000
const REST_MAX_MS = 1500
const DOWN_MAX_MS = 2500

export class Nemesis {
  readonly #ensemble: Ensemble
  readonly #dice: Dice
  readonly done: string[] = []

  constructor(ensemble: Ensemble, dice: Dice) {
    this.#ensemble = ensemble
    this.#dice = dice
  }

  /** One misfortune after the other until `isOver`; everybody runs again afterwards. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.#strike()
      await pause(this.#dice.between(100, REST_MAX_MS))
    }
  }

  async #strike(): Promise<void> {
    const dice = this.#dice
    const kind = dice.int(100)
    if (kind < 30) await this.#kill([await this.#victim()])
    else if (kind < 55) await this.#freeze([await this.#victim()])
    else if (kind < 65) await this.#terminate(await this.#victim())
    else if (kind < 80) await this.#kill(this.#several())
    else if (kind < 92) await this.#freeze(this.#several())
    else await this.#kill(this.#ensemble.members)
  }

  /** The leader half of the time, if there is one. */
  async #victim(): Promise<Member> {
    const { members } = this.#ensemble
    if (this.#dice.chance(0.5)) {
      for (const member of members) if ((await member.look())?.mode === 'leader') return member
    }
    return this.#dice.pick(members)
  }

  /** Two or more, but not all. */
  #several(): readonly Member[] {
    const { members } = this.#ensemble
    const chosen = members.filter(() => this.#dice.chance(0.6))
    return chosen.length === members.length ? chosen.slice(1) : chosen
  }

  async #kill(victims: readonly Member[]): Promise<void> {
    this.#note('kill', victims)
    await Promise.all(victims.map(async ({ server }) => server.kill()))
    await pause(this.#dice.int(DOWN_MAX_MS))
    for (const { server } of victims) await server.launch()
  }

  async #terminate(victim: Member): Promise<void> {
    this.#note('terminate', [victim])
    await victim.server.terminate()
    await pause(this.#dice.int(DOWN_MAX_MS))
    await victim.server.launch()
  }

  async #freeze(victims: readonly Member[]): Promise<void> {
    this.#note('freeze', victims)
    for (const { server } of victims) await server.suspend()
    await pause(this.#dice.int(FREEZE_MAX_MS))
    // Not all at once: what thaws first finds the others frozen.
    for (const { server } of victims) {
      server.resume()
      await pause(this.#dice.int(300))
    }
  }

  #note(what: string, victims: readonly Member[]): void {
    this.done.push(`${what} ${victims.map(({ id }) => id).join(', ')}`)
  }
}
