import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { DOCUMENT, LAST_ITEM, listedItems, testedItems, withTable } from './coverage.ts'

void test('every item of the checklist is tested or listed with where it belongs', () => {
  const document = readFileSync(DOCUMENT, 'utf8')
  const tested = new Set([...testedItems().values()].flat())
  const listed = listedItems(document)
  assert.ok(tested.size > 150, `${tested.size} items are tested`)
  const missing: number[] = []
  for (let item = 1; item <= LAST_ITEM; item++) {
    if (!tested.has(item) && !listed.has(item)) missing.push(item)
  }
  assert.deepEqual(missing, [])
  assert.deepEqual(
    [...tested].filter(item => item < 1 || item > LAST_ITEM),
    [],
  )
})

void test('the table in the document is the one that the tests give', () => {
  const document = readFileSync(DOCUMENT, 'utf8')
  assert.equal(document, withTable(document), 'run: node interop/behaviours/coverage.ts --write')
})
