/** The two ConfigMaps: one that never changes, one that always tells the present. */
import { textHash } from '../../base/text-hash.ts'
import { contentHash, type Manifest } from '../api/manifest.ts'
import { manifest } from './manifest.ts'
import { names } from './names.ts'
import type { DesiredInput } from './settings.ts'
import { hotSettings, zooCfg } from './zoo-cfg.ts'

/** A new configuration is a new object: running members never see half of a change. */
export function configMap(input: DesiredInput): Manifest {
  const { cluster } = input
  const data = { 'zoo.cfg': zooCfg(cluster.spec) }
  return manifest(input, 'v1', 'ConfigMap', names.config(cluster.meta.name, contentHash(data)), {
    immutable: true,
    data,
  })
}

/**
 * What a member reads when it starts (node/io/pod.ts): with whom, whether it may begin with an
 * empty disk, whether its disk is too old; and the settings that it re-reads.
 */
export function ensembleMap(input: DesiredInput): Manifest {
  const { cluster, facts } = input
  const wipes = [...facts.wipes]
    .sort(([a], [b]) => a - b)
    .map(([id, version]) => `${id}=${version}\n`)
  return manifest(input, 'v1', 'ConfigMap', names.ensemble(cluster.meta.name), {
    data: {
      members: `${facts.startList}\n`,
      'first-start-until': facts.firstStartUntil === undefined ? '' : `${facts.firstStartUntil}\n`,
      wipe: wipes.join(''),
      settings: hotSettings(cluster.spec),
    },
  })
}

/** What members report when they run these settings. */
export function settingsHash(input: Pick<DesiredInput, 'cluster'>): string {
  return textHash(hotSettings(input.cluster.spec))
}
