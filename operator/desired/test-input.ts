/** Clusters for tests, as the API server would have filled them in. */
import { withDefaults } from '../api/defaults.ts'
import type { JsonObject } from '../api/manifest.ts'
import type { ZkCluster, ZkObservers } from '../api/objects.ts'
import { ZK_CLUSTER } from '../api/zk-cluster.ts'
import { ZK_OBSERVERS } from '../api/zk-observers.ts'
import type { DesiredInput, OperatorSettings, Pool } from './settings.ts'
import { firstStartList } from './zoo-cfg.ts'

export const SETTINGS: OperatorSettings = {
  image: 'zkcluster-node:test',
  operatorNamespace: 'zk-system',
  clusterDomain: 'cluster.local',
}

export function testCluster(
  spec: JsonObject = {},
  annotations: Readonly<Record<string, string>> = {},
): ZkCluster {
  return {
    meta: {
      name: 'zk',
      namespace: 'apps',
      uid: 'cluster-uid',
      generation: 1,
      annotations,
      isDeleting: false,
    },
    spec: withDefaults(ZK_CLUSTER.spec, spec) as unknown as ZkCluster['spec'],
    status: {},
  }
}

export function testPool(name: string, spec: JsonObject, firstId: number): Pool {
  const resource: ZkObservers = {
    meta: {
      name,
      namespace: 'apps',
      uid: `${name}-uid`,
      generation: 1,
      annotations: {},
      isDeleting: false,
    },
    spec: withDefaults(ZK_OBSERVERS.spec, {
      cluster: 'zk',
      ...spec,
    }) as unknown as ZkObservers['spec'],
    status: {},
    ownerUid: undefined,
  }
  return { resource, firstId }
}

export function testInput(cluster: ZkCluster, pools: readonly Pool[] = []): DesiredInput {
  const place = { cluster: 'zk', namespace: 'apps', clusterDomain: SETTINGS.clusterDomain }
  return {
    cluster,
    pools,
    settings: SETTINGS,
    facts: {
      isInitialized: false,
      firstStartUntil: 1_795_000_000,
      startList: firstStartList('zk', cluster.spec.voters, place),
      credentialsUid: 'secret-uid',
      wipes: new Map(),
    },
  }
}
