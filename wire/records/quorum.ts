/**
 * Records of the quorum port and of the opening of both server-to-server ports
 * (quorum-protocol.md 1.1, 2.2, 3.1, 5). There is no frame around a QuorumPacket.
 */
import { type PeerId, type SessionId, sessionId, type Zxid, zxid } from '../ids.ts'
import { JuteError, Reader } from '../reader.ts'
import { decodeUtf8, utf8Bytes } from '../utf8.ts'
import { Writer } from '../writer.ts'
import { type Id, readId, writeId } from './data.ts'

/** Types of QuorumPacket (quorum-protocol.md 5); from 64 on: only between members of our own. */
export const PacketType = {
  request: 1,
  proposal: 2,
  ack: 3,
  commit: 4,
  ping: 5,
  revalidate: 6,
  sync: 7,
  inform: 8,
  commitAndActivate: 9,
  newLeader: 10,
  followerInfo: 11,
  upToDate: 12,
  diff: 13,
  trunc: 14,
  snap: 15,
  observerInfo: 16,
  leaderInfo: 17,
  ackEpoch: 18,
  informAndActivate: 19,
  handOver: 64,
  /** SNAP whose tree follows in zstd blocks: `int length, bytes` each, length 0 at the end. */
  compressedSnap: 65,
} as const
export type PacketType = (typeof PacketType)[keyof typeof PacketType]

const PACKET_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(PacketType).map(([name, code]) => [code, name.toUpperCase()]),
)

/** The name in the reference, `type <n>` for one that has none. */
export function packetName(type: number): string {
  return PACKET_NAMES.get(type) ?? `type ${type}`
}

export interface QuorumPacket {
  /** Usually a PacketType; a peer may send anything. */
  readonly type: number
  /** Meaning depends on type; -1 where unused. */
  readonly zxid: Zxid
  readonly data: Uint8Array | null
  readonly authinfo: readonly Id[] | null
}

export const UNUSED_ZXID: Zxid = zxid(-1n)

/** Most identities a packet may carry: those of one client connection. */
export const AUTHINFO_MAX = 1024

const PACKET_FIXED_BYTES = 16

export function readQuorumPacket(reader: Reader): QuorumPacket {
  return {
    type: reader.int(),
    zxid: zxid(reader.long()),
    data: reader.buffer(),
    authinfo: reader.vector(readId),
  }
}

export function writeQuorumPacket(writer: Writer, packet: QuorumPacket): void {
  writer.int(packet.type).long(packet.zxid).buffer(packet.data).vector(packet.authinfo, writeId)
}

export function encodeQuorumPacket(packet: QuorumPacket): Uint8Array {
  const writer = new Writer(PACKET_FIXED_BYTES + 4 + (packet.data?.length ?? 0))
  writeQuorumPacket(writer, packet)
  return writer.copy()
}

/**
 * Bytes of the packet that starts at `at`, or -1 while bytes[at, end) does not hold all of it.
 * Throws JuteError when a length is unreasonable, before the bytes it promises are waited for.
 */
export function measureQuorumPacket(
  bytes: Uint8Array,
  at: number,
  end: number,
  maxField: number,
): number {
  if (end - at < PACKET_FIXED_BYTES) return -1
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let next = skipField(view, at + 12, end, maxField)
  if (next < 0 || next + 4 > end) return -1
  const count = view.getInt32(next)
  if (count < -1 || count > AUTHINFO_MAX) throw new JuteError(`unreasonable count ${count}`)
  next += 4
  for (let i = 0; i < count * 2; i++) {
    next = skipField(view, next, end, maxField)
    if (next < 0) return -1
  }
  return next - at
}

/** End of the string or buffer at `at`; -1 while it is not complete. */
function skipField(view: DataView, at: number, end: number, maxField: number): number {
  if (at + 4 > end) return -1
  const length = view.getInt32(at)
  if (length < -1 || length > maxField) throw new JuteError(`unreasonable length ${length}`)
  const next = at + 4 + Math.max(length, 0)
  return next > end ? -1 : next
}

/**
 * Cuts the stream of a quorum connection into packets, whatever the chunks. After SNAP a snapshot
 * follows that is no packet: the caller takes the bytes behind it with `takeRest()` and pushes
 * back what its own parser did not need.
 */
export class PacketStream {
  readonly #maxField: number
  readonly #reader: Reader
  #bytes: Uint8Array
  #start: number
  #end: number

  constructor(maxField: number) {
    this.#maxField = maxField
    this.#reader = new Reader(undefined, maxField)
    this.#bytes = new Uint8Array(0)
    this.#start = 0
    this.#end = 0
  }

  /** Bytes waiting for the rest of their packet. */
  get pendingBytes(): number {
    return this.#end - this.#start
  }

  /** Adds what arrived. The chunk is not kept beyond the packets that are taken out of it. */
  push(chunk: Uint8Array): void {
    const pending = this.pendingBytes
    if (pending === 0) {
      this.#bytes = chunk
      this.#start = 0
      this.#end = chunk.length
      return
    }
    if (this.#start > 0 || this.#end + chunk.length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max((pending + chunk.length) * 2, 256))
      grown.set(this.#bytes.subarray(this.#start, this.#end))
      this.#bytes = grown
      this.#start = 0
      this.#end = pending
    }
    this.#bytes.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** The next whole packet, undefined when more bytes are needed. Throws JuteError. */
  next(): QuorumPacket | undefined {
    const length = measureQuorumPacket(this.#bytes, this.#start, this.#end, this.#maxField)
    if (length < 0) {
      this.#keepRest()
      return undefined
    }
    this.#reader.reset(this.#bytes, this.#start, this.#start + length)
    this.#start += length
    return readQuorumPacket(this.#reader)
  }

  /** Everything not yet consumed; the stream is empty afterwards. */
  takeRest(): Uint8Array {
    const rest = this.#bytes.slice(this.#start, this.#end)
    this.#start = 0
    this.#end = 0
    this.#bytes = new Uint8Array(0)
    return rest
  }

  /** What waits must not live in a chunk that its owner may reuse. */
  #keepRest(): void {
    if (this.#bytes.length >= 256 && this.#start === 0 && this.#end < this.#bytes.length) return
    const pending = this.pendingBytes
    const own = new Uint8Array(Math.max(pending * 2, 256))
    own.set(this.#bytes.subarray(this.#start, this.#end))
    this.#bytes = own
    this.#start = 0
    this.#end = pending
  }
}

export const LEARNER_PROTOCOL_VERSION = 0x10000

/** What a learner says of itself in FOLLOWERINFO and OBSERVERINFO. */
export interface LearnerInfo {
  /** Negative or Long.MAX_VALUE for an observer without an id. */
  readonly serverId: bigint
  readonly protocolVersion: number
  /** Version of the learner's committed configuration. */
  readonly configVersion: bigint
  /** Bits of Feature; absent bytes, as Apache sends, are 0. */
  readonly features: number
}

/**
 * What members of our own can do beyond 3.9. The bits travel behind the fields that Apache reads
 * of LearnerInfo and LEADERINFO, and Apache ignores bytes there.
 */
export const Feature = {
  /** Understands HANDOVER. */
  handOver: 1,
  /** Reads snapshots that travel compressed. */
  compressedSnap: 2,
  /** Asked by a learner whose log could not be cut: nothing but a snapshot can repair it. */
  snapshotOnly: 4,
} as const

/** Data of FOLLOWERINFO and OBSERVERINFO. Throws JuteError. */
export function readLearnerInfo(data: Uint8Array): LearnerInfo {
  const reader = new Reader(data)
  return {
    serverId: reader.long(),
    protocolVersion: reader.remaining >= 4 ? reader.int() : LEARNER_PROTOCOL_VERSION,
    configVersion: reader.remaining >= 8 ? reader.long() : 0n,
    features: reader.remaining >= 4 ? reader.int() : 0,
  }
}

export function encodeLearnerInfo(info: LearnerInfo): Uint8Array {
  const writer = new Writer(24)
    .long(info.serverId)
    .int(info.protocolVersion)
    .long(info.configVersion)
  if (info.features !== 0) writer.int(info.features)
  return writer.copy()
}

/** Data of LEADERINFO. Throws JuteError. */
export function readLeaderInfo(data: Uint8Array): { protocolVersion: number; features: number } {
  const reader = new Reader(data)
  return { protocolVersion: reader.int(), features: reader.remaining >= 4 ? reader.int() : 0 }
}

export function encodeLeaderInfo(features: number): Uint8Array {
  const writer = new Writer(8).int(LEARNER_PROTOCOL_VERSION)
  if (features !== 0) writer.int(features)
  return writer.copy()
}

/** Data of ACKEPOCH: the learner's currentEpoch, or -1 when it knew the epoch. */
export function readAckEpoch(data: Uint8Array): number {
  return new Reader(data).int()
}

export function encodeAckEpoch(epoch: number): Uint8Array {
  return new Writer(4).int(epoch).copy()
}

export interface SessionTouch {
  readonly session: SessionId
  readonly timeoutMs: number
}

/** Data of a PING reply: the sessions heard of since the last one. Throws JuteError. */
export function readTouches(data: Uint8Array): SessionTouch[] {
  const reader = new Reader(data)
  const touches: SessionTouch[] = []
  while (reader.remaining > 0) {
    touches.push({ session: sessionId(reader.long()), timeoutMs: reader.int() })
  }
  return touches
}

export function encodeTouches(touches: readonly SessionTouch[]): Uint8Array {
  const writer = new Writer(touches.length * 12)
  for (const touch of touches) writer.long(touch.session).int(touch.timeoutMs)
  return writer.copy()
}

/** Data of REVALIDATE on its way to the leader. Throws JuteError. */
export function readRevalidate(data: Uint8Array): SessionTouch {
  const reader = new Reader(data)
  return { session: sessionId(reader.long()), timeoutMs: reader.int() }
}

/** Data of REVALIDATE on its way back. */
export function encodeRevalidated(session: SessionId, isValid: boolean): Uint8Array {
  return new Writer(9).long(session).boolean(isValid).copy()
}

/** Throws JuteError. */
export function readRevalidated(data: Uint8Array): { session: SessionId; isValid: boolean } {
  const reader = new Reader(data)
  return { session: sessionId(reader.long()), isValid: reader.boolean() }
}

/** Data of REQUEST: header and the raw request record, which is a view of `data`. */
export interface ForwardedRequest {
  readonly session: SessionId
  readonly cxid: number
  readonly opcode: number
  readonly body: Uint8Array
}

/** Throws JuteError. */
export function readForwardedRequest(data: Uint8Array): ForwardedRequest {
  const reader = new Reader(data)
  const session = sessionId(reader.long())
  const cxid = reader.int()
  const opcode = reader.int()
  return { session, cxid, opcode, body: data.subarray(reader.position) }
}

export function encodeForwardedRequest(request: ForwardedRequest): Uint8Array {
  return new Writer(16 + request.body.length)
    .long(request.session)
    .int(request.cxid)
    .int(request.opcode)
    .raw(request.body)
    .copy()
}

/** Data of COMMITANDACTIVATE, and the first eight bytes of INFORMANDACTIVATE. Throws JuteError. */
export function readDesignatedLeader(data: Uint8Array): PeerId {
  return Number(new Reader(data).long())
}

export function encodeDesignatedLeader(leader: PeerId, txn: Uint8Array | undefined): Uint8Array {
  const writer = new Writer(8 + (txn?.length ?? 0)).long(BigInt(leader))
  if (txn !== undefined) writer.raw(txn)
  return writer.copy()
}

/** First bytes of a connection whose opener authenticates itself (quorum-protocol.md 2.2). */
export const QUORUM_AUTH_MAGIC = 0x5f2435013501edccn

export const QuorumAuthStatus = { inProgress: 0, success: 1, error: -1 } as const

export interface QuorumAuthPacket {
  readonly magic: bigint
  /** A QuorumAuthStatus. */
  readonly status: number
  readonly token: Uint8Array | null
}

export function readQuorumAuthPacket(reader: Reader): QuorumAuthPacket {
  return { magic: reader.long(), status: reader.int(), token: reader.buffer() }
}

export function writeQuorumAuthPacket(writer: Writer, packet: QuorumAuthPacket): void {
  writer.long(packet.magic).int(packet.status).buffer(packet.token)
}

/** Versions of the initial message (quorum-protocol.md 3.1). */
export const InitialVersion = { oneAddress: -65536n, addressList: -65535n } as const

/** Longest address string in an initial message. */
export const INITIAL_ADDRESS_MAX_BYTES = 2048

/** The first message on an election connection, sent by whoever opened it. */
export interface InitialMessage {
  /** One of InitialVersion; peers before 3.5 send their sid in its place and no address. */
  readonly version: bigint
  /** Long.MAX_VALUE for an observer without an id. */
  readonly serverId: bigint
  /** host:port of the sender's election address; V2 joins several with `|`. */
  readonly address: string
}

export function encodeInitialMessage(message: InitialMessage): Uint8Array {
  const address = utf8Bytes(message.address)
  return new Writer(20 + address.length)
    .long(message.version)
    .long(message.serverId)
    .buffer(address)
    .copy()
}

/**
 * The initial message at the start of `bytes` and its length; undefined while it is incomplete.
 * Throws JuteError for an unknown version or an unreasonable length.
 */
export function readInitialMessage(
  bytes: Uint8Array,
): { readonly message: InitialMessage; readonly length: number } | undefined {
  if (bytes.length < 8) return undefined
  const reader = new Reader(bytes)
  const version = reader.long()
  if (version >= 0n) {
    return { message: { version, serverId: version, address: '' }, length: 8 }
  }
  if (version !== InitialVersion.oneAddress && version !== InitialVersion.addressList) {
    throw new JuteError(`initial message of unknown version ${version}`)
  }
  if (bytes.length < 20) return undefined
  const serverId = reader.long()
  const size = reader.int()
  if (size <= 0 || size > INITIAL_ADDRESS_MAX_BYTES) {
    throw new JuteError(`unreasonable length ${size} of an address; valid is 1 to 2048`)
  }
  if (bytes.length < 20 + size) return undefined
  const address = decodeUtf8(bytes, 20, 20 + size)
  return { message: { version, serverId, address }, length: 20 + size }
}
