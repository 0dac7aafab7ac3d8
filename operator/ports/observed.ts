/** One look at the world: a cluster in Kubernetes, and what its members say. */
import type { Membership } from '../../wire/config-string.ts'
import type { PeerId } from '../../wire/ids.ts'
import type { ZkCluster, ZkObservers } from '../api/objects.ts'
import type { MemberAnswer } from './ensemble-api.ts'

/** Anything that the operator applies and only asks whether it is up to date. */
export interface ObservedObject {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  /** Hash of what was applied last. */
  readonly applied: string | undefined
  /** Uid of its controller. */
  readonly controllerUid: string | undefined
}

export interface ObservedSet extends ObservedObject {
  readonly replicas: number
  /** The revision of new pods; undefined while the controller has not seen the last change. */
  readonly revision: string | undefined
  /** Requested size by volume, as the templates of claims say. */
  readonly claimSizes: ReadonlyMap<string, string>
  readonly isMarkedInitialized: boolean
  /** Of pools: id of the first member. */
  readonly firstId: number | undefined
  /** ConfigMaps that new pods mount. */
  readonly configMaps: readonly string[]
  readonly isDeleting: boolean
}

export interface ObservedPod {
  readonly name: string
  readonly uid: string
  readonly set: string
  readonly ordinal: number
  readonly id: PeerId
  readonly isVoter: boolean
  readonly isReady: boolean
  /** Since when it is ready, or not. */
  readonly changedMs: number
  readonly isTerminating: boolean
  readonly revision: string | undefined
  readonly address: string | undefined
  readonly node: string | undefined
  /** Its node takes no new pods; undefined: that could not be read. */
  readonly isNodeClosed: boolean | undefined
  /** Why it does not run, in Kubernetes' words; undefined when it runs. */
  readonly trouble: string | undefined
  readonly configMaps: readonly string[]
  /** What the member says; undefined: it does not answer. */
  readonly answer: MemberAnswer | undefined
}

export interface ObservedClaim {
  readonly name: string
  readonly uid: string
  readonly volume: 'data' | 'log'
  readonly ordinal: number
  readonly id: PeerId
  readonly requested: string
  readonly capacityBytes: number | undefined
  /** Uid of the cluster whose data it holds; undefined: it is not known to hold any. */
  readonly initialized: string | undefined
  readonly leftAt: string | undefined
  readonly isDeleting: boolean
  /** The file system grows only when the pod starts again. */
  readonly needsRestart: boolean
}

export interface ObservedPool {
  readonly resource: ZkObservers
  readonly resourceVersion: string
}

export interface Observed {
  readonly nowMs: number
  readonly cluster: ZkCluster
  readonly pools: readonly ObservedPool[]
  /** By `Kind/name`; StatefulSets too. */
  readonly objects: ReadonlyMap<string, ObservedObject>
  readonly sets: ReadonlyMap<string, ObservedSet>
  /** By set, then ordinal. */
  readonly pods: readonly ObservedPod[]
  /** Claims of voters, by ordinal. */
  readonly claims: readonly ObservedClaim[]
  /** Uid of the Secret with the operator's password; undefined: there is none of this cluster. */
  readonly credentialsUid: string | undefined
  /** What the ConfigMap for starting members says now. */
  readonly startList: string | undefined
  readonly firstStartUntil: number | undefined
  /** What the one leader has committed; undefined: there is not exactly one that serves. */
  readonly committed: Membership | undefined
}
