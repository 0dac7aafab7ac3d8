/**
 * `npm run fuzz -- --inputs 1000000`: hostile inputs at the client port, in memory or, with
 * `--socket host:port`, at a running server. The seed is printed first.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { fuzzMembers } from './member.ts'
import { fuzzSocket } from './socket.ts'

const HELP = `--inputs N       how many inputs (20000)
--seed N         the same seed sends the same inputs
--socket H:P     at a running server instead of members in memory
`

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '20000' },
      seed: { type: 'string' },
      socket: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) {
    process.stdout.write(HELP)
    return
  }
  const inputs = wholeNumber('--inputs', values.inputs)
  const seed = values.seed === undefined ? randomInt(2 ** 31) : wholeNumber('--seed', values.seed)
  process.stdout.write(`seed ${seed}\n`)
  const startedMs = performance.now()
  const result =
    values.socket === undefined
      ? fuzzMembers(seed, inputs)
      : await fuzzSocket(seed, inputs, ...addressOf(values.socket))
  const seconds = (performance.now() - startedMs) / 1000
  const { rss, heapUsed } = process.memoryUsage()
  const facts = {
    ...result,
    seconds: Math.round(seconds),
    rssMb: rss >> 20,
    heapMb: heapUsed >> 20,
  }
  process.stdout.write(`${JSON.stringify(facts)}\n`)
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 0) throw new Error(`${name} ${text}: a whole number`)
  return value
}

function addressOf(text: string): [host: string, port: number] {
  const colon = text.lastIndexOf(':')
  if (colon < 1) throw new Error(`--socket ${text}: host:port`)
  return [text.slice(0, colon), wholeNumber('the port of --socket', text.slice(colon + 1))]
}

await main()
