/**
 * Looks for trouble: `sim/main.ts [--seed n] [--seeds n] [--voters n] [--observers n] [--minutes n]
 * [--everyMs n] [--reconfig] [--trace n]`. Prints the seed first; a failing one prints its last lines.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import { type Cluster, DEFAULT_CLUSTER } from './cluster.ts'
import { chaos } from './scenarios/chaos.ts'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    seeds: { type: 'string', default: '1' },
    voters: { type: 'string', default: '3' },
    observers: { type: 'string', default: '0' },
    /** Of simulated time, for each seed. */
    minutes: { type: 'string', default: '0.5' },
    everyMs: { type: 'string', default: '300' },
    reconfig: { type: 'boolean', default: false },
    trace: { type: 'string', default: '60' },
  },
})

const ROUND_MS = 10_000
const first = Number(values.seed)
const rounds = Math.max(1, Math.round((Number(values.minutes) * 60_000) / ROUND_MS))

for (let seed = first; seed < first + Number(values.seeds); seed++) {
  process.stdout.write(`seed ${seed} `)
  let cluster: Cluster | undefined
  try {
    const done = chaos(
      {
        ...DEFAULT_CLUSTER,
        zab: { ...DEFAULT_CLUSTER.zab, isReconfigEnabled: values.reconfig },
        seed,
        voters: Number(values.voters),
        observers: Number(values.observers),
        isWireReal: seed % 4 === 0,
        rounds,
        faultyMs: ROUND_MS,
        nemesis: {
          everyMs: Number(values.everyMs),
          hasDiskFaults: true,
          hasReconfigs: values.reconfig,
        },
      },
      made => {
        cluster = made
      },
    )
    const { workload, leadership, world } = done
    process.stdout.write(
      `ok: ${world.events} events, ${leadership.lastEpoch} epochs, ` +
        `${workload.acknowledgedWrites} writes, ${workload.answeredSyncs} syncs, ` +
        `${done.looks} looks, trace ${world.traceHash.toString(16)}\n`,
    )
  } catch (error) {
    const lines = cluster?.world.recentTrace.slice(-Number(values.trace)) ?? []
    process.stdout.write(`FAILED\n${lines.join('\n')}\n${String(error)}\n${cluster?.summary()}\n`)
    process.exitCode = 1
    break
  }
}
