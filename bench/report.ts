/** Results as a Markdown page: medians over the rounds, and the ratio of the two servers. */
import { cpus, release, totalmem } from 'node:os'
import type { LoadResult } from './load/run-load.ts'
import type { Figures } from './scenarios.ts'
import type { Kind } from './servers.ts'
import { median } from './statistics.ts'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGb: number
  readonly kernel: string
  readonly node: string
  /** Of the last minute, when the run began. */
  readonly loadAverage: number
}

export interface Results {
  readonly startedAt: string
  readonly machine: Machine
  /** What the run was asked for, as on the command line. */
  readonly command: string
  readonly loads: readonly { readonly kind: Kind; readonly result: LoadResult }[]
  readonly scenarios: readonly {
    readonly name: string
    readonly kind: Kind
    readonly figures: Figures
  }[]
}

export function thisMachine(loadAverage: number): Machine {
  const list = cpus()
  return {
    cpu: list[0]?.model.trim() ?? 'unknown',
    cores: list.length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    loadAverage,
  }
}

export function toMarkdown(results: Results): string {
  const { machine } = results
  const facts = [
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB`,
    `Linux ${machine.kernel}`,
    `Node.js ${machine.node}`,
    `load average ${machine.loadAverage.toFixed(1)} at the start`,
  ]
  return [
    `# Ours and Apache ZooKeeper 3.9.6, ${results.startedAt}`,
    '',
    `${facts.join('; ')}. \`${results.command}\``,
    '',
    'Both servers are alive and take turns, from the same zoo.cfg, every write synced to disk. CPU is',
    'that of the server per operation (per notification for watch loads, per cycle for storm and',
    'ephemeral); on a busy machine it and the ratios are what counts.',
    '',
    ...loadTable(results),
    '',
    ...scenarioTable(results),
    '',
  ].join('\n')
}

function loadTable({ loads }: Results): string[] {
  const names = [...new Set(loads.map(({ result }) => result.name))]
  const rows = names.map(name => {
    const of = (kind: Kind): LoadResult[] =>
      loads.filter(one => one.kind === kind && one.result.name === name).map(one => one.result)
    const apache = of('apache')
    const ours = of('ours')
    const middle = (runs: readonly LoadResult[], field: NumberField): number =>
      median(runs.map(run => run[field]))
    const ratio = (field: NumberField): string =>
      (middle(ours, field) / middle(apache, field)).toFixed(2)
    const cells = [
      name,
      digits(middle(apache, 'cpuUs')),
      digits(middle(ours, 'cpuUs')),
      `**${ratio('cpuUs')}**`,
      Math.round(middle(apache, 'operationsPerSecond')).toLocaleString('en'),
      Math.round(middle(ours, 'operationsPerSecond')).toLocaleString('en'),
      ratio('operationsPerSecond'),
      ratio('p50Us'),
      ratio('p99Us'),
      Math.max(...ours.map(run => run.generatorLoad)).toFixed(2),
      String(faultsOf([...apache, ...ours])),
    ]
    return `| ${cells.join(' | ')} |`
  })
  return [
    '| load | CPU Apache, us | CPU ours, us | ratio | op/s Apache | op/s ours | ratio | p50 ratio | p99 ratio | generator, cores | faults |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...rows,
  ]
}

type NumberField = 'cpuUs' | 'operationsPerSecond' | 'p50Us' | 'p99Us'

function faultsOf(runs: readonly LoadResult[]): number {
  return runs.reduce(
    (sum, { faults }) => sum + faults.errors + faults.outOfOrder + faults.malformed,
    0,
  )
}

function scenarioTable({ scenarios }: Results): string[] {
  const rows: string[] = []
  for (const { name, figures } of scenarios.filter(({ kind }) => kind === 'ours')) {
    const other = scenarios.find(one => one.name === name && one.kind === 'apache')?.figures ?? {}
    for (const [what, value] of Object.entries(figures)) {
      const apache = other[what] ?? Number.NaN
      const ratio = (value / apache).toFixed(2)
      rows.push(`| ${name} | ${what} | ${digits(apache)} | ${digits(value)} | **${ratio}** |`)
    }
  }
  if (rows.length === 0) return []
  return ['| scenario | figure | Apache | ours | ratio |', '|---|---|---:|---:|---:|', ...rows]
}

/** Three digits that count. */
function digits(value: number): string {
  if (!Number.isFinite(value)) return '-'
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
