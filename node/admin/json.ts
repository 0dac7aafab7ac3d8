/** JSON as Apache's AdminServer prints it, with 64-bit integers and Java's doubles. */

import { javaDouble } from '../../base/java-format.ts'

/** A number that is a double in Java: printed with a point, and NaN as text. */
export class JsonDouble {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }
}

export type JsonValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | JsonDouble
  | readonly JsonValue[]
  | JsonMap

/** Entries in the order in which they are printed; a key may look like an integer. */
export type JsonMap = ReadonlyMap<string, JsonValue>

/** The keys of a literal in their written order. For keys that are data, build a Map. */
export function jsonObject(fields: Readonly<Record<string, JsonValue>>): JsonMap {
  return new Map(Object.entries(fields))
}

/**
 * Two spaces a level, `"key" : value`, arrays on one line with blanks inside the brackets, without
 * a line end after the last brace.
 */
export function printJson(value: JsonValue, indent: string = ''): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') {
    return String(value)
  }
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (value instanceof JsonDouble) return printDouble(value.value)
  if (value instanceof Map) return printMap(value as JsonMap, indent)
  const items = value as readonly JsonValue[]
  if (items.length === 0) return '[ ]'
  return `[ ${items.map(item => printJson(item, indent)).join(', ')} ]`
}

function printDouble(value: number): string {
  const text = javaDouble(value)
  return Number.isFinite(value) ? text : `"${text}"`
}

function printMap(map: JsonMap, indent: string): string {
  if (map.size === 0) return '{ }'
  const inner = `${indent}  `
  const fields = [...map].map(
    ([key, value]) => `${inner}${JSON.stringify(key)} : ${printJson(value, inner)}`,
  )
  return `{\n${fields.join(',\n')}\n${indent}}`
}
