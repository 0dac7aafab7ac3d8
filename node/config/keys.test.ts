import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { KeySource } from './key.ts'
import { DOCUMENTED_NAMES, findKey, KEY_TOPICS, KEYS, nearestKey } from './keys.ts'
import { Findings } from './problems.ts'
import { readConfig } from './zoo-cfg.ts'

/** Every key that Apache 3.9 reads (operations.md 2, 3, 4, 9.1, 10; client-protocol.md 20.2). */
const REFERENCE: Readonly<Record<KeySource, string>> = {
  'zoo.cfg': `
    dataDir dataLogDir clientPort clientPortAddress secureClientPort secureClientPortAddress
    clientPortListenBacklog observerMasterPort tickTime initLimit syncLimit
    connectToLearnerMasterLimit maxClientCnxns minSessionTimeout maxSessionTimeout electionAlg
    quorumListenOnAllIPs peerType syncEnabled localSessionsEnabled localSessionsUpgradingEnabled
    dynamicConfigFile standaloneEnabled reconfigEnabled autopurge.snapRetainCount
    autopurge.purgeInterval sslQuorum portUnification sslQuorumReloadCertFiles
    quorum.auth.enableSasl quorum.auth.serverRequireSasl quorum.auth.learnerRequireSasl
    quorum.auth.learner.saslLoginContext quorum.auth.server.saslLoginContext
    quorum.auth.kerberos.servicePrincipal quorum.cnxn.threads.size jvm.pause.monitor
    jvm.pause.sleep.time.ms jvm.pause.info-threshold.ms jvm.pause.warn-threshold.ms
    metricsProvider.className metricsProvider.httpHost metricsProvider.httpPort
    metricsProvider.exportJvmInfo metricsProvider.numWorkerThreads metricsProvider.maxQueueSize
    metricsProvider.workerShutdownTimeoutMs oraclePath server.N group.N weight.N version`,
  both: `
    multiAddress.enabled multiAddress.reachabilityCheckTimeoutMs
    multiAddress.reachabilityCheckEnabled`,
  property: `
    snapCount snapSizeLimitInKb txnLogSizeLimitInKb preAllocSize commitLogCount snapshotSizeFactor
    forceSync fsync.warningthresholdms flushDelay maxWriteQueuePollTime maxBatchSize
    snapshot.compression.method snapshot.trust.empty serializeLastProcessedZxid.enabled
    datadir.autocreate db.autocreate digest.enabled closeSessionTxn.enabled extendedTypesEnabled
    emulate353TTLNodes maxResponseCacheSize maxGetChildrenResponseCacheSize
    intBufferStartingSizeBytes enforceQuota jute.maxbuffer.extrasize
    serverCnxnFactory maxCnxns globalOutstandingLimit leaderServes clientTcpKeepAlive
    nio.numSelectorThreads nio.numWorkerThreads nio.sessionlessCnxnTimeout nio.directBufferBytes
    nio.shutdownTimeout netty.advancedFlowControl.enabled netty.server.outstandingHandshake.limit
    netty.server.earlyDropSecureConnectionHandshakes client.portUnification client.certReload
    request_throttle_max_requests request_throttle_stall_time request_throttle_drop_stale
    request_stale_connection_check request_stale_latency_check request_throttler.shutdownTimeout
    throttled_op_wait_time largeRequestMaxBytes largeRequestThreshold connection_throttle_tokens
    connection_throttle_fill_time connection_throttle_fill_count connection_throttle_freeze_time
    connection_throttle_drop_increase connection_throttle_drop_decrease
    connection_throttle_decrease_ratio connection_throttle_weight_enabled
    connection_throttle_global_session_weight connection_throttle_local_session_weight
    connection_throttle_renew_session_weight
    watchManagerName watcherCleanThreadsNum watcherCleanThreshold watcherCleanIntervalInSeconds
    maxInProcessingDeadWatchers bitHashCacheSize
    cnxTimeout quorumCnxnTimeoutMs tcpKeepAlive electionPortBindRetry
    fastleader.minNotificationInterval fastleader.maxNotificationInterval
    leader.maxTimeToWaitForEpoch leader.maxConcurrentSnapSyncs leader.maxConcurrentDiffSyncs
    leader.ackLoggingFrequency leader.closeSocketAsync learner.closeSocketAsync
    learner.asyncSending leaderConnectDelayDuringRetryMs
    follower.skipLearnerRequestToNextProcessor
    forward_learner_requests_to_commit_processor_disabled forceSnapshotSync
    observer.reconnectDelayMs observer.election.DelayMs observer.syncEnabled
    observerMaster.sizeLimit commitProcessor.numWorkerThreads commitProcessor.maxReadBatchSize
    commitProcessor.maxCommitBatchSize commitProcessor.shutdownTimeout messageTracker.Enabled
    messageTracker.BufferSize kerberos.canonicalizeHostNames
    authProvider.N DigestAuthenticationProvider.enabled DigestAuthenticationProvider.superDigest
    DigestAuthenticationProvider.digestAlg IPAuthenticationProvider.usexforwardedfor
    X509AuthenticationProvider.superUser superUser superUser.N
    SASLAuthenticationProvider.superPassword letAnySaslUserDoX sasl.serverconfig
    allowSaslFailedClients sessionRequireClientSASLAuth enforce.auth.enabled enforce.auth.schemes
    ensembleAuthName skipACL enableEagerACLCheck kerberos.removeHostFromPrincipal
    kerberos.removeRealmFromPrincipal security.auth_to_local fips-mode 4lw.commands.whitelist
    audit.enable audit.impl.class
    pathStats.enabled pathStats.slotCapacity pathStats.slotDuration pathStats.maxDepth
    pathStats.sampleRate pathStats.initialDelay pathStats.delay pathStats.topPathMax
    admin.enableServer admin.serverAddress admin.serverPort admin.commandURL admin.idleTimeout
    admin.httpVersion admin.portUnification admin.forceHttps admin.needClientAuth
    admin.snapshot.enabled admin.restore.enabled admin.rateLimiterIntervalInMS ssl.authProvider
    ${tlsNames('ssl.')} ${tlsNames('ssl.quorum.')}`,
  jvm: `
    jute.maxbuffer readonlymode.enabled znode.container.checkIntervalMs
    znode.container.maxPerMinute znode.container.maxNeverUsedIntervalMs leader.nodelay
    follower.nodelay java.security.auth.login.config`,
}

function tlsNames(prefix: string): string {
  const names = `keyStore.location keyStore.password keyStore.passwordPath keyStore.type
    trustStore.location trustStore.password trustStore.passwordPath trustStore.type clientAuth
    protocol enabledProtocols ciphersuites hostnameVerification clientHostnameVerification
    allowReverseDnsLookup crl ocsp context.supplier.class handshakeDetectionTimeoutMillis
    sslProvider`
  return names
    .split(/\s+/)
    .map(name => prefix + name)
    .join(' ')
}

/** Ours alone. */
const OWN: ReadonlySet<string> = new Set(['observer.pinned'])

test('the table has every key that Apache reads, from where Apache reads it, and few others', () => {
  for (const [source, text] of Object.entries(REFERENCE)) {
    const expected = text.trim().split(/\s+/).sort()
    const found = KEYS.filter(key => key.source === source && !OWN.has(key.name)).map(
      key => key.name,
    )
    ok(expected.length > 0)
    deepEqual(found.sort(), expected, source)
  }
})

test('names are unique, sentences end, and notes stand where they belong', () => {
  equal(new Set(KEYS.map(key => key.name)).size, KEYS.length)
  for (const key of KEYS) {
    ok(/[.]$/.test(key.meaning), key.name)
    equal(key.note === '', key.use === 'honoured', key.name)
  }
  equal(
    KEY_TOPICS.reduce((sum, topic) => sum + topic.keys.length, 0),
    KEYS.length,
  )
})

/** Keys that are looked at without Settings: server lines are a grammar of their own. */
function isReadElsewhere(kind: string): boolean {
  return kind === 'membership'
}

test('every honoured key is read, and nothing else', () => {
  const { settings } = readConfig(
    {
      text: 'dataDir=/d\nclientPort=1\nobserver.syncEnabled=true',
      path: undefined,
      systemProperties: new Map(),
      readFile: () => undefined,
    },
    new Findings(),
  )
  const expected = KEYS.filter(key => key.use === 'honoured' && !isReadElsewhere(key.type.kind))
  // With observer.syncEnabled given, syncEnabled is overruled.
  const names = expected.map(key => key.name).filter(name => name !== 'syncEnabled')
  const read = [...settings.readNames].filter(name => findKey(name)?.name === name)
  deepEqual(read.sort(), names.sort())
})

test('every default is a value that the key may have', () => {
  const findings = new Findings()
  readConfig(
    {
      text: `dataDir=/d\nclientPort=1\n${KEYS.filter(
        key => key.default !== '' && key.source !== 'jvm' && !key.name.endsWith('.N'),
      )
        .map(key => `${key.name}=${key.default}`)
        .filter(line => !/^(initLimit|syncLimit)/.test(line))
        .join('\n')}`,
      path: undefined,
      systemProperties: new Map(
        KEYS.filter(key => key.source === 'jvm' && key.default !== '').map(key => [
          key.name,
          key.default,
        ]),
      ),
      readFile: () => undefined,
    },
    findings,
  )
  deepEqual(findings.problems, [])
  deepEqual(findings.warnings, [])
})

test('families take any suffix', () => {
  equal(findKey('server.12')?.name, 'server.N')
  equal(findKey('authProvider.sasl')?.name, 'authProvider.N')
  equal(findKey('superUser.')?.name, undefined)
  equal(findKey('superUser')?.name, 'superUser')
})

test('names of the documentation lead to the names that are read', () => {
  ok(DOCUMENTED_NAMES.size > 0)
  for (const [wrong, right] of DOCUMENTED_NAMES) {
    equal(findKey(wrong), undefined)
    equal(nearestKey(wrong)?.name, right)
  }
})

test('the nearest key is near', () => {
  equal(nearestKey('snapCont')?.name, 'snapCount')
  equal(nearestKey('maxClientCnxn')?.name, 'maxClientCnxns')
  equal(nearestKey('MAXCLIENTCNXNS')?.name, 'maxClientCnxns')
  equal(nearestKey('somethingOfMyOwn'), undefined)
  equal(nearestKey('x'), undefined)
})
