/** Many watchers of one znode: from the set to the last notification, or as fast as they come. */
import type { Client, ClientEvents } from './client.ts'
import { addWatchFrame, createFrame, getFrame, setFrame } from './frames.ts'
import {
  closeClients,
  type LoadOptions,
  type LoadResult,
  measure,
  openClients,
  pause,
  prepare,
  Window,
} from './run-load.ts'
import type { Workload } from './workloads.ts'

const PERSISTENT = 0
const RECURSIVE = 1

export async function runWatches(workload: Workload, options: LoadOptions): Promise<LoadResult> {
  const run = new WatchRun(workload, options.root)
  const clients = await openClients(workload.sessions, options.port, run.events, run.window.faults)
  const data = new Uint8Array(workload.sizeBytes)
  await prepare(
    clients.slice(0, 1),
    helper => helper.add(createFrame(options.root, data), 0),
    options.port,
  )
  await run.start(clients)
  const result = await measure(workload, options, run.window, () => run.stop())
  await closeClients(clients)
  return result
}

class WatchRun {
  readonly window = new Window()
  readonly events: ClientEvents
  readonly #workload: Workload
  readonly #root: string
  readonly #set
  #setter: Client | undefined = undefined
  #watchers: readonly Client[] = []
  #setMs = 0
  #missing = 0
  #isReplied = true
  #isStopped = false

  constructor(workload: Workload, root: string) {
    this.#workload = workload
    this.#root = root
    this.#set = setFrame(root, new Uint8Array(workload.sizeBytes).fill(0x78))
    this.events = {
      answered: (client, sentMs, nowMs) => this.#answered(client, sentMs, nowMs),
      notified: (_, nowMs) => this.#notified(nowMs),
    }
  }

  async start(clients: readonly Client[]): Promise<void> {
    const [setter, ...watchers] = clients
    this.#setter = setter
    this.#watchers = watchers
    await this.#arm()
    if (this.#workload.kind === 'watch') this.#round()
    else this.#flood()
  }

  stop(): void {
    this.#isStopped = true
  }

  async #arm(): Promise<void> {
    const { watchMode } = this.#workload
    const frame =
      watchMode === 'data'
        ? getFrame(this.#root, true)
        : addWatchFrame(this.#root, watchMode === 'persistent' ? PERSISTENT : RECURSIVE)
    for (const watcher of this.#watchers) watcher.send(frame, performance.now())
    while (this.#watchers.some(watcher => watcher.inFlight > 0)) await pause(1)
  }

  #round(): void {
    if (this.#isStopped) return
    this.#missing = this.#watchers.length
    this.#isReplied = false
    this.#setMs = performance.now()
    this.#setter!.send(this.#set, this.#setMs)
  }

  #flood(): void {
    for (let i = 0; i < this.#workload.depth; i++) this.#setter!.add(this.#set, performance.now())
    this.#setter!.flush()
  }

  #answered(client: Client, sentMs: number, nowMs: number): void {
    if (client !== this.#setter || this.#isStopped) return
    if (this.#workload.kind === 'watchflood') {
      if (this.window.isOpen) this.window.latency.observe((nowMs - sentMs) * 1000)
      client.add(this.#set, nowMs)
      return
    }
    this.#isReplied = true
    if (this.#missing === 0) this.#endRound()
  }

  #notified(nowMs: number): void {
    if (this.window.isOpen) this.window.operations++
    if (this.#workload.kind === 'watchflood') return
    this.#missing--
    if (this.#missing > 0) return
    if (this.window.isOpen) this.window.latency.observe((nowMs - this.#setMs) * 1000)
    if (this.#isReplied) this.#endRound()
  }

  #endRound(): void {
    // Not inside the handling of a reply: one-shot watches are set again first.
    if (this.#workload.watchMode === 'data') void this.#arm().then(() => this.#round())
    else setImmediate(() => this.#round())
  }
}
