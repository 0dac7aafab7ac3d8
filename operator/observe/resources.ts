/** The two kinds out of what the API server has. */
import { withDefaults } from '../api/defaults.ts'
import type { ObjectMeta, ZkCluster, ZkObservers } from '../api/objects.ts'
import { ZK_CLUSTER } from '../api/zk-cluster.ts'
import { ZK_OBSERVERS } from '../api/zk-observers.ts'
import type { LiveObject } from '../ports/kube-api.ts'
import { controllerUid, objectAt } from './read.ts'

export function readCluster(object: LiveObject): ZkCluster {
  const spec = withDefaults(ZK_CLUSTER.spec, objectAt(object, 'spec'))
  return {
    meta: metaOf(object),
    spec: spec as unknown as ZkCluster['spec'],
    status: objectAt(object, 'status'),
  }
}

export function readPool(object: LiveObject): ZkObservers {
  const spec = withDefaults(ZK_OBSERVERS.spec, objectAt(object, 'spec'))
  return {
    meta: metaOf(object),
    spec: spec as unknown as ZkObservers['spec'],
    status: objectAt(object, 'status'),
    ownerUid: controllerUid(object),
  }
}

function metaOf({ metadata }: LiveObject): ObjectMeta {
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    generation: metadata.generation ?? 0,
    annotations: metadata.annotations ?? {},
    isDeleting: metadata.deletionTimestamp !== undefined,
  }
}
