/**
 * A member without sockets and without a disk: the pipeline over a database, whose transactions
 * become durable when the test says so, and clients that keep what they are sent. It checks itself
 * that nothing leaves the member which is not durable.
 */
import { failInvariant, invariant } from '../../base/invariant.ts'
import { makeMetrics } from '../../base/metrics.ts'
import type { Clock, Hash, Log } from '../../base/ports.ts'
import { ServerStats } from '../../base/server-stats.ts'
import { TestRandom } from '../../base/test-random.ts'
import type { Zxid } from '../../wire/ids.ts'
import { Reader } from '../../wire/reader.ts'
import { readTxn, writeTxn } from '../../wire/records/txn.ts'
import { Writer } from '../../wire/writer.ts'
import { Schemes } from '../auth/schemes.ts'
import { Database } from '../tree/database.ts'
import { TREE_OPTIONS } from '../tree/test-twin.ts'
import type { PipelineOptions } from './options.ts'
import { Pipeline, type PipelinePorts, type Proposals } from './pipeline.ts'
import type { WriteRequest } from './request.ts'
import { expireSessions } from './session-duties.ts'
import { TestClient } from './test-client.ts'

export const TEST_OPTIONS: PipelineOptions = {
  tickTimeMs: 2000,
  minSessionTimeoutMs: 4000,
  maxSessionTimeoutMs: 40_000,
  maxBufferBytes: 0xfffff,
  maxFieldBytes: 0xfffff * 2,
  globalOutstandingLimit: 1000,
  maxClientConnections: 0,
  maxConnections: 0,
  enforceQuota: true,
  extendedTypes: true,
  reconfigEnabled: false,
  standaloneEnabled: true,
  closeSessionTxn: true,
  digestEnabled: true,
  throttledOpWaitMs: 0,
  requestThrottleMax: 0,
  dropStaleRequests: true,
  staleLatencyCheck: false,
  largeRequestThresholdBytes: -1,
  largeRequestMaxBytes: 104_857_600,
  eagerAclCheck: false,
  enforcedSchemes: undefined,
  connectionThrottle: {
    tokens: 0,
    fillTimeMs: 1,
    fillCount: 1,
    freezeTimeMs: -1,
    dropIncrease: 0.02,
    dropDecrease: 0.002,
    decreaseRatio: 0,
    weightEnabled: false,
    globalSessionWeight: 3,
    localSessionWeight: 1,
    renewSessionWeight: 2,
  },
  serverId: 1,
  localSessions: false,
  localSessionsUpgrading: false,
  isStandalone: true,
}

const NO_LOG: Log = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
}

/** Not a hash to trust: ids only have to differ where their credentials do. */
const COUNTING_HASH: Hash = {
  digest: (_algorithm, bytes) => {
    let sum = 7
    for (const byte of bytes) sum = Math.imul(sum, 31) + byte
    return new Writer().int(sum).copy()
  },
}

export class TestClock implements Clock {
  nowMs = 5000
  wallMs(): number {
    return 1_795_348_607_645 + this.nowMs
  }
  monotonicMs(): number {
    return this.nowMs
  }
}

/** What is proposed, in bytes, and how much of it is durable. */
class TestLog implements Proposals {
  readonly entries: WriteRequest[] = []
  /** Only what was flushed is ever written. */
  flushedCount = 0
  #newest: Zxid

  constructor(newest: Zxid) {
    this.#newest = newest
  }

  propose(request: WriteRequest): number {
    const { txn } = request
    invariant(txn.zxid > this.#newest, 'transactions are proposed in the order of their zxids')
    this.#newest = txn.zxid
    const writer = new Writer()
    writeTxn(writer, txn)
    request.bytes = writer.copy()
    this.entries.push(request)
    return writer.length
  }

  flush(): void {
    this.flushedCount = this.entries.length
  }
}

export interface TestMemberSettings {
  readonly options?: Partial<PipelineOptions>
  readonly hash?: Hash
  readonly superDigest?: string
  readonly seed?: number
  readonly ports?: Partial<PipelinePorts>
  readonly database?: Database
}

export class TestMember {
  readonly clock: TestClock = new TestClock()
  readonly database: Database
  readonly pipeline: Pipeline
  readonly log: TestLog
  readonly clients: TestClient[] = []
  /** Transactions up to here, as a count, are durable and delivered. */
  durableCount = 0
  durableZxid: Zxid
  #nextPort = 40_000

  constructor(settings: TestMemberSettings = {}) {
    const options = { ...TEST_OPTIONS, ...settings.options }
    const { extendedTypes, digestEnabled } = options
    this.database =
      settings.database ?? new Database({ ...TREE_OPTIONS, extendedTypes, digestEnabled })
    this.durableZxid = this.database.lastZxid
    this.log = new TestLog(this.database.lastZxid)
    const schemes = new Schemes({
      hash: settings.hash ?? COUNTING_HASH,
      digestEnabled: true,
      digestAlgorithm: 'SHA1',
      superDigest: settings.superDigest,
      ensembleNames: [],
      skipAcl: false,
    })
    const ports: PipelinePorts = {
      clock: this.clock,
      random: new TestRandom(settings.seed ?? 1),
      log: NO_LOG,
      fourLetterWord: word => (word === 'ruok' ? 'imok' : undefined),
      ...settings.ports,
    }
    const stats = new ServerStats()
    const metrics = makeMetrics()
    this.pipeline = new Pipeline(this.database, options, schemes, metrics, stats, this.log, ports)
    this.pipeline.isServing = true
  }

  /** A connection that has said nothing yet. */
  open(address: string = '127.0.0.1'): TestClient {
    const client = new TestClient(this, address, this.#nextPort++)
    this.clients.push(client)
    return client
  }

  /** A client with a session. */
  connect(timeoutMs: number = 10_000): TestClient {
    const client = this.open()
    client.attach({ timeOut: timeoutMs })
    this.settle()
    invariant(client.session !== undefined, 'the session is there when its transaction is durable')
    return client
  }

  get isFlushed(): boolean {
    return this.log.flushedCount === this.log.entries.length
  }

  get undelivered(): number {
    return this.log.entries.length - this.durableCount
  }

  /** The next transactions are durable: delivered in one go. */
  durable(count: number = this.undelivered): void {
    invariant(this.isFlushed, 'what a turn proposes is flushed at its end')
    const upTo = Math.min(this.log.entries.length, this.durableCount + count)
    const last = this.log.entries[upTo - 1]
    if (upTo === this.durableCount || last === undefined) return
    this.durableCount = upTo
    this.durableZxid = last.zxid
    this.pipeline.deliver(last.zxid)
  }

  /** Until nothing is on its way. */
  settle(): void {
    while (this.undelivered > 0) this.durable()
  }

  /** Time passes, and sessions expire. */
  advance(ms: number): void {
    this.clock.nowMs += ms
    expireSessions(this.pipeline)
  }

  /** What a restart would make of the log is what is served. Returns the entries looked at. */
  checkRecovery(): number {
    const again = new Database({ ...this.database.tree.options, hashSeed: 99 })
    const { entries } = this.log
    for (let i = 0; i < this.durableCount; i++) {
      const txn = readTxn(new Reader(entries[i]!.bytes, 2 ** 31 - 1))
      again.apply(txn)
      const promised = txn.digest
      if (promised !== null && BigInt.asUintN(64, promised.treeDigest) !== again.tree.digest) {
        failInvariant('the digest in the log is that of the tree', { zxid: txn.zxid })
      }
    }
    const { tree } = this.database
    invariant(again.tree.digest === tree.digest, 'a replayed log gives the same tree')
    invariant(again.tree.nodeCount === tree.nodeCount, 'a replayed log gives as many znodes')
    invariant(again.lastZxid === this.database.lastZxid, 'a replayed log gives the same zxid')
    invariant(again.sessions.size === this.database.sessions.size, 'and as many sessions')
    return this.durableCount
  }

  /** Once nothing is on its way, nothing is counted as such. */
  checkQuiet(): void {
    invariant(this.undelivered === 0, 'settle first')
    const { outstanding, queuedWrites, changes, heldBack } = this.pipeline
    invariant(outstanding === 0, 'no request is outstanding', () => ({ outstanding }))
    invariant(queuedWrites === 0, 'no write is queued')
    invariant(changes.size === 0, 'no change is pending')
    invariant(heldBack.size === 0, 'nobody is held back')
  }
}
