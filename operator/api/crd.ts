/** The schema as CustomResourceDefinitions. */
import { type Field, GROUP, type Resource, type Schema, VERSION } from './schema.ts'

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json }

export interface JsonObject {
  readonly [key: string]: Json
}

/** What a text must look like to be a quantity that CEL can read. */
const QUANTITY_PATTERN = '^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|k|M|G|T|P|E)?$'
const QUANTITY_LENGTH_MAX = 32

/** The CRD of a resource, in the order in which people read it. */
export function renderCrd(resource: Resource): JsonObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${resource.plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: 'Namespaced',
      names: {
        kind: resource.kind,
        listKind: `${resource.kind}List`,
        plural: resource.plural,
        singular: resource.singular,
        shortNames: resource.shortNames,
        categories: ['all'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          additionalPrinterColumns: resource.columns.map(column => ({ ...column })),
          subresources: { status: {}, scale: { ...resource.scale } },
          schema: { openAPIV3Schema: root(resource) },
        },
      ],
    },
  }
}

function root(resource: Resource): JsonObject {
  return {
    type: 'object',
    description: resource.description,
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec: openApi(resource.spec),
      status: openApi(resource.status),
    },
    'x-kubernetes-validations': resource.rules.map(rule => ({ ...rule })),
  }
}

/** A structural schema. */
export function openApi(schema: Schema): JsonObject {
  const { description, rules = [] } = schema
  return {
    ...typeOf(schema),
    description,
    ...('default' in schema && schema.default !== undefined ? { default: schema.default } : {}),
    ...(rules.length === 0 ? {} : { 'x-kubernetes-validations': rules.map(rule => ({ ...rule })) }),
  }
}

function typeOf(schema: Schema): JsonObject {
  switch (schema.kind) {
    case 'string':
      return defined({
        type: 'string',
        format: schema.format,
        enum: schema.enum,
        pattern: schema.pattern,
        minLength: schema.minLength,
        maxLength: schema.maxLength,
      })
    case 'quantity':
      return { type: 'string', pattern: QUANTITY_PATTERN, maxLength: QUANTITY_LENGTH_MAX }
    case 'integer':
      return {
        type: 'integer',
        format: 'int64',
        minimum: schema.minimum,
        maximum: schema.maximum,
      }
    case 'boolean':
      return { type: 'boolean' }
    case 'map':
      return {
        type: 'object',
        maxProperties: schema.maxProperties,
        additionalProperties: defined({
          type: 'string',
          maxLength: schema.maxLength,
          pattern: schema.pattern,
        }),
      }
    case 'list':
      return defined({
        type: 'array',
        maxItems: schema.maxItems,
        'x-kubernetes-list-type': schema.listType,
        'x-kubernetes-list-map-keys': schema.keys,
        items: openApi(schema.items),
      })
    case 'foreign':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    case 'object':
      return {
        type: 'object',
        ...required(schema.fields),
        properties: Object.fromEntries(
          Object.entries(schema.fields).map(([name, field]) => [name, openApi(field)]),
        ),
      }
  }
}

function required(fields: Readonly<Record<string, Field>>): JsonObject {
  const names = Object.keys(fields).filter(name => fields[name]?.required === true)
  return names.length === 0 ? {} : { required: names }
}

function defined(entries: Readonly<Record<string, Json | undefined>>): JsonObject {
  const found: Record<string, Json> = {}
  for (const [key, value] of Object.entries(entries)) if (value !== undefined) found[key] = value
  return found
}
