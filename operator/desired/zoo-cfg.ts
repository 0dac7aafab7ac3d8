/** The configuration of members: what needs a restart, and what does not. */
import { parseMembership, printDynamicFile } from '../../wire/config-string.ts'
import { PORTS } from '../api/limits.ts'
import type { ZkClusterSpec } from '../api/types.ts'
import { podHost, podName, voterId } from './names.ts'

/** Where things are in a pod. */
export const Path = {
  data: '/data',
  log: '/datalog',
  /** zoo.cfg and dynamic files as the member itself keeps them, on its volume. */
  conf: '/data/conf',
  /** The immutable ConfigMap. */
  config: '/etc/zkcluster/config',
  /** The ConfigMap that changes: start list, first start, wipes, settings. */
  ensemble: '/etc/zkcluster/ensemble',
} as const

/** Four-letter words that the operator and common tools ask with; the user's come on top. */
const WORDS: readonly string[] = ['srvr', 'ruok', 'isro', 'mntr', 'conf', 'stat', 'wchs', 'dirs']

const WORDS_KEY = '4lw.commands.whitelist'

/** Values that differ from ZooKeeper's, for reasons that hold in every pod. */
const BASE: Readonly<Record<string, string>> = {
  tickTime: '2000',
  initLimit: '10',
  syncLimit: '5',
  // Pods get new addresses: an address that is not there yet is no reason to give up.
  electionPortBindRetry: '0',
  'autopurge.snapRetainCount': '3',
  'autopurge.purgeInterval': '1',
}

/** zoo.cfg without server lines: those are the member's own business. */
export function zooCfg(spec: ZkClusterSpec): string {
  const fixed: Readonly<Record<string, string>> = {
    dataDir: Path.data,
    ...(spec.storage.log === undefined ? {} : { dataLogDir: Path.log }),
    reconfigEnabled: 'true',
    standaloneEnabled: 'false',
    // An empty disk waits for the others' data instead of voting.
    'db.autocreate': 'false',
    quorumListenOnAllIPs: 'true',
    'admin.serverPort': String(PORTS.admin),
    ...(spec.metrics
      ? {
          'metricsProvider.className':
            'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
          'metricsProvider.httpPort': String(PORTS.metrics),
        }
      : {}),
  }
  const { [WORDS_KEY]: _words, ...free } = spec.config
  const all = { ...BASE, ...free, ...fixed }
  return `${Object.entries(all)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${escapeValue(value)}`)
    .join('\n')}\n`
}

/** zoo.cfg is a properties file: a backslash begins an escape. */
function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\')
}

/** What members re-read while they run. */
export function hotSettings(spec: ZkClusterSpec): string {
  const own = (spec.config[WORDS_KEY] ?? '')
    .split(',')
    .map(word => word.trim())
    .filter(word => word !== '')
  const words = [...new Set([...WORDS, ...own])]
  return `${WORDS_KEY}=${words.join(',')}\nlogLevel=${spec.logLevel}\n`
}

/** The value of a server line. */
export function serverLine(
  id: number,
  pod: string,
  role: 'participant' | 'observer',
  place: Place,
): string {
  const host = podHost(pod, place.cluster, place.namespace, place.clusterDomain)
  return `server.${id}=${host}:${PORTS.quorum}:${PORTS.election}:${role};${PORTS.client}`
}

export interface Place {
  readonly cluster: string
  readonly namespace: string
  readonly clusterDomain: string
}

/** The start list of an ensemble that does not exist yet, in the form in which members print it. */
export function firstStartList(set: string, voters: number, place: Place): string {
  const lines = Array.from({ length: voters }, (_, ordinal) =>
    serverLine(voterId(ordinal), podName(set, ordinal), 'participant', place),
  )
  return printDynamicFile(parseMembership(lines.join('\n'), false))
}
