/** What befalls the members: everything that a seed chooses. */
import type { Ensemble, Member } from '../ensemble/ensemble.ts'
import { pause } from '../harness/wait.ts'
import type { Dice } from './dice.ts'
import type { Paths } from './paths.ts'

/** Longer than syncLimit: a frozen leader is replaced, and thaws. */
const FREEZE_MAX_MS = 5000
const SPLIT_MAX_MS = 7000
const REST_MAX_MS = 1500
const DOWN_MAX_MS = 2500

export class Nemesis {
  readonly #ensemble: Ensemble
  readonly #dice: Dice
  /** Undefined: the network stays as it is. */
  readonly #paths: Paths | undefined
  readonly done: string[] = []

  constructor(ensemble: Ensemble, dice: Dice, paths: Paths | undefined) {
    this.#ensemble = ensemble
    this.#dice = dice
    this.#paths = paths
  }

  /** One misfortune after the other until `isOver`; everybody runs again afterwards. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      this.assertAlive()
      await this.#strike()
      await pause(this.#dice.between(100, REST_MAX_MS))
    }
  }

  /** A member that ended by itself must not be hidden by the next kill and start. */
  assertAlive(): void {
    for (const { id, server } of this.#ensemble.members) {
      if (!server.isRunning) throw new Error(`member ${id} ended by itself\n${server.logTail()}`)
      const error = server.logTail(Number.MAX_SAFE_INTEGER).match(/^.*"level":"error".*$/m)
      if (error !== null) throw new Error(`member ${id} reports an error\n${error[0]}`)
    }
  }

  async #strike(): Promise<void> {
    const dice = this.#dice
    if (this.#paths !== undefined && dice.chance(0.5)) {
      await this.#disconnect(this.#paths)
      return
    }
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

  /** Two sides, one direction, a few directions at random, or all connections reset. */
  async #disconnect(paths: Paths): Promise<void> {
    const dice = this.#dice
    const ids = this.#ensemble.members.map(({ id }) => id)
    const kind = dice.int(4)
    if (kind === 0) {
      const left = ids.filter(() => dice.chance(0.5))
      const right = ids.filter(id => !left.includes(id))
      this.done.push(`split ${left.join(', ')} from ${right.join(', ')}`)
      paths.split(left, right)
    } else if (kind === 3) {
      this.done.push('reset')
      paths.heal(true)
      return
    } else {
      const victim = await this.#victim()
      const others = ids.filter(id => id !== victim.id && (kind === 1 || dice.chance(0.5)))
      const isDeaf = dice.chance(0.5)
      this.done.push(
        `${victim.id} ${isDeaf ? 'does not hear' : 'is not heard by'} ${others.join(', ')}`,
      )
      for (const id of others) {
        if (isDeaf) paths.hold(id, victim.id)
        else paths.hold(victim.id, id)
      }
    }
    await pause(dice.int(SPLIT_MAX_MS))
    paths.heal(dice.chance(0.5))
  }

  #note(what: string, victims: readonly Member[]): void {
    this.done.push(`${what} ${victims.map(({ id }) => id).join(', ')}`)
  }
}
