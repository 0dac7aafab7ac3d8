/**
 * `npm run bench`: our built server against Apache ZooKeeper, load by load in turns. Prints a table
 * and writes it, with every single run as JSON, to bench/results.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, loadavg } from 'node:os'
import { join } from 'node:path'
import { type LoadResult, runLoad } from './load/run-load.ts'
import { WORKLOADS, type Workload } from './load/workloads.ts'
import { type BenchOptions, HELP, parseOptions } from './options.ts'
import { type Results, thisMachine, toMarkdown } from './report.ts'
import { SCENARIOS } from './scenarios.ts'
import { BenchServer, build, type Kind } from './servers.ts'

const KINDS: readonly Kind[] = ['apache', 'ours']
const PRIME_WITH = ['get-d16', 'set-d16', 'mixed-50']

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    process.stdout.write(HELP)
    return
  }
  const options = parseOptions(args, import.meta.dirname)
  const startedAt = new Date().toISOString()
  const machine = thisMachine(loadavg()[0] ?? 0)
  await build()
  rmSync(options.work, { recursive: true, force: true })
  const loads = await runLoads(options)
  const scenarios = await runScenarios(options)
  rmSync(options.work, { recursive: true, force: true })
  const command = ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ')
  const results: Results = { startedAt, machine, command, loads, scenarios }
  const markdown = toMarkdown(results)
  process.stdout.write(`\n${markdown}`)
  mkdirSync(options.out, { recursive: true })
  const name = join(options.out, `${startedAt.slice(0, 10)}-${hostname()}`)
  writeFileSync(`${name}.md`, markdown)
  writeFileSync(`${name}.json`, `${JSON.stringify(results, undefined, 2)}\n`)
  note(`written to ${name}.md and .json`)
}

function isWanted(name: string, isQuick: boolean, options: BenchOptions): boolean {
  if (options.only.length > 0) return options.only.some(pattern => pattern.test(name))
  return isQuick || !options.isQuick
}

async function runLoads(options: BenchOptions): Promise<Results['loads']> {
  const wanted = WORKLOADS.filter(({ name, isQuick }) => isWanted(name, isQuick, options))
  if (wanted.length === 0) return []
  const servers = await Promise.all(KINDS.map(kind => BenchServer.make(kind, options.work)))
  for (const server of servers) await server.start()
  const found: { kind: Kind; result: LoadResult }[] = []
  for (const server of servers) await prime(server, options)
  for (let round = 0; round < options.rounds; round++) {
    for (const workload of wanted) {
      for (const server of servers) {
        const result = await oneLoad(workload, server, `/${workload.name}-${round}`, options)
        found.push({ kind: server.kind, result })
        const { cpuUs, operationsPerSecond, p99Us } = result
        note(
          `${workload.name} ${server.kind}: ${cpuUs.toFixed(2)} us of CPU, ` +
            `${Math.round(operationsPerSecond)} op/s, p99 ${p99Us} us`,
        )
      }
    }
  }
  for (const server of servers) await server.remove()
  return found
}

function oneLoad(
  workload: Workload,
  server: BenchServer,
  root: string,
  { warmupMs, timeMs }: BenchOptions,
): Promise<LoadResult> {
  const { port, pid } = server
  return runLoad(workload, { port, pid, root, warmupMs, timeMs })
}

async function prime(server: BenchServer, { primeMs }: BenchOptions): Promise<void> {
  for (const name of PRIME_WITH) {
    const workload = WORKLOADS.find(one => one.name === name)!
    const { port, pid } = server
    const timeMs = primeMs / PRIME_WITH.length
    await runLoad(workload, { port, pid, root: `/prime-${name}`, warmupMs: 0, timeMs })
  }
}

async function runScenarios(options: BenchOptions): Promise<Results['scenarios']> {
  const found: { name: string; kind: Kind; figures: Record<string, number> }[] = []
  for (const { name, run: measure } of SCENARIOS) {
    if (!isWanted(name, true, options)) continue
    for (const kind of KINDS) {
      const figures = { ...(await measure(kind, options)) }
      found.push({ name, kind, figures })
      note(`${name} ${kind}: ${JSON.stringify(figures)}`)
    }
  }
  return found
}

/** Progress, beside the results on standard output. */
function note(text: string): void {
  process.stderr.write(`${text}\n`)
}

await main(process.argv.slice(2))
// A socket that lingers is no reason to wait; servers that still run are ended by the exit hook.
process.exit()
