/** Names of everything a cluster has. Changing one orphans what exists: they are settled. */
import { POOL_FIRST_ID, type PORTS, VOTER_ID_OFFSET } from '../api/limits.ts'

export const FIELD_MANAGER = 'zkcluster-operator'

export const names: {
  readonly voters: (cluster: string) => string
  readonly pool: (pool: string) => string
  readonly headless: (cluster: string) => string
  readonly client: (cluster: string) => string
  readonly config: (cluster: string, hash: string) => string
  readonly ensemble: (cluster: string) => string
  readonly secret: (cluster: string) => string
  readonly claim: (volume: ClaimVolume, pod: string) => string
} = {
  voters: cluster => cluster,
  pool: pool => `${pool}-observers`,
  headless: cluster => `${cluster}-headless`,
  client: cluster => cluster,
  config: (cluster, hash) => `${cluster}-config-${hash}`,
  ensemble: cluster => `${cluster}-ensemble`,
  secret: cluster => `${cluster}-operator`,
  claim: (volume, pod) => `${volume}-${pod}`,
}

export type ClaimVolume = 'data' | 'log'

export type PortName = keyof typeof PORTS

export function podName(set: string, ordinal: number): string {
  return `${set}-${ordinal}`
}

/** Ordinal of a pod or claim of this set; undefined for a name of another set. */
export function ordinalOf(set: string, name: string): number | undefined {
  if (!name.startsWith(`${set}-`)) return undefined
  const text = name.slice(set.length + 1)
  return /^(0|[1-9]\d{0,3})$/.test(text) ? Number(text) : undefined
}

export function voterId(ordinal: number): number {
  return ordinal + VOTER_ID_OFFSET
}

/** Whether an id lies in the blocks of pools. */
export function isPoolId(id: number): boolean {
  return id >= POOL_FIRST_ID
}

/** The name of a pod that holds wherever its Service does. */
export function podHost(
  pod: string,
  cluster: string,
  namespace: string,
  clusterDomain: string,
): string {
  return `${pod}.${names.headless(cluster)}.${namespace}.svc.${clusterDomain}`
}
