/**
 * Runs the tests of a kind: `unit` (beside the code, in one process: pure folders have no globals
 * to leak), `rim` (sockets and files, a process each) or `interop` (real peers, one at a time).
 */
import { spawnSync } from 'node:child_process'
import { globSync } from 'node:fs'

const KINDS: Readonly<
  Record<string, { readonly files: string; readonly flags: readonly string[] }>
> = {
  unit: {
    files: '{base,wire,client,node,operator,sim,fuzz,tools}/**/*.test.ts',
    flags: ['--test-isolation=none'],
  },
  rim: { files: '{node,client,operator}/io/**/*.test.ts', flags: ['--test-concurrency=2'] },
  interop: { files: 'interop/**/*.test.ts', flags: ['--test-concurrency=1'] },
}

const [kind = '', ...filters] = process.argv.slice(2)
const plan = KINDS[kind]
if (plan === undefined) {
  process.stderr.write(`${kind}: valid are ${Object.keys(KINDS).join(', ')}\n`)
  process.exit(2)
}
const files = globSync(plan.files)
  .filter(file => (kind === 'unit' ? !file.includes('/io/') : true))
  .filter(file => filters.length === 0 || filters.some(filter => file.includes(filter)))
  .sort()
if (files.length === 0) {
  process.stderr.write(`no test files of kind ${kind} match ${filters.join(' ')}\n`)
  process.exit(1)
}
const { status } = spawnSync(
  process.execPath,
  ['--import', 'tsx', '--test', ...plan.flags, ...files],
  { stdio: 'inherit' },
)
process.exit(status ?? 1)
