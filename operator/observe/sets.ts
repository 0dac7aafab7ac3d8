/** StatefulSets, claims and other objects as the planner sees them. */
import { parseQuantity } from '../api/quantity.ts'
import { Annotation } from '../desired/labels.ts'
import { ordinalOf, voterId } from '../desired/names.ts'
import type { LiveObject } from '../ports/kube-api.ts'
import type { ObservedClaim, ObservedObject, ObservedSet } from '../ports/observed.ts'
import { configMapsOf } from './pods.ts'
import {
  annotationOf,
  conditionOf,
  controllerUid,
  listAt,
  numberAt,
  objectAt,
  textAt,
} from './read.ts'

export function readObject(object: LiveObject): ObservedObject {
  return {
    apiVersion: object.apiVersion,
    kind: object.kind,
    name: object.metadata.name,
    uid: object.metadata.uid,
    applied: annotationOf(object, Annotation.applied),
    controllerUid: controllerUid(object),
  }
}

export function readSet(object: LiveObject): ObservedSet {
  const { metadata } = object
  const isSeen = numberAt(object, 'status', 'observedGeneration') === metadata.generation
  const firstId = Number(annotationOf(object, Annotation.firstId) ?? Number.NaN)
  const claimSizes = new Map<string, string>()
  for (const template of listAt(object, 'spec', 'volumeClaimTemplates')) {
    const name = textAt(template, 'metadata', 'name')
    const size = textAt(template, 'spec', 'resources', 'requests', 'storage')
    if (name !== undefined && size !== undefined) claimSizes.set(name, size)
  }
  return {
    ...readObject(object),
    replicas: numberAt(object, 'spec', 'replicas') ?? 1,
    revision: isSeen ? textAt(object, 'status', 'updateRevision') : undefined,
    claimSizes,
    isMarkedInitialized: annotationOf(object, Annotation.initialized) !== undefined,
    firstId: Number.isInteger(firstId) ? firstId : undefined,
    configMaps: configMapsOf(objectAt(object, 'spec', 'template', 'spec')),
    isDeleting: metadata.deletionTimestamp !== undefined,
  }
}

/** Undefined: it is no claim of a voter of this set. */
export function readClaim(object: LiveObject, set: string): ObservedClaim | undefined {
  const { metadata } = object
  for (const volume of ['data', 'log'] as const) {
    const ordinal = ordinalOf(`${volume}-${set}`, metadata.name)
    if (ordinal === undefined) continue
    return {
      name: metadata.name,
      uid: metadata.uid,
      volume,
      ordinal,
      id: voterId(ordinal),
      requested: textAt(object, 'spec', 'resources', 'requests', 'storage') ?? '0',
      capacityBytes: parseQuantity(textAt(object, 'status', 'capacity', 'storage')),
      initialized: annotationOf(object, Annotation.initialized),
      leftAt: annotationOf(object, Annotation.leftAt),
      isDeleting: metadata.deletionTimestamp !== undefined,
      needsRestart: conditionOf(object, 'FileSystemResizePending')?.['status'] === 'True',
    }
  }
  return undefined
}
