import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { test } from 'node:test'
import { HandCranked } from '../../sim/hand-cranked.ts'
import { runTranscript } from '../../tools/transcript.ts'

const DATA = new URL('./testdata/', import.meta.url).pathname
const files = globSync('*.txt', { cwd: DATA }).sort()

test('there are transcripts', () => {
  assert.ok(files.length >= 8)
})

for (const file of files) {
  test(`transcript ${file}`, () => {
    const stage = new HandCranked()
    runTranscript(`${DATA}${file}`, command => stage.run(command))
  })
}
