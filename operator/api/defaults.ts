/**
 * What the API server fills in, done again here: for manifests that are rendered or tested without
 * one, and for objects of an older CRD.
 */
import type { Json, JsonObject } from './crd.ts'
import type { Schema } from './schema.ts'

/** `value` with the defaults of `schema` in every place where nothing is written. */
export function withDefaults(schema: Schema, value: Json | undefined): Json | undefined {
  const given = value ?? ('default' in schema ? schema.default : undefined)
  if (given === undefined) return undefined
  if (schema.kind === 'object' && isObject(given)) {
    const filled: Record<string, Json> = { ...given }
    for (const [name, field] of Object.entries(schema.fields)) {
      const inner = withDefaults(field, given[name])
      if (inner !== undefined) filled[name] = inner
    }
    return filled
  }
  if (schema.kind === 'list' && Array.isArray(given)) {
    return (given as readonly Json[]).map(item => withDefaults(schema.items, item) ?? item)
  }
  return given
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
