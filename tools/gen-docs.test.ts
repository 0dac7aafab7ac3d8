import { equal, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { KEYS } from '../node/config/keys.ts'
import { CONFIGURATION_PATH, renderConfiguration } from './gen-docs.ts'

test('docs/user/configuration.md is what the table of keys says; npm run docs rewrites it', () => {
  equal(readFileSync(CONFIGURATION_PATH, 'utf8'), renderConfiguration())
})

test('every key has its row', () => {
  const page = renderConfiguration()
  ok(KEYS.length > 0)
  for (const { name } of KEYS) ok(page.includes(`| \`${name}\` |`), name)
})
