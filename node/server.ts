/**
 * Composition: ports and a configuration in, a running member out. The simulator builds the same
 * member from other ports.
 */
import type { Audit } from '../base/audit.ts'
import { type Metrics, makeMetrics } from '../base/metrics.ts'
import type { Alarm, Clock, Hash, Log, Random, Timers } from '../base/ports.ts'
import { ServerStats } from '../base/server-stats.ts'
import { hex, type Zxid, zxid } from '../wire/ids.ts'
import type { Txn } from '../wire/records/txn.ts'
import { handleFourLetterWord, isFourLetterWord, parseWhitelist } from './admin/four-letter.ts'
import { connectGauges } from './admin/gauges.ts'
import { MemberView, type SystemInfo } from './admin/member-view.ts'
import { Schemes } from './auth/schemes.ts'
import type { Config } from './config/config.ts'
import {
  Connection,
  type Listener,
  Phase,
  type Remote,
  type Transport,
} from './pipeline/connection.ts'
import type { PipelineOptions } from './pipeline/options.ts'
import { Pipeline, type Proposals } from './pipeline/pipeline.ts'
import { Reaper } from './pipeline/reaper.ts'
import type { ByteSource, Compression, Disk } from './storage/disk.ts'
import { type DataDirs, dataDirs } from './storage/file-names.ts'
import { LogWriter } from './storage/log-writer.ts'
import { purge } from './storage/purge.ts'
import { recover } from './storage/recovery.ts'
import { readSnapshot } from './storage/snapshot.ts'
import { SnapshotKeeper } from './storage/snapshot-keeper.ts'
import type { StorageError } from './storage/storage-error.ts'
import { Database } from './tree/database.ts'

export interface ServerPorts {
  readonly disk: Disk
  readonly compression: Compression
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly hash: Hash
  readonly log: Log
  readonly audit: Audit
  readonly system: SystemInfo
  /** The member cannot go on: it must stop, and say why. Called once. */
  readonly onFatal: (error: StorageError) => void
}

const HASH_SEED_BELOW: number = 2 ** 31 - 1

/** A standalone member: recovered, deciding alone, taking connections once `serve` was called. */
export class Server {
  readonly config: Config
  readonly pipeline: Pipeline
  readonly view: MemberView
  readonly metrics: Metrics
  readonly snapshots: SnapshotKeeper
  readonly #ports: ServerPorts
  readonly #dirs: DataDirs
  readonly #log: LogWriter
  readonly #alarms: Alarm[] = []
  #expiry: Alarm | undefined = undefined
  #reaper: Reaper | undefined = undefined

  /** Recovers what the directories hold. Rejects with StorageError. */
  static async open(config: Config, ports: ServerPorts): Promise<Server> {
    const dirs = dataDirs(config.dataDir, config.dataLogDir)
    const { disk, clock, log } = ports
    await prepareDirectories(config, ports, dirs)
    const metrics = makeMetrics()
    const startedMs = clock.monotonicMs()
    const seed = ports.random.int(HASH_SEED_BELOW)
    const recovered = await recover({
      disk,
      dirs,
      compression: ports.compression,
      timers: ports.timers,
      log,
      newDatabase: () => newDatabase(config, seed),
      autocreate: true,
      trustEmptySnapshot: config.storage.trustEmptySnapshot,
      snapshotMethod: methodOf(config),
      digestEnabled: config.storage.digestEnabled,
    })
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
    return new Server(config, ports, dirs, database, metrics, txnsReplayed)
  }

  private constructor(
    config: Config,
    ports: ServerPorts,
    dirs: DataDirs,
    database: Database,
    metrics: Metrics,
    txnsReplayed: number,
  ) {
    this.config = config
    this.metrics = metrics
    this.#ports = ports
    this.#dirs = dirs
    const stats = new ServerStats()
    this.#log = this.#openLog(database.lastZxid, stats)
    this.snapshots = new SnapshotKeeper({
      database: () => this.pipeline.database,
      disk: ports.disk,
      dir: dirs.snapshots,
      method: methodOf(config),
      compression: ports.compression,
      timers: ports.timers,
      clock: ports.clock,
      random: ports.random,
      log: ports.log,
      snapCount: config.storage.snapCount,
      snapSizeLimitBytes: config.storage.snapSizeLimitBytes,
      digestEnabled: config.storage.digestEnabled,
      lastZxidEnabled: config.storage.serializeLastProcessedZxid,
      txnsReplayed,
      onTaken: durationMs => metrics.snapshottime.observe(durationMs),
      onError: () => metrics.snapshot_error_count.value++,
      onRoll: () => this.#log.roll(),
    })
    const schemes = schemesOf(config, ports.hash)
    const options = pipelineOptions(config)
    const proposals: Proposals = {
      propose: request => this.#append(request.txn),
      flush: () => this.#log.flush(),
    }
    this.pipeline = new Pipeline(database, options, schemes, metrics, stats, proposals, {
      clock: ports.clock,
      random: ports.random,
      log: ports.log,
      audit: ports.audit,
      fourLetterWord: (word, argument) => this.#answerWord(word, argument),
    })
    this.view = new MemberView(this.pipeline, config, ports, this.snapshots, dirs, body =>
      this.restore(body),
    )
    this.#whitelist = parseWhitelist(
      config.client.fourLetterWords.join(','),
      config.features.readOnlyMode,
    )
    connectGauges(metrics, this.view)
  }

  readonly #whitelist: ReadonlySet<string>

  /** Takes clients from now on. */
  serve(): void {
    const { timers, log } = this.#ports
    const { pipeline, config } = this
    pipeline.isServing = true
    pipeline.adoptSessions()
    const expire = (): void => {
      this.#expiry = timers.after(pipeline.expireSessions(), expire)
    }
    expire()
    this.#alarms.push(timers.every(config.tickTimeMs, () => this.#closeIdle()))
    this.#reaper = new Reaper(pipeline, timers, config.limits.containers)
    const { retainCount, intervalMs } = config.storage.purge
    if (intervalMs > 0) {
      const run = (): void => {
        purge(this.#ports.disk, this.#dirs, retainCount).then(
          removed => log.info('old files purged', { files: removed.length }),
          (error: unknown) => log.warn('purge failed', { error: String(error) }),
        )
      }
      run()
      this.#alarms.push(timers.every(intervalMs, run))
    }
    this.snapshots.startIfBehind()
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

  /** Finishes what was taken, lets clients go, closes the log. Nothing is written afterwards. */
  async stop(): Promise<void> {
    this.#expiry?.cancel()
    this.#reaper?.stop()
    for (const alarm of this.#alarms) alarm.cancel()
    this.pipeline.stop('the member stops')
    // Draining the log delivers what is on its way: those clients get their answers.
    await this.#log.close()
    this.pipeline.stop('the member stops')
    await this.snapshots.stop()
  }

  /**
   * Replaces the tree by that of an uncompressed snapshot stream (storage.md 8). All seals are checked
   * before anything changes. The restored state becomes the newest one: it gets a zxid of its own and
   * a snapshot on disk, so that neither a client nor the next start sees an older state afterwards.
   * Clients are disconnected; those whose session is in the snapshot can go on.
   */
  async restore(body: AsyncIterable<Uint8Array>): Promise<Zxid> {
    const { pipeline } = this
    const chunks = body[Symbol.asyncIterator]()
    const seed = pipeline.database.tree.options.hashSeed
    const database = newDatabase(this.config, seed)
    const trailer = await readSnapshot(sourceOf(chunks), database)
    const restored = trailer.lastZxid
    if (restored === null) throw new Error('the snapshot does not say its last zxid')
    pipeline.isServing = false
    try {
      for (const connection of pipeline.connections)
        connection.close('a snapshot is being restored')
      while (pipeline.queuedWrites > 0) {
        await new Promise<void>(resolve => this.#ports.timers.soon(resolve))
      }
      const next = zxid(pipeline.lastProposed + 1n)
      database.lastZxid = restored > next ? restored : next
      pipeline.replaceDatabase(database)
      this.#log.roll()
      await this.snapshots.take()
    } finally {
      pipeline.isServing = true
    }
    pipeline.adoptSessions()
    return restored
  }

  #openLog(lastZxid: Zxid, stats: ServerStats): LogWriter {
    const { storage } = this.config
    const { disk, clock, log } = this.#ports
    return new LogWriter({
      disk,
      dir: this.#dirs.logs,
      lastZxid,
      preAllocBytes: storage.preAllocSizeBytes,
      sizeLimitBytes: storage.txnLogSizeLimitBytes,
      forceSync: storage.forceSync,
      clock,
      onDurable: upTo => this.pipeline.deliver(upTo),
      onFailure: error => this.#ports.onFatal(error),
      onWrite: durationMs => {
        this.metrics.fsynctime.observe(durationMs)
        if (durationMs <= storage.fsyncWarningThresholdMs) return
        stats.fsyncThresholdExceedCount++
        log.warn('slow write of the transaction log', { durationMs: Math.round(durationMs) })
      },
    })
  }

  #append(txn: Txn): number {
    const sizeBytes = this.#log.append(txn)
    this.snapshots.appended(sizeBytes)
    return sizeBytes
  }

  #answerWord(word: string, argument: bigint): string | undefined {
    if (!isFourLetterWord(word)) return undefined
    return handleFourLetterWord(word, this.view, this.#whitelist, argument)
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

function sourceOf(chunks: AsyncIterator<Uint8Array>): ByteSource {
  return {
    async next(): Promise<Uint8Array | null> {
      const { done, value } = await chunks.next()
      return done === true ? null : value
    },
  }
}

function newDatabase(config: Config, hashSeed: number): Database {
  return new Database({
    extendedTypes: config.features.extendedTypes,
    emulate353: config.features.emulate353TtlNodes,
    digestEnabled: config.storage.digestEnabled,
    hashSeed,
  })
}

async function prepareDirectories(
  config: Config,
  ports: ServerPorts,
  dirs: DataDirs,
): Promise<void> {
  if (!config.storage.createDataDir) return
  await ports.disk.makeDir(dirs.snapshots)
  await ports.disk.makeDir(dirs.logs)
}

function methodOf(config: Config): 'plain' | 'gz' | 'snappy' {
  const method = config.storage.snapshotCompression
  return method === 'none' ? 'plain' : method
}

function schemesOf(config: Config, hash: Hash): Schemes {
  return new Schemes({
    hash,
    digestEnabled: config.auth.digest.enabled,
    digestAlgorithm: config.auth.digest.algorithm,
    superDigest: config.auth.digest.superDigest?.reveal(),
    ensembleNames: config.auth.ensembleNames,
    skipAcl: config.auth.skipAcl,
  })
}

function pipelineOptions(config: Config): PipelineOptions {
  const { limits, sessions, throttle, features, storage, auth } = config
  return {
    tickTimeMs: config.tickTimeMs,
    minSessionTimeoutMs: sessions.minTimeoutMs,
    maxSessionTimeoutMs: sessions.maxTimeoutMs,
    maxBufferBytes: limits.maxBufferBytes,
    maxFieldBytes: limits.maxBufferBytes + limits.maxBufferExtraBytes,
    globalOutstandingLimit: limits.globalOutstandingLimit,
    maxClientConnections: limits.maxClientConnections,
    maxConnections: limits.maxConnections,
    enforceQuota: limits.enforceQuota,
    extendedTypes: features.extendedTypes,
    reconfigEnabled: features.reconfigEnabled,
    closeSessionTxn: sessions.closeSessionTxn,
    digestEnabled: storage.digestEnabled,
    throttledOpWaitMs: throttle.requests.throttledOpWaitMs,
    requestThrottleMax: throttle.requests.max,
    largeRequestThresholdBytes: throttle.largeRequests.thresholdBytes,
    largeRequestMaxBytes: throttle.largeRequests.maxBytes,
    enforcedSchemes: auth.enforce.enabled ? auth.enforce.schemes : undefined,
    connectionThrottle: throttle.connections,
    // Apache's standalone member draws its session ids as member 1 (client-protocol.md 15.1).
    serverId: config.quorum?.serverId ?? 1,
    isStandalone: config.quorum === undefined,
  }
}
