/**
 * The configuration of a member: complete and read-only. Nothing past the entrance sees an optional
 * default; `undefined` stands only where "absent" means something. Every field comes from a key of
 * keys.ts; docs/user/configuration.md lists them.
 */
import type { DigestAlgorithm } from '../../base/ports.ts'
import type { HostPort, MemberRole, Membership } from '../../wire/config-string.ts'
import type { PeerId } from '../../wire/ids.ts'
import type { Secret } from './secret.ts'

export interface Config {
  /** The file that it came from; undefined when it came from arguments or the environment. */
  readonly configPath: string | undefined
  /** Its text with secrets hidden: the answer of `initial_configuration`. Never write it back. */
  readonly configText: string
  /** Snapshots, epoch files and myid; without `version-2`. */
  readonly dataDir: string
  /** Transaction logs; the same as dataDir unless configured. */
  readonly dataLogDir: string
  readonly tickTimeMs: number
  readonly client: ClientConfig
  readonly sessions: SessionsConfig
  readonly storage: StorageConfig
  readonly limits: LimitsConfig
  readonly throttle: ThrottleConfig
  readonly auth: AuthConfig
  readonly admin: AdminConfig
  readonly metrics: MetricsConfig
  readonly audit: AuditConfig
  readonly tls: { readonly client: TlsConfig; readonly quorum: TlsConfig }
  readonly features: FeaturesConfig
  /** Undefined: standalone. */
  readonly quorum: QuorumConfig | undefined
  /** Effective properties as AdminServer's system_properties shows them; secrets are hidden. */
  readonly properties: ReadonlyMap<string, string>
  /** Sentences for the person who starts the member; none of them stops it. */
  readonly warnings: readonly string[]
}

export interface ClientConfig {
  /** Where plaintext clients connect; undefined: nowhere. */
  readonly plain: HostPort | undefined
  /** Where TLS clients connect. */
  readonly secure: HostPort | undefined
  /** The plaintext port accepts TLS too. */
  readonly portUnification: boolean
  /** -1: the system's default. */
  readonly listenBacklog: number
  readonly tcpKeepAlive: boolean
  /** Some answers differ: connections appear in `dump` with nio only. */
  readonly connectionFactory: 'nio' | 'netty'
  /** A connection that has not sent its ConnectRequest is closed after this time. */
  readonly sessionlessTimeoutMs: number
  /** Whether a leader takes clients. */
  readonly leaderServes: boolean
  /** Words that are answered; `*`: all. Always with srvr, in read-only mode with isro. */
  readonly fourLetterWords: readonly string[]
}

export interface SessionsConfig {
  readonly minTimeoutMs: number
  readonly maxTimeoutMs: number
  readonly localEnabled: boolean
  readonly localUpgradingEnabled: boolean
  readonly closeSessionTxn: boolean
}

export interface StorageConfig {
  readonly createDataDir: boolean
  /** False: a member with empty data does not vote unless a file `initialize` is beside myid. */
  readonly createDatabase: boolean
  /** Transactions between snapshots; the actual threshold is random in (n / 2, n]. */
  readonly snapCount: number
  /** Log bytes between snapshots; 0: no such limit. */
  readonly snapSizeLimitBytes: number
  /** The log rolls at this size; 0: only with snapshots. */
  readonly txnLogSizeLimitBytes: number
  readonly preAllocSizeBytes: number
  readonly forceSync: boolean
  readonly fsyncWarningThresholdMs: number
  /** Committed proposals kept in memory for DIFF. */
  readonly commitLogCount: number
  /** DIFF from disk up to this fraction of the snapshot's size; below 0: never. */
  readonly snapshotSizeFactor: number
  readonly snapshotCompression: 'none' | 'gz' | 'snappy'
  /** Start with transactions but without any snapshot. */
  readonly trustEmptySnapshot: boolean
  readonly serializeLastProcessedZxid: boolean
  readonly digestEnabled: boolean
  readonly purge: { readonly retainCount: number /** 0: never. */; readonly intervalMs: number }
}

export interface LimitsConfig {
  /** Longest request, in bytes (jute.maxbuffer). */
  readonly maxBufferBytes: number
  /** Allowance on top for records that a server wrote itself. */
  readonly maxBufferExtraBytes: number
  /** Connections of one client address to one listener; 0: unlimited. */
  readonly maxClientConnections: number
  /** Connections of one listener; 0: unlimited. */
  readonly maxConnections: number
  readonly globalOutstandingLimit: number
  /** -1: unlimited. */
  readonly outstandingHandshakes: number
  readonly enforceQuota: boolean
  readonly containers: {
    readonly checkIntervalMs: number
    readonly maxPerMinute: number
    /** 0: containers that never had a child stay. */
    readonly maxNeverUsedMs: number
  }
}

export interface ThrottleConfig {
  readonly requests: {
    /** 0: off. */
    readonly max: number
    readonly dropStale: boolean
    readonly staleLatencyCheck: boolean
    /** Requests that waited longer are answered -127; 0: off. */
    readonly throttledOpWaitMs: number
  }
  readonly largeRequests: {
    /** Bytes from which a request is large; -1: off. */
    readonly thresholdBytes: number
    readonly maxBytes: number
  }
  readonly connections: {
    /** 0: off. */
    readonly tokens: number
    readonly fillTimeMs: number
    readonly fillCount: number
    /** -1: no early drop. */
    readonly freezeTimeMs: number
    readonly dropIncrease: number
    readonly dropDecrease: number
    readonly decreaseRatio: number
    readonly weightEnabled: boolean
    readonly globalSessionWeight: number
    readonly localSessionWeight: number
    readonly renewSessionWeight: number
  }
}

export interface AuthConfig {
  /** `authProvider.N=class`: the part behind the dot and the class name, in order of the key. */
  readonly providers: readonly { readonly key: string; readonly className: string }[]
  readonly digest: {
    readonly enabled: boolean
    /** `super:<base64 of the digest>`. */
    readonly superDigest: Secret | undefined
    readonly algorithm: DigestAlgorithm
  }
  /** AdminServer's ip scheme believes X-Forwarded-For. */
  readonly ipUsesForwardedFor: boolean
  readonly x509: {
    readonly scheme: string
    readonly superUser: string | undefined
  }
  readonly sasl: {
    /** Path of the JAAS file; undefined: no SASL. */
    readonly jaasPath: string | undefined
    readonly serverSection: string
    readonly superUsers: readonly string[]
    readonly superPassword: Secret | undefined
    readonly letAnySaslUserDoX: string | undefined
    readonly allowFailedClients: boolean
  }
  /** A connection needs an id of one of the schemes; sessionRequireClientSASLAuth included. */
  readonly enforce: { readonly enabled: boolean; readonly schemes: readonly string[] }
  /** Of the scheme `ensemble`; empty: there is no such scheme. */
  readonly ensembleNames: readonly string[]
  readonly skipAcl: boolean
  readonly eagerAclCheck: boolean
  readonly fipsMode: boolean
}

export interface AdminConfig {
  readonly enabled: boolean
  readonly address: HostPort
  readonly commandUrl: string
  readonly idleTimeoutMs: number
  readonly portUnification: boolean
  readonly forceHttps: boolean
  readonly needClientAuth: boolean
  readonly snapshotEnabled: boolean
  readonly restoreEnabled: boolean
  readonly rateLimiterIntervalMs: number
}

export interface MetricsConfig {
  readonly provider: 'default' | 'prometheus'
  /** Where Prometheus reads. */
  readonly address: HostPort
  /** Metrics of the process and the runtime too. */
  readonly exportRuntimeInfo: boolean
}

export interface AuditConfig {
  readonly enabled: boolean
}

export interface StoreConfig {
  readonly path: string
  readonly password: Secret | undefined
  /** A file with the password; it wins over `password`. */
  readonly passwordPath: string | undefined
  readonly type: 'JKS' | 'PEM' | 'PKCS12' | 'BCFKS'
}

export interface TlsConfig {
  readonly keyStore: StoreConfig | undefined
  readonly trustStore: StoreConfig | undefined
  readonly clientAuth: 'need' | 'want' | 'none'
  /** E.g. TLSv1.2; undefined: the runtime's choice. */
  readonly protocol: string | undefined
  /** Empty: the runtime's default. */
  readonly enabledProtocols: readonly string[]
  readonly cipherSuites: readonly string[]
  readonly hostnameVerification: boolean
  readonly clientHostnameVerification: boolean
  readonly allowReverseDnsLookup: boolean
  readonly handshakeDetectionTimeoutMs: number
  /** Reload stores when their files change. */
  readonly reloadCertFiles: boolean
}

export interface FeaturesConfig {
  readonly readOnlyMode: boolean
  /** TTL nodes. */
  readonly extendedTypes: boolean
  /** TTL nodes in the form of 3.5.3. */
  readonly emulate353TtlNodes: boolean
  readonly reconfigEnabled: boolean
  readonly standaloneEnabled: boolean
  readonly pauseMonitor: {
    readonly enabled: boolean
    readonly intervalMs: number
    readonly infoThresholdMs: number
    readonly warnThresholdMs: number
  }
}

export interface QuorumConfig {
  readonly serverId: PeerId
  /** The server line's role; peerType when no line names this member. */
  readonly role: MemberRole
  /** The committed configuration: server lines of zoo.cfg or of the dynamic file. */
  readonly membership: Membership
  /** A proposed configuration that an earlier run left in `<zoo.cfg>.dynamic.next`. */
  readonly lastSeen: Membership | undefined
  readonly dynamicConfigPath: string | undefined
  /** Server lines stand in zoo.cfg itself: the first reconfig writes the dynamic file. */
  readonly membershipIsStatic: boolean
  readonly initLimitTicks: number
  readonly syncLimitTicks: number
  readonly connectLimitTicks: number
  readonly listenOnAllIps: boolean
  readonly observerMasterPort: number
  /** Observers keep a log and snapshots. */
  readonly observersSync: boolean
  readonly multiAddress: {
    readonly enabled: boolean
    readonly reachabilityCheckEnabled: boolean
    readonly reachabilityCheckTimeoutMs: number
  }
  readonly election: {
    readonly connectTimeoutMs: number
    readonly handshakeTimeoutMs: number
    readonly tcpKeepAlive: boolean
    /** 0: for ever. */
    readonly portBindRetries: number
    readonly minNotificationIntervalMs: number
    readonly maxNotificationIntervalMs: number
  }
  readonly leader: {
    readonly noDelay: boolean
    readonly maxTimeToWaitForEpochMs: number
    readonly maxConcurrentSnapSyncs: number
    readonly maxConcurrentDiffSyncs: number
    readonly forceSnapshotSync: boolean
  }
  readonly learner: {
    readonly noDelay: boolean
    readonly connectRetryDelayMs: number
  }
  readonly observer: {
    /** It keeps its role although no configuration names it. */
    readonly isPinned: boolean
    readonly reconnectDelayMs: number
    readonly electionDelayMs: number
    readonly masterQueueLimitBytes: number
  }
  /** TLS between members. */
  readonly tls: {
    readonly enabled: boolean
    readonly portUnification: boolean
  }
  readonly sasl: QuorumSaslConfig
}

export interface QuorumSaslConfig {
  readonly enabled: boolean
  readonly serverRequired: boolean
  readonly learnerRequired: boolean
  readonly serverSection: string
  readonly learnerSection: string
}
