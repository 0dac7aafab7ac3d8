/** Clients that go on whatever happens to the members, and write down what they see. */
import { AddWatchMode, CreateMode } from '../../wire/opcodes.ts'
import { type Answer, Client, op } from '../harness/client.ts'
import type { ConnectKnobs } from '../harness/raw-client.ts'
import { pause, within } from '../harness/wait.ts'
import type { Dice } from './dice.ts'
import type { EphemeralEvent, Operation } from './history.ts'

export const REGISTERS: readonly string[] = ['/r/0', '/r/1', '/r/2', '/r/3']
/** Written by one multi, so that both always have the same version. */
export const PAIR: readonly [string, string] = ['/pair/a', '/pair/b']
export const EPHEMERALS = '/e'

/** A member that does not answer within this is left for another one. */
const ANSWER_MS = 2500
const RETRY_MS = 50
const SESSION_MS = 6000
const BAD_VERSION = -103
const EVENT_CREATED = 1
const EVENT_DELETED = 2

/** Answers that say: this connection or session is no good, try again. */
const LOST: readonly number[] = [-4, -112, -118]

/** What all workers write into. */
export class Record {
  readonly operations: Operation[] = []
  readonly events: EphemeralEvent[] = []
  /** Answers that none of this should have caused. */
  readonly surprises: string[] = []
  isStopped = false
  expiredSessions = 0
  #place = 0
  #connections = 0

  /** The next place in time. */
  place(): number {
    return ++this.#place
  }

  connection(): number {
    return ++this.#connections
  }
}

class LostConnection extends Error {}

/** One client with one session at a time, moving between members. */
export class Worker {
  readonly #id: number
  readonly #ports: readonly number[]
  readonly #dice: Dice
  readonly #record: Record
  #client: Client | undefined = undefined
  #session: ConnectKnobs | undefined = undefined
  #lastZxid = 0n
  #values = 0
  /** Acknowledged and not deleted by us, of the present session. */
  readonly #ephemerals = new Set<string>()
  #writes = 0

  constructor(id: number, ports: readonly number[], dice: Dice, record: Record) {
    this.#id = id
    this.#ports = ports
    this.#dice = dice
    this.#record = record
  }

  /** Writes that were acknowledged so far. */
  get acknowledged(): number {
    return this.#writes
  }

  async run(): Promise<void> {
    while (!this.#record.isStopped) {
      try {
        const client = await this.#connected()
        if (client !== undefined) await this.#step(client)
      } catch (error) {
        this.#lose(error)
      }
      await pause(this.#dice.int(4))
    }
  }

  /** Its ephemerals are there as long as its session is. Ends the session. */
  async finish(): Promise<void> {
    for (;;) {
      try {
        const client = await this.#connected()
        if (client === undefined) continue
        await this.#answer(client.sync('/'))
        for (const path of this.#ephemerals) {
          const { err } = await this.#answer(client.exists(path))
          if (err !== 0) this.#record.surprises.push(`${path} is gone, its session lives: ${err}`)
        }
        await within(client.close(), 'closeSession', ANSWER_MS)
        return
      } catch (error) {
        this.#lose(error)
      }
    }
  }

  async #connected(): Promise<Client | undefined> {
    if (this.#client !== undefined) return this.#client
    const knobs = { timeOut: SESSION_MS, lastZxidSeen: this.#lastZxid, ...this.#session }
    let client: Client
    try {
      client = await within(Client.connect(this.#dice.pick(this.#ports), knobs), 'c', ANSWER_MS)
    } catch {
      await pause(RETRY_MS)
      return undefined
    }
    if (client.session.timeOut === 0) {
      this.#record.expiredSessions++
      this.#forgetSession()
      client.destroy()
      return undefined
    }
    this.#client = client
    this.#session = client.credentials
    return client
  }

  #lose(error: unknown): void {
    const { name, message } = error instanceof Error ? error : new Error(String(error))
    const isExpected =
      name === 'ClosedError' || error instanceof LostConnection || message.includes('not within')
    if (!isExpected) this.#record.surprises.push(`worker ${this.#id}: ${name} ${message}`)
    this.#client?.destroy()
    this.#client = undefined
  }

  #forgetSession(): void {
    this.#session = undefined
    this.#ephemerals.clear()
    this.#lastZxid = 0n
  }

  async #step(client: Client): Promise<void> {
    const dice = this.#dice
    const kind = dice.int(100)
    if (kind < 25) await this.#set(client, dice.pick(REGISTERS), -1)
    else if (kind < 40) await this.#compareAndSet(client)
    else if (kind < 55) await this.#read(client, dice.pick(REGISTERS))
    else if (kind < 68) await this.#syncedRead(client)
    else if (kind < 78) await this.#burst(client)
    else if (kind < 84) await this.#setPair(client)
    else if (kind < 90) await this.#readPair(client)
    else if (kind < 98) await this.#ephemeral(client)
    else await this.#endSession(client)
  }

  async #answer<T>(sent: Promise<Answer<T>>): Promise<Answer<T>> {
    const answer = await within(sent, 'answer', ANSWER_MS)
    if (LOST.includes(answer.err)) throw new LostConnection(`error ${answer.err}`)
    if (answer.zxid > this.#lastZxid) this.#lastZxid = answer.zxid
    return answer
  }

  #begin(client: Client, kind: Operation['kind'], fields: Partial<Operation>): Operation {
    const operation: Operation = {
      kind,
      worker: this.#id,
      session: client.session.sessionId,
      key: '',
      value: '',
      expected: -1,
      isSynced: false,
      began: this.#record.place(),
      ended: Number.POSITIVE_INFINITY,
      outcome: 'unknown',
      version: -1,
      mzxid: 0n,
      zxid: 0n,
      ...fields,
    }
    this.#record.operations.push(operation)
    return operation
  }

  #newValue(): string {
    return `${this.#id}-${++this.#values}`
  }

  async #set(client: Client, key: string, expected: number): Promise<void> {
    const value = this.#newValue()
    const operation = this.#begin(client, 'write', { key, value, expected })
    const answer = await this.#answer(client.setData(key, value, expected))
    operation.ended = this.#record.place()
    operation.zxid = answer.zxid
    if (answer.value === undefined) {
      if (answer.err !== BAD_VERSION) this.#record.surprises.push(`set ${key}: ${answer.err}`)
      operation.outcome = 'refused'
      return
    }
    operation.outcome = 'ok'
    operation.version = answer.value.version
    operation.mzxid = answer.value.mzxid
    this.#writes++
  }

  async #compareAndSet(client: Client): Promise<void> {
    const key = this.#dice.pick(REGISTERS)
    const version = await this.#read(client, key)
    await this.#set(client, key, version)
  }

  async #read(client: Client, key: string, syncBegan?: number): Promise<number> {
    const synced = syncBegan === undefined ? {} : { isSynced: true, began: syncBegan }
    const operation = this.#begin(client, 'read', { key, ...synced })
    const answer = await this.#answer(client.getData(key))
    operation.ended = this.#record.place()
    operation.zxid = answer.zxid
    if (answer.value === undefined) {
      this.#record.surprises.push(`read ${key}: ${answer.err}`)
      return -1
    }
    const { data, stat } = answer.value
    operation.outcome = 'ok'
    operation.value = Buffer.from(data ?? []).toString()
    operation.version = stat.version
    operation.mzxid = stat.mzxid
    return stat.version
  }

  async #syncedRead(client: Client): Promise<void> {
    const key = this.#dice.pick(REGISTERS)
    const began = this.#record.place()
    const synced = this.#answer(client.sync(key))
    const read = this.#read(client, key, began)
    await Promise.all([synced, read])
  }

  /** Several on their way at once: each read sees the writes before it. */
  async #burst(client: Client): Promise<void> {
    const key = this.#dice.pick(REGISTERS)
    const sent: Promise<unknown>[] = []
    for (let i = 0; i < 5; i++) sent.push(this.#set(client, key, -1), this.#read(client, key))
    const results = await Promise.allSettled(sent)
    const failed = results.find(result => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  async #setPair(client: Client): Promise<void> {
    const value = this.#newValue()
    const { err } = await this.#answer(client.multi(PAIR.map(path => op.setData(path, value))))
    if (err !== 0) this.#record.surprises.push(`multi: ${err}`)
  }

  /** Both at one moment, so both the same (I25). */
  async #readPair(client: Client): Promise<void> {
    const answer = await this.#answer(client.multiRead(PAIR.map(path => op.getData(path))))
    const stats = (answer.value ?? []).map(part => ('stat' in part ? part.stat : undefined))
    const versions = stats.map(stat => stat?.version)
    if (versions.length !== 2 || versions[0] === undefined || versions[0] !== versions[1]) {
      this.#record.surprises.push(`half a multi: versions ${versions.join(' and ')}`)
    }
  }

  async #ephemeral(client: Client): Promise<void> {
    const [oldest] = this.#ephemerals
    if (oldest !== undefined && this.#dice.chance(0.5)) {
      this.#ephemerals.delete(oldest)
      const { err } = await this.#answer(client.delete(oldest))
      if (err !== 0) this.#record.surprises.push(`delete ${oldest}: ${err}`)
      return
    }
    const path = `${EPHEMERALS}/${this.#newValue()}`
    const { err } = await this.#answer(client.create(path, { flags: CreateMode.ephemeral }))
    if (err === 0) this.#ephemerals.add(path)
    else this.#record.surprises.push(`create ${path}: ${err}`)
  }

  /** Properly, or by vanishing: then its ephemerals go when it expires. */
  async #endSession(client: Client): Promise<void> {
    const isProper = this.#dice.chance(0.5)
    this.#client = undefined
    this.#forgetSession()
    if (isProper) await within(client.close(), 'closeSession', ANSWER_MS)
    client.destroy()
  }
}

/** Tells of every ephemeral that comes and goes, as one member shows it. */
export async function watchEphemerals(port: number, record: Record): Promise<void> {
  while (!record.isStopped) {
    let client: Client | undefined
    try {
      client = await within(Client.connect(port, { timeOut: SESSION_MS }), 'c', ANSWER_MS)
      await within(client.addWatch(EPHEMERALS, AddWatchMode.persistentRecursive), 'w', ANSWER_MS)
      const connection = record.connection()
      while (!record.isStopped) {
        await pause(300)
        // Pings keep the session; notifications come whenever they come.
        const events = await within(client.events(), 'events', ANSWER_MS)
        for (const { type, path, zxid } of events) {
          if (type !== EVENT_CREATED && type !== EVENT_DELETED) continue
          const isDeleted = type === EVENT_DELETED
          record.events.push({ connection, path: path ?? '', isDeleted, zxid })
        }
      }
    } catch {
      await pause(RETRY_MS)
    } finally {
      client?.destroy()
    }
  }
}
