/**
 * Composition: ports and a configuration in, a running member out. The simulator builds the same
 * member from other ports.
 */
import type { Audit } from '../base/audit.ts'
import { type Metrics, makeMetrics } from '../base/metrics.ts'
import type { Alarm, Clock, Crc32, Hash, Log, Random, Timers } from '../base/ports.ts'
import { ServerStats } from '../base/server-stats.ts'
import { hex, type Zxid, zxid } from '../wire/ids.ts'
import { handleFourLetterWord, isFourLetterWord, parseWhitelist } from './admin/four-letter.ts'
import { connectGauges } from './admin/gauges.ts'
import { MemberView, type SystemInfo } from './admin/member-view.ts'
import type { Config, QuorumConfig } from './config/config.ts'
import { DiskDuties, RecentEntries } from './member/disk-duties.ts'
import { Ensemble } from './member/ensemble.ts'
import {
  newDatabase,
  pipelineOptions,
  schemesOf,
  snapshotMethod,
  zabOptions,
} from './member/options.ts'
import type { ConfigFiles, Network } from './member/ports.ts'
import { Standalone } from './member/standalone.ts'
import {
  Connection,
  type Listener,
  Phase,
  type Remote,
  type Transport,
} from './pipeline/connection.ts'
import { Pipeline } from './pipeline/pipeline.ts'
import { Reaper } from './pipeline/reaper.ts'
import type { RoleName } from './pipeline/roles.ts'
import { adoptSessions, expireSessions } from './pipeline/session-duties.ts'
import type { ByteSource, Compression, Disk } from './storage/disk.ts'
import { type Epochs, loadEpochs } from './storage/epoch-files.ts'
import { type DataDirs, dataDirs } from './storage/file-names.ts'
import { LogWriter } from './storage/log-writer.ts'
import { purge } from './storage/purge.ts'
import { type Recovered, type RecoveryOptions, recover } from './storage/recovery.ts'
import { readSnapshot } from './storage/snapshot.ts'
import { SnapshotKeeper } from './storage/snapshot-keeper.ts'
import type { StorageError } from './storage/storage-error.ts'
import type { Database } from './tree/database.ts'

export interface ServerPorts {
  readonly disk: Disk
  readonly compression: Compression
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly hash: Hash
  /** Faster than our own for long values. */
  readonly crc32?: Crc32
  readonly log: Log
  readonly audit: Audit
  readonly system: SystemInfo
  /** Only asked where an ensemble is configured. */
  readonly network: (quorum: QuorumConfig, newDatabase: () => Database) => Network
  readonly configFiles: ConfigFiles
  /** The member cannot go on: it must stop, and say why. Called once. */
  readonly onFatal: (error: StorageError) => void
}

/** What recovery has found. */
interface Found {
  readonly recovered: Recovered
  readonly recent: RecentEntries
  /** Of an ensemble member. */
  readonly epochs: Epochs | undefined
}

const HASH_SEED_BELOW: number = 2 ** 31 - 1
/** How long a voter looks for a quorum before it serves read-only (client-protocol.md 19). */
const READ_ONLY_GRACE_MS = 2000
/** How long a leader that stops waits for somebody to take over. */
const HAND_OVER_MAX_MS = 3000
/** How long a member that stops waits for answers that its clients are owed. */
const DRAIN_MAX_MS = 2000
const POLL_MS = 5

/** A member: recovered, and taking connections once `serve` was called. */
export class Server {
  readonly config: Config
  readonly pipeline: Pipeline
  readonly view: MemberView
  readonly metrics: Metrics
  readonly snapshots: SnapshotKeeper
  readonly ensemble: Ensemble | undefined
  readonly #ports: ServerPorts
  readonly #dirs: DataDirs
  readonly #stats: ServerStats = new ServerStats()
  readonly #standalone: Standalone | undefined
  #whitelist: ReadonlySet<string>
  readonly #alarms: Alarm[] = []
  /** The log that is being written: a restore and a snapshot begin a new file of it. */
  #log: LogWriter | undefined = undefined
  #expiry: Alarm | undefined = undefined
  #reaper: Reaper | undefined = undefined

  /** Recovers what the directories hold. Rejects with StorageError. */
  static async open(config: Config, ports: ServerPorts): Promise<Server> {
    const { clock, log, disk } = ports
    const dirs = dataDirs(config.dataDir, config.dataLogDir)
    const metrics = makeMetrics()
    const startedMs = clock.monotonicMs()
    const recovery = recoveryOptions(config, ports, dirs)
    const recent = new RecentEntries(config.storage.commitLogCount)
    const recovered = await recover({
      ...recovery,
      onReplayed: (txn, record) => {
        if (config.quorum === undefined) return
        recent.add(txn.zxid, record.bytes.slice(record.start, record.end))
      },
    })
    const epochs =
      config.quorum === undefined
        ? undefined
        : await loadEpochs(disk, dirs.snapshots, zxid(recovered.database.lastZxid))
    const { database, txnsReplayed } = recovered
    metrics.dbinittime.observe(clock.monotonicMs() - startedMs)
    metrics.startup_txns_loaded.observe(txnsReplayed)
    metrics.digest_mismatches_count.value += recovered.digestMismatches
    log.info('database loaded', {
      zxid: hex(database.lastZxid),
      snapshot: recovered.snapshot?.path,
      txnsReplayed,
      znodes: database.tree.nodeCount,
      sessions: database.sessions.size,
      durationMs: Math.round(clock.monotonicMs() - startedMs),
    })
    return new Server(config, ports, recovery, metrics, { recovered, recent, epochs })
  }

  private constructor(
    config: Config,
    ports: ServerPorts,
    recovery: RecoveryOptions,
    metrics: Metrics,
    found: Found,
  ) {
    this.config = config
    this.metrics = metrics
    this.#ports = ports
    this.#dirs = recovery.dirs
    this.#whitelist = parseWhitelist(
      config.client.fourLetterWords.join(','),
      config.features.readOnlyMode,
    )
    const { database } = found.recovered
    this.snapshots = this.#makeSnapshots(recovery, found.recovered.txnsReplayed)
    const { quorum } = config
    this.ensemble = quorum === undefined ? undefined : this.#makeEnsemble(quorum, recovery, found)
    this.#standalone =
      quorum === undefined
        ? new Standalone(onDurable => this.#openLog(database.lastZxid, onDurable), this.snapshots)
        : undefined
    this.pipeline = this.#makePipeline(database)
    this.#standalone?.connect(this.pipeline)
    if (quorum !== undefined) this.#connectEnsemble(recovery, found)
    this.view = new MemberView(
      this.pipeline,
      config,
      ports,
      this.snapshots,
      this.#dirs,
      this.ensemble,
      body => this.restore(body),
    )
    connectGauges(metrics, this.view)
  }

  /** Takes part from now on. Rejects when a port between members cannot be bound. */
  async serve(): Promise<void> {
    const { timers } = this.#ports
    this.#alarms.push(timers.every(this.config.tickTimeMs, () => this.#closeIdle()))
    this.#startPurge()
    this.snapshots.startIfBehind()
    if (this.ensemble !== undefined) {
      await this.ensemble.start()
      return
    }
    this.pipeline.isServing = true
    adoptSessions(this.pipeline)
    this.#beginRole('standalone')
  }

  /** A new connection; undefined when it may not come in. */
  accept(transport: Transport, remote: Remote, listener: Listener): Connection | undefined {
    const { pipeline } = this
    const refusal = pipeline.admission.refusal(listener, remote.address)
    if (refusal !== undefined) {
      pipeline.metrics.connection_rejected.value++
      this.#ports.log.warn('connection rejected', { client: remote.address, reason: refusal })
      return undefined
    }
    const connection = new Connection(
      pipeline,
      transport,
      remote,
      listener,
      pipeline.options.maxBufferBytes,
      this.#ports.clock.wallMs(),
    )
    pipeline.connections.add(connection)
    pipeline.admission.entered(connection)
    return connection
  }

  /** From now on these four-letter words are answered: a comma list, `*` for all. */
  allowFourLetterWords(words: string): void {
    this.#whitelist = parseWhitelist(words, this.config.features.readOnlyMode)
  }

  /** Finishes what was taken, lets clients go, closes the log. Nothing is written afterwards. */
  async stop(): Promise<void> {
    await this.#handOver()
    this.#endRole()
    for (const alarm of this.#alarms) alarm.cancel()
    this.pipeline.stop('the member stops')
    // Draining the log delivers what is on its way: those clients get their answers.
    await this.#standalone?.stop()
    await this.#until(DRAIN_MAX_MS, () => this.pipeline.outstanding === 0)
    await this.ensemble?.stop()
    this.pipeline.stop('the member stops')
    await this.snapshots.stop()
  }

  /**
   * Replaces the tree by that of an uncompressed snapshot stream (storage.md 8). All seals are
   * checked before anything changes. The restored state becomes the newest one: it gets a zxid of
   * its own and a snapshot on disk, so that neither a client nor the next start sees an older state
   * afterwards. Clients are disconnected; those whose session is in the snapshot can go on.
   */
  async restore(body: AsyncIterable<Uint8Array>): Promise<Zxid> {
    const { pipeline } = this
    if (this.#standalone === undefined) {
      throw new Error('only a standalone member can be restored while it runs')
    }
    const chunks = body[Symbol.asyncIterator]()
    const { hashSeed, crc32 } = pipeline.database.tree.options
    const database = newDatabase(this.config, hashSeed, crc32)
    const trailer = await readSnapshot(sourceOf(chunks), database)
    const restored = trailer.lastZxid
    if (restored === null) throw new Error('the snapshot does not say its last zxid')
    pipeline.isServing = false
    try {
      for (const connection of pipeline.connections) {
        connection.close('a snapshot is being restored')
      }
      while (pipeline.queuedWrites > 0) {
        await new Promise<void>(resolve => this.#ports.timers.soon(resolve))
      }
      const next = zxid(pipeline.lastProposed + 1n)
      database.lastZxid = restored > next ? restored : next
      pipeline.replaceDatabase(database)
      this.#log?.roll()
      await this.snapshots.take()
    } finally {
      pipeline.isServing = true
    }
    adoptSessions(pipeline)
    return restored
  }

  // ---------------------------------------------------------------------------- putting together

  #makeSnapshots(recovery: RecoveryOptions, txnsReplayed: number): SnapshotKeeper {
    const { storage } = this.config
    const { metrics } = this
    return new SnapshotKeeper({
      database: () => this.pipeline.database,
      isExact: () => this.ensemble?.isExact ?? true,
      disk: recovery.disk,
      dir: this.#dirs.snapshots,
      method: recovery.snapshotMethod,
      compression: recovery.compression,
      timers: recovery.timers,
      clock: this.#ports.clock,
      random: this.#ports.random,
      log: this.#ports.log,
      snapCount: storage.snapCount,
      snapSizeLimitBytes: storage.snapSizeLimitBytes,
      digestEnabled: storage.digestEnabled,
      lastZxidEnabled: storage.serializeLastProcessedZxid,
      txnsReplayed,
      onTaken: durationMs => metrics.snapshottime.observe(durationMs),
      onError: () => metrics.snapshot_error_count.value++,
      onRoll: () => this.#log?.roll(),
    })
  }

  #makePipeline(database: Database): Pipeline {
    const { clock, random, log, audit, hash } = this.#ports
    const proposals = this.ensemble ?? this.#standalone
    if (proposals === undefined) throw new Error('a member decides alone or in an ensemble')
    return new Pipeline(
      database,
      pipelineOptions(this.config),
      schemesOf(this.config, hash),
      this.metrics,
      this.#stats,
      proposals,
      {
        clock,
        random,
        log,
        audit,
        fourLetterWord: (word, argument) => this.#answerWord(word, argument),
        ...(this.ensemble === undefined ? {} : { ensemble: this.ensemble }),
      },
    )
  }

  #makeEnsemble(quorum: QuorumConfig, recovery: RecoveryOptions, found: Found): Ensemble {
    const { clock, timers, log, network, configFiles } = this.#ports
    const { recovered, recent, epochs } = found
    return new Ensemble({
      zab: zabOptions(this.config, quorum, recovered.isMarkedNew),
      state: {
        lastLogged: recovered.lastZxid,
        delivered: recovered.database.lastZxid,
        acceptedEpoch: epochs?.accepted ?? 0,
        currentEpoch: epochs?.current ?? 0,
        recent: recent.endingAt(recovered.lastZxid),
      },
      committed: quorum.membership,
      lastSeen: quorum.lastSeen ?? quorum.membership,
      network: network(quorum, recovery.newDatabase),
      configFiles,
      clock,
      timers,
      log,
      metrics: this.metrics,
      onServe: role => this.#beginRole(role),
      onLooking: () => this.#endRole(),
      readOnlyAfterMs:
        this.config.features.readOnlyMode && quorum.role === 'participant'
          ? Math.max(READ_ONLY_GRACE_MS, this.config.tickTimeMs)
          : undefined,
    })
  }

  #connectEnsemble(recovery: RecoveryOptions, found: Found): void {
    const { ensemble } = this
    if (ensemble === undefined || found.epochs === undefined) return
    const { recovered, recent, epochs } = found
    const duties = new DiskDuties(
      {
        recovery,
        snapshots: this.snapshots,
        openLog: (lastZxid, onDurable) => this.#openLog(lastZxid, onDurable),
        writeNextConfig: membership => this.#ports.configFiles.writeNext(membership),
        events: ensemble,
        recentMax: this.config.storage.commitLogCount,
      },
      { database: recovered.database, lastLogged: recovered.lastZxid, epochs, recent },
    )
    ensemble.connect(this.pipeline, duties)
  }

  #openLog(lastZxid: Zxid, onDurable: (upTo: Zxid) => void): LogWriter {
    const { storage } = this.config
    const { disk, clock, timers, log } = this.#ports
    this.#log = new LogWriter({
      disk,
      dir: this.#dirs.logs,
      lastZxid,
      preAllocBytes: storage.preAllocSizeBytes,
      sizeLimitBytes: storage.txnLogSizeLimitBytes,
      forceSync: storage.forceSync,
      clock,
      soon: callback => timers.soon(callback),
      onDurable,
      onFailure: error => this.#ports.onFatal(error),
      onWrite: durationMs => {
        this.metrics.fsynctime.observe(durationMs)
        if (durationMs <= storage.fsyncWarningThresholdMs) return
        this.#stats.fsyncThresholdExceedCount++
        log.warn('slow write of the transaction log', { durationMs: Math.round(durationMs) })
      },
    })
    return this.#log
  }

  #answerWord(word: string, argument: bigint): string | undefined {
    if (!isFourLetterWord(word)) return undefined
    return handleFourLetterWord(word, this.view, this.#whitelist, argument)
  }

  // --------------------------------------------------------------------------------------- duties

  /** Whoever decides expires sessions and reaps; a learner leaves that to its leader. */
  #beginRole(role: RoleName): void {
    this.#endRole()
    const { timers } = this.#ports
    const expire = (): void => {
      this.#expiry = timers.after(expireSessions(this.pipeline), expire)
    }
    expire()
    if (role !== 'leader' && role !== 'standalone') return
    this.#reaper = new Reaper(this.pipeline, timers, this.config.limits.containers)
  }

  #endRole(): void {
    this.#expiry?.cancel()
    this.#reaper?.stop()
    this.#expiry = undefined
    this.#reaper = undefined
  }

  /**
   * A leader that stops passes the lead on first: no election, and hardly a gap. Requests that came
   * meanwhile are taken when this member follows its heir.
   */
  async #handOver(): Promise<void> {
    const { ensemble } = this
    if (ensemble === undefined || !ensemble.handOver(undefined)) return
    await this.#until(HAND_OVER_MAX_MS, () => {
      return this.pipeline.isServing && ensemble.describe().role !== 'leading'
    })
  }

  /** Polls: only used where the process is about to end. */
  async #until(mostMs: number, isDone: () => boolean): Promise<void> {
    const { clock, timers } = this.#ports
    const startedMs = clock.monotonicMs()
    while (!isDone() && clock.monotonicMs() - startedMs < mostMs) {
      await new Promise<void>(resolve => timers.after(POLL_MS, resolve))
    }
  }

  #startPurge(): void {
    const { retainCount, intervalMs } = this.config.storage.purge
    if (intervalMs <= 0) return
    const { disk, log, timers } = this.#ports
    const run = (): void => {
      purge(disk, this.#dirs, retainCount).then(
        removed => log.info('old files purged', { files: removed.length }),
        (error: unknown) => log.warn('purge failed', { error: String(error) }),
      )
    }
    run()
    this.#alarms.push(timers.every(intervalMs, run))
  }

  /** Connections that never said who they are, and those silent longer than their session lives. */
  #closeIdle(): void {
    const nowMs = this.#ports.clock.monotonicMs()
    this.pipeline.turn(() => {
      for (const connection of this.pipeline.connections) {
        const limitMs =
          connection.phase === Phase.fresh
            ? this.config.client.sessionlessTimeoutMs
            : (connection.session?.timeoutMs ?? Number.POSITIVE_INFINITY) + this.config.tickTimeMs
        if (nowMs - connection.heardAtMs <= limitMs) continue
        if (connection.phase === Phase.fresh) this.metrics.sessionless_connections_expired.value++
        connection.close('nothing was heard of it')
      }
    })
  }
}

function recoveryOptions(config: Config, ports: ServerPorts, dirs: DataDirs): RecoveryOptions {
  const seed = ports.random.int(HASH_SEED_BELOW)
  const { storage } = config
  return {
    disk: ports.disk,
    dirs,
    compression: ports.compression,
    timers: ports.timers,
    log: ports.log,
    newDatabase: () => newDatabase(config, seed, ports.crc32),
    createDirs: storage.createDataDir,
    // A standalone member has nobody to get its data from: empty is empty.
    autocreate: config.quorum === undefined || storage.createDatabase,
    trustEmptySnapshot: storage.trustEmptySnapshot,
    snapshotMethod: snapshotMethod(config),
    digestEnabled: storage.digestEnabled,
  }
}

function sourceOf(chunks: AsyncIterator<Uint8Array>): ByteSource {
  return {
    async next(): Promise<Uint8Array | null> {
      const { done, value } = await chunks.next()
      return done === true ? null : value
    },
  }
}
