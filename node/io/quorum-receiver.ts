/**
 * Cuts what a quorum link brings into packets and snapshots: after SNAP follows a tree, which is no
 * packet, and its signature (quorum-protocol.md 6.3).
 */
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
      if (next.type === PacketType.snap) {
        const database = this.#newDatabase()
        const parser = new TreeParser(databaseTarget(database), this.#maxField)
        this.#incoming = { zxid: next.zxid, database, parser, signature: NOTHING }
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
    if (!incoming.parser.done) {
      rest = rest.subarray(incoming.parser.push(rest))
      arrivals.push({ kind: 'progress' })
      if (!incoming.parser.done) return NOTHING
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
