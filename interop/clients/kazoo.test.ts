/** behaviours.md 240: kazoo and its recipes, unmodified. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite } from '../harness/suite.ts'
import { run } from '../peers/command.ts'
import { kazooPython } from '../peers/kazoo.ts'

const SCRIPT = join(import.meta.dirname, 'kazoo_scenarios.py')
const SCENARIOS = [
  'basics',
  'transactions',
  'watchers',
  'auth',
  'reattach',
  'locks',
  'elections',
  'queues',
  'barriers',
  'counters',
  'parties',
]

suite('kazoo', {}, item => {
  item('240: recipes, watchers, transactions, auth and re-attach', async ({ server }) => {
    const python = await kazooPython()
    const output = await run(python, [SCRIPT, server.connectString], { timeoutMs: 120_000 })
    assert.deepEqual(
      output.trim().split('\n'),
      SCENARIOS.map(name => `ok ${name}`),
    )
  })
})
