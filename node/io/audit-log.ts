/** The audit log as lines of text, to a file that is rolled or to standard output. */

import { appendFile, rename, stat } from 'node:fs/promises'
import { type Audit, type AuditEvent, formatAuditEvent } from '../../base/audit.ts'
import type { Clock, Log } from '../../base/ports.ts'

/** Takes lines in order; `close` resolves once everything taken is written. */
export interface AuditSink {
  write(line: string): void
  close(): Promise<void>
}

/** A sink for standard output and the like, which keep the order themselves. */
export function plainSink(write: (line: string) => void): AuditSink {
  return { write, close: () => Promise.resolve() }
}

/** Time, level and logger come first, as Apache's logging configuration prints them. */
const LOGGER = 'audit.Slf4jAuditLogger'

export class AuditLog implements Audit {
  readonly isEnabled: boolean = true
  readonly #clock: Clock
  readonly #sink: AuditSink

  constructor(clock: Clock, sink: AuditSink) {
    this.#clock = clock
    this.#sink = sink
  }

  record(event: AuditEvent): void {
    const level = event.result === 'failure' ? 'ERROR' : 'INFO'
    const time = new Date(this.#clock.wallMs()).toISOString()
    const stamp = `${time.slice(0, 10)} ${time.slice(11, 19)},${time.slice(20, 23)}`
    this.#sink.write(`${stamp} ${level} ${LOGGER}: ${formatAuditEvent(event)}\n`)
  }

  close(): Promise<void> {
    return this.#sink.close()
  }
}

/** Lines that wait for a slow disk; beyond this new ones are dropped and counted in the log. */
export const PENDING_BYTES_MAX: number = 16 * 1024 * 1024

export interface AuditFileOptions {
  readonly path: string
  /** The file is rolled to `<path>.1` before it would exceed this. */
  readonly sizeBytesMax: number
  /** How many rolled files are kept. */
  readonly backupCount: number
  readonly log: Log
}

/** One append at a time, each with everything that has come meanwhile. */
export class AuditFile implements AuditSink {
  readonly #options: AuditFileOptions
  #pending: string[] = []
  #pendingBytes = 0
  #droppedCount = 0
  #sizeBytes: number | undefined
  #running: Promise<void> | undefined

  constructor(options: AuditFileOptions) {
    this.#options = options
  }

  write(line: string): void {
    const sizeBytes = Buffer.byteLength(line)
    if (this.#pendingBytes + sizeBytes > PENDING_BYTES_MAX) {
      this.#droppedCount++
      return
    }
    this.#pending.push(line)
    this.#pendingBytes += sizeBytes
    this.#running ??= this.#drain()
  }

  async close(): Promise<void> {
    await this.#running
  }

  async #drain(): Promise<void> {
    // Everything of this turn goes out together.
    await Promise.resolve()
    while (this.#pending.length > 0) {
      const text = this.#pending.join('')
      const sizeBytes = this.#pendingBytes
      this.#pending = []
      this.#pendingBytes = 0
      await this.#append(text, sizeBytes).catch((error: unknown) => {
        const { log, path } = this.#options
        log.error('audit log cannot be written', { path, lost: sizeBytes, cause: String(error) })
      })
      this.#reportDropped()
    }
    this.#running = undefined
  }

  async #append(text: string, sizeBytes: number): Promise<void> {
    const { path, sizeBytesMax } = this.#options
    this.#sizeBytes ??= await sizeOf(path)
    if (this.#sizeBytes > 0 && this.#sizeBytes + sizeBytes > sizeBytesMax) await this.#roll()
    await appendFile(path, text)
    this.#sizeBytes += sizeBytes
  }

  async #roll(): Promise<void> {
    const { path, backupCount } = this.#options
    for (let n = backupCount - 1; n >= 1; n--) {
      await rename(`${path}.${n}`, `${path}.${n + 1}`).catch(ignoreMissing)
    }
    if (backupCount > 0) await rename(path, `${path}.1`)
    this.#sizeBytes = 0
  }

  #reportDropped(): void {
    if (this.#droppedCount === 0) return
    this.#options.log.error('audit events dropped', { count: this.#droppedCount })
    this.#droppedCount = 0
  }
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(ignoreMissing)
  return found === undefined ? 0 : found.size
}
