/** What a stored ephemeralOwner says about a znode (client-protocol.md 10.1). */

export const OwnerKind = { persistent: 0, ephemeral: 1, container: 2, ttl: 3 } as const
export type OwnerKind = (typeof OwnerKind)[keyof typeof OwnerKind]

/** Upper word of the container marker 0x8000000000000000; the lower one is 0. */
export const CONTAINER_HIGH: number = 0x80000000 | 0
const TTL_HIGH = 0xff000000 | 0
const TTL_HIGH_MASK = 0xff000000 | 0

/** Longest TTL: 40 bits. */
export const TTL_MS_MAX = 0xff_ffff_ffff

export interface OwnerRules {
  /** zookeeper.extendedTypesEnabled: TTL nodes exist. */
  readonly extendedTypes: boolean
  /** zookeeper.emulate353TTLNodes: owners written by 3.5.3 are TTLs too. */
  readonly emulate353: boolean
}

export function ownerKind(high: number, low: number, rules: OwnerRules): OwnerKind {
  if (high === 0 && low === 0) return OwnerKind.persistent
  if (high === CONTAINER_HIGH && low === 0) return OwnerKind.container
  if (!rules.extendedTypes) return OwnerKind.ephemeral
  if ((high & TTL_HIGH_MASK) === TTL_HIGH) return OwnerKind.ttl
  if (rules.emulate353 && high < 0) return OwnerKind.ttl
  return OwnerKind.ephemeral
}

/** The upper word of the owner of a TTL znode; the lower one is the TTL's lower half. */
export function ttlOwnerHigh(ttlMs: number): number {
  return TTL_HIGH | (Math.floor(ttlMs / 0x100000000) & 0xff)
}

export function ttlOf(high: number, low: number): number {
  return (high & 0xff) * 0x100000000 + (low >>> 0)
}
