/** Settings become the topics of Config. */
import type { HostPort } from '../../wire/config-string.ts'
import type {
  AdminConfig,
  ClientConfig,
  FeaturesConfig,
  LimitsConfig,
  MetricsConfig,
  SessionsConfig,
  StorageConfig,
  ThrottleConfig,
} from './config.ts'
import { PROMETHEUS_PROVIDER } from './keys/admin.ts'
import { NETTY_FACTORY } from './keys/basic.ts'
import type { Settings } from './settings.ts'

/** Zero and negative values mean "no limit". */
function limitOf(bytes: number): number {
  return Math.max(bytes, 0)
}

export function buildClient(
  settings: Settings,
  plain: HostPort | undefined,
  secure: HostPort | undefined,
): ClientConfig {
  return {
    plain,
    secure,
    portUnification: settings.boolean('client.portUnification'),
    listenBacklog: settings.integer('clientPortListenBacklog'),
    tcpKeepAlive: settings.boolean('clientTcpKeepAlive'),
    connectionFactory: settings.choice('serverCnxnFactory') === NETTY_FACTORY ? 'netty' : 'nio',
    sessionlessTimeoutMs: settings.ms('nio.sessionlessCnxnTimeout'),
    leaderServes: settings.yes('leaderServes'),
    fourLetterWords: fourLetterWords(settings),
  }
}

/** `srvr` is always answered, and `isro` where its answer can change (operations.md 8.1). */
function fourLetterWords(settings: Settings): readonly string[] {
  const always = settings.boolean('readonlymode.enabled') ? ['srvr', 'isro'] : ['srvr']
  return [...new Set([...always, ...settings.list('4lw.commands.whitelist')])]
}

export function buildSessions(settings: Settings, tickTimeMs: number): SessionsConfig {
  const min = settings.ms('minSessionTimeout')
  const max = settings.ms('maxSessionTimeout')
  return {
    minTimeoutMs: min === -1 ? 2 * tickTimeMs : min,
    maxTimeoutMs: max === -1 ? 20 * tickTimeMs : max,
    localEnabled: settings.boolean('localSessionsEnabled'),
    localUpgradingEnabled: settings.boolean('localSessionsUpgradingEnabled'),
    closeSessionTxn: settings.boolean('closeSessionTxn.enabled'),
  }
}

export function buildStorage(settings: Settings): StorageConfig {
  const method = settings.choice('snapshot.compression.method')
  return {
    createDataDir: settings.boolean('datadir.autocreate'),
    createDatabase: settings.boolean('db.autocreate'),
    snapCount: settings.integer('snapCount'),
    snapSizeLimitBytes: limitOf(settings.bytes('snapSizeLimitInKb')),
    txnLogSizeLimitBytes: limitOf(settings.bytes('txnLogSizeLimitInKb')),
    preAllocSizeBytes: settings.bytes('preAllocSize'),
    forceSync: settings.yes('forceSync'),
    fsyncWarningThresholdMs: settings.ms('fsync.warningthresholdms'),
    commitLogCount: settings.integer('commitLogCount'),
    snapshotSizeFactor: settings.number('snapshotSizeFactor'),
    snapshotCompression: method === 'gz' || method === 'snappy' ? method : 'none',
    trustEmptySnapshot: settings.boolean('snapshot.trust.empty'),
    serializeLastProcessedZxid: settings.boolean('serializeLastProcessedZxid.enabled'),
    digestEnabled: settings.boolean('digest.enabled'),
    purge: {
      retainCount: settings.integer('autopurge.snapRetainCount'),
      intervalMs: settings.ms('autopurge.purgeInterval'),
    },
  }
}

export function buildLimits(settings: Settings): LimitsConfig {
  const maxBufferBytes = settings.bytes('jute.maxbuffer')
  return {
    maxBufferBytes,
    // Absent means as much again; the least is 1024 in both cases.
    maxBufferExtraBytes: Math.max(
      settings.optionalInteger('jute.maxbuffer.extrasize') ?? maxBufferBytes,
      1024,
    ),
    maxClientConnections: settings.integer('maxClientCnxns'),
    maxConnections: settings.integer('maxCnxns'),
    globalOutstandingLimit: settings.integer('globalOutstandingLimit'),
    outstandingHandshakes: settings.integer('netty.server.outstandingHandshake.limit'),
    enforceQuota: settings.boolean('enforceQuota'),
    containers: {
      checkIntervalMs: settings.ms('znode.container.checkIntervalMs'),
      maxPerMinute: settings.integer('znode.container.maxPerMinute'),
      maxNeverUsedMs: settings.ms('znode.container.maxNeverUsedIntervalMs'),
    },
  }
}

export function buildThrottle(settings: Settings): ThrottleConfig {
  return {
    requests: {
      max: settings.integer('request_throttle_max_requests'),
      dropStale: settings.boolean('request_throttle_drop_stale'),
      staleLatencyCheck: settings.boolean('request_stale_latency_check'),
      throttledOpWaitMs: settings.ms('throttled_op_wait_time'),
    },
    largeRequests: {
      thresholdBytes: settings.bytes('largeRequestThreshold'),
      maxBytes: settings.bytes('largeRequestMaxBytes'),
    },
    connections: {
      tokens: settings.integer('connection_throttle_tokens'),
      fillTimeMs: settings.ms('connection_throttle_fill_time'),
      fillCount: settings.integer('connection_throttle_fill_count'),
      freezeTimeMs: settings.ms('connection_throttle_freeze_time'),
      dropIncrease: settings.number('connection_throttle_drop_increase'),
      dropDecrease: settings.number('connection_throttle_drop_decrease'),
      decreaseRatio: settings.number('connection_throttle_decrease_ratio'),
      weightEnabled: settings.boolean('connection_throttle_weight_enabled'),
      globalSessionWeight: settings.integer('connection_throttle_global_session_weight'),
      localSessionWeight: settings.integer('connection_throttle_local_session_weight'),
      renewSessionWeight: settings.integer('connection_throttle_renew_session_weight'),
    },
  }
}

export function buildAdmin(settings: Settings): AdminConfig {
  return {
    enabled: settings.boolean('admin.enableServer'),
    address: {
      host: settings.text('admin.serverAddress'),
      port: settings.integer('admin.serverPort'),
    },
    commandUrl: settings.text('admin.commandURL'),
    idleTimeoutMs: settings.ms('admin.idleTimeout'),
    portUnification: settings.boolean('admin.portUnification'),
    forceHttps: settings.boolean('admin.forceHttps'),
    needClientAuth: settings.boolean('admin.needClientAuth'),
    snapshotEnabled: settings.boolean('admin.snapshot.enabled'),
    restoreEnabled: settings.boolean('admin.restore.enabled'),
    rateLimiterIntervalMs: settings.ms('admin.rateLimiterIntervalInMS'),
  }
}

export function buildMetrics(settings: Settings): MetricsConfig {
  const isPrometheus = settings.choice('metricsProvider.className') === PROMETHEUS_PROVIDER
  return {
    provider: isPrometheus ? 'prometheus' : 'default',
    address: {
      host: settings.text('metricsProvider.httpHost'),
      port: settings.integer('metricsProvider.httpPort'),
    },
    exportRuntimeInfo: settings.boolean('metricsProvider.exportJvmInfo'),
  }
}

export function buildFeatures(settings: Settings): FeaturesConfig {
  return {
    readOnlyMode: settings.boolean('readonlymode.enabled'),
    extendedTypes: settings.boolean('extendedTypesEnabled'),
    emulate353TtlNodes: settings.boolean('emulate353TTLNodes'),
    reconfigEnabled: settings.boolean('reconfigEnabled'),
    standaloneEnabled: settings.boolean('standaloneEnabled'),
    pauseMonitor: {
      enabled: settings.boolean('jvm.pause.monitor'),
      intervalMs: settings.ms('jvm.pause.sleep.time.ms'),
      infoThresholdMs: settings.ms('jvm.pause.info-threshold.ms'),
      warnThresholdMs: settings.ms('jvm.pause.warn-threshold.ms'),
    },
  }
}
