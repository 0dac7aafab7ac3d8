/** What `npm run bench -- …` understands. */
import { parseArgs } from 'node:util'

export interface BenchOptions {
  readonly isQuick: boolean
  /** Names of loads and scenarios, as regular expressions; empty: all. */
  readonly only: readonly RegExp[]
  readonly rounds: number
  readonly warmupMs: number
  readonly timeMs: number
  /** Before the first load, with requests of all sorts: compilers of both servers warm up. */
  readonly primeMs: number
  readonly datasetNodes: number
  readonly idleSessions: number
  /** Where the servers keep their data: a real disk. */
  readonly work: string
  /** Where the results go. */
  readonly out: string
}

export const HELP = `npm run bench -- [options]
  --quick            the most telling loads, one short round: under 3 minutes
  --only A,B         loads and scenarios whose names match these regular expressions
  --rounds N         rounds per load (default 3; the servers take turns)
  --seconds S        length of a measured window (default 4)
  --nodes N          znodes of the data set (default 1000000)
  --work FOLDER      where the servers keep their data (default bench/.work)
  --out FOLDER       where the results go (default bench/results)
`

export function parseOptions(args: readonly string[], folder: string): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      nodes: { type: 'string' },
      work: { type: 'string', default: `${folder}/.work` },
      out: { type: 'string', default: `${folder}/results` },
    },
  })
  const isQuick = values.quick
  const timeMs = positive('seconds', values.seconds, isQuick ? 1 : 4) * 1000
  return {
    isQuick,
    only: values.only
      .split(',')
      .filter(part => part !== '')
      .map(part => new RegExp(`^${part}$`)),
    rounds: positive('rounds', values.rounds, isQuick ? 1 : 3),
    warmupMs: isQuick ? 500 : 2000,
    timeMs,
    primeMs: isQuick ? 2000 : 10_000,
    datasetNodes: positive('nodes', values.nodes, isQuick ? 50_000 : 1_000_000),
    idleSessions: isQuick ? 500 : 5000,
    work: values.work,
    out: values.out,
  }
}

function positive(name: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard
  const value = Number(text)
  if (!(value > 0)) throw new Error(`--${name} is ${text}; a number above 0 is valid`)
  return value
}
