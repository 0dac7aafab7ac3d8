/** Changes in Kubernetes become names in the queue; what has changed is looked up later, live. */
import type { Log } from '../../base/ports.ts'
import { API_VERSION } from '../api/schema.ts'
import { Label } from '../desired/labels.ts'
import type { LiveObject } from '../ports/kube-api.ts'
import type { KubeClient } from './kube-client.ts'

interface Source {
  readonly apiVersion: string
  readonly kind: string
  readonly selector: string
  readonly clusterOf: (object: LiveObject) => string | undefined
}

const byLabel = (object: LiveObject): string | undefined => object.metadata.labels?.[Label.cluster]

const SOURCES: readonly Source[] = [
  {
    apiVersion: API_VERSION,
    kind: 'ZkCluster',
    selector: '',
    clusterOf: object => object.metadata.name,
  },
  {
    apiVersion: API_VERSION,
    kind: 'ZkObservers',
    selector: '',
    clusterOf: object => (object['spec'] as { cluster?: string } | undefined)?.cluster,
  },
  ...[
    { apiVersion: 'apps/v1', kind: 'StatefulSet' },
    { apiVersion: 'v1', kind: 'Pod' },
    { apiVersion: 'v1', kind: 'PersistentVolumeClaim' },
    { apiVersion: 'v1', kind: 'Service' },
    { apiVersion: 'v1', kind: 'ConfigMap' },
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
    { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  ].map(kind => ({ ...kind, selector: Label.cluster, clusterOf: byLabel })),
]

const PAUSE_MS = 1000

export interface WatchOptions {
  readonly client: KubeClient
  readonly log: Log
  readonly namespaces: readonly string[]
  readonly onCluster: (namespace: string, name: string) => void
  readonly onGone: (namespace: string, name: string) => void
  readonly signal: AbortSignal
}

/** Watches until `signal` is aborted. A stream that ends begins again, with everything there is. */
export async function watchAll(options: WatchOptions): Promise<void> {
  await Promise.all(
    options.namespaces.flatMap(namespace =>
      SOURCES.map(source => watchOne(options, namespace, source)),
    ),
  )
}

async function watchOne(options: WatchOptions, namespace: string, source: Source): Promise<void> {
  const { client, log, signal, onCluster, onGone } = options
  const { selector, kind } = source
  while (!signal.aborted) {
    try {
      await client.watch(
        source,
        namespace,
        selector,
        (type, object) => {
          const cluster = source.clusterOf(object)
          if (cluster === undefined) return
          const isGone = type === 'DELETED' && kind === 'ZkCluster'
          ;(isGone ? onGone : onCluster)(object.metadata.namespace, cluster)
        },
        signal,
      )
    } catch (error) {
      if (!signal.aborted) log.warn('watch', { kind, namespace, error: String(error) })
    }
    await new Promise(resolve => setTimeout(resolve, PAUSE_MS))
  }
}
