/**
 * Labels and annotations. Selectors of StatefulSets cannot be changed, and claims keep the labels
 * of their first day: what is here is API.
 */

export const Label = {
  cluster: 'zkcluster.dev/cluster',
  role: 'zkcluster.dev/role',
  pool: 'zkcluster.dev/pool',
  /** Set on client pods by their owners: lets them through a NetworkPolicy. */
  client: 'zkcluster.dev/client',
} as const

export const Annotation = {
  /** On a claim: the ensemble has data there. Its value is the uid of the ZkCluster. */
  initialized: 'zkcluster.dev/initialized',
  /** On a claim: the id of the member whose data it holds. */
  id: 'zkcluster.dev/id',
  /** On a claim: version of the configuration that no longer has its member. */
  leftAt: 'zkcluster.dev/left-at',
  /** On whatever the operator applies: hash of what it applied. */
  applied: 'zkcluster.dev/applied',
  /** On a StatefulSet of observers: id of its first member. */
  firstId: 'zkcluster.dev/first-id',
  /** On a ZkCluster, as `kubectl rollout restart` writes it elsewhere. */
  restartedAt: 'kubectl.kubernetes.io/restartedAt',
} as const

export const Role = { voter: 'voter', observer: 'observer' } as const

/** Selects all pods of a cluster. */
export function clusterSelector(cluster: string): Readonly<Record<string, string>> {
  return { [Label.cluster]: cluster }
}

export function voterSelector(cluster: string): Readonly<Record<string, string>> {
  return { [Label.cluster]: cluster, [Label.role]: Role.voter }
}

export function poolSelector(cluster: string, pool: string): Readonly<Record<string, string>> {
  return { [Label.cluster]: cluster, [Label.role]: Role.observer, [Label.pool]: pool }
}

/** What everything carries for people and tools; never selected by. */
export function commonLabels(cluster: string): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/name': 'zookeeper',
    'app.kubernetes.io/instance': cluster,
    'app.kubernetes.io/managed-by': 'zkcluster-operator',
    [Label.cluster]: cluster,
  }
}

/** `a=b,c=d`. */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',')
}
