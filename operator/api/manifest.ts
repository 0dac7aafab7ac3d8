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
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
  return `{${entries.join(',')}}`
}

/**
 * A short name for a value, the same everywhere: FNV-1a over 64 bits, in eight letters and digits.
 * It tells versions of one object apart; it is no protection against anybody.
 */
export function contentHash(value: unknown): string {
  let hash = 0xcbf29ce484222325n
  for (const char of canonical(value)) {
    hash ^= BigInt(char.codePointAt(0) ?? 0)
    hash = BigInt.asUintN(64, hash * 0x100000001b3n)
  }
  return hash.toString(36).padStart(13, '0').slice(-8)
}

export type { Json, JsonObject }
