/** Everything that should be there, computed from the spec and a few facts. */
import type { Manifest } from '../api/manifest.ts'
import { API_VERSION } from '../api/schema.ts'
import type { ObserversSpec } from '../api/types.ts'
import { configMap, ensembleMap, settingsHash } from './config-map.ts'
import { poolBudget, voterBudget } from './disruption-budget.ts'
import { manifest } from './manifest.ts'
import { names } from './names.ts'
import { networkPolicy } from './network-policy.ts'
import { clientService, headlessService, poolService } from './services.ts'
import type { DesiredInput, Pool } from './settings.ts'
import { poolSet, voterSet } from './stateful-set.ts'

export interface DesiredPool {
  readonly pool: Pool
  readonly objects: readonly Manifest[]
  readonly set: (replicas: number) => Manifest
}

export interface Desired {
  readonly input: DesiredInput
  /** What must be there before members are, in this order. */
  readonly foundation: readonly Manifest[]
  /** What waits until the ensemble exists. */
  readonly later: readonly Manifest[]
  /** Kinds and names that may have existed under another spec and must not any more. */
  readonly unwanted: readonly Pick<Manifest, 'apiVersion' | 'kind' | 'metadata'>[]
  readonly voterSet: (replicas: number, sizes?: ReadonlyMap<string, string>) => Manifest
  readonly pools: readonly DesiredPool[]
  readonly configName: string
  readonly settingsHash: string
}

export function desire(input: DesiredInput): Desired {
  const { meta } = input.cluster
  const config = configMap(input)
  const configName = config.metadata.name
  const budget = voterBudget(input)
  const policy = networkPolicy(input)
  const account = manifest(input, 'v1', 'ServiceAccount', names.voters(meta.name), {
    automountServiceAccountToken: false,
  })
  const present = (object: Manifest | undefined): readonly Manifest[] =>
    object === undefined ? [] : [object]
  const absent = (
    apiVersion: string,
    kind: string,
    object: Manifest | undefined,
  ): Desired['unwanted'] =>
    object === undefined
      ? [
          {
            apiVersion,
            kind,
            metadata: { name: names.voters(meta.name), namespace: meta.namespace },
          },
        ]
      : []
  return {
    input,
    foundation: [
      account,
      headlessService(input),
      ...present(budget),
      ...present(policy),
      config,
      ensembleMap(input),
    ],
    // Clients are let in when nothing can be started over any more.
    later: [clientService(input), ...present(shortFormPool(input))],
    unwanted: [
      ...absent('policy/v1', 'PodDisruptionBudget', budget),
      ...absent('networking.k8s.io/v1', 'NetworkPolicy', policy),
    ],
    voterSet: (replicas, sizes = new Map()) => voterSet(input, configName, replicas, sizes),
    pools: input.pools.map(pool => ({
      pool,
      objects: [poolService(input, pool), poolBudget(input, pool)],
      set: replicas => poolSet(input, pool, configName, replicas),
    })),
    configName,
    settingsHash: settingsHash(input),
  }
}

/** The ZkObservers that `spec.observers` is short for. Absent replicas belong to a scaler. */
function shortFormPool(input: DesiredInput): Manifest | undefined {
  const { meta, spec } = input.cluster
  if (spec.observers === undefined) return undefined
  const fields: Partial<ObserversSpec> = spec.observers
  return manifest(input, API_VERSION, 'ZkObservers', meta.name, {
    spec: { cluster: meta.name, ...fields },
  })
}
