/**
 * The part of a snapshot that also travels as SNAP (storage.md 4.1, quorum-protocol.md 6.3):
 * sessions, ACL lists, znodes, "/". Written in chunks while the tree changes, read from chunks of
 * any size.
 */
import { invariant, unreachable } from '../../base/invariant.ts'
import { sessionId } from '../../wire/ids.ts'
import { CONFIG_PATH } from '../../wire/paths.ts'
import { DEFAULT_MAX_FIELD, JuteError, Reader } from '../../wire/reader.ts'
import { OPEN_ACL } from '../../wire/records/data.ts'
import { Writer } from '../../wire/writer.ts'
import type { Database } from '../tree/database.ts'

/** A chunk takes a few milliseconds: the slice of work between two turns of the event loop. */
export const TREE_CHUNK_BYTES: number = 256 << 10
/** aclId and StatPersisted behind path and data. */
const NODE_TAIL_BYTES = 68
const SLASH = 0x2f

/**
 * Serialises a database that goes on changing. Sessions and ACL lists are those of the moment of
 * construction; every znode is as it stands when its chunk is made. Call `close` at the end or when
 * giving up, else freed znode ids are never used again.
 */
export class TreeWriter {
  readonly #database: Database
  readonly #chunkBytes: number
  readonly #writer: Writer
  /** The last znode written, -1 before the first. */
  #cursor = -1
  #state: 'preamble' | 'nodes' | 'ended' = 'preamble'
  #scanning = true

  constructor(database: Database, chunkBytes: number = TREE_CHUNK_BYTES) {
    this.#database = database
    this.#chunkBytes = chunkBytes
    this.#writer = new Writer(chunkBytes + 4_096)
    this.#writer.int(database.sessions.size)
    for (const [id, timeoutMs] of database.sessions) this.#writer.long(id).int(timeoutMs)
    database.tree.acls.write(this.#writer)
    this.#cursor = database.tree.beginScan()
  }

  /** The last chunk has been made. */
  get ended(): boolean {
    return this.#state === 'ended'
  }

  /** The next bytes, null after the last. They are valid until the next call. */
  next(): Uint8Array | null {
    if (this.#state === 'ended') return null
    const writer = this.#writer
    const tree = this.#database.tree
    let id: number
    if (this.#state === 'preamble') {
      this.#state = 'nodes'
      id = this.#cursor
    } else {
      writer.clear()
      // The cursor was written already and may be deleted since: go on from it, not to it.
      id = tree.nextInScan(this.#cursor)
    }
    while (id !== -1) {
      tree.writeNode(writer, id)
      this.#cursor = id
      if (writer.length >= this.#chunkBytes) return writer.written()
      id = tree.nextInScan(id)
    }
    writer.string('/')
    this.#state = 'ended'
    this.close()
    return writer.written()
  }

  close(): void {
    if (!this.#scanning) return
    this.#scanning = false
    this.#state = 'ended'
    this.#database.tree.endScan()
  }
}

/** What a parser does with the parts it finds: fill a database, or nothing. */
export interface TreeTarget {
  session(id: bigint, timeoutMs: number): void
  acls(reader: Reader): void
  node(reader: Reader): void
  end(): void
}

/** Fills an empty database. */
export function databaseTarget(database: Database): TreeTarget {
  return {
    session: (id, timeoutMs) => {
      database.sessions.set(sessionId(id), timeoutMs)
    },
    acls: reader => {
      const { tree } = database
      // The ids of the snapshot's lists are its own: the one znode of an empty tree that has a list
      // lets go of its id and takes one again among them.
      const config = tree.find(CONFIG_PATH)
      const list = tree.acl(config)
      tree.replaceAcl(config, OPEN_ACL)
      tree.acls.read(reader)
      tree.replaceAcl(config, list)
    },
    node: reader => database.tree.readNode(reader),
    end: () => database.tree.finishLoad(),
  }
}

type Step = 'sessionCount' | 'sessions' | 'acls' | 'nodes' | 'end'

/**
 * Parses the stream as it arrives; no promise, no object per record. Throws JuteError, after which
 * parser and target are worthless.
 */
export class TreeParser {
  readonly #target: TreeTarget
  readonly #maxField: number
  readonly #reader: Reader
  #bytes: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(this.#bytes.buffer)
  #position = 0
  #step: Step = 'sessionCount'
  #sessionsLeft = 0
  /** How far the walk over the ACL section has come, from #position. */
  #aclWalk: AclWalk | null = null

  constructor(target: TreeTarget, maxField: number = DEFAULT_MAX_FIELD) {
    this.#target = target
    this.#maxField = maxField
    this.#reader = new Reader(this.#bytes, maxField)
  }

  get done(): boolean {
    return this.#step === 'end'
  }

  /**
   * Takes a chunk; its bytes may be reused afterwards. Returns how many of them belong to the
   * stream: fewer than all only when done.
   */
  push(chunk: Uint8Array): number {
    invariant(!this.done, 'bytes are pushed into a parser that has ended')
    this.#append(chunk)
    while (this.#advance()) if (this.done) break
    const left = this.#bytes.length - this.#position
    if (this.done) {
      this.#target.end()
      return chunk.length - left
    }
    // What is kept is at most one record that is not whole, or a section of ACL lists.
    this.#bytes = this.#bytes.slice(this.#position)
    this.#position = 0
    return chunk.length
  }

  #append(chunk: Uint8Array): void {
    const left = this.#bytes.length - this.#position
    if (left === 0) {
      this.#bytes = chunk
    } else {
      const joined = new Uint8Array(left + chunk.length)
      joined.set(this.#bytes.subarray(this.#position))
      joined.set(chunk, left)
      this.#bytes = joined
    }
    this.#position = 0
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength)
  }

  /** One step as far as the bytes reach; false when more are needed. */
  #advance(): boolean {
    switch (this.#step) {
      case 'sessionCount':
        return this.#readSessionCount()
      case 'sessions':
        return this.#readSessions()
      case 'acls':
        return this.#readAcls()
      case 'nodes':
        return this.#readNodes()
      case 'end':
        return false
      default:
        return unreachable(this.#step)
    }
  }

  #readSessionCount(): boolean {
    if (this.#available() < 4) return false
    this.#sessionsLeft = this.#view.getInt32(this.#position)
    if (this.#sessionsLeft < 0) throw new JuteError(`unreasonable count ${this.#sessionsLeft}`)
    this.#position += 4
    this.#step = 'sessions'
    return true
  }

  #readSessions(): boolean {
    for (; this.#sessionsLeft > 0; this.#sessionsLeft--) {
      if (this.#available() < 12) return false
      const id = this.#view.getBigInt64(this.#position)
      this.#target.session(id, this.#view.getInt32(this.#position + 8))
      this.#position += 12
    }
    this.#step = 'acls'
    return true
  }

  #readAcls(): boolean {
    this.#aclWalk ??= new AclWalk(this.#maxField)
    const length = this.#aclWalk.run(this.#view, this.#position)
    if (length === -1) return false
    this.#reader.reset(this.#bytes, this.#position, this.#position + length)
    this.#target.acls(this.#reader)
    this.#position += length
    this.#step = 'nodes'
    return true
  }

  #readNodes(): boolean {
    const view = this.#view
    const limit = this.#bytes.length
    const reader = this.#reader
    let at = this.#position
    for (;;) {
      this.#position = at
      if (at + 5 > limit) return false
      const pathLength = this.#length(view.getInt32(at))
      if (pathLength === 1 && this.#bytes[at + 4] === SLASH) break
      const dataAt = at + 4 + Math.max(0, pathLength)
      if (dataAt + 4 > limit) return false
      const dataLength = this.#length(view.getInt32(dataAt))
      const next = dataAt + 4 + Math.max(0, dataLength) + NODE_TAIL_BYTES
      if (next > limit) return false
      reader.reset(this.#bytes, at, next)
      this.#target.node(reader)
      at = next
    }
    this.#position = at + 5
    this.#step = 'end'
    return true
  }

  #available(): number {
    return this.#bytes.length - this.#position
  }

  #length(length: number): number {
    if (length < -1 || length > this.#maxField) throw new JuteError(`unreasonable length ${length}`)
    return length
  }
}

/** Finds where the ACL section ends; goes on where it stopped when bytes were missing. */
class AclWalk {
  readonly #maxField: number
  #walked = 0
  #listsLeft = -1
  #entriesLeft = 0

  constructor(maxField: number) {
    this.#maxField = maxField
  }

  /** The length of the section that begins at `start`, -1 when it is not whole yet. */
  run(view: DataView, start: number): number {
    if (this.#listsLeft === -1) {
      if (start + 4 > view.byteLength) return -1
      this.#listsLeft = view.getInt32(start)
      if (this.#listsLeft < 0) throw new JuteError(`unreasonable count ${this.#listsLeft}`)
      this.#walked = 4
    }
    for (;;) {
      for (; this.#entriesLeft > 0; this.#entriesLeft--) {
        const schemeAt = start + this.#walked + 4
        const idAt = this.#skipString(view, schemeAt)
        const next = idAt === -1 ? -1 : this.#skipString(view, idAt)
        if (next === -1) return -1
        this.#walked = next - start
      }
      if (this.#listsLeft === 0) return this.#walked
      const at = start + this.#walked
      if (at + 12 > view.byteLength) return -1
      this.#entriesLeft = Math.max(0, count(view.getInt32(at + 8)))
      this.#walked += 12
      this.#listsLeft -= 1
    }
  }

  #skipString(view: DataView, at: number): number {
    if (at + 4 > view.byteLength) return -1
    const length = view.getInt32(at)
    if (length < -1 || length > this.#maxField) throw new JuteError(`unreasonable length ${length}`)
    const next = at + 4 + Math.max(0, length)
    return next > view.byteLength ? -1 : next
  }
}

function count(value: number): number {
  if (value < -1) throw new JuteError(`unreasonable count ${value}`)
  return value
}
