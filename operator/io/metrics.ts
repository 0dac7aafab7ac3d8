/** The operator's own metrics, for Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Names and meanings; docs and dashboards are checked against them. */
export const OPERATOR_METRICS = {
  zkcluster_operator_reconciles_total: 'Looks at a cluster, by result.',
  zkcluster_operator_reconcile_seconds: 'Time of one look, from reading to having acted.',
  zkcluster_operator_steps_total: 'Steps decided on, by step.',
  zkcluster_operator_queue_depth: 'Clusters that want a look.',
  zkcluster_operator_leading: '1 on the operator that holds the lease.',
  zkcluster_operator_last_reconcile_timestamp_seconds: 'When a cluster was last looked at.',
  zkcluster_condition: '1 where the condition of a cluster is True, 0 where not.',
} as const

export class OperatorMetrics {
  readonly registry: Registry = new Registry()
  readonly reconciles: Counter<'result'>
  readonly seconds: Histogram
  readonly steps: Counter<'step'>
  readonly leading: Gauge
  readonly lastReconcile: Gauge<'namespace' | 'cluster'>
  readonly condition: Gauge<'namespace' | 'cluster' | 'type'>

  constructor(queueDepth: () => number) {
    const { registry } = this
    const registers = [registry]
    const describe = (
      name: keyof typeof OPERATOR_METRICS,
    ): { name: string; help: string; registers: Registry[] } => ({
      name,
      help: OPERATOR_METRICS[name],
      registers,
    })
    this.reconciles = new Counter({
      ...describe('zkcluster_operator_reconciles_total'),
      labelNames: ['result'] as const,
    })
    this.seconds = new Histogram({
      ...describe('zkcluster_operator_reconcile_seconds'),
      buckets: [0.01, 0.03, 0.1, 0.3, 1, 3, 10],
    })
    this.steps = new Counter({
      ...describe('zkcluster_operator_steps_total'),
      labelNames: ['step'] as const,
    })
    const depth: Gauge = new Gauge({
      ...describe('zkcluster_operator_queue_depth'),
      collect: (): void => depth.set(queueDepth()),
    })
    this.leading = new Gauge(describe('zkcluster_operator_leading'))
    this.lastReconcile = new Gauge({
      ...describe('zkcluster_operator_last_reconcile_timestamp_seconds'),
      labelNames: ['namespace', 'cluster'] as const,
    })
    this.condition = new Gauge({
      ...describe('zkcluster_condition'),
      labelNames: ['namespace', 'cluster', 'type'] as const,
    })
    collectDefaultMetrics({ register: registry })
  }

  /** A cluster that is gone has no metrics. */
  async forget(namespace: string, cluster: string): Promise<void> {
    this.lastReconcile.remove({ namespace, cluster })
    const { values } = await this.condition.get()
    for (const { labels } of values) {
      if (labels.namespace === namespace && labels.cluster === cluster) {
        this.condition.remove(labels)
      }
    }
  }
}
