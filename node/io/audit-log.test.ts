import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type AuditEvent, formatAuditEvent, NO_AUDIT } from '../../base/audit.ts'
import type { Clock, Log } from '../../base/ports.ts'
import { AuditFile, AuditLog, PENDING_BYTES_MAX, plainSink } from './audit-log.ts'

const CLOCK: Clock = {
  wallMs: () => Date.UTC(2026, 10, 22, 12, 23, 23, 7),
  monotonicMs: () => 0,
}

const CREATE: AuditEvent = {
  session: 0x100001cb1e80001n,
  user: '127.0.0.1',
  ip: '127.0.0.1',
  operation: 'create',
  znode: '/v234',
  znodeType: 'persistent',
  result: 'success',
}

function recordingLog(): { log: Log; errors: string[] } {
  const errors: string[] = []
  const ignore = (): void => {}
  const error = (event: string): number => errors.push(event)
  return { log: { trace: ignore, debug: ignore, info: ignore, warn: ignore, error }, errors }
}

async function makeDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'audit-'))
  t.after(() => rm(directory, { recursive: true }))
  return directory
}

test('events are lines of key=value joined by tabs, absent fields left out', () => {
  assert.equal(
    formatAuditEvent(CREATE),
    'session=0x100001cb1e80001\tuser=127.0.0.1\tip=127.0.0.1\toperation=create\tznode=/v234\t' +
      'znode_type=persistent\tresult=success',
  )
  assert.equal(
    formatAuditEvent({ user: 'root', operation: 'serverStart', result: 'success' }),
    'user=root\toperation=serverStart\tresult=success',
  )
})

test('a path cannot forge a line or a field', () => {
  const znode = '/a\tresult=success\nuser=root'
  const line = formatAuditEvent({ operation: 'delete', znode, result: 'failure' })
  assert.equal(line, 'operation=delete\tznode=/a result=success user=root\tresult=failure')
})

test('failures are errors, everything else is information', () => {
  const lines: string[] = []
  const audit = new AuditLog(
    CLOCK,
    plainSink(line => lines.push(line)),
  )
  audit.record({ operation: 'multiOperation', result: 'failure' })
  audit.record({ operation: 'serverStop', result: 'invoked' })
  const at = '2026-11-22 12:23:23,007'
  assert.deepEqual(lines, [
    `${at} ERROR audit.Slf4jAuditLogger: operation=multiOperation\tresult=failure\n`,
    `${at} INFO audit.Slf4jAuditLogger: operation=serverStop\tresult=invoked\n`,
  ])
})

test('auditing that is off needs no event', () => {
  assert.equal(NO_AUDIT.isEnabled, false)
})

test('a file gets every line in order, after what was there', async t => {
  const directory = await makeDirectory(t)
  const path = join(directory, 'audit.log')
  await writeFile(path, 'before\n')
  const { log, errors } = recordingLog()
  const file = new AuditFile({ path, sizeBytesMax: 1_000_000, backupCount: 2, log })
  const expected = Array.from({ length: 500 }, (_, n) => `line ${n}\n`)
  for (const line of expected) file.write(line)
  await file.close()
  assert.equal(await readFile(path, 'utf8'), `before\n${expected.join('')}`)
  assert.deepEqual(errors, [])
})

test('a full file is rolled and the oldest goes', async t => {
  const directory = await makeDirectory(t)
  const path = join(directory, 'audit.log')
  const { log } = recordingLog()
  const file = new AuditFile({ path, sizeBytesMax: 8, backupCount: 2, log })
  for (const name of ['one', 'two', 'three', 'four']) {
    file.write(`${name}\n`)
    await file.close()
  }
  assert.deepEqual((await readdir(directory)).sort(), ['audit.log', 'audit.log.1', 'audit.log.2'])
  assert.equal(await readFile(path, 'utf8'), 'four\n')
  assert.equal(await readFile(`${path}.1`, 'utf8'), 'three\n')
  assert.equal(await readFile(`${path}.2`, 'utf8'), 'one\ntwo\n')
})

test('a file that cannot be written and lines that were dropped are reported', async t => {
  const directory = await makeDirectory(t)
  const { log, errors } = recordingLog()
  const options = { path: directory, sizeBytesMax: 8, backupCount: 0, log }
  const file = new AuditFile(options)
  file.write('x'.repeat(PENDING_BYTES_MAX))
  file.write('one too many\n')
  await file.close()
  assert.deepEqual(errors, ['audit log cannot be written', 'audit events dropped'])
})
