/** Settings and ensemble become the topic of Config that a standalone member lacks. */
import { type MemberRole, memberOf } from '../../wire/config-string.ts'
import { buildQuorumSasl } from './build-security.ts'
import type { QuorumConfig } from './config.ts'
import type { Ensemble } from './ensemble.ts'
import type { Settings } from './settings.ts'

/** Id of a member whose myid is missing: validation has told so. */
const NO_SERVER_ID = -1

/** Reads every key of the quorum, also when the member is standalone: a typo is told anyway. */
export function buildQuorum(
  settings: Settings,
  ensemble: Ensemble,
  tickTimeMs: number,
): QuorumConfig {
  const serverId = ensemble.serverId ?? NO_SERVER_ID
  const initLimitTicks = settings.integer('initLimit')
  const syncLimitTicks = settings.integer('syncLimit')
  const handshakeMs = settings.ms('quorumCnxnTimeoutMs')
  const epochMs = settings.ms('leader.maxTimeToWaitForEpoch')
  const peerType: MemberRole =
    settings.choice('peerType') === 'observer' ? 'observer' : 'participant'
  settings.choice('electionAlg')
  return {
    serverId,
    role: memberOf(ensemble.membership, serverId)?.role ?? peerType,
    membership: ensemble.membership,
    lastSeen: ensemble.lastSeen,
    dynamicConfigPath: settings.path('dynamicConfigFile'),
    membershipIsStatic: settings.path('dynamicConfigFile') === undefined,
    initLimitTicks,
    syncLimitTicks,
    connectLimitTicks: settings.integer('connectToLearnerMasterLimit') || initLimitTicks,
    listenOnAllIps: settings.boolean('quorumListenOnAllIPs'),
    observerMasterPort: settings.integer('observerMasterPort'),
    observersSync: settings.has('observer.syncEnabled')
      ? settings.boolean('observer.syncEnabled')
      : settings.boolean('syncEnabled'),
    multiAddress: {
      enabled: settings.boolean('multiAddress.enabled'),
      reachabilityCheckEnabled: settings.boolean('multiAddress.reachabilityCheckEnabled'),
      reachabilityCheckTimeoutMs: settings.ms('multiAddress.reachabilityCheckTimeoutMs'),
    },
    election: {
      connectTimeoutMs: settings.ms('cnxTimeout'),
      handshakeTimeoutMs: handshakeMs > 0 ? handshakeMs : syncLimitTicks * tickTimeMs,
      tcpKeepAlive: settings.boolean('tcpKeepAlive'),
      portBindRetries: settings.integer('electionPortBindRetry'),
      minNotificationIntervalMs: settings.ms('fastleader.minNotificationInterval'),
      maxNotificationIntervalMs: settings.ms('fastleader.maxNotificationInterval'),
    },
    leader: {
      noDelay: settings.boolean('leader.nodelay'),
      maxTimeToWaitForEpochMs: epochMs >= 0 ? epochMs : initLimitTicks * tickTimeMs,
      maxConcurrentSnapSyncs: settings.integer('leader.maxConcurrentSnapSyncs'),
      maxConcurrentDiffSyncs: settings.integer('leader.maxConcurrentDiffSyncs'),
      forceSnapshotSync: settings.boolean('forceSnapshotSync'),
    },
    learner: {
      noDelay: settings.boolean('follower.nodelay'),
      connectRetryDelayMs: settings.ms('leaderConnectDelayDuringRetryMs'),
    },
    observer: {
      isPinned: settings.boolean('observer.pinned') && peerType === 'observer',
      reconnectDelayMs: settings.ms('observer.reconnectDelayMs'),
      electionDelayMs: settings.ms('observer.election.DelayMs'),
      masterQueueLimitBytes: settings.bytes('observerMaster.sizeLimit'),
    },
    tls: {
      enabled: settings.boolean('sslQuorum'),
      portUnification: settings.boolean('portUnification'),
    },
    sasl: buildQuorumSasl(settings),
  }
}
