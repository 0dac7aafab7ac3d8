/** What people and monitors see of a running member: AdminView over the pipeline. */
import type { Metrics } from '../../base/metrics.ts'
import type { Clock, Hash, LogLevel, Timers } from '../../base/ports.ts'
import type { ServerStats } from '../../base/server-stats.ts'
import type { PeerId, SessionId, Zxid } from '../../wire/ids.ts'
import { Perms } from '../../wire/opcodes.ts'
import { topNamespace } from '../../wire/paths.ts'
import { DIGEST_VERSION } from '../../wire/records/txn.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import { mayAccess } from '../auth/acl.ts'
import type { Config } from '../config/config.ts'
import type { Ensemble } from '../member/ensemble.ts'
import { Connection } from '../pipeline/connection.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'
import type { DataDirs } from '../storage/file-names.ts'
import type { SnapshotKeeper } from '../storage/snapshot-keeper.ts'
import { ROOT } from '../tree/data-tree.ts'
import type { Watcher, WatchTable } from '../tree/watches.ts'
import { quorumView } from './quorum-view.ts'
import type {
  AdminView,
  Authorization,
  ConfigurationView,
  ConnectionCounts,
  ConnectionView,
  DigestView,
  DirectorySizes,
  FileDescriptorCounts,
  PrometheusView,
  QuorumView,
  QuotaCounts,
  RemoteView,
  ServerMode,
  SessionCounts,
  SessionsView,
  SnapshotDuties,
  SnapshotView,
  TreeCounts,
  WatchSummary,
} from './view.ts'

/** What only the process knows. */
export interface SystemInfo {
  readonly version: string
  /** The keys of `envi`, in order. */
  environment(): readonly (readonly [key: string, value: string])[]
  fileDescriptors(): FileDescriptorCounts
  /** Bytes of all files in a directory; 0 when it is missing. */
  directoryBytes(dir: string): number
  /** The bytes of a file, in pieces. */
  readFile(path: string): AsyncIterable<Uint8Array>
  setLogLevel(level: LogLevel): void
  fileBytes(path: string): number
}

export interface ViewPorts {
  readonly clock: Clock
  readonly hash: Hash
  readonly timers: Timers
  readonly system: SystemInfo
}

/** `ZooTrace.traceMask` as Apache starts with it. */
const FIRST_TRACE_MASK = 306n

export class MemberView implements AdminView {
  readonly version: string
  readonly metrics: Metrics
  readonly stats: ServerStats
  prometheus: PrometheusView | undefined = undefined
  readonly snapshots: SnapshotDuties
  readonly #pipeline: Pipeline
  readonly #config: Config
  readonly #ports: ViewPorts
  readonly #keeper: SnapshotKeeper
  readonly #dirs: DataDirs
  readonly #ensemble: Ensemble | undefined
  readonly #startedMs: number
  #traceMask = FIRST_TRACE_MASK

  constructor(
    pipeline: Pipeline,
    config: Config,
    ports: ViewPorts,
    keeper: SnapshotKeeper,
    dirs: DataDirs,
    ensemble: Ensemble | undefined,
    restore: SnapshotDuties['restore'],
  ) {
    this.version = ports.system.version
    this.metrics = pipeline.metrics
    this.stats = pipeline.stats
    this.#pipeline = pipeline
    this.#config = config
    this.#ports = ports
    this.#keeper = keeper
    this.#dirs = dirs
    this.#ensemble = ensemble
    this.#startedMs = ports.clock.monotonicMs()
    this.snapshots = {
      isSnapshotEnabled: config.admin.snapshotEnabled,
      isRestoreEnabled: config.admin.restoreEnabled,
      isRestorable: config.storage.serializeLastProcessedZxid,
      rateLimiterIntervalMs: config.admin.rateLimiterIntervalMs,
      take: async () => {
        const file = await keeper.take()
        return {
          lastZxid: file.zxid,
          sizeBytes: ports.system.fileBytes(file.path),
          read: () => ports.system.readFile(file.path),
        }
      },
      restore,
    }
  }

  isServing(): boolean {
    return this.#pipeline.isServing
  }

  mode(): ServerMode {
    if (this.#pipeline.role === 'readOnly' && this.#pipeline.isServing) return 'read-only'
    switch (this.#ensemble?.describe().role) {
      case undefined:
        return 'standalone'
      case 'leading':
        return 'leader'
      case 'observing':
        return 'observer'
      case 'following':
      case 'looking':
        return 'follower'
    }
  }

  uptimeMs(): number {
    return Math.floor(this.#ports.clock.monotonicMs() - this.#startedMs)
  }

  lastProcessedZxid(): Zxid {
    return this.#pipeline.database.lastZxid
  }

  outstandingRequests(): number {
    return this.#pipeline.outstanding
  }

  treeCounts(): TreeCounts {
    const { tree, watches } = this.#pipeline.database
    return {
      nodeCount: tree.nodeCount + 1,
      ephemeralCount: tree.ephemerals.count,
      watchCount: watches.size,
      approximateDataSizeBytes: tree.approximateBytes,
    }
  }

  quotas(): QuotaCounts {
    const counts = {
      countLimit: new Map<string, number>(),
      bytesLimit: new Map<string, number>(),
      countUsage: new Map<string, number>(),
      bytesUsage: new Map<string, number>(),
    }
    const { quotas } = this.#pipeline.database.tree
    for (const subject of quotas.subjects) {
      const key = topNamespace(subject)
      const limits = quotas.limits(subject)
      const usage = quotas.usage(subject)
      if (limits !== undefined) {
        const { countHardLimit, byteHardLimit } = limits
        counts.countLimit.set(key, countHardLimit >= 0 ? countHardLimit : limits.count)
        counts.bytesLimit.set(key, byteHardLimit >= 0 ? byteHardLimit : limits.bytes)
      }
      if (usage !== undefined) {
        counts.countUsage.set(key, usage.count)
        counts.bytesUsage.set(key, usage.bytes)
      }
    }
    return counts
  }

  digests(): readonly DigestView[] {
    return this.#pipeline.digests.recorded.map(({ zxid, digest }) => ({
      zxid,
      digestVersion: DIGEST_VERSION,
      digest,
    }))
  }

  sessions(): SessionsView {
    const wallMs = this.#ports.clock.wallMs()
    const nowMs = this.#ports.clock.monotonicMs()
    const global = this.#pipeline.tracker.buckets().map(({ expiresAtMs, sessions }) => ({
      expiresAtMs: Math.round(wallMs + expiresAtMs - nowMs),
      expiresAtMonotonicMs: Math.round(expiresAtMs),
      sessionIds: sessions.map(session => session.id),
    }))
    if (this.#pipeline.role !== 'learner') return { kind: 'expiring', global, local: undefined }
    const known = [...this.#pipeline.database.sessions]
    return {
      kind: 'learner',
      global: known.map(([sessionId, timeoutMs]) => ({ sessionId, timeoutMs })),
      local: undefined,
    }
  }

  sessionCounts(): SessionCounts {
    const { database, localTracker } = this.#pipeline
    return { global: database.sessions.size, local: localTracker.size }
  }

  ephemerals(): ReadonlyMap<SessionId, readonly string[]> {
    const { tree } = this.#pipeline.database
    const byOwner = new Map<SessionId, readonly string[]>()
    for (const owner of tree.ephemerals.owners()) {
      const paths = [...tree.ephemerals.of(owner)].map(node => tree.path(node))
      byOwner.set(owner as SessionId, paths)
    }
    return byOwner
  }

  watchesBySession(): ReadonlyMap<SessionId, readonly string[]> {
    const bySession = new Map<SessionId, string[]>()
    for (const [path, ids] of this.watchesByPath()) {
      for (const id of ids) {
        const paths = bySession.get(id)
        if (paths === undefined) bySession.set(id, [path])
        else paths.push(path)
      }
    }
    return bySession
  }

  watchesByPath(): ReadonlyMap<string, readonly SessionId[]> {
    const byPath = new Map<string, readonly SessionId[]>()
    for (const [path, watchers] of this.#dataWatches.entries()) {
      byPath.set(path, [...watchers].map(sessionOf))
    }
    return byPath
  }

  watchSummary(): WatchSummary {
    const table = this.#dataWatches
    return {
      connectionCount: table.watcherCount,
      pathCount: table.pathCount,
      watchCount: table.size,
    }
  }

  connections(): readonly ConnectionView[] {
    const wallMs = this.#ports.clock.wallMs()
    const nowMs = this.#ports.clock.monotonicMs()
    return [...this.#pipeline.connections].map(connection => {
      const { stats, session } = connection
      const silenceMs = session?.timeoutMs ?? this.#config.client.sessionlessTimeoutMs
      return {
        remote: connection.remote,
        secure: connection.listener.secure,
        interestOps: connection.session === undefined ? 0 : 1,
        outstandingRequests: connection.waiting.length,
        packetsReceived: stats.received,
        packetsSent: stats.sent,
        sessionId: connection.sessionId,
        lastOperation: stats.lastOperation,
        establishedAtMs: connection.establishedAtMs,
        sessionTimeoutMs: session?.timeoutMs ?? 0,
        lastCxid: stats.lastCxid,
        lastZxid: stats.lastZxid as Zxid,
        lastResponseAtMs: Math.floor(stats.lastResponseAtMs),
        lastLatencyMs: stats.lastLatencyMs,
        minLatencyMs: stats.minLatencyMs,
        maxLatencyMs: stats.maxLatencyMs,
        averageLatencyMs: stats.latencyCount === 0 ? 0 : stats.latencyTotalMs / stats.latencyCount,
        expiresAtMs: Math.round(wallMs + connection.heardAtMs + silenceMs - nowMs),
      }
    })
  }

  connectionCounts(): ConnectionCounts {
    return {
      alive: this.#pipeline.connections.size,
      dropProbability: this.#pipeline.connectionThrottle.dropProbability,
      outstandingTlsHandshakes: 0,
    }
  }

  resetConnectionStats(): void {
    for (const connection of this.#pipeline.connections) connection.stats.reset()
  }

  configuration(): ConfigurationView {
    const { client, sessions, limits } = this.#config
    return {
      clientPort: client.plain?.port ?? -1,
      secureClientPort: client.secure?.port ?? -1,
      dataDir: this.#dirs.snapshots,
      dataLogDir: this.#dirs.logs,
      tickTimeMs: this.#config.tickTimeMs,
      maxClientConnections: limits.maxClientConnections,
      minSessionTimeoutMs: sessions.minTimeoutMs,
      maxSessionTimeoutMs: sessions.maxTimeoutMs,
      clientPortListenBacklog: client.listenBacklog,
      serverId: this.#config.quorum?.serverId ?? 0,
    }
  }

  directorySizes(): DirectorySizes {
    const { system } = this.#ports
    return {
      dataDirBytes: system.directoryBytes(this.#dirs.snapshots),
      logDirBytes: system.directoryBytes(this.#dirs.logs),
    }
  }

  initialConfiguration(): string | null {
    return this.#config.quorum === undefined ? this.#config.configText : null
  }

  lastSnapshot(): SnapshotView | undefined {
    const { last } = this.#keeper
    return last === undefined ? undefined : { zxid: last.file.zxid, takenAtMs: last.atMs }
  }

  environment(): readonly (readonly [key: string, value: string])[] {
    return this.#ports.system.environment()
  }

  systemProperties(): ReadonlyMap<string, string> {
    return this.#config.properties
  }

  fileDescriptors(): FileDescriptorCounts {
    return this.#ports.system.fileDescriptors()
  }

  traceMask(): bigint {
    return this.#traceMask
  }

  setTraceMask(mask: bigint): void {
    this.#traceMask = mask
  }

  quorum(): QuorumView | undefined {
    const { quorum } = this.#config
    if (quorum === undefined || this.#ensemble === undefined) return undefined
    return quorumView(
      quorum,
      this.#ensemble,
      this.#pipeline.leaderSyncs.size,
      this.#ports.clock.monotonicMs(),
    )
  }

  resetObserverConnectionStats(): void {
    const ensemble = this.#ensemble
    for (const { link } of ensemble?.observers() ?? []) ensemble?.resetTraffic(link)
  }

  handOver(to: PeerId | undefined): string | null {
    const ensemble = this.#ensemble
    if (ensemble === undefined) return 'a standalone member has nobody to pass the lead on to'
    const { learners } = ensemble.describe()
    const heir = learners.find(learner => learner.id === to)
    if (to !== undefined && heir?.isSynced !== true) return `${to} is not a synced follower`
    return ensemble.handOver(to) ? null : 'this member does not lead'
  }

  authorizeOnRoot(scheme: string, auth: string, remote: RemoteView): Authorization {
    const { schemes, database } = this.#pipeline
    const outcome = schemes.get(scheme)?.authenticate(utf8Bytes(auth), remote)
    if (outcome?.outcome !== 'ok') return 'unauthenticated'
    const acl = database.tree.acl(ROOT)
    const needed = [Perms.read, Perms.write, Perms.create, Perms.delete, Perms.admin]
    const all = needed.every(perm => mayAccess(schemes, acl, perm, outcome.ids))
    return all ? 'authorized' : 'denied'
  }

  setLogLevel(level: LogLevel): void {
    this.#ports.system.setLogLevel(level)
  }

  get #dataWatches(): WatchTable {
    return this.#pipeline.watches.data
  }
}

function sessionOf(watcher: Watcher): SessionId {
  return watcher instanceof Connection ? watcher.sessionId : (0n as SessionId)
}
