/** The same inputs against a running server, over sockets. */
import { connect, type Socket } from 'node:net'
import { TestRandom } from '../base/test-random.ts'
import { FrameCutter } from '../wire/frame.ts'
import { OpCode } from '../wire/opcodes.ts'
import { Reader } from '../wire/reader.ts'
import * as proto from '../wire/records/proto.ts'
import { Writer } from '../wire/writer.ts'
import { frameOf, HostileInputs } from './inputs.ts'

const HOSTILE_MAX = 16
const INPUTS_PER_ROUND = 200
/** A healthy client that waits longer than this is not served. */
const ANSWER_MS_MAX = 10_000

export interface SocketFuzzResult {
  readonly inputs: number
  readonly connections: number
  readonly rounds: number
  readonly slowestRoundMs: number
}

/** Rejects when the healthy client beside the hostile ones is not served. */
export async function fuzzSocket(
  seed: number,
  inputs: number,
  host: string,
  port: number,
): Promise<SocketFuzzResult> {
  const random = new TestRandom(seed)
  const source = new HostileInputs(random)
  const healthy = await HealthyClient.open(host, port, source.connect())
  let open: HostileSocket[] = []
  const result = { inputs: 0, connections: 0, rounds: 0, slowestRoundMs: 0 }
  while (result.inputs < inputs) {
    for (let i = 0; i < INPUTS_PER_ROUND && result.inputs < inputs; i++) {
      open = open.filter(one => !one.isOver)
      if (open.length === 0 || (random.oneIn(6) && open.length < HOSTILE_MAX)) {
        open.push(new HostileSocket(host, port, random.oneIn(2) ? source.connect() : undefined))
        result.connections++
      }
      const hostile = random.pick(open)
      hostile.send(source.next(hostile.isFresh))
      if (random.oneIn(40)) hostile.end()
      result.inputs++
    }
    const tookMs = await healthy.round()
    result.slowestRoundMs = Math.max(result.slowestRoundMs, tookMs)
    result.rounds++
  }
  for (const one of open) one.end()
  await healthy.close()
  return result
}

class HostileSocket {
  readonly #socket: Socket
  isOver = false
  isFresh = true

  constructor(host: string, port: number, first: Uint8Array | undefined) {
    this.#socket = connect({ host, port })
    this.#socket.on('error', () => (this.isOver = true))
    this.#socket.on('close', () => (this.isOver = true))
    this.#socket.resume()
    if (first !== undefined) this.send(first)
  }

  send(bytes: Uint8Array): void {
    this.isFresh = false
    if (!this.isOver) this.#socket.write(bytes)
  }

  end(): void {
    this.isOver = true
    this.#socket.destroy()
  }
}

class HealthyClient {
  readonly #socket: Socket
  readonly #cutter: FrameCutter
  #waiting: ((frame: Uint8Array) => void) | undefined = undefined
  #refuse: ((error: Error) => void) | undefined = undefined
  #xid = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#cutter = new FrameCutter(
      {
        frame: (bytes, start, end) => {
          this.#waiting?.(bytes.slice(start, end))
          return true
        },
        badLength: length => {
          this.#refuse?.(new Error(`frame length ${length}`))
          return false
        },
      },
      2 ** 31 - 1,
    )
    socket.on('data', (chunk: Buffer) => this.#cutter.push(chunk))
    socket.on('error', error => this.#refuse?.(error))
    socket.on('close', () => this.#refuse?.(new Error('the healthy client was cut off')))
  }

  static async open(host: string, port: number, connectFrame: Uint8Array): Promise<HealthyClient> {
    const client = new HealthyClient(connect({ host, port }))
    const response = proto.connectResponse.read(new Reader(await client.#exchange(connectFrame)))
    if (response.sessionId === 0n) throw new Error('the healthy client got no session')
    return client
  }

  /** Creates, reads and deletes a znode of its own; the milliseconds it took. */
  async round(): Promise<number> {
    const startedMs = performance.now()
    const path = `/fuzz-healthy-${process.pid}`
    const data = Uint8Array.of(this.#xid & 0xff)
    const acl = [{ perms: 31, scheme: 'world', id: 'anyone' }]
    await this.#ask(OpCode.create, writer =>
      proto.createRequest.write(writer, { path, data, acl, flags: 1 }),
    )
    const body = await this.#ask(OpCode.getData, writer =>
      proto.pathWatch.write(writer, { path, watch: false }),
    )
    const read = proto.dataResponse.read(body).data
    if (read?.[0] !== data[0]) throw new Error('the healthy client does not read what it wrote')
    await this.#ask(OpCode.delete, writer => proto.pathVersion.write(writer, { path, version: -1 }))
    return performance.now() - startedMs
  }

  async close(): Promise<void> {
    await this.#ask(OpCode.closeSession, () => {})
    this.#refuse = undefined
    this.#socket.destroy()
  }

  async #ask(type: number, write: (writer: Writer) => unknown): Promise<Reader> {
    const xid = ++this.#xid
    const writer = new Writer().int(xid).int(type)
    write(writer)
    const reader = new Reader(await this.#exchange(frameOf(writer.copy())))
    const header = proto.replyHeader.read(reader)
    if (header.xid !== xid) throw new Error(`reply ${header.xid} to request ${xid}`)
    if (header.err !== 0) throw new Error(`operation ${type} of the healthy client: ${header.err}`)
    return reader
  }

  #exchange(frame: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const limit = setTimeout(
        () => reject(new Error(`no answer within ${ANSWER_MS_MAX} ms`)),
        ANSWER_MS_MAX,
      )
      this.#waiting = answer => {
        clearTimeout(limit)
        resolve(answer)
      }
      this.#refuse = error => {
        clearTimeout(limit)
        reject(error)
      }
      this.#socket.write(frame)
    })
  }
}
