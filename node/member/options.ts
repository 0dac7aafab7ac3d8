/** From the configuration to what the parts of a member want to know. */
import type { Crc32, Hash } from '../../base/ports.ts'
import { Schemes } from '../auth/schemes.ts'
import type { Config, QuorumConfig } from '../config/config.ts'
import type { PipelineOptions } from '../pipeline/options.ts'
import type { SnapshotMethod } from '../storage/disk.ts'
import { Database } from '../tree/database.ts'
import { DEFAULT_ZAB_OPTIONS, type ZabOptions } from '../zab/core.ts'

export function newDatabase(config: Config, hashSeed: number, crc32: Crc32 | undefined): Database {
  return new Database({
    extendedTypes: config.features.extendedTypes,
    emulate353: config.features.emulate353TtlNodes,
    digestEnabled: config.storage.digestEnabled,
    hashSeed,
    crc32,
  })
}

export function snapshotMethod(config: Config): SnapshotMethod {
  const method = config.storage.snapshotCompression
  return method === 'none' ? 'plain' : method
}

export function schemesOf(config: Config, hash: Hash): Schemes {
  return new Schemes({
    hash,
    digestEnabled: config.auth.digest.enabled,
    digestAlgorithm: config.auth.digest.algorithm,
    superDigest: config.auth.digest.superDigest?.reveal(),
    ensembleNames: config.auth.ensembleNames,
    skipAcl: config.auth.skipAcl,
  })
}

export function pipelineOptions(config: Config): PipelineOptions {
  const { limits, sessions, throttle, features, storage, auth } = config
  return {
    tickTimeMs: config.tickTimeMs,
    minSessionTimeoutMs: sessions.minTimeoutMs,
    maxSessionTimeoutMs: sessions.maxTimeoutMs,
    maxBufferBytes: limits.maxBufferBytes,
    maxFieldBytes: limits.maxBufferBytes + limits.maxBufferExtraBytes,
    globalOutstandingLimit: outstandingLimit(config),
    maxClientConnections: limits.maxClientConnections,
    maxConnections: limits.maxConnections,
    enforceQuota: limits.enforceQuota,
    extendedTypes: features.extendedTypes,
    reconfigEnabled: features.reconfigEnabled,
    standaloneEnabled: features.standaloneEnabled,
    closeSessionTxn: sessions.closeSessionTxn,
    digestEnabled: storage.digestEnabled,
    throttledOpWaitMs: throttle.requests.throttledOpWaitMs,
    requestThrottleMax: throttle.requests.max,
    dropStaleRequests: throttle.requests.dropStale,
    staleLatencyCheck: throttle.requests.staleLatencyCheck,
    largeRequestThresholdBytes: throttle.largeRequests.thresholdBytes,
    largeRequestMaxBytes: throttle.largeRequests.maxBytes,
    eagerAclCheck: auth.eagerAclCheck,
    enforcedSchemes: auth.enforce.enabled ? auth.enforce.schemes : undefined,
    connectionThrottle: throttle.connections,
    // Apache's standalone member draws its session ids as member 1 (client-protocol.md 15.1).
    serverId: config.quorum?.serverId ?? 1,
    localSessions: sessions.localEnabled,
    localSessionsUpgrading: sessions.localUpgradingEnabled,
    isStandalone: config.quorum === undefined,
  }
}

/** Voters share the limit (client-protocol.md 18.1). */
function outstandingLimit({ limits, quorum }: Config): number {
  const limit = limits.globalOutstandingLimit
  if (quorum === undefined || quorum.role === 'observer') return limit
  const voters = quorum.membership.members.filter(member => member.role === 'participant').length
  return voters > 2 ? Math.max(1, Math.floor(limit / (voters - 1))) : limit
}

export function zabOptions(
  config: Config,
  quorum: QuorumConfig,
  isEmptyTrusted: boolean,
): ZabOptions {
  return {
    ...DEFAULT_ZAB_OPTIONS,
    me: quorum.serverId,
    tickTimeMs: config.tickTimeMs,
    initLimitTicks: quorum.initLimitTicks,
    syncLimitTicks: quorum.syncLimitTicks,
    connectLimitTicks: quorum.connectLimitTicks,
    minNotificationMs: quorum.election.minNotificationIntervalMs,
    maxNotificationMs: quorum.election.maxNotificationIntervalMs,
    isReconfigEnabled: config.features.reconfigEnabled,
    historyCount: config.storage.commitLogCount,
    isEmptyTrusted,
    isPinnedObserver: quorum.observer.isPinned,
    hasObserverMasters: quorum.observerMasterPort > 0,
  }
}
