import { EventType, SYNC_CONNECTED, Xid } from '../../wire/opcodes.ts'
import type { Acl } from '../../wire/records/data.ts'
import { Writer } from '../../wire/writer.ts'

/** A client connection, as far as watches are concerned. */
export interface Watcher {
  /** Takes one whole notification frame; the bytes are copied before the call returns. */
  notify(frame: Uint8Array, length: number): void
  /** Whether the connection may READ by this list (client-protocol.md 14.5). */
  mayRead(acl: readonly Acl[]): boolean
}

/** Modes of a registration, as bits: one connection may hold several on one path. */
export const WatchMode = { standard: 1, persistent: 2, recursive: 4 } as const

/** One of the two tables of client-protocol.md 14.1: path -> connection -> modes. */
export class WatchTable {
  readonly #byPath = new Map<string, Map<Watcher, number>>()
  readonly #pathsOf = new Map<Watcher, Set<string>>()
  #recursive = 0
  #size = 0

  /** Registrations: pairs of path and connection. */
  get size(): number {
    return this.#size
  }

  get pathCount(): number {
    return this.#byPath.size
  }

  get watcherCount(): number {
    return this.#pathsOf.size
  }

  add(path: string, watcher: Watcher, mode: number): void {
    let watchers = this.#byPath.get(path)
    if (watchers === undefined) this.#byPath.set(path, (watchers = new Map()))
    const before = watchers.get(watcher) ?? 0
    if (before === 0) {
      this.#size++
      const paths = this.#pathsOf.get(watcher)
      if (paths === undefined) this.#pathsOf.set(watcher, new Set([path]))
      else paths.add(path)
    }
    watchers.set(watcher, before | mode)
    if ((mode & ~before & WatchMode.recursive) !== 0) this.#recursive++
  }

  /** Modes this connection holds at exactly this path. */
  modes(path: string, watcher: Watcher): number {
    return this.#byPath.get(path)?.get(watcher) ?? 0
  }

  /** Takes away modes; those it did not hold do not matter. */
  remove(path: string, watcher: Watcher, modes: number): void {
    const watchers = this.#byPath.get(path)
    const before = watchers?.get(watcher)
    if (watchers === undefined || before === undefined) return
    const after = before & ~modes
    if ((before & modes & WatchMode.recursive) !== 0) this.#recursive--
    if (after !== 0) {
      watchers.set(watcher, after)
      return
    }
    watchers.delete(watcher)
    this.#size--
    if (watchers.size === 0) this.#byPath.delete(path)
    const paths = this.#pathsOf.get(watcher)!
    paths.delete(path)
    if (paths.size === 0) this.#pathsOf.delete(watcher)
  }

  /** The connection is gone. */
  removeWatcher(watcher: Watcher): void {
    const paths = this.#pathsOf.get(watcher)
    if (paths === undefined) return
    for (const path of paths) this.remove(path, watcher, ALL_MODES)
  }

  /**
   * Adds to `out` every connection that is to hear of a change of `path`, and consumes one-shot
   * registrations. Recursive ones at ancestors count unless `exactOnly`.
   */
  collect(path: string, out: Set<Watcher>, exactOnly: boolean): void {
    const watchers = this.#byPath.get(path)
    if (watchers !== undefined) {
      for (const [watcher, modes] of watchers) {
        if (modes !== WatchMode.recursive || !exactOnly) out.add(watcher)
        if ((modes & WatchMode.standard) !== 0) this.remove(path, watcher, WatchMode.standard)
      }
    }
    if (this.#recursive === 0 || exactOnly) return
    for (let at = path; at !== '/'; ) {
      const slash = at.lastIndexOf('/')
      at = slash <= 0 ? '/' : at.slice(0, slash)
      const above = this.#byPath.get(at)
      if (above === undefined) continue
      for (const [watcher, modes] of above) {
        if ((modes & WatchMode.recursive) !== 0) out.add(watcher)
      }
    }
  }

  /** path -> its watchers, for the four-letter words. */
  entries(): Iterable<[string, Iterable<Watcher>]> {
    return this.#entries()
  }

  *#entries(): Generator<[string, Iterable<Watcher>]> {
    for (const [path, watchers] of this.#byPath) yield [path, watchers.keys()]
  }

  pathsOf(watcher: Watcher): Iterable<string> {
    return this.#pathsOf.get(watcher) ?? []
  }
}

const ALL_MODES = WatchMode.standard | WatchMode.persistent | WatchMode.recursive

/** How many connections a firing reached, by event type: what the metrics count. */
export type WatchFired = (type: EventType, notified: number) => void

/**
 * Both tables, and the firings of client-protocol.md 14.4. Paths are as clients see them: the root
 * is '/'.
 */
export class Watches {
  readonly data: WatchTable = new WatchTable()
  readonly child: WatchTable = new WatchTable()
  readonly #frame = new Writer(256)
  readonly #reached = new Set<Watcher>()
  #onFired: WatchFired | undefined

  get size(): number {
    return this.data.size + this.child.size
  }

  onFired(callback: WatchFired): void {
    this.#onFired = callback
  }

  removeWatcher(watcher: Watcher): void {
    this.data.removeWatcher(watcher)
    this.child.removeWatcher(watcher)
  }

  created(
    path: string,
    acl: readonly Acl[],
    parent: string,
    parentAcl: readonly Acl[],
    zxid: bigint,
  ): void {
    if (this.size === 0) return
    this.#fire(this.data, EventType.nodeCreated, path, acl, zxid)
    this.#fire(this.child, EventType.nodeChildrenChanged, parent, parentAcl, zxid)
  }

  dataChanged(path: string, acl: readonly Acl[], zxid: bigint): void {
    if (this.size === 0) return
    this.#fire(this.data, EventType.nodeDataChanged, path, acl, zxid)
  }

  deleted(
    path: string,
    acl: readonly Acl[],
    parent: string,
    parentAcl: readonly Acl[],
    zxid: bigint,
  ): void {
    if (this.size === 0) return
    // One NodeDeleted per connection, though both tables' one-shot watches are consumed.
    const reached = this.#reached
    this.data.collect(path, reached, false)
    this.child.collect(path, reached, false)
    this.#send(EventType.nodeDeleted, path, acl, zxid)
    this.#fire(this.child, EventType.nodeChildrenChanged, parent, parentAcl, zxid)
  }

  #fire(table: WatchTable, type: EventType, path: string, acl: readonly Acl[], zxid: bigint): void {
    // Recursive watches hear of a child by its own NodeCreated or NodeDeleted.
    table.collect(path, this.#reached, type === EventType.nodeChildrenChanged)
    this.#send(type, path, acl, zxid)
  }

  #send(type: EventType, path: string, acl: readonly Acl[], zxid: bigint): void {
    const reached = this.#reached
    if (reached.size === 0) return
    const frame = this.#frame
    frame.clear()
    writeNotification(frame, type, path, zxid)
    let notified = 0
    for (const watcher of reached) {
      if (!watcher.mayRead(acl)) continue
      watcher.notify(frame.bytes, frame.length)
      notified++
    }
    reached.clear()
    this.#onFired?.(type, notified)
  }
}

/** One notification frame, its length in front (client-protocol.md 3, 14.2). */
export function writeNotification(
  writer: Writer,
  type: EventType,
  path: string,
  zxid: bigint,
): void {
  const mark = writer.beginFrame()
  writer.int(Xid.notification).long(zxid).int(0)
  writer.int(type).int(SYNC_CONNECTED).string(path)
  writer.endFrame(mark)
}
