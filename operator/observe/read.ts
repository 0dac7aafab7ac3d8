/** Reading fields of Kubernetes objects whose shape is known but not promised. */
import type { Json } from '../api/crd.ts'
import { isObject } from '../api/defaults.ts'
import type { JsonObject } from '../api/manifest.ts'
import type { LiveObject } from '../ports/kube-api.ts'

const NOTHING: JsonObject = {}

/** The object at a path; an empty one when there is none. */
export function objectAt(from: unknown, ...path: readonly string[]): JsonObject {
  const found = valueAt(from, path)
  return isObject(found) ? found : NOTHING
}

export function listAt(from: unknown, ...path: readonly string[]): readonly Json[] {
  const found = valueAt(from, path)
  return Array.isArray(found) ? (found as readonly Json[]) : []
}

export function textAt(from: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(from, path)
  return typeof found === 'string' ? found : undefined
}

export function numberAt(from: unknown, ...path: readonly string[]): number | undefined {
  const found = valueAt(from, path)
  return typeof found === 'number' ? found : undefined
}

export function truthAt(from: unknown, ...path: readonly string[]): boolean {
  return valueAt(from, path) === true
}

function valueAt(from: unknown, path: readonly string[]): Json | undefined {
  let value = from as Json | undefined
  for (const key of path) {
    if (!isObject(value)) return undefined
    value = value[key]
  }
  return value
}

export function annotationOf(object: LiveObject, key: string): string | undefined {
  return object.metadata.annotations?.[key]
}

/** The condition of that type in `status.conditions`. */
export function conditionOf(object: unknown, type: string): JsonObject | undefined {
  for (const condition of listAt(object, 'status', 'conditions')) {
    if (isObject(condition) && condition['type'] === type) return condition
  }
  return undefined
}

export function controllerUid(object: LiveObject): string | undefined {
  return object.metadata.ownerReferences?.find(owner => owner.controller)?.uid
}
