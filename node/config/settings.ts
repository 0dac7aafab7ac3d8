/** Values of keys as they were given, and typed access to them by the table of keys.ts. */
import { failInvariant, invariant } from '../../base/invariant.ts'
import { familyPrefix, isFamily, type Key, type KeyType, type Unit } from './key.ts'
import { findKey, KEYS } from './keys.ts'
import { type Findings, shown } from './problems.ts'
import { Secret } from './secret.ts'

export interface Given {
  readonly value: string
  readonly from: 'zoo.cfg' | 'system property'
}

type Kind = KeyType['kind']

const MS_PER_UNIT: Partial<Record<Unit, number>> = { ms: 1, s: 1000, hours: 3_600_000 }
const BYTES_PER_UNIT: Partial<Record<Unit, number>> = { bytes: 1, KB: 1024 }

/**
 * Reads values by name. What is malformed becomes a problem in `findings` and reads as the default,
 * so that one pass finds everything. Asking for a name that keys.ts does not declare, or as another
 * type, is a mistake of ours and stops.
 */
export class Settings {
  readonly #given: ReadonlyMap<string, Given>
  readonly #findings: Findings
  readonly #read = new Set<string>()

  constructor(given: ReadonlyMap<string, Given>, findings: Findings) {
    this.#given = given
    this.#findings = findings
  }

  /** Names that have been asked for: the tests compare them with the table. */
  get readNames(): ReadonlySet<string> {
    return this.#read
  }

  has(name: string): boolean {
    this.#read.add(name)
    return this.#given.has(name)
  }

  boolean(name: string): boolean {
    const key = this.#key(name, 'boolean')
    const value = this.#text(key).toLowerCase()
    if (value === 'true' || value === 'false') return value === 'true'
    if (key.source === 'zoo.cfg' || key.source === 'both') {
      this.#findings.problem(`${this.#shown(key)}: valid are true and false`)
    } else {
      this.#findings.warn(`${this.#shown(key)} counts as false; valid are true and false`)
    }
    return false
  }

  /** yes is true. Nothing else passes: Apache would take `forceSync=true` for "do not sync". */
  yes(name: string): boolean {
    const key = this.#key(name, 'yesNo')
    const value = this.#text(key).toLowerCase()
    if (value === 'yes' || value === 'no') return value === 'yes'
    this.#findings.problem(`${this.#shown(key)}: valid are yes and no`)
    return key.default === 'yes'
  }

  /** In the unit of the key, or undefined when the key is absent and has no default. */
  optionalInteger(name: string): number | undefined {
    const key = this.#key(name, 'integer')
    const type = key.type
    invariant(type.kind === 'integer', 'the type was looked at')
    const text = this.#text(key)
    if (text === '' && !this.#given.has(name)) return undefined
    const value = key.source === 'property' || key.source === 'jvm' ? decode(text) : parse(text)
    if (value !== undefined && value >= type.min && value <= type.max) {
      if (value >= type.raiseTo) return value
      this.#findings.warn(`${this.#shown(key)} is raised to ${type.raiseTo}, the least that works`)
      return type.raiseTo
    }
    this.#findings.problem(
      `${this.#shown(key)}: valid is a whole number from ${type.min} to ${type.max}`,
    )
    return key.default === '' ? undefined : Number(key.default)
  }

  /** In the unit of the key. */
  integer(name: string): number {
    const value = this.optionalInteger(name)
    if (value !== undefined) return value
    invariant(!this.#hasDefault(name), 'a key with a default always has a value', () => ({ name }))
    return 0
  }

  /** Milliseconds, from any unit of time; negative values stay as they are. */
  ms(name: string): number {
    const value = this.integer(name)
    return value < 0 ? value : value * this.#factor(name, MS_PER_UNIT)
  }

  /** Bytes, from any unit of size; negative values stay as they are. */
  bytes(name: string): number {
    const value = this.integer(name)
    return value < 0 ? value : value * this.#factor(name, BYTES_PER_UNIT)
  }

  number(name: string): number {
    const key = this.#key(name, 'number')
    const type = key.type
    invariant(type.kind === 'number', 'the type was looked at')
    const text = this.#text(key)
    const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?$/.test(text)
      ? Number.parseFloat(text)
      : Number.NaN
    if (value >= type.min && value <= type.max) return value
    this.#findings.problem(`${this.#shown(key)}: valid is a number from ${type.min} to ${type.max}`)
    return Number(key.default)
  }

  /** One of the choices, in the spelling of the table. */
  choice(name: string): string {
    return this.#choose(name, this.#key(name, 'choice'))
  }

  text(name: string): string {
    return this.#text(this.#key(name, 'text'))
  }

  optionalText(name: string): string | undefined {
    return this.text(name) || undefined
  }

  path(name: string): string | undefined {
    return this.#text(this.#key(name, 'path')) || undefined
  }

  /** Parts between commas, trimmed, without empty ones. */
  list(name: string): readonly string[] {
    const parts = this.#text(this.#key(name, 'list')).split(',')
    return parts.map(part => part.trim()).filter(part => part !== '')
  }

  secret(name: string): Secret | undefined {
    const value = this.#text(this.#key(name, 'secret'))
    return value === '' ? undefined : new Secret(value)
  }

  /** The members of a family such as `authProvider.N`, sorted by suffix. */
  family(name: string): readonly { readonly suffix: string; readonly value: string }[] {
    const key = findKey(name)
    invariant(key !== undefined && isFamily(key), 'a family is in the table', () => ({ name }))
    this.#read.add(name)
    const prefix = familyPrefix(key)
    const found: { suffix: string; value: string }[] = []
    for (const given of this.#given.keys()) {
      if (!given.startsWith(prefix) || findKey(given) !== key) continue
      const value =
        key.type.kind === 'choice' ? this.#choose(given, key) : this.#given.get(given)!.value
      found.push({ suffix: given.slice(prefix.length), value })
    }
    return found.sort((a, b) => (a.suffix < b.suffix ? -1 : 1))
  }

  #choose(name: string, key: Key): string {
    invariant(key.type.kind === 'choice', 'the type was looked at')
    const value = this.#given.get(name)?.value ?? key.default
    const choices = key.type.choices
    const found = choices.find(one => one.toLowerCase() === value.toLowerCase())
    if (found !== undefined) return found
    const valid = choices.filter(one => one !== '').join(', ')
    this.#findings.problem(`${shown(name, value)}: valid are ${valid}`)
    return key.default
  }

  #hasDefault(name: string): boolean {
    return findKey(name)?.default !== ''
  }

  #factor(name: string, factors: Partial<Record<Unit, number>>): number {
    const unit = findKey(name)?.unit ?? ''
    return factors[unit] ?? failInvariant('a key has the unit that is asked for', { name, unit })
  }

  #key(name: string, kind: Kind): Key {
    const key = findKey(name)
    if (key?.type.kind !== kind)
      failInvariant('a key has the type that is asked for', { name, kind })
    this.#read.add(name)
    return key
  }

  #text(key: Key): string {
    return this.#given.get(key.name)?.value ?? key.default
  }

  #shown(key: Key): string {
    return shown(key.name, this.#text(key))
  }
}

/** Java's Integer.parseInt. */
function parse(text: string): number | undefined {
  return /^[+-]?\d{1,18}$/.test(text) ? Number(text) : undefined
}

/** Java's Integer.decode, which properties are read with: 0x1f, #1f and octal 017 too. */
function decode(text: string): number | undefined {
  const match = /^([+-]?)(?:(?:0[xX]|#)([0-9a-fA-F]{1,12})|0([0-7]{1,15})|(\d{1,18}))$/.exec(text)
  if (match === null) return undefined
  const [, sign, hexadecimal, octal, decimal] = match
  const value =
    hexadecimal !== undefined
      ? Number.parseInt(hexadecimal, 16)
      : octal !== undefined
        ? Number.parseInt(octal, 8)
        : Number(decimal)
  return sign === '-' ? -value : value
}

/** Warns about given keys that change nothing here, and refuses those that must not be given. */
export function judgeUse(given: ReadonlyMap<string, Given>, findings: Findings): void {
  for (const key of KEYS) {
    const value = given.get(key.name)?.value
    if (value === undefined || value.toLowerCase() === key.default.toLowerCase()) continue
    const valid = key.default === '' ? 'leaving it out' : key.default
    if (key.use === 'refused') {
      findings.problem(`${shown(key.name, value)}: ${key.note} Valid is ${valid}`)
    } else if (key.use === 'warned') {
      findings.warn(`${shown(key.name, value)} changes nothing here. ${key.note}`)
    }
  }
}
