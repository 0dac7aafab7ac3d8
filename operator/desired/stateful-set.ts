/** The StatefulSets of voters and of pools. */
import type { Manifest } from '../api/manifest.ts'
import { Annotation, commonLabels, poolSelector, voterSelector } from './labels.ts'
import { manifest, ownerOf } from './manifest.ts'
import { names, voterId } from './names.ts'
import { claimedVolumes, claimTemplate, type PodInput, podTemplate } from './pod.ts'
import type { DesiredInput, Pool } from './settings.ts'

/**
 * Pods start together and are replaced by the operator alone: a StatefulSet knows neither leader
 * nor quorum.
 */
const MANAGEMENT = {
  podManagementPolicy: 'Parallel',
  updateStrategy: { type: 'OnDelete' },
  revisionHistoryLimit: 5,
} as const

/**
 * `replicas` is the planner's business, not the spec's: members join and leave one at a time.
 * `sizes` are those of the templates that exist, by volume: they cannot be changed in place.
 */
export function voterSet(
  input: DesiredInput,
  configName: string,
  replicas: number,
  sizes: ReadonlyMap<string, string>,
): Manifest {
  const { meta, spec } = input.cluster
  const selector = voterSelector(meta.name)
  const claimed = claimedVolumes(spec).map(volume => ({
    ...volume,
    size: sizes.get(volume.name) ?? volume.size,
  }))
  const pod: PodInput = {
    input,
    selector,
    labels: commonLabels(meta.name),
    configName,
    firstId: voterId(0),
    isVoter: true,
    isPinned: false,
    resources: spec.resources,
    placement: spec.placement,
    claimed: claimed.map(volume => volume.name),
  }
  return manifest(
    input,
    'apps/v1',
    'StatefulSet',
    names.voters(meta.name),
    {
      spec: {
        ...MANAGEMENT,
        replicas,
        serviceName: names.headless(meta.name),
        minReadySeconds: spec.update.minReadySeconds,
        selector: { matchLabels: selector },
        // Claims of removed voters are the planner's business too.
        persistentVolumeClaimRetentionPolicy: {
          whenDeleted: spec.storage.whenDeleted,
          whenScaled: 'Retain',
        },
        template: podTemplate(pod),
        ...(claimed.length === 0
          ? {}
          : {
              volumeClaimTemplates: claimed.map(volume =>
                claimTemplate(volume.name, volume, selector),
              ),
            }),
      },
    },
    { labels: selector },
  )
}

export function poolSet(
  input: DesiredInput,
  pool: Pool,
  configName: string,
  replicas: number,
): Manifest {
  const { meta, spec } = pool.resource
  const selector = poolSelector(spec.cluster, meta.name)
  const pod: PodInput = {
    input,
    selector,
    labels: commonLabels(spec.cluster),
    configName,
    firstId: pool.firstId,
    isVoter: false,
    isPinned: spec.membership === 'Pinned',
    resources: spec.resources,
    placement: spec.placement,
    claimed: [],
  }
  return manifest(
    input,
    'apps/v1',
    'StatefulSet',
    names.pool(meta.name),
    {
      spec: {
        ...MANAGEMENT,
        replicas,
        serviceName: names.headless(spec.cluster),
        minReadySeconds: input.cluster.spec.update.minReadySeconds,
        selector: { matchLabels: selector },
        template: podTemplate(pod),
      },
    },
    {
      labels: selector,
      annotations: { [Annotation.firstId]: String(pool.firstId) },
      owner: ownerOf('ZkObservers', meta),
    },
  )
}
