/**
 * The vocabulary of the API's one schema. From it come the CRDs, the TypeScript types, the defaults
 * and docs/user/api.md (tools/gen-crd.ts); a test fails when one of them is stale.
 */

/** A CEL rule of the API server. A rule that mentions `oldSelf` is about changes. */
export interface Rule {
  readonly rule: string
  readonly message: string
}

interface Common {
  /** One paragraph for people; the first sentence stands alone. */
  readonly description: string
  readonly rules?: readonly Rule[]
}

export interface StringSchema extends Common {
  readonly kind: 'string'
  readonly default?: string
  readonly enum?: readonly string[]
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly format?: 'date-time'
}

/** A Kubernetes quantity such as `8Gi`, always written as a text. */
export interface QuantitySchema extends Common {
  readonly kind: 'quantity'
  readonly default?: string
}

export interface IntegerSchema extends Common {
  readonly kind: 'integer'
  readonly minimum: number
  readonly maximum: number
  readonly default?: number
}

export interface BooleanSchema extends Common {
  readonly kind: 'boolean'
  readonly default?: boolean
}

export interface ObjectSchema extends Common {
  readonly kind: 'object'
  /** Name of the TypeScript interface. */
  readonly name: string
  /** With `{}` the defaults of the fields hold although the object is not written. */
  readonly default?: Readonly<Record<string, never>>
  readonly fields: Readonly<Record<string, Field>>
}

/** Texts by text, such as labels. */
export interface MapSchema extends Common {
  readonly kind: 'map'
  readonly maxProperties: number
  readonly maxLength: number
  /** Of the values. */
  readonly pattern?: string
  readonly default?: Readonly<Record<string, string>>
}

export interface ListSchema extends Common {
  readonly kind: 'list'
  readonly items: Schema
  readonly maxItems: number
  /** `map` lists can be owned by several appliers, entry by entry. */
  readonly listType: 'atomic' | 'set' | 'map'
  readonly keys?: readonly string[]
}

/** A type of Kubernetes itself that is passed on as it is; the API server checks it later. */
export interface ForeignSchema extends Common {
  readonly kind: 'foreign'
  /** Such as `core/v1 Affinity`. */
  readonly type: string
  readonly default?: ForeignValue
}

export type ForeignValue =
  | string
  | number
  | boolean
  | readonly ForeignValue[]
  | { readonly [key: string]: ForeignValue }

export type Schema =
  | StringSchema
  | QuantitySchema
  | IntegerSchema
  | BooleanSchema
  | ObjectSchema
  | MapSchema
  | ListSchema
  | ForeignSchema

/** A field with a default is always there once the API server has seen the object. */
export type Field = Schema & { readonly required?: boolean }

export interface PrinterColumn {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date'
  readonly jsonPath: string
  readonly description: string
  /** 1: only with `-o wide`. */
  readonly priority?: 1
}

export interface Scale {
  readonly specReplicasPath: string
  readonly statusReplicasPath: string
  readonly labelSelectorPath: string
}

export interface Resource {
  readonly kind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly description: string
  readonly spec: ObjectSchema
  readonly status: ObjectSchema
  /** Rules that see metadata.name. */
  readonly rules: readonly Rule[]
  readonly columns: readonly PrinterColumn[]
  readonly scale: Scale
}

export const GROUP = 'zkcluster.dev'
export const VERSION = 'v1alpha1'
export const API_VERSION: string = `${GROUP}/${VERSION}`
