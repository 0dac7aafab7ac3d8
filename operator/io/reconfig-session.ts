/**
 * A session of four requests: connect, auth, reconfig, close. Behind the reconfiguration goes a
 * sync, so that what is seen next is not older than it (operators.md 4.4, step 4).
 */
import { createConnection, type Socket } from 'node:net'
import { ErrorCode, errorName } from '../../wire/errors.ts'
import { FrameCutter, type FrameHandler } from '../../wire/frame.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { CONFIG_PATH } from '../../wire/paths.ts'
import { Reader } from '../../wire/reader.ts'
import {
  authRequest,
  type Codec,
  connectRequest,
  connectResponse,
  pathOnly,
  type ReplyHeader,
  reconfigRequest,
  replyHeader,
  requestHeader,
} from '../../wire/records/proto.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import { Writer } from '../../wire/writer.ts'
import type { Credentials, ReconfigOutcome, Reconfiguration } from '../ports/ensemble-api.ts'

const TIMEOUT_MS = 15_000
const SESSION_TIMEOUT_MS = 20_000
const AUTH_XID = -4
const FRAME_BYTES_MAX = 4 * 1024 * 1024

/** Rejects when the outcome is unknown: the connection broke, or no answer came in time. */
export async function reconfigure(
  host: string,
  port: number,
  { digest }: Credentials,
  { joining, leaving, ifVersion }: Reconfiguration,
): Promise<ReconfigOutcome> {
  const session = new Session(createConnection({ host, port }))
  try {
    await session.connect()
    const auth = { type: 0, scheme: 'digest', auth: utf8Bytes(digest) }
    const known = await session.call(OpCode.auth, authRequest, auth, AUTH_XID)
    if (known.err !== ErrorCode.ok) return { ok: false, reason: 'AUTHFAILED' }
    const { err } = await session.call(OpCode.reconfig, reconfigRequest, {
      joiningServers: joining.length === 0 ? null : joining.join(','),
      leavingServers: leaving.length === 0 ? null : leaving.join(','),
      newMembers: null,
      curConfigId: ifVersion,
    })
    if (err !== ErrorCode.ok) return { ok: false, reason: errorName(err) }
    // A leader that has removed itself ends its connections: the change is committed all the same.
    await session.call(OpCode.sync, pathOnly, { path: CONFIG_PATH }).catch(() => undefined)
    return { ok: true }
  } finally {
    session.end()
  }
}

interface Waiting {
  readonly resolve: (frame: Uint8Array) => void
  readonly reject: (error: Error) => void
}

/** One request at a time; frames that nobody waits for are passed over. */
class Session implements FrameHandler {
  readonly #socket: Socket
  readonly #cutter: FrameCutter
  #waiting: Waiting | undefined
  #error: Error | undefined
  #xid = 0

  constructor(socket: Socket) {
    this.#socket = socket
    this.#cutter = new FrameCutter(this, FRAME_BYTES_MAX)
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')))
    socket.on('data', (chunk: Buffer) => this.#cutter.push(chunk))
    socket.on('error', error => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the member closed the connection')))
  }

  async connect(): Promise<void> {
    const frame = await this.#exchange(writer => {
      connectRequest.write(writer, {
        protocolVersion: 0,
        lastZxidSeen: 0n,
        timeOut: SESSION_TIMEOUT_MS,
        sessionId: 0n,
        passwd: new Uint8Array(16),
        readOnly: false,
      })
    })
    const { timeOut } = connectResponse.read(new Reader(frame))
    if (timeOut <= 0) throw new Error('the member gives no session')
  }

  async call<T>(type: number, codec: Codec<T>, body: T, xid?: number): Promise<ReplyHeader> {
    const header = { xid: xid ?? ++this.#xid, type }
    const frame = await this.#exchange(writer => {
      requestHeader.write(writer, header)
      codec.write(writer, body)
    })
    return replyHeader.read(new Reader(frame))
  }

  /** Closes the session, so that it need not expire. */
  end(): void {
    const header = { xid: ++this.#xid, type: OpCode.closeSession }
    if (this.#error === undefined) this.#socket.end(framed(w => requestHeader.write(w, header)))
    this.#socket.unref()
  }

  frame(bytes: Uint8Array, start: number, end: number): boolean {
    // The bytes die with the call.
    const copy = bytes.slice(start, end)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve(copy)
    return true
  }

  badLength(length: number): boolean {
    this.#socket.destroy(new Error(`a frame of ${length} bytes`))
    return false
  }

  #exchange(write: (writer: Writer) => void): Promise<Uint8Array> {
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
    if (this.#error !== undefined) reject(this.#error)
    else {
      this.#waiting = { resolve, reject }
      this.#socket.write(framed(write))
    }
    return promise
  }

  #fail(error: Error): void {
    this.#error ??= error
    this.#waiting?.reject(error)
    this.#waiting = undefined
  }
}

/** A frame with its length in front. */
function framed(write: (writer: Writer) => unknown): Uint8Array {
  const writer = new Writer()
  writer.int(0)
  write(writer)
  writer.view.setInt32(0, writer.length - 4)
  return writer.bytes.subarray(0, writer.length)
}
