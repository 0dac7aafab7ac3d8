/**
 * Cuts what a quorum link brings into packets and snapshots: after SNAP follows a tree, which is no
 * packet, and its signature (quorum-protocol.md 6.3).
 */
import { zstdDecompressSync } from 'node:zlib'
import type { Zxid } from '../../wire/ids.ts'
import { JuteError, Reader } from '../../wire/reader.ts'
import { PacketStream, PacketType, type QuorumPacket } from '../../wire/records/quorum.ts'
import { databaseTarget, TreeParser } from '../storage/tree-stream.ts'
import type { Database } from '../tree/database.ts'

/** What ends the tree of a SNAP. */
export const SNAPSHOT_SIGNATURE = 'BenWasHere'
const SIGNATURE_BYTES: number = 4 + SNAPSHOT_SIGNATURE.length

export type Arrival =
  | { readonly kind: 'packets'; readonly packets: readonly QuorumPacket[] }
  | { readonly kind: 'progress' }
  | { readonly kind: 'snapshot'; readonly zxid: Zxid; readonly database: Database }

interface Incoming {
  readonly zxid: Zxid
  readonly database: Database
  readonly parser: TreeParser
  /** Undefined for a tree that comes as it is. */
  readonly blocks: BlockReader | undefined
  /** Bytes of the signature that have come. */
  signature: Uint8Array
}

const NOTHING: Uint8Array = new Uint8Array(0)

export class QuorumReceiver {
  readonly #stream: PacketStream
  readonly #maxField: number
  readonly #newDatabase: () => Database
  #incoming: Incoming | undefined = undefined

  constructor(maxFieldBytes: number, newDatabase: () => Database) {
    this.#stream = new PacketStream(maxFieldBytes)
    this.#maxField = maxFieldBytes
    this.#newDatabase = newDatabase
  }

  /** What a chunk completes, in order. Throws JuteError. */
  push(chunk: Uint8Array): Arrival[] {
    const arrivals: Arrival[] = []
    let rest: Uint8Array = chunk
    while (rest.length > 0) {
      rest =
        this.#incoming === undefined
          ? this.#takePackets(rest, arrivals)
          : this.#takeSnapshot(this.#incoming, rest, arrivals)
    }
    return arrivals
  }

  #takePackets(chunk: Uint8Array, arrivals: Arrival[]): Uint8Array {
    this.#stream.push(chunk)
    const packets: QuorumPacket[] = []
    let rest = NOTHING
    for (let next = this.#stream.next(); next !== undefined; next = this.#stream.next()) {
      if (next.type === PacketType.snap || next.type === PacketType.compressedSnap) {
        const blocks = next.type === PacketType.snap ? undefined : new BlockReader()
        const database = this.#newDatabase()
        const parser = new TreeParser(databaseTarget(database), this.#maxField)
        this.#incoming = { zxid: next.zxid, database, parser, blocks, signature: NOTHING }
        rest = this.#stream.takeRest()
        break
      }
      packets.push(next)
    }
    if (packets.length > 0) arrivals.push({ kind: 'packets', packets })
    return rest
  }

  #takeSnapshot(incoming: Incoming, chunk: Uint8Array, arrivals: Arrival[]): Uint8Array {
    let rest = chunk
    if (!isTreeWhole(incoming)) {
      rest = rest.subarray(takeTree(incoming, rest))
      arrivals.push({ kind: 'progress' })
      if (!isTreeWhole(incoming)) return NOTHING
    }
    const missing = SIGNATURE_BYTES - incoming.signature.length
    incoming.signature = concat(incoming.signature, rest.subarray(0, missing))
    rest = rest.subarray(Math.min(missing, rest.length))
    if (incoming.signature.length < SIGNATURE_BYTES) return NOTHING
    const signature = new Reader(incoming.signature).string()
    if (signature !== SNAPSHOT_SIGNATURE) {
      throw new JuteError(`a snapshot ends with ${signature}, valid is ${SNAPSHOT_SIGNATURE}`)
    }
    this.#incoming = undefined
    arrivals.push({ kind: 'snapshot', zxid: incoming.zxid, database: incoming.database })
    return rest
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length)
  joined.set(a)
  joined.set(b, a.length)
  return joined
}

function isTreeWhole({ parser, blocks }: Incoming): boolean {
  return blocks === undefined ? parser.done : blocks.ended
}

/** Returns how many bytes of the chunk belong to the tree. */
function takeTree({ parser, blocks }: Incoming, chunk: Uint8Array): number {
  if (blocks === undefined) return parser.push(chunk)
  const used = blocks.push(chunk, bytes => {
    const taken = parser.done ? 0 : parser.push(bytes)
    if (taken < bytes.length) throw new JuteError('bytes behind the end of a compressed tree')
  })
  if (blocks.ended && !parser.done) throw new JuteError('a compressed tree ends too early')
  return used
}

/** A block of more than this, packed or unpacked, is not one of ours. */
const BLOCK_BYTES_MAX: number = 64 << 20

/** Takes `int length, zstd bytes` apart until length 0. */
class BlockReader {
  ended = false
  #kept: Uint8Array = NOTHING

  /** Gives every whole block, unpacked; returns how many bytes of the chunk were blocks. */
  push(chunk: Uint8Array, onBlock: (bytes: Uint8Array) => void): number {
    const kept = this.#kept.length
    const bytes = kept === 0 ? chunk : concat(this.#kept, chunk)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = 0
    while (bytes.length - at >= 4) {
      const length = view.getInt32(at)
      if (length < 0 || length > BLOCK_BYTES_MAX) {
        throw new JuteError(`unreasonable length ${length} of a block`)
      }
      if (length === 0) {
        this.ended = true
        this.#kept = NOTHING
        return at + 4 - kept
      }
      if (bytes.length - at - 4 < length) break
      onBlock(unpack(bytes.subarray(at + 4, at + 4 + length)))
      at += 4 + length
    }
    this.#kept = bytes.slice(at)
    return chunk.length
  }
}

function unpack(block: Uint8Array): Uint8Array {
  try {
    return zstdDecompressSync(block, { maxOutputLength: BLOCK_BYTES_MAX })
  } catch (error) {
    throw new JuteError(`a block cannot be unpacked: ${String(error)}`)
  }
}
