/** What the operator needs of Kubernetes. operator/io has the real one, the tests a model. */
import type { JsonObject, Manifest, ObjectKey } from '../api/manifest.ts'

export type KubeErrorReason =
  | 'NotFound'
  /** Somebody was faster, or the precondition does not hold. */
  | 'Conflict'
  | 'Invalid'
  | 'Forbidden'
  /** No answer, or the API server has trouble of its own. */
  | 'Unavailable'

export class KubeError extends Error {
  readonly reason: KubeErrorReason

  constructor(reason: KubeErrorReason, message: string) {
    super(message)
    this.name = 'KubeError'
    this.reason = reason
  }
}

/** An object as the API server has it. */
export interface LiveObject extends Manifest {
  readonly metadata: Manifest['metadata'] & {
    readonly uid: string
    readonly resourceVersion: string
    readonly generation?: number
    readonly creationTimestamp?: string
    readonly deletionTimestamp?: string
  }
}

export interface Precondition {
  readonly uid: string
  readonly resourceVersion?: string
}

export interface RemoveOptions {
  /** Leave what the object owns alone: the pods of a StatefulSet. */
  readonly orphan?: boolean
}

export interface EventRecord {
  readonly about: ObjectKey & { readonly uid: string }
  readonly type: 'Normal' | 'Warning'
  /** One word for programs. */
  readonly reason: string
  readonly message: string
}

/** All reads are live: the operator never acts on a cache. All calls reject with KubeError. */
export interface KubeApi {
  /** Undefined: there is none. */
  get(key: ObjectKey): Promise<LiveObject | undefined>
  /** `selector` is a label selector such as `a=b,c=d`; empty: all. */
  list(
    kind: Pick<ObjectKey, 'apiVersion' | 'kind'>,
    namespace: string,
    selector: string,
  ): Promise<readonly LiveObject[]>
  /** Server-side apply with the operator's field manager; conflicts are taken over. */
  apply(manifest: Manifest): Promise<void>
  /** The same for the status subresource. */
  applyStatus(manifest: Manifest): Promise<void>
  /** Merge patch, only of the object with this uid (and version). */
  patch(key: ObjectKey, patch: JsonObject, only: Precondition): Promise<void>
  remove(key: ObjectKey, only: Precondition, options?: RemoveOptions): Promise<void>
  /** Never rejects: an event is not worth a failed reconcile. */
  record(event: EventRecord): Promise<void>
}
