/** Measurements that are not a steady load: starts, a large data set, idle sessions, syncs. */
import { Client, type Faults } from './load/client.ts'
import { childrenFrame, createFrame, createNumberedFrame, PING } from './load/frames.ts'
import { closeClients, openClients, pause, runLoad } from './load/run-load.ts'
import { WORKLOADS } from './load/workloads.ts'
import type { BenchOptions } from './options.ts'
import { processTimes } from './proc.ts'
import { BenchServer, type Kind } from './servers.ts'
import { median } from './statistics.ts'

/** Figures by what they are; the unit is the last word of the name. */
export type Figures = Readonly<Record<string, number>>

export interface Scenario {
  readonly name: string
  readonly run: (kind: Kind, options: BenchOptions) => Promise<Figures>
}

const COLD_STARTS = 3
const NODE_BYTES = 100
const PARENTS = 64
const CREATES_IN_FLIGHT = 500
const CHILDREN = 100_000
const PROBE_EVERY_MS = 2
const TICKS_OF_PINGS_MS = 10_000
const LOAD_MS = 3000

export const SCENARIOS: readonly Scenario[] = [
  { name: 'coldstart', run: coldStart },
  { name: 'dataset', run: dataset },
  { name: 'idle', run: idle },
  { name: 'fsync', run: fsync },
]

/** An empty member until its first answer. */
async function coldStart(kind: Kind, { work }: BenchOptions): Promise<Figures> {
  const times: number[] = []
  let last = { cpuUs: 0, rssBytes: 0 }
  for (let i = 0; i < COLD_STARTS; i++) {
    const server = await BenchServer.make(kind, work)
    times.push(await server.start())
    last = processTimes(server.pid)
    await server.remove()
  }
  return {
    'first answer, ms': median(times),
    'CPU, ms': last.cpuUs / 1000,
    'memory, MB': megabytes(last.rssBytes),
  }
}

/** Many znodes: how they are built, kept, read back; how long the server is deaf meanwhile. */
async function dataset(kind: Kind, options: BenchOptions): Promise<Figures> {
  const server = await BenchServer.make(kind, options.work)
  await server.start()
  const emptyRss = processTimes(server.pid).rssBytes
  const builtMs = await build(server, options.datasetNodes)
  const built = processTimes(server.pid).rssBytes
  await server.stop()
  const restartMs = await server.start()
  await pause(1000)
  const restarted = processTimes(server.pid)
  const stalls = await underLoad(server)
  const childrenMs = await readChildren(server)
  await server.remove()
  return {
    'build, s': builtMs / 1000,
    'memory built, MB': megabytes(built),
    'restart, s': restartMs / 1000,
    'restart CPU, s': restarted.cpuUs / 1e6,
    'memory restarted, MB': megabytes(restarted.rssBytes),
    'memory per znode, bytes': (restarted.rssBytes - emptyRss) / options.datasetNodes,
    'longest ping with a snapshot under load, ms': stalls,
    [`getChildren of ${CHILDREN}, ms`]: childrenMs.ownMs,
    'longest ping meanwhile, ms': childrenMs.pingMs,
  }
}

/** Creates `count` znodes of NODE_BYTES with paths of about 20 characters. */
async function build(server: BenchServer, count: number): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const faults: Faults = { errors: 0, outOfOrder: 0, malformed: 0 }
  const data = new Uint8Array(NODE_BYTES).fill(0x78)
  const frames = Array.from({ length: PARENTS }, (_, i) => createNumberedFrame(`/d/${i}`, data))
  let sent = 0
  let isReady = false
  const next = (client: Client, nowMs: number): void => {
    if (sent < count) client.add(frames[sent % PARENTS]!, nowMs, sent++)
    else if (client.inFlight === 0) resolve()
  }
  const answered = (client: Client, _: number, nowMs: number): void => {
    if (isReady) next(client, nowMs)
  }
  const client = await Client.open(server.port, 0, { answered }, faults)
  client.add(createFrame('/d', NOTHING), 0)
  for (let i = 0; i < PARENTS; i++) client.add(createFrame(`/d/${i}`, NOTHING), 0)
  client.flush()
  while (client.inFlight > 0) await pause(1)
  isReady = true
  const startedMs = performance.now()
  for (let i = 0; i < CREATES_IN_FLIGHT; i++) next(client, startedMs)
  client.flush()
  await promise
  const tookMs = performance.now() - startedMs
  await client.close()
  if (faults.errors > 0) reject(new Error(`${faults.errors} znodes could not be made`))
  return tookMs
}

const NOTHING: Uint8Array = new Uint8Array(0)

/** Writes until a snapshot has been taken, at least; the longest answer to a ping meanwhile. */
async function underLoad(server: BenchServer): Promise<number> {
  const probe = await Probe.start(server.port)
  const workload = WORKLOADS.find(({ name }) => name === 'set-d16')!
  const options = { port: server.port, pid: server.pid, warmupMs: 0 }
  // Apache and we draw after how many writes a snapshot begins: within 100,000.
  for (let round = 0, writes = 0; writes < 110_000 && round < 20; round++) {
    const root = `/load${round}`
    const result = await runLoad(workload, { ...options, root, timeMs: LOAD_MS })
    writes += (result.operationsPerSecond * LOAD_MS) / 1000
  }
  await pause(LOAD_MS)
  return probe.stop()
}

interface ChildrenTimes {
  readonly ownMs: number
  readonly pingMs: number
}

async function readChildren(server: BenchServer): Promise<ChildrenTimes> {
  const faults: Faults = { errors: 0, outOfOrder: 0, malformed: 0 }
  let ownMs = 0
  const answered = (_: Client, sentMs: number, nowMs: number): void => {
    ownMs = nowMs - sentMs
  }
  const client = await Client.open(server.port, 0, { answered }, faults)
  client.send(createFrame('/kids', NOTHING), 0)
  const create = createNumberedFrame('/kids', NOTHING)
  for (let i = 0; i < CHILDREN; i++) {
    client.add(create, 0, i)
    if (client.inFlight < CREATES_IN_FLIGHT) continue
    client.flush()
    while (client.inFlight > 0) await pause(1)
  }
  client.flush()
  while (client.inFlight > 0) await pause(1)
  const probe = await Probe.start(server.port)
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    client.send(childrenFrame('/kids'), performance.now())
    while (client.inFlight > 0) await pause(1)
    times.push(ownMs)
    await pause(20)
  }
  const pingMs = await probe.stop()
  await client.close()
  return { ownMs: median(times), pingMs }
}

/** A session that pings all the time: how long the server does not answer anybody. */
class Probe {
  readonly #client: Client
  readonly #timer: NodeJS.Timeout
  #longestMs = 0

  private constructor(client: Client) {
    this.#client = client
    this.#timer = setInterval(() => {
      if (client.inFlight === 0) client.send(PING, performance.now())
    }, PROBE_EVERY_MS)
  }

  static async start(port: number): Promise<Probe> {
    const holder: { probe: Probe | undefined } = { probe: undefined }
    const answered = (_: Client, sentMs: number, nowMs: number): void => {
      if (holder.probe !== undefined) holder.probe.#observe(nowMs - sentMs)
    }
    const faults: Faults = { errors: 0, outOfOrder: 0, malformed: 0 }
    holder.probe = new Probe(await Client.open(port, 0, { answered }, faults))
    return holder.probe
  }

  /** The longest answer, milliseconds. */
  async stop(): Promise<number> {
    clearInterval(this.#timer)
    while (this.#client.inFlight > 0) await pause(1)
    const longestMs = this.#longestMs
    await this.#client.close()
    return longestMs
  }

  #observe(tookMs: number): void {
    if (tookMs > this.#longestMs) this.#longestMs = tookMs
  }
}

/** Sessions that only ping, every ten seconds: their memory and CPU. */
async function idle(kind: Kind, options: BenchOptions): Promise<Figures> {
  const count = options.idleSessions
  const server = await BenchServer.make(kind, options.work)
  await server.start()
  // What compilers take once is not what a session takes.
  const storm = WORKLOADS.find(({ name }) => name === 'storm')!
  const load = { port: server.port, pid: server.pid, warmupMs: 0, timeMs: LOAD_MS }
  await runLoad(storm, { ...load, root: '/storm' })
  const before = processTimes(server.pid)
  const faults: Faults = { errors: 0, outOfOrder: 0, malformed: 0 }
  const clients = await openClients(count, server.port, { answered: () => undefined }, faults)
  await pause(1000)
  const opened = processTimes(server.pid)
  const windowMs = options.isQuick ? TICKS_OF_PINGS_MS / 2 : TICKS_OF_PINGS_MS * 2
  const pings = (count * windowMs) / TICKS_OF_PINGS_MS
  let sent = 0
  for (const startedMs = performance.now(); sent < pings; ) {
    const due = ((performance.now() - startedMs) / windowMs) * pings
    for (; sent < due && sent < pings; sent++) clients[sent % count]!.send(PING, 0)
    await pause(1)
  }
  const after = processTimes(server.pid)
  await closeClients(clients)
  await server.remove()
  return {
    'memory per session, KB': (opened.rssBytes - before.rssBytes) / count / 1024,
    'CPU per ping, us': (after.cpuUs - opened.cpuUs) / sent,
  }
}

/** Syncs of the log per 1,000 writes, as the server itself counts them. */
async function fsync(kind: Kind, options: BenchOptions): Promise<Figures> {
  const server = await BenchServer.make(kind, options.work)
  await server.start()
  const figures: Record<string, number> = {}
  for (const name of ['set-1x1', 'set-d1', 'set-d16']) {
    const workload = WORKLOADS.find(one => one.name === name)!
    const before = await counters(server)
    const load = { port: server.port, pid: server.pid, warmupMs: 0, timeMs: options.timeMs }
    await runLoad(workload, { ...load, root: `/${name}` })
    const after = await counters(server)
    figures[`${name}, syncs per 1,000 writes`] =
      ((after.syncs - before.syncs) / (after.zxid - before.zxid)) * 1000
  }
  await server.remove()
  return figures
}

async function counters(server: BenchServer): Promise<{ syncs: number; zxid: number }> {
  const mntr = await server.word('mntr')
  const srvr = await server.word('srvr')
  const syncs = Number(/^zk_cnt_fsynctime\s+(\d+)/m.exec(mntr)?.[1] ?? Number.NaN)
  return { syncs, zxid: Number(/^Zxid: (0x[0-9a-f]+)/m.exec(srvr)?.[1] ?? Number.NaN) }
}

function megabytes(bytes: number): number {
  return bytes / 2 ** 20
}
