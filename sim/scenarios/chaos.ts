/** Everything at random for a while, then everything heals. */
import { Cluster, type ClusterOptions } from '../cluster.ts'
import { Nemesis, type NemesisOptions } from '../nemesis.ts'

export interface ChaosOptions extends ClusterOptions {
  readonly rounds: number
  readonly faultyMs: number
  readonly nemesis: NemesisOptions
}

/** Throws Violation or InvariantError; returns the ensemble for the curious. */
export function chaos(
  options: ChaosOptions,
  prepare: (cluster: Cluster) => void = () => {},
): Cluster {
  const cluster = new Cluster(options)
  prepare(cluster)
  cluster.startAll()
  const nemesis = new Nemesis(cluster, options.nemesis)
  for (let round = 0; round < options.rounds; round++) {
    cluster.workload.start(20)
    nemesis.start()
    cluster.run(options.faultyMs)
    nemesis.stop()
    cluster.workload.stop()
    for (const member of cluster.members) member.disk.setTimes({ syncMs: { low: 0.2, high: 5 } })
    cluster.healAndSettle()
  }
  return cluster
}
