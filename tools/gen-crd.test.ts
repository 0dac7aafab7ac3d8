import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'yaml'
import { openApi, renderCrd } from '../operator/api/crd.ts'
import { withDefaults } from '../operator/api/defaults.ts'
import { REFUSED_CONFIG_KEYS } from '../operator/api/limits.ts'
import type { Schema } from '../operator/api/schema.ts'
import type { ZkClusterSpec } from '../operator/api/types.ts'
import { ZK_CLUSTER } from '../operator/api/zk-cluster.ts'
import { ZK_OBSERVERS } from '../operator/api/zk-observers.ts'
import { generatedFiles, printYaml, staleFiles } from './gen-crd.ts'

test('CRDs, types and docs are what the schema says; run node tools/gen-crd.ts', () => {
  const files = generatedFiles()
  ok(files.size >= 4, 'a check that looked at nothing has not passed')
  deepEqual(staleFiles(files), [])
})

test('what is printed as YAML is the CRD', () => {
  for (const resource of [ZK_CLUSTER, ZK_OBSERVERS]) {
    deepEqual(parse(printYaml(renderCrd(resource))), renderCrd(resource))
  }
})

/** Every schema below one, with its path. */
function* walk(schema: Schema, path: string): Generator<[string, Schema]> {
  yield [path, schema]
  if (schema.kind === 'list') yield* walk(schema.items, `${path}[]`)
  if (schema.kind !== 'object') return
  for (const [name, field] of Object.entries(schema.fields)) yield* walk(field, `${path}.${name}`)
}

test('every field is described, bounded, and its default is valid', () => {
  let seen = 0
  for (const resource of [ZK_CLUSTER, ZK_OBSERVERS]) {
    for (const part of [resource.spec, resource.status]) {
      for (const [path, schema] of walk(part, resource.kind)) {
        seen++
        ok(schema.description.endsWith('.'), `${path} has a sentence`)
        if (schema.kind === 'integer' && schema.default !== undefined) {
          ok(schema.default >= schema.minimum && schema.default <= schema.maximum, path)
        }
        if (schema.kind === 'string') {
          ok(schema.enum !== undefined || schema.maxLength !== undefined || isShort(schema), path)
          if (schema.default !== undefined && schema.enum !== undefined) {
            ok(schema.enum.includes(schema.default), path)
          }
          if (schema.default !== undefined && schema.pattern !== undefined) {
            ok(new RegExp(schema.pattern).test(schema.default), path)
          }
        }
      }
    }
  }
  ok(seen > 100, 'a check that looked at nothing has not passed')
})

function isShort(schema: Schema): boolean {
  return schema.kind === 'string' && (schema.format !== undefined || schema.pattern !== undefined)
}

test('an empty spec is a safe ensemble of three', () => {
  const spec = withDefaults(ZK_CLUSTER.spec, {}) as unknown as ZkClusterSpec
  equal(spec.voters, 3)
  equal(spec.storage.whenDeleted, 'Retain')
  equal(spec.storage.whenScaled, 'Retain')
  equal(spec.storage.data.size, '8Gi')
  equal(spec.networkPolicy.enabled, true)
  equal(spec.update.strategy, 'Rolling')
  equal(spec.observers, undefined)
  deepEqual(spec.probes.readiness, { periodSeconds: 2, timeoutSeconds: 5, failureThreshold: 2 })
})

test('the refusal of configuration keys names every one of them', () => {
  const schema = JSON.stringify(openApi(ZK_CLUSTER.spec))
  for (const key of REFUSED_CONFIG_KEYS) ok(schema.includes(`'${key}'`), key)
})

test('changes that would lose data or do nothing are refused by transition rules', () => {
  const rules: string[] = []
  for (const [path, schema] of walk(ZK_CLUSTER.spec, 'spec')) {
    for (const rule of schema.rules ?? []) if (rule.rule.includes('oldSelf')) rules.push(path)
  }
  deepEqual(rules.sort(), [
    'spec.config',
    'spec.storage',
    'spec.storage.data',
    'spec.storage.data.size',
    'spec.storage.ephemeral',
    'spec.storage.log',
    'spec.storage.log.size',
  ])
})
