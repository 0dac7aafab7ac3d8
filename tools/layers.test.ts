import { deepEqual, ok } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, normalize } from 'node:path'
import { test } from 'node:test'

/**
 * Which way imports point (ARCHITECTURE.md): what each layer may import besides itself. `*` marks
 * the layers that may talk to the outside, through node:* or a package.
 */
const PURE_NODE = [
  'node/zab',
  'node/tree',
  'node/sessions',
  'node/auth',
  'node/storage',
  'node/pipeline',
  'node/admin',
  'node/config',
  'node/member',
]

const MAY: Readonly<Record<string, readonly string[]>> = {
  base: [],
  wire: ['base'],
  'node/zab': ['base', 'wire'],
  'node/tree': ['base', 'wire'],
  'node/sessions': ['base', 'wire'],
  'node/auth': ['base', 'wire'],
  'node/config': ['base', 'wire'],
  'node/storage': ['base', 'wire', 'node/tree'],
  'node/pipeline': ['base', 'wire', 'node/tree', 'node/sessions', 'node/auth', 'node/zab'],
  'node/member': [
    'base',
    'wire',
    'node/config',
    'node/zab',
    'node/tree',
    'node/storage',
    'node/auth',
    'node/pipeline',
  ],
  'node/admin': ['base', 'wire', ...PURE_NODE.filter(layer => layer !== 'node/admin')],
  'node/server.ts': ['base', 'wire', ...PURE_NODE],
  'node/io': ['*', 'base', 'wire', ...PURE_NODE, 'node/server.ts'],
  'node/main.ts': ['*', 'node/io'],
  'client/io': ['*', 'base', 'wire', 'client'],
  client: ['base', 'wire'],
  'operator/api': ['base'],
  'operator/ports': ['base', 'wire', 'operator/api'],
  'operator/desired': ['base', 'wire', 'operator/api'],
  'operator/plan': ['base', 'wire', 'operator/api', 'operator/desired', 'operator/ports'],
  'operator/observe': ['base', 'wire', 'operator/api', 'operator/ports', 'operator/desired'],
  'operator/act': [
    'base',
    'wire',
    'operator/api',
    'operator/ports',
    'operator/desired',
    'operator/plan',
  ],
  'operator/controller': [
    'base',
    'wire',
    'operator/api',
    'operator/ports',
    'operator/desired',
    'operator/plan',
    'operator/observe',
    'operator/act',
  ],
  'operator/io': [
    '*',
    'base',
    'wire',
    'client',
    'client/io',
    'operator/api',
    'operator/ports',
    'operator/desired',
  ],
  'operator/main.ts': [
    '*',
    'base',
    'operator/api',
    'operator/controller',
    'operator/io',
    'operator/ports',
  ],
  'sim/main.ts': ['*', 'base', 'sim'],
  sim: [
    'base',
    'wire',
    'client',
    'node/server.ts',
    'operator/api',
    'operator/ports',
    'operator/controller',
    ...PURE_NODE,
  ],
}

const IMPORT = /(?:^(?:import|export|\}) .*from |^import |\bimport\()'([^'\n]+)'/gm

/** The longest name that fits wins: `client/io` before `client`. */
function layerOf(path: string): string | undefined {
  return Object.keys(MAY)
    .filter(layer => path === layer || path.startsWith(`${layer}/`))
    .sort((a, b) => b.length - a.length)[0]
}

test('imports point the way the layer table says', () => {
  const files = globSync('{base,wire,client,node,operator,sim}/**/*.ts').filter(
    file => !file.endsWith('.test.ts') && !/(^|\/)(test-|fake-)[^/]*\.ts$/.test(file),
  )
  const wrong: string[] = []
  let edges = 0
  for (const file of files) {
    const layer = layerOf(file)
    if (layer === undefined) {
      wrong.push(`${file} is in no layer`)
      continue
    }
    for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      edges++
      const to = target.startsWith('.') ? layerOf(normalize(`${dirname(file)}/${target}`)) : '*'
      if (to !== layer && !MAY[layer]!.includes(to ?? '')) wrong.push(`${file} -> ${target}`)
    }
  }
  ok(files.length > 100 && edges > 300, 'a check that looked at nothing has not passed')
  deepEqual(wrong, [])
})

test('the layers contain no cycle', () => {
  const done = new Set<string>()
  const visit = (layer: string, path: readonly string[]): void => {
    ok(!path.includes(layer), `cycle: ${[...path, layer].join(' -> ')}`)
    if (done.has(layer)) return
    for (const next of MAY[layer] ?? []) if (next !== '*') visit(next, [...path, layer])
    done.add(layer)
  }
  for (const layer of Object.keys(MAY)) visit(layer, [])
  ok(done.size > 10)
})
