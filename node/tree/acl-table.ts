import { invariant } from '../../base/invariant.ts'
import { JuteError, type Reader } from '../../wire/reader.ts'
import { type Acl, OPEN_ACL, readAcl, writeAcl } from '../../wire/records/data.ts'
import type { Writer } from '../../wire/writer.ts'

/** The open ACL (world:anyone, everything) has no entry: storage.md 4.1. */
export const OPEN_ACL_ID = -1

interface Entry {
  readonly list: readonly Acl[]
  readonly key: string
  users: number
}

/**
 * Interned ACL lists: znodes carry a small id. Ids are local to this member and to a snapshot.
 */
export class AclTable {
  readonly #byId = new Map<number, Entry>()
  readonly #byKey = new Map<string, number>()
  #nextId = 1

  get size(): number {
    return this.#byId.size
  }

  /** The id for a list, which gains a user. */
  acquire(list: readonly Acl[]): number {
    if (isOpen(list)) return OPEN_ACL_ID
    const key = keyOf(list)
    const known = this.#byKey.get(key)
    if (known !== undefined) {
      this.#byId.get(known)!.users++
      return known
    }
    const id = this.#nextId++
    this.#byId.set(id, { list, key, users: 1 })
    this.#byKey.set(key, id)
    return id
  }

  /**
   * One more user of an id that came from a snapshot; unknown ids are tolerated (storage.md 4.1),
   * but
   * never given to another list: the znode would have it until replay repairs it (ZOOKEEPER-4689).
   */
  addUser(id: number): void {
    const entry = this.#byId.get(id)
    if (entry !== undefined) entry.users++
    else this.#nextId = Math.max(this.#nextId, id + 1)
  }

  release(id: number): void {
    if (id === OPEN_ACL_ID) return
    const entry = this.#byId.get(id)
    if (entry === undefined) return
    entry.users--
    invariant(entry.users >= 0, 'an ACL list is released as often as it was acquired')
    if (entry.users > 0) return
    this.#byId.delete(id)
    this.#byKey.delete(entry.key)
  }

  /** The list of an id; an unknown one (fuzzy snapshot) denies nobody and nothing: it is empty. */
  list(id: number): readonly Acl[] {
    if (id === OPEN_ACL_ID) return OPEN_ACL
    return this.#byId.get(id)?.list ?? []
  }

  /** The section of a snapshot: `int count`, then `long id, vector<ACL>`. */
  write(writer: Writer): void {
    writer.int(this.#byId.size)
    for (const [id, entry] of this.#byId) {
      writer.longFromNumber(id).vector(entry.list, writeAcl)
    }
  }

  /** Reads the section into an empty table; users are counted as znodes arrive. */
  read(reader: Reader): void {
    const count = reader.int()
    if (count < 0) throw new JuteError(`unreasonable number of ACL lists ${count}`)
    for (let i = 0; i < count; i++) this.readEntry(reader)
  }

  /** One entry of the section. */
  readEntry(reader: Reader): void {
    const id = reader.longAsNumber()
    const list = reader.vector(readAcl) ?? []
    const key = keyOf(list)
    this.#byId.set(id, { list, key, users: 0 })
    this.#byKey.set(key, id)
    this.#nextId = Math.max(this.#nextId, id + 1)
  }

  /** After a load: lists that no znode uses are forgotten. */
  dropUnused(): void {
    for (const [id, entry] of this.#byId) {
      if (entry.users > 0) continue
      this.#byId.delete(id)
      if (this.#byKey.get(entry.key) === id) this.#byKey.delete(entry.key)
    }
  }
}

function isOpen(list: readonly Acl[]): boolean {
  if (list === OPEN_ACL) return true
  const only = list[0]
  return (
    list.length === 1 &&
    only !== undefined &&
    only.perms === 31 &&
    only.id.scheme === 'world' &&
    only.id.id === 'anyone'
  )
}

/** Lengths in front of each part, so that different lists never share a key. */
function keyOf(list: readonly Acl[]): string {
  let key = ''
  for (const { perms, id } of list) {
    key += `${perms} ${id.scheme.length} ${id.scheme} ${id.id.length} ${id.id} `
  }
  return key
}
