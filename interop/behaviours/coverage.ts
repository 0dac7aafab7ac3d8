/**
 * Which items of the checklist are tested where. `node interop/behaviours/coverage.ts --write` puts
 * the table into docs/internals/behaviours.md; coverage.test.ts keeps both honest.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

export const LAST_ITEM = 243

const FOLDERS = ['behaviours', 'clients', 'ensemble']
const INTEROP = join(import.meta.dirname, '..')
export const DOCUMENT: string = join(INTEROP, '..', 'docs', 'internals', 'behaviours.md')

const BEGIN = '<!-- tested: written by interop/behaviours/coverage.ts -->'
const END = '<!-- end of tested -->'

/** The test files and the items that their tests are named after. */
export function testedItems(): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>()
  for (const folder of FOLDERS) {
    for (const name of readdirSync(join(INTEROP, folder)).sort()) {
      if (!name.endsWith('.test.ts') || name === 'coverage.test.ts') continue
      const text = readFileSync(join(INTEROP, folder, name), 'utf8')
      const items = [...text.matchAll(/\bitem\(\s*(['"`])(\d+): /g)].map(match => Number(match[2]))
      const unique = [...new Set(items)].sort((a, b) => a - b)
      if (unique.length > 0) found.set(`interop/${folder}/${name}`, unique)
    }
  }
  return found
}

/** Items that the document lists as belonging elsewhere: `| 13, 17 | ensemble | … |`. */
export function listedItems(document: string): ReadonlySet<number> {
  const items = new Set<number>()
  for (const [, cell] of document.matchAll(/^\| ([\d, ]+) \| (?:security|clients) \|/gm)) {
    for (const number of (cell ?? '').split(',')) items.add(Number(number))
  }
  return items
}

/** The document with the table as it has to be. */
export function withTable(document: string): string {
  const begin = document.indexOf(BEGIN)
  const end = document.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`${basename(DOCUMENT)} has lost its markers`)
  const rows = [...testedItems()].map(([file, items]) => `| \`${file}\` | ${items.join(', ')} |\n`)
  const table = `${BEGIN}\n| file | items |\n|---|---|\n${rows.join('')}`
  return document.slice(0, begin) + table + document.slice(end)
}

if (process.argv[2] === '--write') {
  writeFileSync(DOCUMENT, withTable(readFileSync(DOCUMENT, 'utf8')))
}
