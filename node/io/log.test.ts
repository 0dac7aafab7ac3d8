import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogLevel } from '../../base/ports.ts'
import { LineLog, parseLogLevel } from './log.ts'

function collect(
  isTerminal: boolean,
  level: LogLevel = 'trace',
): { log: LineLog; lines: string[] } {
  const lines: string[] = []
  const wallMs = (): number => Date.UTC(2026, 10, 22, 12, 23, 23, 7)
  const write = (line: string): number => lines.push(line)
  return { log: new LineLog({ level, isTerminal, write, wallMs, facts: { myid: 1 } }), lines }
}

test('a line is JSON with the time, the level, the event and the facts', () => {
  const { log, lines } = collect(false)
  log.info('session expired', {
    session: -1n,
    timeoutMs: 10_000,
    path: '/a "b"\n',
    none: undefined,
  })
  assert.deepEqual(lines, [
    '{"ts":"2026-11-22T12:23:23.007Z","level":"info","event":"session expired","myid":1,' +
      '"session":"0xffffffffffffffff","timeoutMs":10000,"path":"/a \\"b\\"\\n"}\n',
  ])
})

test('facts cannot take the place of time, level or event, nor hide a number', () => {
  const { log, lines } = collect(false)
  log.warn('x', { level: 'none', ratio: Number.NaN, list: [1n, 'a', null] })
  const line = JSON.parse(lines[0]!)
  assert.equal(line.level, 'warn')
  assert.equal(line['_level'], 'none')
  assert.equal(line.ratio, 'NaN')
  assert.deepEqual(line.list, ['0x1', 'a', null])
})

test('a terminal gets one readable line', () => {
  const { log, lines } = collect(true)
  log.error('disk full', { file: 'log.1', zxid: 26n, why: 'no space', open: true })
  assert.deepEqual(lines, [
    '12:23:23.007 ERROR disk full myid=1 file=log.1 zxid=0x1a why="no space" open=true\n',
  ])
})

test('the level can change while running', () => {
  const { log, lines } = collect(false, 'warn')
  const all = (): void => {
    log.trace('t')
    log.debug('d')
    log.info('i')
    log.warn('w')
    log.error('e')
  }
  all()
  assert.equal(lines.length, 2)
  log.setLevel('trace')
  all()
  assert.equal(lines.length, 7)
  log.setLevel('error')
  all()
  assert.equal(lines.length, 8)
})

test('a level below the threshold does not look at the facts', () => {
  const { log, lines } = collect(false, 'info')
  const facts = {
    get costly(): string {
      return assert.fail('facts were read')
    },
  }
  log.debug('x', facts)
  assert.equal(lines.length, 0)
})

test('level names of both worlds are understood', () => {
  assert.equal(parseLogLevel(' WARN '), 'warn')
  assert.equal(parseLogLevel('FATAL'), 'error')
  assert.equal(parseLogLevel('loud'), undefined)
  assert.equal(parseLogLevel('toString'), undefined)
})
