/** What the builders need besides the spec. */
import type { ZkCluster, ZkObservers } from '../api/objects.ts'

/** How this operator was installed. */
export interface OperatorSettings {
  /** Image of members whose spec names none. */
  readonly image: string
  /** Where the operator's own pods are: NetworkPolicies let them through. */
  readonly operatorNamespace: string
  /** `cluster.local` almost everywhere. */
  readonly clusterDomain: string
}

/** What was seen and the manifests depend on. */
export interface Facts {
  /** The ensemble exists: nobody may begin with an empty disk any more. */
  readonly isInitialized: boolean
  /** Until when members may begin with an empty disk; seconds since 1970. Before creation only. */
  readonly firstStartUntil: number | undefined
  /** Server lines that a member without a configuration of its own starts with. */
  readonly startList: string
  /** Which Secret members take the digest of the operator's password from: another is a restart. */
  readonly credentialsUid: string
  /** Ids whose kept disks are older than their removal, and the version of that. */
  readonly wipes: ReadonlyMap<number, string>
}

export interface Pool {
  readonly resource: ZkObservers
  readonly firstId: number
}

export interface DesiredInput {
  readonly cluster: ZkCluster
  readonly pools: readonly Pool[]
  readonly settings: OperatorSettings
  readonly facts: Facts
}
