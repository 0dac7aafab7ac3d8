/** The two kinds as the operator handles them: metadata, spec and the status it wrote last. */
import type { ZkClusterSpec, ZkClusterStatus, ZkObserversSpec, ZkObserversStatus } from './types.ts'

export interface ObjectMeta {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  readonly generation: number
  readonly annotations: Readonly<Record<string, string>>
  readonly isDeleting: boolean
}

export interface ZkCluster {
  readonly meta: ObjectMeta
  readonly spec: ZkClusterSpec
  readonly status: ZkClusterStatus
}

export interface ZkObservers {
  readonly meta: ObjectMeta
  readonly spec: ZkObserversSpec
  readonly status: ZkObserversStatus
  /** Made by the short form `spec.observers` of the cluster with this uid. */
  readonly ownerUid: string | undefined
}
