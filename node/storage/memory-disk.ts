/**
 * A disk in memory, for tests and the simulator. It knows for every file the bytes that are durable
 * and those that are merely written, and the same for directory entries; `crash` keeps the former.
 * Limits: a write is durable as a whole or not at all (tear files with `poke`), metadata of a file
 * (its size) is durable with the next synced write, reads see everything written.
 */
import type { ByteSink, Disk, LogFile } from './disk.ts'

class Inode {
  bytes: Uint8Array = new Uint8Array(0)
  length = 0
  durable: Uint8Array = new Uint8Array(0)

  write(bytes: Uint8Array, at: number): void {
    this.resize(Math.max(this.length, at + bytes.length))
    this.bytes.set(bytes, at)
  }

  resize(length: number): void {
    if (length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.bytes.length * 2))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
    if (length < this.length) this.bytes.fill(0, length, this.length)
    this.length = length
  }

  sync(): void {
    this.durable = this.bytes.slice(0, this.length)
  }

  crash(): void {
    this.bytes = this.durable.slice()
    this.length = this.bytes.length
  }
}

interface PendingWrite {
  readonly sync: boolean
  readonly inode: Inode
  readonly bytes: Uint8Array
  readonly at: number
  readonly done: (error?: Error) => void
}

export class MemoryDisk implements Disk {
  /** Calls of LogFile.write, failed ones included. */
  logWrites = 0
  dirSyncs = 0
  /** Every write that would exceed it is refused. */
  capacityBytes: number = Number.MAX_SAFE_INTEGER
  /** Files whose bytes cannot be written or created. */
  readonly broken: Set<string> = new Set()
  #entries: Map<string, Inode> = new Map()
  #durableEntries: Map<string, Inode> = new Map()
  #held: PendingWrite[] | null = null
  /** Writes in flight when power is lost are never answered. */
  #generation = 0

  /** From now on log writes wait for `completeNext`. */
  hold(): void {
    this.#held ??= []
  }

  get heldWrites(): number {
    return this.#held?.length ?? 0
  }

  /** Ends the oldest held write, well or with the error; false when there is none. */
  completeNext(error?: Error): boolean {
    const write = this.#held?.shift()
    if (write === undefined) return false
    this.#complete(write, error)
    return true
  }

  /** Power is lost: what was not durable is gone, writes in flight are never answered. */
  crash(): void {
    this.#generation += 1
    this.#held = this.#held === null ? null : []
    this.#entries = new Map(this.#durableEntries)
    for (const inode of this.#entries.values()) inode.crash()
  }

  /** Puts bytes into a file, durable at once: damage, or a file to begin with. */
  poke(file: string, bytes: Uint8Array, at: number = 0): void {
    const inode = this.#entries.get(file) ?? this.#create(file)
    inode.write(bytes, at)
    inode.sync()
    this.#durableEntries.set(file, inode)
  }

  /** The bytes of a file as written so far. */
  peek(file: string): Uint8Array {
    const inode = this.#mustFind(file)
    return inode.bytes.slice(0, inode.length)
  }

  async list(dir: string): Promise<string[]> {
    const names: string[] = []
    for (const path of this.#entries.keys()) if (parentOf(path) === dir) names.push(nameOf(path))
    return names
  }

  async size(file: string): Promise<number | undefined> {
    return this.#entries.get(file)?.length
  }

  async read(file: string, at: number, length: number): Promise<Uint8Array> {
    const inode = this.#mustFind(file)
    return inode.bytes.slice(at, Math.min(at + length, inode.length))
  }

  async writeFile(file: string, bytes: Uint8Array, options: { sync: boolean }): Promise<void> {
    this.#check(file, bytes.length)
    const inode = this.#create(file)
    inode.write(bytes, 0)
    if (options.sync) inode.sync()
  }

  async truncate(file: string, size: number): Promise<void> {
    const inode = this.#mustFind(file)
    inode.resize(size)
    inode.sync()
  }

  async remove(file: string): Promise<void> {
    this.#entries.delete(file)
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.#mustFind(from)
    if (this.broken.has(to)) throw new Error(`EIO, rename '${to}'`)
    this.#entries.set(to, inode)
    this.#entries.delete(from)
  }

  async makeDir(): Promise<void> {}

  async syncDir(dir: string): Promise<void> {
    this.dirSyncs += 1
    if (this.broken.has(dir)) throw new Error(`EIO, fsync '${dir}'`)
    for (const path of this.#durableEntries.keys()) {
      if (parentOf(path) === dir && !this.#entries.has(path)) this.#durableEntries.delete(path)
    }
    for (const [path, inode] of this.#entries) {
      if (parentOf(path) === dir) this.#durableEntries.set(path, inode)
    }
  }

  async openLog(file: string, options: { sync: boolean }): Promise<LogFile> {
    this.#check(file, 0)
    const inode = this.#create(file)
    return {
      write: (bytes, at, done) => {
        this.logWrites += 1
        const write = { sync: options.sync, inode, bytes, at, done }
        if (this.#held !== null) this.#held.push(write)
        else this.#later(() => this.#complete(write, this.#refusal(file, bytes.length)))
      },
      extend: (size, done) => {
        inode.resize(Math.max(size, inode.length))
        this.#later(() => done())
      },
      close: async () => undefined,
    }
  }

  async openForWrite(file: string): Promise<ByteSink> {
    this.#check(file, 0)
    const inode = this.#create(file)
    return {
      write: async bytes => {
        this.#check(file, bytes.length)
        inode.write(bytes, inode.length)
      },
      close: async () => inode.sync(),
      abort: () => this.remove(file),
    }
  }

  #later(callback: () => void): void {
    const generation = this.#generation
    void Promise.resolve().then(() => {
      if (generation === this.#generation) callback()
    })
  }

  #complete(write: PendingWrite, error: Error | undefined): void {
    if (error === undefined) {
      write.inode.write(write.bytes, write.at)
      if (write.sync) write.inode.sync()
    }
    write.done(error)
  }

  #create(file: string): Inode {
    // An existing file is emptied in place: its entry, if durable, stays so.
    const inode = this.#entries.get(file) ?? new Inode()
    inode.resize(0)
    this.#entries.set(file, inode)
    return inode
  }

  #mustFind(file: string): Inode {
    const inode = this.#entries.get(file)
    if (inode === undefined) throw new Error(`ENOENT: no such file '${file}'`)
    return inode
  }

  #check(file: string, more: number): void {
    const refusal = this.#refusal(file, more)
    if (refusal !== undefined) throw refusal
  }

  #refusal(file: string, more: number): Error | undefined {
    if (this.broken.has(file)) return new Error(`EIO, write '${file}'`)
    let used = more
    for (const inode of this.#entries.values()) used += inode.length
    return used > this.capacityBytes ? new Error(`ENOSPC, write '${file}'`) : undefined
  }
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}
