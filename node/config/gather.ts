/** Brings zoo.cfg and system properties together with Apache's precedence (operations.md 1). */
import { isFamily, type Key } from './key.ts'
import { findKey, nearestKey } from './keys.ts'
import type { Findings } from './problems.ts'
import { HIDDEN } from './secret.ts'
import type { Given } from './settings.ts'

export interface Gathered {
  /** By the name in keys.ts; members of families by their own name. */
  readonly given: ReadonlyMap<string, Given>
  /** All system properties that Apache would have now; secrets are hidden. */
  readonly properties: ReadonlyMap<string, string>
}

export const PROPERTY_PREFIX = 'zookeeper.'

/**
 * zoo.cfg wins over system properties. Keys that nobody reads are told as warnings, with the
 * nearest key that somebody reads; their values are never shown, they may be secrets.
 */
export function gather(
  entries: ReadonlyMap<string, string>,
  systemProperties: ReadonlyMap<string, string>,
  findings: Findings,
): Gathered {
  const given = new Map<string, Given>()
  const properties = new Map<string, string>()
  for (const [name, value] of systemProperties) {
    properties.set(name, visible(name, value))
    const own = nameOfProperty(name, findings)
    if (own !== undefined) given.set(own, { value, from: 'system property' })
  }
  for (const [name, value] of entries) {
    const key = findKey(name)
    if (key === undefined || key.source === 'property') {
      properties.set(PROPERTY_PREFIX + name, visible(name, value))
    }
    if (key === undefined || key.source === 'jvm') {
      findings.warn(unreadInZooCfg(name))
      continue
    }
    const before = given.get(name)
    if (before !== undefined && before.value !== value) {
      findings.warn(`${name}: zoo.cfg wins over -D${PROPERTY_PREFIX}${name}`)
    }
    given.set(name, { value, from: 'zoo.cfg' })
  }
  return { given, properties }
}

/** The name in keys.ts of a system property, or undefined when it is none of ours. */
function nameOfProperty(name: string, findings: Findings): string | undefined {
  const key = findKey(name)
  if (!name.startsWith(PROPERTY_PREFIX)) {
    if (key?.source === 'jvm') return name
    if (key !== undefined && isProperty(key)) {
      findings.warn(`-D${name} is read by nobody; it is written -D${PROPERTY_PREFIX}${name}`)
    } else if (key === undefined && nearestKey(name)?.source === 'jvm') {
      findings.warn(`-D${name} is read by nobody${suggestion(name)}`)
    }
    // Everything else is Java's own.
    return undefined
  }
  const own = name.slice(PROPERTY_PREFIX.length)
  const ownKey = findKey(own)
  if (ownKey !== undefined && isProperty(ownKey)) return own
  findings.warn(unreadProperty(name, own, ownKey))
  return undefined
}

function isProperty(key: Key): boolean {
  return key.source === 'property' || key.source === 'both'
}

function unreadProperty(name: string, own: string, key: Key | undefined): string {
  if (key?.source === 'zoo.cfg') return `-D${name} is read by nobody; ${own} belongs in zoo.cfg`
  if (key?.source === 'jvm') return `-D${name} is read by nobody; it is written -D${own}`
  return `-D${name} is read by nobody${suggestion(own)}`
}

function unreadInZooCfg(name: string): string {
  const start = `${name} in zoo.cfg is read by nobody`
  if (findKey(name)?.source === 'jvm') {
    return `${start}; it is a property of the JVM: give -D${name} in SERVER_JVMFLAGS`
  }
  if (name.startsWith(PROPERTY_PREFIX)) {
    const own = name.slice(PROPERTY_PREFIX.length)
    if (findKey(own) !== undefined) return `${start}; in zoo.cfg it is written ${own}`
  }
  return `${start}${suggestion(name)}`
}

function suggestion(name: string): string {
  const nearest = nearestKey(name)
  if (nearest === undefined) return ''
  const isBare = nearest.source === 'jvm'
  return `; the nearest key is ${isBare ? `-D${nearest.name}` : nearest.name}`
}

function visible(name: string, value: string): string {
  return isSecretName(name) ? HIDDEN : value
}

/**
 * Whether the value of a property must not be shown: the secrets of the table, and whatever else
 * sounds like one.
 */
export function isSecretName(name: string): boolean {
  const own = name.startsWith(PROPERTY_PREFIX) ? name.slice(PROPERTY_PREFIX.length) : name
  const key = findKey(own)
  if (key !== undefined && !isFamily(key)) return key.type.kind === 'secret'
  // A misspelt password is still a password.
  if (nearestKey(own)?.type.kind === 'secret') return true
  return /pass|pwd|secret|digest|credential|token/i.test(name) && !/path$/i.test(name)
}
