/** Metadata that everything has. */

import { contentHash, type Manifest, type OwnerReference } from '../api/manifest.ts'
import type { ObjectMeta } from '../api/objects.ts'
import { API_VERSION } from '../api/schema.ts'
import { Annotation, commonLabels } from './labels.ts'
import type { DesiredInput } from './settings.ts'

export function ownerOf(kind: 'ZkCluster' | 'ZkObservers', meta: ObjectMeta): OwnerReference {
  return {
    apiVersion: API_VERSION,
    kind,
    name: meta.name,
    uid: meta.uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

interface Extra {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly owner?: OwnerReference
}

/**
 * An object of the cluster, owned by it. Its hash stands in an annotation: whether it must be
 * applied again shows without comparing what the API server has filled in.
 */
export function manifest(
  input: DesiredInput,
  apiVersion: string,
  kind: string,
  name: string,
  body: Readonly<Record<string, unknown>>,
  extra: Extra = {},
): Manifest {
  const { meta } = input.cluster
  const draft: Manifest = {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace: meta.namespace,
      labels: { ...commonLabels(meta.name), ...extra.labels },
      annotations: { ...extra.annotations },
      ownerReferences: [extra.owner ?? ownerOf('ZkCluster', meta)],
    },
    ...body,
  }
  return sealed(draft)
}

/** The same object with the hash of all of it. */
export function sealed(draft: Manifest): Manifest {
  const { [Annotation.applied]: _old, ...annotations } = draft.metadata.annotations ?? {}
  const plain = { ...draft, metadata: { ...draft.metadata, annotations } }
  return {
    ...plain,
    metadata: {
      ...plain.metadata,
      annotations: { ...annotations, [Annotation.applied]: contentHash(plain) },
    },
  }
}
