/** Kubernetes objects as plain data. */
import { textHash } from '../../base/text-hash.ts'
import type { Json, JsonObject } from './crd.ts'

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller: boolean
  readonly blockOwnerDeletion: boolean
}

export interface Metadata {
  readonly name: string
  readonly namespace: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
}

/** What the operator wants to be there: the fields it owns and no others. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Metadata
  readonly [field: string]: unknown
}

export interface ObjectKey {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
}

export function keyOf(manifest: Manifest): ObjectKey {
  const { apiVersion, kind, metadata } = manifest
  return { apiVersion, kind, namespace: metadata.namespace, name: metadata.name }
}

/** `StatefulSet/zk`: unique among the objects of a cluster. */
export function shortKey(manifest: Pick<Manifest, 'kind' | 'metadata'>): string {
  return `${manifest.kind}/${manifest.metadata.name}`
}

/** Text of a value that does not depend on the order of keys. */
export function canonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  let text = ''
  const from = value as Readonly<Record<string, unknown>>
  for (const key of Object.keys(from).sort()) {
    if (from[key] === undefined) continue
    text += `${text === '' ? '' : ','}"${key}":${canonical(from[key])}`
  }
  return `{${text}}`
}

/** A short name for a value (base/text-hash.ts). */
export function contentHash(value: unknown): string {
  return textHash(canonical(value))
}

export type { Json, JsonObject }
