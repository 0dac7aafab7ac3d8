/**
 * Runs a script and writes down everything that came back, without what must differ between two
 * servers: times, session ids, passwords, and zxids counted from the start of the script.
 */
import { ErrorCode } from '../../wire/errors.ts'
import { Client, eventText } from '../harness/client.ts'
import { ClosedError, type Notification } from '../harness/raw-client.ts'
import { within } from '../harness/wait.ts'
import { perform, type RequestStep, type Step } from './steps.ts'

/** One entry per step: what was asked, what came, and what events it caused in which session. */
export interface Entry {
  readonly step: string
  readonly outcome: readonly string[]
}

export interface Script {
  readonly name: string
  readonly steps: readonly Step[]
}

/** Sessions 0 to 2 exist from the start. */
export const SESSIONS = 3

/** Nothing expires while a script runs: sessions that it leaves behind would take zxids. */
export const TIMEOUT_MS = 600_000

export async function play(script: Script, port: number): Promise<readonly Entry[]> {
  const player = new Player(port)
  try {
    return await player.run(script)
  } finally {
    player.end()
  }
}

class Player {
  readonly #port: number
  readonly #clients: (Client | undefined)[] = []
  /** Every session id ever given to this script, by its position. */
  readonly #sessionIds: bigint[] = []
  #firstZxid = 0n
  #lastZxid = 0n

  constructor(port: number) {
    this.#port = port
  }

  async run(script: Script): Promise<readonly Entry[]> {
    for (let i = 0; i < SESSIONS; i++) await this.#connect(i, {})
    this.#firstZxid = (await this.#client(0).ping()).zxid
    this.#lastZxid = this.#firstZxid
    const entries: Entry[] = []
    for (const step of script.steps) {
      const outcome = [...(await this.#step(step)), ...(await this.#events(step))]
      entries.push({ step: text(step), outcome })
    }
    return entries
  }

  end(): void {
    for (const client of this.#clients) client?.destroy()
  }

  #client(session: number): Client {
    const client = this.#clients[session]
    if (client === undefined) throw new Error(`session ${session} has no connection`)
    return client
  }

  async #step(step: Step): Promise<readonly string[]> {
    if (step.do === 'connect') return [await this.#connect(step.session, step)]
    if (step.do === 'close') return [await this.#close(step.session)]
    if (step.do === 'reattach') {
      return [await this.#reattach(step.session, step.wrongPassword ?? false)]
    }
    if (step.do === 'burst') {
      return Promise.all(step.requests.map(async request => this.#ask(step.session, request)))
    }
    return [await this.#ask(step.session, step)]
  }

  async #connect(
    session: number,
    knobs: { timeOut?: number; withoutReadOnly?: boolean },
  ): Promise<string> {
    this.#clients[session]?.destroy()
    const { timeOut = TIMEOUT_MS, withoutReadOnly = false } = knobs
    const client = await Client.connect(this.#port, { timeOut, withoutReadOnly })
    this.#clients[session] = client
    this.#sessionIds.push(client.session.sessionId)
    return this.#handshake(client)
  }

  async #reattach(session: number, wrongPassword: boolean): Promise<string> {
    const before = this.#client(session)
    const passwd = wrongPassword ? new Uint8Array(16) : before.session.passwd
    const client = await Client.connect(this.#port, {
      sessionId: before.session.sessionId,
      passwd,
      timeOut: TIMEOUT_MS,
    })
    // With a wrong password a server may close the owner's connection or leave it.
    if (wrongPassword) before.destroy()
    await before.raw.closed
    this.#clients[session] = client
    const outcome = this.#handshake(client)
    if (client.session.sessionId !== 0n) return outcome
    await client.raw.closed
    return `${outcome}; ${await this.#connect(session, {})}`
  }

  #handshake(client: Client): string {
    const { bodyBytes, passwd, protocolVersion, readOnly, sessionId, timeOut } = client.session
    const secret = passwd?.every(byte => byte === 0) === true ? 'zeros' : 'password'
    return (
      `connected ${this.#session(sessionId)} version ${protocolVersion} timeOut ${timeOut}` +
      ` ${secret} of ${passwd?.length} readOnly ${readOnly} in ${bodyBytes} bytes`
    )
  }

  async #close(session: number): Promise<string> {
    const answer = await this.#client(session).close()
    this.#lastZxid = answer.zxid
    const outcome = `${answer.xid} ${this.#zxid(answer.zxid)} ${answer.err}`
    return `${outcome}; ${await this.#connect(session, {})}`
  }

  /** One reply; a closed connection is one outcome, after which there is a new session. */
  async #ask(session: number, request: RequestStep): Promise<string> {
    const client = this.#client(session)
    try {
      const answer = await perform(client, request, this.#lastZxid)
      if (answer.zxid > this.#lastZxid) this.#lastZxid = answer.zxid
      await this.#maybeClosing(client, answer)
      const value = answer.err === 0 ? this.#value(answer.value) : hex(answer.body)
      return `${answer.xid} ${this.#zxid(answer.zxid)} ${answer.err} ${value}`
    } catch (error) {
      if (!(error instanceof ClosedError)) throw error
      return 'closed'
    }
  }

  /** After these the server closes, sooner or later: later is when a ping still gets through. */
  async #maybeClosing(client: Client, { err, zxid }: { err: number; zxid: bigint }): Promise<void> {
    const unknown = err === ErrorCode.unimplemented && zxid === -1n
    if (!unknown && err !== ErrorCode.authFailed) return
    await within(client.raw.closed, `closed after error ${err}`)
  }

  /** The events of every session, and a new session for those that were closed. */
  async #events(step: Step): Promise<readonly string[]> {
    const texts: string[] = []
    for (let i = 0; i < SESSIONS; i++) {
      const client = this.#client(i)
      const events = await eventsOf(client)
      const own = events.map(event => `${eventText(event)} ${this.#zxid(event.zxid)}`)
      // A session's ephemerals are removed in no particular order.
      if (step.do === 'close') own.sort(byText)
      texts.push(...own.map(event => `event in ${i}: ${event}`))
      if (client.raw.isClosed) texts.push(`closed ${i}; ${await this.#connect(i, {})}`)
    }
    return texts
  }

  #session(id: bigint): string {
    const position = this.#sessionIds.indexOf(id)
    return position < 0 ? `${id}` : `session ${position}`
  }

  #zxid(zxid: bigint): string {
    return zxid > 0n && zxid >= this.#firstZxid ? `+${zxid - this.#firstZxid}` : `${zxid}`
  }

  #value(value: unknown): string {
    return JSON.stringify(value, (key, field: unknown) => {
      if (typeof field === 'bigint') {
        return key === 'ephemeralOwner' ? this.#session(field) : this.#zxid(field)
      }
      if ((key === 'ctime' || key === 'mtime') && field !== 0) return 'time'
      if (field instanceof Uint8Array) return hex(field)
      // The order of names and of a connection's ids means nothing.
      if (Array.isArray(field) && (key === 'names' || isInfo(field[0]))) {
        return field.map(element => JSON.stringify(element)).sort(byText)
      }
      return field
    })
  }
}

async function eventsOf(client: Client): Promise<readonly Notification[]> {
  try {
    return await client.events()
  } catch (error) {
    if (!(error instanceof ClosedError)) throw error
    return client.raw.notifications.splice(0)
  }
}

function isInfo(element: unknown): boolean {
  return typeof element === 'object' && element !== null && 'authScheme' in element
}

function text(step: Step): string {
  return JSON.stringify(step, (_key, field: unknown) =>
    typeof field === 'bigint' ? field.toString() : field,
  )
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
