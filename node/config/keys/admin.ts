import { choice, inert, type Key, port, property, text, truth, whole, zooCfg } from '../key.ts'

/** The AdminServer. */
export const ADMIN_KEYS: readonly Key[] = [
  property('admin.enableServer', truth(true), 'The HTTP server for commands.'),
  property('admin.serverAddress', text('0.0.0.0'), 'Address that it listens on.'),
  property('admin.serverPort', port(8080), 'Its port.'),
  property('admin.commandURL', text('/commands'), 'Path of the commands.'),
  property('admin.idleTimeout', whole(30000, 'ms', { min: 1 }), 'Idle connections are closed.'),
  property('admin.portUnification', truth(false), 'HTTP and HTTPS on its port.'),
  property('admin.forceHttps', truth(false), 'HTTPS only.'),
  property('admin.needClientAuth', truth(false), 'HTTPS clients need a certificate.'),
  property('admin.snapshot.enabled', truth(true), 'The snapshot command.'),
  property('admin.restore.enabled', truth(true), 'The restore command.'),
  property(
    'admin.rateLimiterIntervalInMS',
    whole(300000, 'ms'),
    'Shortest time between two snapshots, or two restores, by command.',
  ),
  inert(
    property('admin.httpVersion', whole(11), 'Version of HTTP, times ten.'),
    'HTTP 1.1 is always spoken; older clients are answered too.',
  ),
]

export const DEFAULT_PROVIDER = 'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider'
export const PROMETHEUS_PROVIDER =
  'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider'

const READ_IN_PLACE = 'Metrics are plain numbers that are read when they are asked for.'

/** Metrics. */
export const METRICS_KEYS: readonly Key[] = [
  zooCfg(
    'metricsProvider.className',
    choice(DEFAULT_PROVIDER, [DEFAULT_PROVIDER, PROMETHEUS_PROVIDER]),
    'The second one serves `/metrics`.',
  ),
  zooCfg('metricsProvider.httpHost', text('0.0.0.0'), 'Address that Prometheus reads from.'),
  zooCfg('metricsProvider.httpPort', port(7000), 'Its port.'),
  zooCfg(
    'metricsProvider.exportJvmInfo',
    truth(true),
    'Metrics of the process and the runtime too.',
  ),
  inert(
    zooCfg('metricsProvider.numWorkerThreads', whole(1), 'Threads that sum up.'),
    READ_IN_PLACE,
  ),
  inert(
    zooCfg('metricsProvider.maxQueueSize', whole(1000000), 'Observations that wait for them.'),
    READ_IN_PLACE,
  ),
  inert(
    zooCfg('metricsProvider.workerShutdownTimeoutMs', whole(1000, 'ms'), 'How long they may end.'),
    READ_IN_PLACE,
  ),
]
