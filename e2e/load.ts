/**
 * Clients inside the cluster that write while the operator works. Each owns a znode and knows after
 * every answer what must be in it. Prints a report as one JSON line per second.
 *
 *   node e2e/load.ts HOST PORT
 */

import { Client } from '../interop/harness/client.ts'
import type { ConnectKnobs } from '../interop/harness/raw-client.ts'
import { pause, within } from '../interop/harness/wait.ts'
import { errorName } from '../wire/errors.ts'

export interface Report {
  writes: number
  /** Longest time of any client between two acknowledged writes. */
  longestGapMs: number
  expiredSessions: number
  reconnects: number
  /** Why the last connection was given up. */
  lastLoss: string
  /** What a retrying client would have to tell its user. */
  errors: string[]
}

const CLIENTS = 4
const PAUSE_MS = 5
const SESSION_MS = 10_000
const ANSWER_MS = 3000
const RETRY_MS = 20
const REPORT_MS = 1000
const ERRORS_MAX = 20
const OK = 0
const NODE_EXISTS = -110
const BAD_VERSION = -103
/** Answers after which a client connects again. */
const LOST: readonly number[] = [-4, -112, -118]

const [host = '127.0.0.1', port = '2181'] = process.argv.slice(2)
const report: Report = {
  writes: 0,
  longestGapMs: 0,
  expiredSessions: 0,
  reconnects: 0,
  lastLoss: '',
  errors: [],
}

class Writer {
  readonly #path: string
  #client: Client | undefined = undefined
  #session: ConnectKnobs | undefined = undefined
  /** Value and version after the last acknowledged write. */
  #known = 0
  #version = 0
  /** Sent, and the answer never came. */
  #open: number | undefined = undefined
  #lastMs: number = performance.now()

  constructor(path: string) {
    this.#path = path
  }

  async run(): Promise<never> {
    for (;;) {
      try {
        const client = (this.#client ??= await this.#connect())
        await this.#write(client)
        await pause(PAUSE_MS)
      } catch (error) {
        this.#client?.destroy()
        this.#client = undefined
        report.reconnects++
        report.lastLoss = String(error)
        await pause(RETRY_MS)
      }
    }
  }

  async #connect(): Promise<Client> {
    const knobs = { ...this.#session, timeOut: SESSION_MS }
    const client = await within(Client.connect(Number(port), knobs, host), 'connection', ANSWER_MS)
    if (client.session.timeOut <= 0) {
      report.expiredSessions++
      this.#session = undefined
      throw new Error('the session has expired')
    }
    const isFirst = this.#session === undefined && this.#version === 0 && this.#known === 0
    this.#session = client.credentials
    try {
      if (isFirst) {
        const { err } = await within(client.create(this.#path), 'create', ANSWER_MS)
        if (err !== OK && err !== NODE_EXISTS) this.#complain('create', err)
      }
      await this.#settle(client)
    } catch (error) {
      client.destroy()
      throw error
    }
    return client
  }

  /** What became of the write without an answer; what was acknowledged must be there. */
  async #settle(client: Client): Promise<void> {
    await within(client.sync(this.#path), 'sync', ANSWER_MS)
    const { err, value } = await within(client.getData(this.#path), 'read', ANSWER_MS)
    if (err !== OK || value === undefined) {
      this.#complain('read', err)
      throw new Error('read failed')
    }
    const found = Number(Buffer.from(value.data ?? []).toString() || '0')
    if (found !== this.#known && found !== this.#open) {
      complain(`${this.#path} holds ${found}: neither ${this.#known} nor ${this.#open}`)
    }
    this.#known = found
    this.#version = value.stat.version
    this.#open = undefined
  }

  async #write(client: Client): Promise<void> {
    const value = this.#known + 1
    this.#open = value
    const call = client.setData(this.#path, String(value), this.#version)
    const { err } = await within(call, 'write', ANSWER_MS)
    if (LOST.includes(err)) throw new Error(errorName(err))
    if (err === BAD_VERSION) complain(`${this.#path}: a write of nobody's after ${this.#version}`)
    if (err !== OK) {
      this.#complain('write', err)
      throw new Error('write failed')
    }
    const nowMs = performance.now()
    report.longestGapMs = Math.max(report.longestGapMs, Math.round(nowMs - this.#lastMs))
    this.#lastMs = nowMs
    report.writes++
    this.#known = value
    this.#version++
    this.#open = undefined
  }

  #complain(what: string, err: number): void {
    if (!LOST.includes(err)) complain(`${what} of ${this.#path}: ${errorName(err)}`)
  }
}

function complain(what: string): void {
  if (report.errors.length < ERRORS_MAX) report.errors.push(what)
}

const name = process.env['HOSTNAME'] ?? 'load'
setInterval(() => process.stdout.write(`${JSON.stringify(report)}\n`), REPORT_MS)
process.once('SIGTERM', () => process.exit(0))
for (let i = 0; i < CLIENTS; i++) void new Writer(`/${name}-${i}`).run()
