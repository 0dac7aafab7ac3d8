/** What the operator is told when it starts. */
import { hostname } from 'node:os'
import type { OperatorSettings } from '../desired/settings.ts'

export interface Environment {
  readonly settings: OperatorSettings
  /** Namespaces to look at; `['']` is all of them. */
  readonly namespaces: readonly string[]
  readonly podName: string
  readonly healthPort: number
  readonly metricsPort: number
  readonly logLevel: string
  readonly ratePerSecond: number
}

/** Throws an Error that names the variable, its value and what would be valid. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): Environment {
  const text = (name: string, otherwise: string): string => env[name] || otherwise
  const image = env['ZKCLUSTER_NODE_IMAGE']
  if (image === undefined || image === '') {
    throw new Error('ZKCLUSTER_NODE_IMAGE is not set; valid is the image of members')
  }
  return {
    settings: {
      image,
      operatorNamespace: text('POD_NAMESPACE', 'default'),
      clusterDomain: text('ZKCLUSTER_CLUSTER_DOMAIN', 'cluster.local'),
    },
    namespaces: text('ZKCLUSTER_NAMESPACES', '')
      .split(',')
      .map(name => name.trim()),
    podName: text('POD_NAME', hostname()),
    healthPort: port('ZKCLUSTER_HEALTH_PORT', text('ZKCLUSTER_HEALTH_PORT', '8081')),
    metricsPort: port('ZKCLUSTER_METRICS_PORT', text('ZKCLUSTER_METRICS_PORT', '8080')),
    logLevel: text('LOG_LEVEL', 'info'),
    ratePerSecond: rate('ZKCLUSTER_RATE', text('ZKCLUSTER_RATE', '10')),
  }
}

function port(name: string, value: string): number {
  const number = Number(value)
  if (Number.isInteger(number) && number >= 0 && number <= 65535) return number
  throw new Error(`${name}=${value}: valid is a port from 0 to 65535`)
}

function rate(name: string, value: string): number {
  const number = Number(value)
  if (number > 0 && number <= 1000) return number
  throw new Error(`${name}=${value}: valid are looks per second, above 0 and up to 1000`)
}
