/** Pods as the planner sees them. */
import type { Json } from '../api/crd.ts'
import { isObject } from '../api/defaults.ts'
import { parseTime } from '../api/time.ts'
import { Label, Role } from '../desired/labels.ts'
import { ordinalOf } from '../desired/names.ts'
import type { LiveObject } from '../ports/kube-api.ts'
import type { ObservedPod } from '../ports/observed.ts'
import { conditionOf, listAt, numberAt, objectAt, textAt } from './read.ts'

/** A pod without what its member and its node say. Undefined: it belongs to none of the sets. */
export function readPod(
  object: LiveObject,
  firstIds: ReadonlyMap<string, number>,
): Omit<ObservedPod, 'answer' | 'isNodeClosed'> | undefined {
  const { metadata } = object
  const owner = metadata.ownerReferences?.find(each => each.controller)
  const set = owner?.name ?? setOfOrphan(metadata.name)
  const firstId = firstIds.get(set)
  const ordinal = ordinalOf(set, metadata.name)
  if (firstId === undefined || ordinal === undefined) return undefined
  const ready = conditionOf(object, 'Ready')
  const createdMs = parseTime(metadata.creationTimestamp) ?? 0
  return {
    name: metadata.name,
    uid: metadata.uid,
    set,
    ordinal,
    id: firstId + ordinal,
    isVoter: metadata.labels?.[Label.role] === Role.voter,
    isReady: ready?.['status'] === 'True',
    changedMs: parseTime(textAt(ready, 'lastTransitionTime')) ?? createdMs,
    isTerminating: metadata.deletionTimestamp !== undefined,
    revision: metadata.labels?.['controller-revision-hash'],
    address: textAt(object, 'status', 'podIP'),
    node: textAt(object, 'spec', 'nodeName'),
    trouble: troubleOf(object),
    configMaps: configMapsOf(objectAt(object, 'spec')),
  }
}

/** While a StatefulSet is made anew its pods have no owner; their names tell. */
function setOfOrphan(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf('-')))
}

/** Names of the ConfigMaps that a pod's volumes mount. */
export function configMapsOf(spec: unknown): readonly string[] {
  return listAt(spec, 'volumes')
    .map(volume => textAt(volume, 'configMap', 'name'))
    .filter(name => name !== undefined)
}

/** What keeps a pod from running: the scheduler's words, a container's, or its last message. */
function troubleOf(object: LiveObject): string | undefined {
  const scheduled = conditionOf(object, 'PodScheduled')
  if (scheduled?.['status'] === 'False') {
    return `${textAt(scheduled, 'reason') ?? 'Pending'}: ${textAt(scheduled, 'message') ?? ''}`
  }
  const statuses = [
    ...listAt(object, 'status', 'initContainerStatuses'),
    ...listAt(object, 'status', 'containerStatuses'),
  ]
  for (const status of statuses) {
    const trouble = containerTrouble(status)
    if (trouble !== undefined) return trouble
  }
  return undefined
}

/** Longest quotation of a member's own words. */
const MESSAGE_MAX = 1000

function containerTrouble(status: Json): string | undefined {
  if (!isObject(status)) return undefined
  const waiting = objectAt(status, 'state', 'waiting')
  const ended = objectAt(status, 'state', 'terminated')
  const before = objectAt(status, 'lastState', 'terminated')
  const reason = textAt(waiting, 'reason') ?? textAt(ended, 'reason')
  if (reason === undefined || reason === 'ContainerCreating' || reason === 'PodInitializing') {
    return undefined
  }
  const last = textAt(ended, 'message') ?? textAt(before, 'message') ?? textAt(waiting, 'message')
  const code = numberAt(ended, 'exitCode') ?? numberAt(before, 'exitCode')
  const exit = code === undefined ? '' : `, exit code ${code}`
  return last === undefined
    ? `${reason}${exit}`
    : `${reason}${exit}: ${last.trim().slice(-MESSAGE_MAX)}`
}
