/** PodDisruptionBudgets: what a drain may take. */
import type { Manifest } from '../api/manifest.ts'
import { poolSelector, voterSelector } from './labels.ts'
import { manifest, ownerOf } from './manifest.ts'
import { names } from './names.ts'
import type { DesiredInput, Pool } from './settings.ts'

/**
 * One voter at a time. Undefined for a single voter, whose budget would block every drain
 * (operators.md 4.12). A broken quorum keeps its last members: IfHealthyBudget.
 */
export function voterBudget(input: DesiredInput): Manifest | undefined {
  const { meta, spec } = input.cluster
  if (!spec.disruptionBudget || spec.voters === 1) return undefined
  return manifest(input, 'policy/v1', 'PodDisruptionBudget', names.voters(meta.name), {
    spec: {
      maxUnavailable: 1,
      unhealthyPodEvictionPolicy: 'IfHealthyBudget',
      selector: { matchLabels: voterSelector(meta.name) },
    },
  })
}

export function poolBudget(input: DesiredInput, pool: Pool): Manifest {
  const { meta, spec } = pool.resource
  const { maxUnavailable } = spec
  return manifest(
    input,
    'policy/v1',
    'PodDisruptionBudget',
    names.pool(meta.name),
    {
      spec: {
        maxUnavailable: maxUnavailable.endsWith('%') ? maxUnavailable : Number(maxUnavailable),
        // Observers hold no data that others lack.
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
        selector: { matchLabels: poolSelector(spec.cluster, meta.name) },
      },
    },
    { owner: ownerOf('ZkObservers', meta) },
  )
}
