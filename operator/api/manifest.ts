/** Kubernetes objects as plain data. */
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

/**
 * A short name for a value, the same everywhere: two FNV-1a hashes of 32 bits, in ten letters and
 * digits. It tells versions of one object apart; it is no protection against anybody.
 */
export function contentHash(value: unknown): string {
  let low = 0x811c9dc5
  let high = 0x9747b28c
  const text = canonical(value)
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x85ebca6b)
  }
  const digits = (word: number): string => (word >>> 0).toString(36).padStart(7, '0').slice(-5)
  return digits(high) + digits(low)
}

export type { Json, JsonObject }
