/**
 * What the answers for humans and monitors need to know of the member: plain data, read at the
 * moment of the call. `node/server.ts` implements it together with the rim; the tests have a fake.
 */

import type { Metrics, Summary } from '../../base/metrics.ts'
import type { LogLevel } from '../../base/ports.ts'
import type { ServerStats } from '../../base/server-stats.ts'
import type { PeerId, SessionId, Zxid } from '../../wire/ids.ts'

export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only'

export interface AdminView {
  /** `3.9.6-<hash>, built on yyyy-MM-dd HH:mm UTC`. */
  readonly version: string
  readonly metrics: Metrics
  readonly stats: ServerStats
  /** Undefined with the default provider. It decides the form of `mntr` and what `srst` resets. */
  readonly prometheus: PrometheusView | undefined

  /** False while the member looks for a leader, synchronises or starts. */
  isServing(): boolean
  mode(): ServerMode
  uptimeMs(): number
  lastProcessedZxid(): Zxid
  outstandingRequests(): number
  treeCounts(): TreeCounts
  quotas(): QuotaCounts
  /** The recorded digests, oldest first (every 128th zxid, the last 1024). */
  digests(): readonly DigestView[]
  sessions(): SessionsView
  sessionCounts(): SessionCounts
  /** Paths by owner; owners without ephemerals are left out. */
  ephemerals(): ReadonlyMap<SessionId, readonly string[]>
  /** The data watch table only: not the child watches. */
  watchesBySession(): ReadonlyMap<SessionId, readonly string[]>
  watchesByPath(): ReadonlyMap<string, readonly SessionId[]>
  watchSummary(): WatchSummary

  /** Client connections, those of four-letter words included. */
  connections(): readonly ConnectionView[]
  connectionCounts(): ConnectionCounts
  resetConnectionStats(): void

  configuration(): ConfigurationView
  /** Sizes of all files in the data and log directories. */
  directorySizes(): DirectorySizes
  /** The configuration file as it was read; null in a quorum, as Apache answers. */
  initialConfiguration(): string | null
  /** The newest snapshot taken or loaded; undefined before the first. */
  lastSnapshot(): SnapshotView | undefined
  /** The keys of `envi` in their order (operations.md 8.2). */
  environment(): readonly (readonly [key: string, value: string])[]
  /** All `zookeeper.*` and other properties, secrets left out. */
  systemProperties(): ReadonlyMap<string, string>
  fileDescriptors(): FileDescriptorCounts
  traceMask(): bigint
  setTraceMask(mask: bigint): void

  /** Undefined in standalone. */
  quorum(): QuorumView | undefined
  resetObserverConnectionStats(): void
  /** Begins to pass the lead on; why not, or null. */
  handOver(to: PeerId | undefined): string | null
  /** From now on, until the next start. */
  setLogLevel(level: LogLevel): void

  /** Whether these credentials have all five permissions on the ACL of `/`. */
  authorizeOnRoot(scheme: string, auth: string, remote: RemoteView): Authorization
  readonly snapshots: SnapshotDuties
}

/** What the Prometheus exporter adds to the metrics of the member. */
export interface PrometheusView {
  /** Of the last minute; NaN when nothing was observed. */
  quantile(summary: Summary, q: number): number
  /** Samples of the process and its runtime, as of the last collection. */
  processSamples(): readonly PrometheusSample[]
}

export interface PrometheusSample {
  readonly name: string
  /** In the order in which they are printed. */
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly value: number
}

export interface TreeCounts {
  /** As Apache counts: the root twice, so an empty server has 5. */
  readonly nodeCount: number
  readonly ephemeralCount: number
  /** Data and child tables together. */
  readonly watchCount: number
  /** Bytes of all paths and data. */
  readonly approximateDataSizeBytes: number
}

/** By first path component, as the gauge sets of the same names. */
export interface QuotaCounts {
  readonly countLimit: ReadonlyMap<string, number | bigint>
  readonly bytesLimit: ReadonlyMap<string, number | bigint>
  readonly countUsage: ReadonlyMap<string, number | bigint>
  readonly bytesUsage: ReadonlyMap<string, number | bigint>
}

export interface DigestView {
  readonly zxid: Zxid
  readonly digestVersion: number
  readonly digest: bigint
}

/** Sessions that expire in the same tick of the tracker. */
export interface ExpiryBucket {
  /** Wall clock, for the date in `dump`. */
  readonly expiresAtMs: number
  /** Monotonic clock, the key in the AdminServer's answer. */
  readonly expiresAtMonotonicMs: number
  readonly sessionIds: readonly SessionId[]
}

export interface SessionTimeout {
  readonly sessionId: SessionId
  readonly timeoutMs: number
}

/** A leader or standalone member expires sessions; a learner only knows of the global ones. */
export type SessionsView =
  | {
      readonly kind: 'expiring'
      readonly global: readonly ExpiryBucket[]
      /** Undefined when local sessions are off. */
      readonly local: readonly ExpiryBucket[] | undefined
    }
  | {
      readonly kind: 'learner'
      readonly global: readonly SessionTimeout[]
      readonly local: readonly ExpiryBucket[] | undefined
    }

export interface SessionCounts {
  readonly global: number
  readonly local: number
}

export interface WatchSummary {
  readonly connectionCount: number
  readonly pathCount: number
  readonly watchCount: number
}

export interface RemoteView {
  /** Numeric, without brackets and zone: `127.0.0.1`, `::1`. */
  readonly address: string
  readonly port: number
  /** Subject of the client's certificate in Java's form; undefined without mutual TLS. */
  readonly certificateSubject?: string | undefined
}

export interface ConnectionView {
  readonly remote: RemoteView
  readonly secure: boolean
  /** 1 while readable, 4 added while replies wait for the socket, 0 for the asking connection. */
  readonly interestOps: number
  readonly outstandingRequests: number
  readonly packetsReceived: number
  readonly packetsSent: number
  /** 0 before the session is established. */
  readonly sessionId: SessionId
  /** The operation code of the last request; undefined before the first. */
  readonly lastOperation: number | undefined
  /** Wall clock. */
  readonly establishedAtMs: number
  readonly sessionTimeoutMs: number
  /** -1 before the first request. */
  readonly lastCxid: number
  readonly lastZxid: Zxid
  /** Monotonic clock, 0 before the first reply. */
  readonly lastResponseAtMs: number
  readonly lastLatencyMs: number
  readonly minLatencyMs: number
  readonly maxLatencyMs: number
  readonly averageLatencyMs: number
  /** Wall clock: when the connection is closed unless something arrives. */
  readonly expiresAtMs: number
}

export interface ConnectionCounts {
  /** Sockets, the asking one included. */
  readonly alive: number
  /** 0 to 1: of the connection throttle. */
  readonly dropProbability: number
  readonly outstandingTlsHandshakes: number
}

export interface ConfigurationView {
  /** -1 when there is none. */
  readonly clientPort: number
  readonly secureClientPort: number
  readonly dataDir: string
  readonly dataLogDir: string
  readonly tickTimeMs: number
  readonly maxClientConnections: number
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  readonly clientPortListenBacklog: number
  readonly serverId: PeerId
}

export interface DirectorySizes {
  readonly dataDirBytes: number
  readonly logDirBytes: number
}

export interface SnapshotView {
  readonly zxid: Zxid
  /** Wall clock. */
  readonly takenAtMs: number
}

export interface FileDescriptorCounts {
  /** Undefined where the platform does not say. */
  readonly open: number | undefined
  readonly max: number | undefined
}

export type ZabPhase = 'election' | 'discovery' | 'synchronization' | 'broadcast'

export interface QuorumView {
  readonly peerId: PeerId
  readonly role: 'looking' | 'leading' | 'following' | 'observing'
  readonly phase: ZabPhase
  readonly isVoting: boolean
  readonly initLimit: number
  readonly syncLimit: number
  readonly electionAlgorithm: number
  readonly isObserverByConfiguration: boolean
  /** All `server.N=`, group, weight and `version=` lines, joined by newlines. */
  readonly membership: string
  readonly members: readonly MemberView[]
  /** Undefined while no leader is known. */
  readonly leaderId: PeerId | undefined
  readonly leaderAddress: string | undefined
  /** On an observer attached to a follower: that follower. */
  readonly observerMasterId: PeerId | undefined
  /** Undefined unless this member leads. */
  readonly leader: LeaderView | undefined
  /** Learners that do not vote and are attached here; undefined where none can be. */
  readonly observers: readonly LearnerView[] | undefined
}

export interface HostAndPort {
  /** As written in the configuration. */
  readonly host: string
  readonly port: number
}

export interface MemberView {
  readonly id: PeerId
  readonly isParticipant: boolean
  readonly quorumAddresses: readonly HostAndPort[]
  readonly electionAddresses: readonly HostAndPort[]
  readonly clientAddress: HostAndPort | undefined
}

export interface LeaderView {
  readonly learners: number
  readonly syncedFollowers: number
  readonly syncedNonVotingFollowers: number
  readonly syncedObservers: number
  readonly pendingSyncs: number
  readonly uptimeMs: number
}

export interface LearnerView {
  readonly remote: RemoteView
  readonly sid: PeerId
  /** Wall clock. */
  readonly establishedAtMs: number
  readonly queuedPackets: number
  readonly queuedPacketsBytes: number
  readonly packetsReceived: number
  readonly packetsSent: number
  readonly requests: number
  readonly lastZxid: Zxid
}

export type Authorization = 'authorized' | 'unauthenticated' | 'denied'

/** Snapshot and restore on request (operations.md 9.4); a rejected promise is answered with 500. */
export interface SnapshotDuties {
  readonly isSnapshotEnabled: boolean
  readonly isRestoreEnabled: boolean
  /** False when serializeLastProcessedZxid is off: no snapshot can be restored then. */
  readonly isRestorable: boolean
  readonly rateLimiterIntervalMs: number
  /** Writes a new snapshot file now. */
  take(): Promise<TakenSnapshot>
  /** Replaces the tree of this member only; gives the last zxid of the new one. */
  restore(body: AsyncIterable<Uint8Array>): Promise<Zxid>
}

export interface TakenSnapshot {
  readonly lastZxid: Zxid
  readonly sizeBytes: number
  /** The file as stored, compression included. */
  read(): AsyncIterable<Uint8Array>
}
