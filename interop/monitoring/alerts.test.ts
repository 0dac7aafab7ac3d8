/** Prometheus itself judges the alerts: their syntax, and each against series of its own. */
import { equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { capture, run } from '../peers/command.ts'

const FOLDER = 'manifests/monitoring'

/** Debian's package `prometheus` has it; its service is not started. */
async function promtool(): Promise<string> {
  const found = await capture('which', ['promtool'])
  if (found.code === 0) return found.stdout.trim()
  await run('apt-get', ['update'])
  await run('apt-get', ['install', '-y', '--no-install-recommends', 'prometheus'], {
    env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  })
  return 'promtool'
}

test('every alert is understood, fires when it should and is quiet when all is well', async () => {
  const program = await promtool()
  const check = await capture(program, ['check', 'rules', `${FOLDER}/rules.yaml`])
  equal(check.code, 0, check.stdout + check.stderr)
  match(check.stdout, /\d\d rules found/)
  const tests = await capture(program, ['test', 'rules', `${FOLDER}/rules-test.yaml`])
  equal(tests.code, 0, tests.stdout + tests.stderr)
  match(tests.stdout, /SUCCESS/)
})
