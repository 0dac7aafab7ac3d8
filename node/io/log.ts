/** The Log port on an output: JSON lines for collectors, readable lines on a terminal. */

import type { Log, LogLevel, LogValue } from '../../base/ports.ts'
import { hex } from '../../wire/ids.ts'

type Facts = Readonly<Record<string, LogValue>>

const RANKS: Readonly<Record<LogLevel, number>> = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 }

/** The level of a name in any case; `fatal` and `off` of the Java world are `error`. */
export function parseLogLevel(text: string): LogLevel | undefined {
  const name = text.trim().toLowerCase()
  if (name in RANKS) return name as LogLevel
  return name === 'fatal' || name === 'off' ? 'error' : undefined
}

export interface LogOptions {
  readonly level: LogLevel
  readonly isTerminal: boolean
  /** Gets one line with its line end. */
  readonly write: (line: string) => void
  /** Milliseconds since 1970. */
  readonly wallMs: () => number
  /** In every line, such as `myid`. */
  readonly facts: Facts
}

/** Keys of ours in a JSON line: a fact of the same name gets an underscore. */
const RESERVED: ReadonlySet<string> = new Set(['ts', 'level', 'event'])

export class LineLog implements Log {
  readonly #options: LogOptions
  readonly #fixedFacts: string
  #rank: number

  constructor(options: LogOptions) {
    this.#options = options
    this.#rank = RANKS[options.level]
    this.#fixedFacts = options.isTerminal ? plainFacts(options.facts) : jsonFacts(options.facts)
  }

  /** From now on; lines below it cost a comparison. */
  setLevel(level: LogLevel): void {
    this.#rank = RANKS[level]
  }

  trace(event: string, facts?: Facts): void {
    if (this.#rank <= 0) this.#write('trace', event, facts)
  }

  debug(event: string, facts?: Facts): void {
    if (this.#rank <= 1) this.#write('debug', event, facts)
  }

  info(event: string, facts?: Facts): void {
    if (this.#rank <= 2) this.#write('info', event, facts)
  }

  warn(event: string, facts?: Facts): void {
    if (this.#rank <= 3) this.#write('warn', event, facts)
  }

  error(event: string, facts?: Facts): void {
    if (this.#rank <= 4) this.#write('error', event, facts)
  }

  #write(level: LogLevel, event: string, facts: Facts = {}): void {
    const { isTerminal, wallMs, write } = this.#options
    const time = new Date(wallMs()).toISOString()
    if (isTerminal) {
      const name = level.toUpperCase().padEnd(5)
      write(`${time.slice(11, 23)} ${name} ${event}${this.#fixedFacts}${plainFacts(facts)}\n`)
      return
    }
    const head = `{"ts":"${time}","level":"${level}","event":${JSON.stringify(event)}`
    write(`${head}${this.#fixedFacts}${jsonFacts(facts)}}\n`)
  }
}

function jsonFacts(facts: Facts): string {
  let text = ''
  for (const key of Object.keys(facts)) {
    const value = facts[key]
    if (value === undefined) continue
    text += `,${JSON.stringify(RESERVED.has(key) ? `_${key}` : key)}:${jsonText(value)}`
  }
  return text
}

function jsonText(value: LogValue): string {
  return JSON.stringify(value, (_key, each: unknown) => {
    if (typeof each === 'bigint') return hex(each)
    // JSON knows neither NaN nor infinities, and null would hide which it was.
    return typeof each === 'number' && !Number.isFinite(each) ? String(each) : each
  })
}

function plainFacts(facts: Facts): string {
  let text = ''
  for (const key of Object.keys(facts)) {
    const value = facts[key]
    if (value !== undefined) text += ` ${key}=${plainText(value)}`
  }
  return text
}

/** Words stay as they are; what has blanks or control characters is quoted. */
function plainText(value: LogValue): string {
  if (typeof value === 'bigint') return hex(value)
  if (typeof value === 'string') return /^[!-~]+$/.test(value) ? value : JSON.stringify(value)
  return typeof value === 'object' ? jsonText(value) : String(value)
}
