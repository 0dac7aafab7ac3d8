/** A configuration as facts for the log: one flat list, without secrets. */
import type { Config } from './config.ts'
import { HIDDEN, Secret } from './secret.ts'

/** Long texts that have places of their own. */
const OMITTED: ReadonlySet<string> = new Set(['configText', 'properties', 'warnings'])

/** `client.plain.port` -> `2181`; what is absent is left out. */
export function describe(config: Config): ReadonlyMap<string, string> {
  const facts = new Map<string, string>()
  for (const [name, value] of Object.entries(config)) {
    if (!OMITTED.has(name)) flatten(name, value, facts)
  }
  return facts
}

function flatten(name: string, value: unknown, facts: Map<string, string>): void {
  if (value === undefined) return
  if (value instanceof Secret) {
    facts.set(name, HIDDEN)
  } else if (value instanceof Map) {
    for (const [key, inner] of value) flatten(`${name}.${String(key)}`, inner, facts)
  } else if (Array.isArray(value)) {
    for (const [i, inner] of value.entries()) flatten(`${name}.${i}`, inner, facts)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) flatten(`${name}.${key}`, inner, facts)
  } else if (typeof value === 'bigint') {
    facts.set(name, value.toString())
  } else if (typeof value === 'string') {
    facts.set(name, value)
  } else {
    facts.set(name, JSON.stringify(value))
  }
}
