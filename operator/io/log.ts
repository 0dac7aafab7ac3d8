/** Facts as JSON lines on standard output. */
import type { Log, LogLevel, LogValue } from '../../base/ports.ts'

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error']

export class JsonLog implements Log {
  readonly #least: number

  constructor(level: string) {
    const found = LEVELS.indexOf(level as LogLevel)
    if (found < 0) throw new Error(`LOG_LEVEL=${level}: valid are ${LEVELS.join(', ')}`)
    this.#least = found
  }

  trace(event: string, facts?: Readonly<Record<string, LogValue>>): void {
    this.#write('trace', event, facts)
  }

  debug(event: string, facts?: Readonly<Record<string, LogValue>>): void {
    this.#write('debug', event, facts)
  }

  info(event: string, facts?: Readonly<Record<string, LogValue>>): void {
    this.#write('info', event, facts)
  }

  warn(event: string, facts?: Readonly<Record<string, LogValue>>): void {
    this.#write('warn', event, facts)
  }

  error(event: string, facts?: Readonly<Record<string, LogValue>>): void {
    this.#write('error', event, facts)
  }

  #write(level: LogLevel, event: string, facts: Readonly<Record<string, LogValue>> = {}): void {
    if (LEVELS.indexOf(level) < this.#least) return
    const line = JSON.stringify({ ts: new Date().toISOString(), level, event, ...facts }, printBig)
    process.stdout.write(`${line}\n`)
  }
}

function printBig(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `0x${BigInt.asUintN(64, value).toString(16)}` : value
}
