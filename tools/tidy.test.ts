/** The tree checks itself: line width, lengths of files and functions, leftovers. */
import { deepEqual, ok } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const COLUMNS_MAX = 100
const FILE_LINES_MAX = 500
const FUNCTION_LINES_MAX = 70

const FOLDERS = '{base,wire,client,node,operator,sim,interop,bench,fuzz,tools,e2e}'

/** Functions that are longer than allowed: may only get fewer, and none may grow. */
const LONG_FUNCTIONS: ReadonlyMap<string, number> = new Map<string, number>([
  ['interop/compare/scripts.ts:multis', 75],
  ['node/admin/fake-view.ts:fakeView', 79],
  ['node/admin/server-commands.ts:command', 72],
])

/** What must not stay, as first letters and rest: so that this file does not find itself. */
const LEFTOVERS = [
  ['TO', 'DO'],
  ['FIX', 'ME'],
  ['X', 'XX'],
  ['@ts-', 'ignore'],
  ['@ts-', 'nocheck'],
  ['.on', 'ly('],
  ['.sk', 'ip('],
].map(parts => parts.join(''))

function sources(): string[] {
  return globSync(`${FOLDERS}/**/*.ts`).filter(file => !file.includes('node_modules'))
}

test('no line is wider than 100 columns, no file longer than 500 lines', () => {
  const wrong: string[] = []
  for (const file of sources()) {
    const lines = readFileSync(file, 'utf8').split('\n')
    if (lines.length > FILE_LINES_MAX + 1) wrong.push(`${file}: ${lines.length} lines`)
    for (const [i, line] of lines.entries()) {
      // A text, a pattern or an import cannot always be broken.
      const isUnbreakable = /^\s*(import |export .* from |\/\^)|['"`]/.test(line)
      if (line.length > COLUMNS_MAX && !isUnbreakable)
        wrong.push(`${file}:${i + 1}: ${line.length}`)
    }
  }
  deepEqual(wrong, [])
})

test('nothing unfinished is left behind', () => {
  const wrong: string[] = []
  for (const file of sources()) {
    const lines = readFileSync(file, 'utf8').split('\n')
    for (const [i, line] of lines.entries()) {
      for (const leftover of LEFTOVERS)
        if (line.includes(leftover)) wrong.push(`${file}:${i + 1}: ${leftover}`)
    }
  }
  ok(sources().length > 100, 'a check that looked at nothing has not passed')
  deepEqual(wrong, [])
})

const NAMED = String.raw`( *)(?:export )?(?:default )?(?:async )?function\*? (\w+)`
const METHOD = String.raw`( {2})(?:(?:static|async|get|set) )*\*?(#?\w+)(?:<.*>)?\(`
const FUNCTION_START = new RegExp(`^${NAMED}|^${METHOD}`)
const STATEMENT = /^\s*(?:if|for|while|switch|return|catch|await|throw|super)\b/

/** The formatter puts the last brace of a function where its first line begins. */
function functionLengths(file: string): { readonly name: string; readonly lines: number }[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  const found: { name: string; lines: number }[] = []
  for (const [i, line] of lines.entries()) {
    const match = FUNCTION_START.exec(line)
    if (match === null || STATEMENT.test(line)) continue
    const indent = match[1] ?? match[3] ?? ''
    const body = line.endsWith('{') ? i : lines.findIndex((next, j) => j > i && isAt(next, indent))
    if (body !== i && !/^ *\).* \{$/.test(lines[body] ?? '')) continue
    const close = lines.indexOf(`${indent}}`, body + 1)
    if (close > 0) found.push({ name: match[2] ?? match[4] ?? '?', lines: close - i + 1 })
  }
  return found
}

/** Whether a line is indented exactly so. */
function isAt(line: string, indent: string): boolean {
  return line.startsWith(indent) && line.length > indent.length && line[indent.length] !== ' '
}

test('no function is longer than 70 lines', () => {
  const wrong: string[] = []
  let seen = 0
  for (const file of sources().filter(name => !name.endsWith('.test.ts'))) {
    for (const { name, lines } of functionLengths(file)) {
      seen++
      const allowed = LONG_FUNCTIONS.get(`${file}:${name}`) ?? FUNCTION_LINES_MAX
      if (lines > allowed) wrong.push(`${file}: ${name} has ${lines} lines`)
    }
  }
  ok(seen > 300, 'a check that looked at nothing has not passed')
  deepEqual(wrong, [])
})

test('the versions of Node.js agree', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
    engines: { node: string }
    devDependencies: { node: string }
  }
  deepEqual(readFileSync('.node-version', 'utf8').trim(), manifest.devDependencies.node)
  deepEqual(manifest.engines.node, '>=24')
})
