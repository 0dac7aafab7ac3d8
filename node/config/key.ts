/** What is known about one configuration key, and short forms for writing the tables. */

/**
 * Where a value may come from (operations.md 1 to 4):
 * zoo.cfg   a key that is parsed explicitly, only in zoo.cfg;
 * property  `<name>` in zoo.cfg or `-Dzookeeper.<name>`, zoo.cfg wins;
 * both      a key of zoo.cfg whose default `-Dzookeeper.<name>` sets;
 * jvm       only `-D<name>`.
 */
export type KeySource = 'zoo.cfg' | 'property' | 'both' | 'jvm'

/**
 * What we do with it: honoured; warned = accepted, changes nothing here, and a warning says why;
 * refused = any value except the default stops the start.
 */
export type KeyUse = 'honoured' | 'warned' | 'refused'

export type Unit = '' | 'ms' | 's' | 'hours' | 'ticks' | 'bytes' | 'KB'

export type KeyType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'yesNo' }
  | {
      readonly kind: 'integer'
      readonly min: number
      readonly max: number
      /** Smaller values are raised to this, with a warning, as Apache does. */
      readonly raiseTo: number
    }
  | { readonly kind: 'number'; readonly min: number; readonly max: number }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }
  | { readonly kind: 'text' }
  | { readonly kind: 'path' }
  | { readonly kind: 'list' }
  | { readonly kind: 'secret' }
  /** A line of the ensemble's configuration: wire/config-string.ts reads it. */
  | { readonly kind: 'membership' }

export interface Key {
  /** As written in zoo.cfg, or behind -D for source jvm. `.N` or `.*` at the end: any suffix. */
  readonly name: string
  readonly source: KeySource
  readonly type: KeyType
  /** As text; empty: absent. */
  readonly default: string
  readonly unit: Unit
  readonly use: KeyUse
  /** One sentence. */
  readonly meaning: string
  /** Why it is warned about or refused; empty when honoured. */
  readonly note: string
}

/** A table of keys about one topic: a section of docs/user/configuration.md. */
export interface KeyTopic {
  readonly title: string
  readonly keys: readonly Key[]
}

export const INTEGER_MAX = 0x7fff_ffff

interface Value {
  readonly type: KeyType
  readonly default: string
  readonly unit: Unit
}

export function truth(value: boolean): Value {
  return { type: { kind: 'boolean' }, default: String(value), unit: '' }
}

export function yesNo(value: 'yes' | 'no'): Value {
  return { type: { kind: 'yesNo' }, default: value, unit: '' }
}

/** A whole number; `undefined` when it has no default. */
export function whole(
  value: number | undefined,
  unit: Unit = '',
  range: { min?: number; max?: number; raiseTo?: number } = {},
): Value {
  const { min = 0, max = INTEGER_MAX, raiseTo = min } = range
  return {
    type: { kind: 'integer', min, max, raiseTo },
    default: value === undefined ? '' : String(value),
    unit,
  }
}

/** A whole number whose negative values mean "off" or "derived". */
export function wholeOrMinus(value: number, unit: Unit = ''): Value {
  return whole(value, unit, { min: -INTEGER_MAX - 1 })
}

/** A port; 0 and absence mean none. */
export function port(value?: number): Value {
  return whole(value, '', { max: 0xffff })
}

export function fraction(value: number, min: number = 0, max: number = 1): Value {
  return { type: { kind: 'number', min, max }, default: String(value), unit: '' }
}

export function choice(value: string, choices: readonly string[]): Value {
  return { type: { kind: 'choice', choices }, default: value, unit: '' }
}

export function text(value: string = ''): Value {
  return { type: { kind: 'text' }, default: value, unit: '' }
}

export function path(): Value {
  return { type: { kind: 'path' }, default: '', unit: '' }
}

export function list(value: string = ''): Value {
  return { type: { kind: 'list' }, default: value, unit: '' }
}

export function secret(): Value {
  return { type: { kind: 'secret' }, default: '', unit: '' }
}

export function membershipLine(): Value {
  return { type: { kind: 'membership' }, default: '', unit: '' }
}

/** A key of zoo.cfg alone. */
export function zooCfg(name: string, value: Value, meaning: string): Key {
  return { name, source: 'zoo.cfg', ...value, use: 'honoured', meaning, note: '' }
}

/** A property, with or without zoo.cfg. */
export function property(name: string, value: Value, meaning: string): Key {
  return { name, source: 'property', ...value, use: 'honoured', meaning, note: '' }
}

/** A bare property of the JVM. */
export function jvm(name: string, value: Value, meaning: string): Key {
  return { name, source: 'jvm', ...value, use: 'honoured', meaning, note: '' }
}

/** A key of zoo.cfg whose default a system property sets. */
export function both(name: string, value: Value, meaning: string): Key {
  return { name, source: 'both', ...value, use: 'honoured', meaning, note: '' }
}

/** The same key, accepted although it changes nothing here. */
export function inert(key: Key, note: string): Key {
  return { ...key, use: 'warned', note }
}

/** The same key, refused unless it has its default. */
export function refused(key: Key, note: string): Key {
  return { ...key, use: 'refused', note }
}

/** Whether a name stands for a family of keys. */
export function isFamily(key: Key): boolean {
  return key.name.endsWith('.N') || key.name.endsWith('.*')
}

/** `server.` of `server.N`. */
export function familyPrefix(key: Key): string {
  return key.name.slice(0, -1)
}
