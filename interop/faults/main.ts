/**
 * `npm run faults -- --minutes 30 --seed 7 --members ours,ours,apache,ours:observer`: runs of a
 * minute each until the time is over, every one with a seed of its own. With `--partitions` members
 * lose each other too; an Apache member must have the smallest id then, since it would go round the
 * relays to whoever knocks.
 */
import { parseArgs } from 'node:util'
import type { MemberPlan } from '../ensemble/ensemble.ts'
import { runFaults } from './run.ts'

const RUN_MS = 60_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    partitions: { type: 'boolean', default: false },
    members: { type: 'string', default: 'ours,ours,ours,ours:observer' },
  },
})

const members = values.members.split(',').map(memberPlan)
const endMs = performance.now() + Number(values.minutes) * 60_000
for (let seed = Number(values.seed); performance.now() < endMs; seed++) {
  const durationMs = Math.min(RUN_MS, Math.max(1000, endMs - performance.now()))
  process.stdout.write(`seed ${seed}: `)
  const report = await runFaults({ members, seed, durationMs, partitions: values.partitions })
  process.stdout.write(`${JSON.stringify(report)}\n`)
}

function memberPlan(text: string): MemberPlan {
  const [kind, role = 'participant'] = text.split(':')
  if (kind !== 'ours' && kind !== 'apache') {
    throw new Error(`--members names ${text}; valid are ours and apache, with :observer or without`)
  }
  if (role !== 'participant' && role !== 'observer') {
    throw new Error(`--members names ${text}; valid roles are participant and observer`)
  }
  return { kind, role }
}
