/** What was seen becomes what the manifests depend on. */
import { printDynamicFile } from '../../wire/config-string.ts'
import { POOL_FIRST_ID, POOL_IDS, POOLS_MAX } from '../api/limits.ts'
import { names } from '../desired/names.ts'
import type { DesiredInput, Facts, OperatorSettings, Pool } from '../desired/settings.ts'
import { firstStartList } from '../desired/zoo-cfg.ts'
import type { Observed } from '../ports/observed.ts'
import { voterSetOf } from './world.ts'

/** How long members may begin with empty disks before the permission is given anew. */
const FIRST_START_SECONDS = 600

export function desiredInput(observed: Observed, settings: OperatorSettings): DesiredInput {
  return {
    cluster: observed.cluster,
    pools: poolsWithIds(observed),
    settings,
    facts: factsOf(observed, settings),
  }
}

function factsOf(observed: Observed, settings: OperatorSettings): Facts {
  const initialized = isInitialized(observed)
  return {
    isInitialized: initialized,
    firstStartUntil: initialized ? undefined : firstStartUntil(observed),
    startList: startList(observed, settings),
    credentialsUid: observed.credentialsUid ?? '',
    wipes: new Map(
      observed.claims.flatMap(claim =>
        claim.volume === 'data' && claim.leftAt !== undefined
          ? [[claim.id, claim.leftAt] as const]
          : [],
      ),
    ),
  }
}

/**
 * Whether the ensemble exists. It is told in three places, so that none of them can be lost alone:
 * the status, the StatefulSet, and every claim. A claim with the uid of another ZkCluster was kept
 * from an earlier life: whoever has it has data.
 */
export function isInitialized(observed: Observed): boolean {
  const { cluster, claims } = observed
  if (cluster.status.initialized === true) return true
  if (voterSetOf(observed)?.isMarkedInitialized === true) return true
  const marked = claims.filter(claim => claim.initialized !== undefined)
  if (marked.some(claim => claim.initialized !== cluster.meta.uid)) return true
  return marked.length > 0 && marked.length === claims.length
}

/** Renewed when half of it has passed, so that the ConfigMap rarely changes. */
function firstStartUntil({ nowMs, firstStartUntil: before }: Observed): number {
  const now = Math.floor(nowMs / 1000)
  if (before !== undefined && before > now + FIRST_START_SECONDS / 2) return before
  return now + FIRST_START_SECONDS
}

/**
 * What is committed; else what was said before, since somebody may have started with it; else the
 * beginning.
 */
function startList(observed: Observed, settings: OperatorSettings): string {
  const { committed, cluster } = observed
  if (committed !== undefined) return printDynamicFile(committed)
  const mayHaveStarted = voterSetOf(observed) !== undefined || isInitialized(observed)
  if (observed.startList !== undefined && mayHaveStarted) return observed.startList
  const { name, namespace } = cluster.meta
  const place = { cluster: name, namespace, clusterDomain: settings.clusterDomain }
  return firstStartList(names.voters(name), cluster.spec.voters, place)
}

/** Pools keep the block of ids that their StatefulSet has; new ones get the lowest free block. */
function poolsWithIds(observed: Observed): readonly Pool[] {
  const known = new Map<string, number>()
  for (const { resource } of observed.pools) {
    const firstId = observed.sets.get(names.pool(resource.meta.name))?.firstId
    if (firstId !== undefined) known.set(resource.meta.name, firstId)
  }
  const taken = new Set(known.values())
  for (const set of observed.sets.values()) if (set.firstId !== undefined) taken.add(set.firstId)
  const pools: Pool[] = []
  for (const { resource } of observed.pools) {
    if (resource.meta.isDeleting) continue
    const firstId = known.get(resource.meta.name) ?? freeBlock(taken)
    if (firstId === undefined) continue
    taken.add(firstId)
    pools.push({ resource, firstId })
  }
  return pools
}

function freeBlock(taken: ReadonlySet<number>): number | undefined {
  for (let i = 0; i < POOLS_MAX; i++) {
    const firstId = POOL_FIRST_ID + i * POOL_IDS
    if (!taken.has(firstId)) return firstId
  }
  return undefined
}
