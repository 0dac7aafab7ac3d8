import { failInvariant, invariant } from '../base/invariant.ts'
import { Connection, type Transport } from '../node/pipeline/connection.ts'
import type { TestMember } from '../node/pipeline/test-member.ts'
import { FrameCutter } from '../wire/frame.ts'
import { Reader } from '../wire/reader.ts'
import { replyHeader } from '../wire/records/proto.ts'

const HEADER_BYTES = 16
const IMOK = 0x696d6f6b

/** A connection that sends anything; what comes back must still make sense. */
export class Hostile implements Transport {
  readonly connection: Connection
  readonly #member: TestMember
  readonly #cutter: FrameCutter
  /** It takes what it is sent; otherwise the bytes wait in the member. */
  isReading = true
  isEnded = false
  frames = 0
  #queued: Uint8Array[] = []
  #queuedBytes = 0

  constructor(member: TestMember, port: number) {
    this.#member = member
    const { pipeline, clock } = member
    const remote = { address: '10.1.2.3', port }
    const listener = { secure: false }
    const { maxBufferBytes } = pipeline.options
    const wallMs = clock.wallMs()
    this.connection = new Connection(pipeline, this, remote, listener, maxBufferBytes, wallMs)
    pipeline.connections.add(this.connection)
    pipeline.admission.entered(this.connection)
    this.#cutter = new FrameCutter(
      {
        frame: (bytes, start, end) => this.#check(bytes.slice(start, end)),
        badLength: length => this.#badLength(length),
      },
      2 ** 31 - 1,
    )
  }

  push(bytes: Uint8Array): void {
    if (!this.isEnded) this.#member.pipeline.receive(this.connection, bytes)
  }

  cut(): void {
    this.#member.pipeline.turn(() => this.connection.close('cut off'))
  }

  drain(): void {
    for (const bytes of this.#queued) this.#cutter.push(bytes)
    this.#queued = []
    this.#queuedBytes = 0
    this.#member.pipeline.drained(this.connection)
  }

  send(bytes: Uint8Array, length: number): boolean {
    if (this.isReading && this.#queued.length === 0) {
      this.#cutter.push(bytes.slice(0, length))
      bytes.fill(0xdd, 0, length)
      return true
    }
    this.#queued.push(bytes.slice(0, length))
    this.#queuedBytes += length
    return false
  }

  queuedBytes(): number {
    return this.#queuedBytes
  }

  pause(): void {}

  resume(): void {}

  end(): void {
    this.isEnded = true
  }

  destroy(): void {
    this.isEnded = true
  }

  /** The first frame is the ConnectResponse, the others have a header that tells of the past. */
  #check(frame: Uint8Array): boolean {
    if (this.frames++ === 0) {
      invariant(frame.length === 36 || frame.length === 37, 'a ConnectResponse has 36 or 37 bytes')
      return true
    }
    invariant(frame.length >= HEADER_BYTES, 'a reply has a header')
    const { zxid } = replyHeader.read(new Reader(frame))
    invariant(zxid <= this.#member.durableZxid, 'nothing leaves that is not durable')
    return true
  }

  #badLength(length: number): boolean {
    return length === IMOK ? false : failInvariant('a frame of a possible length', { length })
  }
}
