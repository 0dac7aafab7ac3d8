/** Puts one load on one server and says what came of it. */
import { type ProcessTimes, processTimes } from '../proc.ts'
import { Client, type ClientEvents, type Faults } from './client.ts'
import { runCycles } from './cycles.ts'
import { Histogram } from './histogram.ts'
import { makeRequests } from './requests.ts'
import { runWatches } from './watching.ts'
import type { Workload } from './workloads.ts'

export interface LoadOptions {
  readonly port: number
  /** The server's process, whose CPU is counted. */
  readonly pid: number
  /** Of this run alone: nothing is below it. */
  readonly root: string
  readonly warmupMs: number
  readonly timeMs: number
}

export interface LoadResult {
  readonly name: string
  readonly operationsPerSecond: number
  /** CPU of the server per operation, notification or cycle. */
  readonly cpuUs: number
  readonly p50Us: number
  readonly p99Us: number
  readonly maxUs: number
  readonly rssBytes: number
  /** CPU of this program per operation, and its share of one core. */
  readonly generatorCpuUs: number
  readonly generatorLoad: number
  readonly faults: Faults
}

/** What the measured window counts. */
export class Window {
  readonly latency: Histogram = new Histogram()
  readonly faults: Faults = { errors: 0, outOfOrder: 0, malformed: 0 }
  /** What the CPU is divided by. */
  operations = 0
  /** False before and after the window. */
  isOpen = false

  observe(sentMs: number, nowMs: number): void {
    if (!this.isOpen) return
    this.operations++
    this.latency.observe((nowMs - sentMs) * 1000)
  }
}

/** Runs the warm-up, then the window, and stops; `stop` must make the load end. */
export async function measure(
  workload: Workload,
  options: LoadOptions,
  window: Window,
  stop: () => void,
): Promise<LoadResult> {
  await pause(options.warmupMs)
  window.isOpen = true
  const startedMs = performance.now()
  const before = processTimes(options.pid)
  const own = process.cpuUsage()
  await pause(options.timeMs)
  const after: ProcessTimes = processTimes(options.pid)
  const ownAfter = process.cpuUsage(own)
  const seconds = (performance.now() - startedMs) / 1000
  window.isOpen = false
  stop()
  const { operations, latency, faults } = window
  const generatorUs = ownAfter.user + ownAfter.system
  return {
    name: workload.name,
    operationsPerSecond: operations / seconds,
    cpuUs: operations === 0 ? Number.NaN : (after.cpuUs - before.cpuUs) / operations,
    p50Us: latency.quantile(0.5),
    p99Us: latency.quantile(0.99),
    maxUs: latency.max,
    rssBytes: after.rssBytes,
    generatorCpuUs: operations === 0 ? Number.NaN : generatorUs / operations,
    generatorLoad: generatorUs / 1e6 / seconds,
    faults,
  }
}

export async function runLoad(workload: Workload, options: LoadOptions): Promise<LoadResult> {
  switch (workload.kind) {
    case 'ephemeral':
    case 'storm':
      return runCycles(workload, options)
    case 'watch':
    case 'watchflood':
      return runWatches(workload, options)
    default:
      return runRequests(workload, options)
  }
}

async function runRequests(workload: Workload, options: LoadOptions): Promise<LoadResult> {
  const window = new Window()
  const requests = makeRequests(workload, options.root)
  let isStopped = false
  const events: ClientEvents = {
    answered: (client, sentMs, nowMs) => {
      window.observe(sentMs, nowMs)
      if (workload.rate === 0 && !isStopped) requests.next(client, nowMs)
    },
  }
  const clients = await openClients(workload.sessions, options.port, events, window.faults)
  await prepare(clients, requests.setUp, options.port)
  const stopRate = workload.rate > 0 ? startRate(workload.rate, clients, requests.next) : undefined
  if (stopRate === undefined) {
    for (const client of clients) {
      const nowMs = performance.now()
      for (let i = 0; i < workload.depth; i++) requests.next(client, nowMs)
      client.flush()
    }
  }
  const result = await measure(workload, options, window, () => {
    isStopped = true
    stopRate?.()
  })
  await closeClients(clients)
  return result
}

/** Sends requests at a fixed rate, session by session; latencies count from when each was due. */
function startRate(
  rate: number,
  clients: readonly Client[],
  next: (client: Client, nowMs: number) => void,
): () => void {
  const intervalMs = 1000 / rate
  let dueMs = performance.now()
  let turn = 0
  const timer = setInterval(() => {
    for (const nowMs = performance.now(); dueMs <= nowMs; dueMs += intervalMs) {
      const client = clients[turn++ % clients.length]!
      next(client, dueMs)
      client.flush()
    }
  }, 1)
  return () => clearInterval(timer)
}

/** Sessions one after the other in small groups, so that no server is stormed by the set-up. */
export async function openClients(
  count: number,
  port: number,
  events: ClientEvents,
  faults: Faults,
): Promise<Client[]> {
  const clients: Client[] = []
  while (clients.length < count) {
    const group = Array.from({ length: Math.min(32, count - clients.length) }, (_, i) =>
      Client.open(port, clients.length + i, events, faults),
    )
    clients.push(...(await Promise.all(group)))
  }
  return clients
}

export async function closeClients(clients: readonly Client[]): Promise<void> {
  while (clients.some(client => client.inFlight > 0)) await pause(5)
  await Promise.all(clients.map(client => client.close()))
}

/** Runs what makes the znodes of every session, over a session of its own. */
export async function prepare(
  clients: readonly Client[],
  setUp: (client: Client, index: number) => void,
  port: number,
): Promise<void> {
  const faults: Faults = { errors: 0, outOfOrder: 0, malformed: 0 }
  const helper = await Client.open(port, -1, { answered: () => undefined }, faults)
  for (let index = 0; index < clients.length; index++) {
    setUp(helper, index)
    helper.flush()
    while (helper.inFlight > 0) await pause(1)
  }
  await helper.close()
  if (faults.errors + faults.malformed > 0) throw new Error('the set-up of a load was refused')
}

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}
