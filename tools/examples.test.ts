/** Examples are valid: every field exists, every value is one that the schema allows. */
import { deepEqual, ok } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import type { Json, JsonObject } from '../operator/api/crd.ts'
import { isObject } from '../operator/api/defaults.ts'
import { parseQuantity } from '../operator/api/quantity.ts'
import { API_VERSION, type Resource, type Schema } from '../operator/api/schema.ts'
import { ZK_CLUSTER } from '../operator/api/zk-cluster.ts'
import { ZK_OBSERVERS } from '../operator/api/zk-observers.ts'
import { inRepository } from './gen-crd.ts'

function problems(schema: Schema, value: Json, path: string): string[] {
  switch (schema.kind) {
    case 'object': {
      if (!isObject(value)) return [`${path} is no object`]
      const unknown = Object.keys(value).filter(key => schema.fields[key] === undefined)
      const missing = Object.entries(schema.fields)
        .filter(([key, field]) => field.required === true && value[key] === undefined)
        .map(([key]) => `${path}.${key} is missing`)
      const inner = Object.entries(schema.fields).flatMap(([key, field]) => {
        const found = value[key]
        return found === undefined ? [] : problems(field, found, `${path}.${key}`)
      })
      return [...unknown.map(key => `${path}.${key} does not exist`), ...missing, ...inner]
    }
    case 'list':
      if (!Array.isArray(value)) return [`${path} is no list`]
      return (value as readonly Json[]).flatMap((item, i) =>
        problems(schema.items, item, `${path}[${i}]`),
      )
    case 'map':
      return isObject(value) && Object.values(value).every(each => typeof each === 'string')
        ? []
        : [`${path} is no map of texts`]
    case 'string':
      if (typeof value !== 'string') return [`${path} is no text`]
      return schema.enum?.includes(value) === false ? [`${path}: ${value}`] : []
    case 'quantity':
      return typeof value === 'string' && parseQuantity(value) !== undefined
        ? []
        : [`${path} is no quantity`]
    case 'integer':
      return typeof value === 'number' && value >= schema.minimum && value <= schema.maximum
        ? []
        : [`${path}: ${JSON.stringify(value)}`]
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path} is neither true nor false`]
    case 'foreign':
      return isObject(value) ? [] : [`${path} is no object`]
  }
}

const RESOURCES: readonly Resource[] = [ZK_CLUSTER, ZK_OBSERVERS]

test('every example has fields and values that exist', () => {
  const files = globSync('manifests/examples/*.yaml', { cwd: inRepository('') })
  const wrong: string[] = []
  let seen = 0
  for (const file of files) {
    const text = readFileSync(inRepository(file), 'utf8')
    ok(text.startsWith('# '), `${file} says what it is for`)
    for (const document of parseAllDocuments(text)) {
      deepEqual(document.errors, [], file)
      const object = document.toJSON() as JsonObject
      const resource = RESOURCES.find(each => each.kind === object['kind'])
      if (resource === undefined) continue
      seen++
      deepEqual(object['apiVersion'], API_VERSION, file)
      wrong.push(...problems(resource.spec, object['spec'] ?? null, `${file} spec`))
    }
  }
  ok(seen > 10, 'a check that looked at nothing has not passed')
  deepEqual(wrong, [])
})
