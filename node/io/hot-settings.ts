/** Settings of a file that is read again and again: what can change while a member runs. */
import { readFileSync } from 'node:fs'
import type { Alarm, Log, LogLevel, Timers } from '../../base/ports.ts'
import { textHash } from '../../base/text-hash.ts'
import { parseProperties } from '../config/properties.ts'
import { parseLogLevel } from './log.ts'

export interface HotTargets {
  readonly setLogLevel: (level: LogLevel) => void
  readonly setFourLetterWords: (words: string) => void
}

const PERIOD_MS = 2000

export class HotSettings {
  readonly #path: string
  readonly #targets: HotTargets
  readonly #log: Log
  #hash: string | undefined

  constructor(path: string, targets: HotTargets, log: Log) {
    this.#path = path
    this.#targets = targets
    this.#log = log
  }

  /** Tells which text is in force; undefined before the first one. */
  get hash(): string | undefined {
    return this.#hash
  }

  watch(timers: Timers): Alarm {
    this.look()
    return timers.every(PERIOD_MS, () => this.look())
  }

  /** A file that cannot be read changes nothing: a mount may be in the middle of an update. */
  look(): void {
    let text: string
    try {
      text = readFileSync(this.#path, 'utf8')
    } catch (error) {
      this.#log.debug('settings cannot be read', { path: this.#path, error: String(error) })
      return
    }
    const hash = textHash(text)
    if (hash === this.#hash) return
    const { entries } = parseProperties(text)
    const level = parseLogLevel(entries.get('logLevel') ?? 'info')
    if (level === undefined) {
      this.#log.warn('settings', { logLevel: entries.get('logLevel') })
    } else {
      this.#targets.setLogLevel(level)
    }
    this.#targets.setFourLetterWords(entries.get('4lw.commands.whitelist') ?? '')
    if (this.#hash !== undefined) this.#log.info('settings changed', { hash })
    this.#hash = hash
  }
}
