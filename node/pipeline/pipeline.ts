import { type Audit, NO_AUDIT } from '../../base/audit.ts'
import { failInvariant, invariant } from '../../base/invariant.ts'
import type { Metrics } from '../../base/metrics.ts'
import type { Clock, Log, Random } from '../../base/ports.ts'
import { Ring } from '../../base/ring.ts'
import type { ServerStats } from '../../base/server-stats.ts'
import type { Membership } from '../../wire/config-string.ts'
import { type SessionId, type Zxid, zxid } from '../../wire/ids.ts'
import { Perms } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import type { Acl } from '../../wire/records/data.ts'
import type { QuorumPacket } from '../../wire/records/quorum.ts'
import { readTxn } from '../../wire/records/txn.ts'
import { Writer } from '../../wire/writer.ts'
import { mayAccess } from '../auth/acl.ts'
import type { Schemes } from '../auth/schemes.ts'
import { firstSessionId } from '../sessions/ids.ts'
import { type Session, SessionTracker } from '../sessions/tracker.ts'
import type { DataTree } from '../tree/data-tree.ts'
import type { Database } from '../tree/database.ts'
import { DigestLog } from '../tree/digest-log.ts'
import type { QuotaExcess } from '../tree/quota.ts'
import type { Watches } from '../tree/watches.ts'
import { Admission } from './admission.ts'
import { onBadLength, onFrame, takeThrottled } from './admit.ts'
import { commit, commitOfOthers } from './commit.ts'
import type { Connection, ConnectionOwner } from './connection.ts'
import { ConnectionThrottle } from './connection-throttle.ts'
import { Forwarding } from './forward.ts'
import { LeaderSyncs } from './lead.ts'
import type { EnsembleState } from './ops/reconfig.ts'
import type { PipelineOptions } from './options.ts'
import { OutputPool } from './output-pool.ts'
import { PendingChanges } from './pending-changes.ts'
import { Preparer } from './preparer.ts'
import { type Waiting, WriteRequest } from './request.ts'
import { keepClients, mayWaitForRole } from './role-change.ts'
import type { RoleName } from './roles.ts'
import { holdIfFlooded, LargeRequests, limitUnread, RequestThrottle, release } from './throttle.ts'

/**
 * Where transactions go to become durable and committed. `Pipeline.deliver` and `deliverEntry` say
 * when they are.
 */
export interface Proposals {
  /** Takes a transaction, in the order of zxids; returns the bytes of its entry. */
  propose(request: WriteRequest, config?: Membership): number
  /** The turn is over: start writing. */
  flush(): void
}

/** A learner's way to its leader, and a leader's to its learners. */
export interface EnsemblePort {
  /** REQUEST or REVALIDATE for the leader; dropped when there is none. */
  forward(packet: QuorumPacket): void
  /** What a reconfig has to know. */
  state(): EnsembleState
  /** Leader: an answer to a learner. */
  answer(link: number, packet: QuorumPacket): void
  /** Leader: a sync of an own client (no link) or of a learner's. */
  sync(token: number, link: number | undefined): void
}

export interface PipelinePorts {
  readonly ensemble?: EnsemblePort
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly audit?: Audit
  /** The answer to a four-letter word; undefined: no such word. */
  readonly fourLetterWord: (word: string, argument: bigint) => string | undefined
}

/** Entries come from a leader that had limits of its own. */
const ENTRY_FIELD_BYTES_MAX: number = 2 ** 31 - 1

/**
 * What happens to requests, in order (layout.md 4.4), for a member that decides alone. Everything
 * between two I/O events is one turn: `turn(work)` runs it and then flushes the log and the
 * connections once. Writes wait in one queue in zxid order until `deliver`; each connection knows
 * what of its own waits.
 */
export class Pipeline implements ConnectionOwner {
  /** Replaced only by a restore, together with what is built on it. */
  database: Database
  readonly options: PipelineOptions
  readonly ports: PipelinePorts
  readonly schemes: Schemes
  readonly metrics: Metrics
  readonly stats: ServerStats
  /** Global sessions: all of them where they are decided on, the attached ones on a learner. */
  tracker: SessionTracker
  /** Sessions that no other member knows. */
  localTracker: SessionTracker
  changes: PendingChanges
  preparer: Preparer
  readonly admission: Admission
  readonly throttle: RequestThrottle
  readonly largeRequests: LargeRequests
  readonly connectionThrottle: ConnectionThrottle
  readonly audit: Audit
  readonly digests: DigestLog = new DigestLog()
  /** Connections by the session they carry. */
  readonly attached: Map<SessionId, Connection> = new Map()
  readonly connections: Set<Connection> = new Set()
  /** One reader and one scratch for all requests: nothing is allocated per read. */
  readonly reader: Reader
  readonly scratch: Writer = new Writer(1024)
  readonly #entryReader: Reader = new Reader(undefined, ENTRY_FIELD_BYTES_MAX)
  /** False while the member starts, recovers or stops: connections are closed. */
  isServing = false
  /** Requests taken and not answered yet. */
  outstanding = 0
  readonly proposals: Proposals
  /** What this member does with requests now. */
  role: RoleName = 'standalone'
  readonly forwarding: Forwarding = new Forwarding()
  readonly leaderSyncs: LeaderSyncs = new LeaderSyncs()
  #lastProposed: Zxid
  #nextSessionId: SessionId
  readonly #queue: Ring<WriteRequest> = new Ring()
  readonly #outputs = new OutputPool()
  #toFlush: Connection[] = []
  /** The database that suspended clients have their watches on. */
  #suspendedOver: Database | undefined = undefined
  /** Connections of which nothing more is taken for now. */
  readonly heldBack: Set<Connection> = new Set()
  #nowMs: number
  #inTurn = false

  constructor(
    database: Database,
    options: PipelineOptions,
    schemes: Schemes,
    metrics: Metrics,
    stats: ServerStats,
    proposals: Proposals,
    ports: PipelinePorts,
  ) {
    this.database = database
    this.options = options
    this.schemes = schemes
    this.metrics = metrics
    this.stats = stats
    this.proposals = proposals
    this.ports = ports
    this.audit = ports.audit ?? NO_AUDIT
    this.#nowMs = ports.clock.monotonicMs()
    this.tracker = new SessionTracker(options.tickTimeMs, this.#nowMs)
    this.localTracker = new SessionTracker(options.tickTimeMs, this.#nowMs)
    this.changes = new PendingChanges(database.tree)
    this.preparer = this.#makePreparer()
    this.admission = new Admission(options)
    this.throttle = new RequestThrottle(options, takeThrottled)
    this.largeRequests = new LargeRequests(options)
    this.connectionThrottle = new ConnectionThrottle(
      options.connectionThrottle,
      ports.random,
      this.#nowMs,
    )
    this.reader = new Reader(undefined, options.maxFieldBytes)
    this.#lastProposed = database.lastZxid
    this.#nextSessionId = firstSessionId(ports.clock.wallMs(), options.serverId)
  }

  // ------------------------------------------------------------------------------------- turns

  /** The time of this turn, monotonic. */
  nowMs(): number {
    return this.#nowMs
  }

  /** Runs what an I/O event brought, then hands over everything that came of it, once. */
  turn(work: () => void): void {
    if (this.#inTurn) {
      work()
      return
    }
    this.#inTurn = true
    this.#nowMs = this.ports.clock.monotonicMs()
    try {
      work()
    } finally {
      this.#endTurn()
    }
  }

  /** Bytes of a client. */
  receive(connection: Connection, chunk: Uint8Array): void {
    this.#inTurn = true
    this.#nowMs = this.ports.clock.monotonicMs()
    connection.heardAtMs = this.#nowMs
    this.metrics.bytes_received_count.value += chunk.length
    try {
      connection.receive(chunk)
      holdIfFlooded(this, connection)
    } finally {
      this.#endTurn()
    }
  }

  /** What leaves may let go on what was held back; what that brings leaves as well. */
  #endTurn(): void {
    this.proposals.flush()
    this.#flushConnections()
    while (this.heldBack.size > 0) {
      release(this)
      this.proposals.flush()
      if (this.#toFlush.length === 0) break
      this.#flushConnections()
    }
    this.#inTurn = false
  }

  #flushConnections(): void {
    const connections = this.#toFlush
    if (connections.length === 0) return
    this.#toFlush = []
    for (const connection of connections) {
      connection.flush()
      limitUnread(connection)
    }
  }

  // --------------------------------------------------------------------------------- proposals

  /** zxid of the newest transaction, applied or on its way. */
  get lastProposed(): Zxid {
    return this.#lastProposed
  }

  takeZxid(): Zxid {
    this.#lastProposed = zxid(this.#lastProposed + 1n)
    return this.#lastProposed
  }

  takeSessionId(): SessionId {
    const id = this.#nextSessionId
    this.#nextSessionId = (this.#nextSessionId + 1n) as SessionId
    return this.tracker.get(id) === undefined ? id : this.takeSessionId()
  }

  /** A prepared write goes to the log, and waits for its commit. */
  propose(request: WriteRequest, config?: Membership): void {
    this.#queue.push(request)
    this.outstanding++
    const sizeBytes = this.proposals.propose(request, config)
    this.stats.proposal.observe(sizeBytes)
    this.metrics.proposal_count.value++
  }

  /** Everything up to here is durable, and with that committed: apply and answer. */
  deliver(upTo: Zxid): void {
    this.turn(() => {
      let request = this.#queue.peek()
      while (request !== undefined && request.txn.zxid <= upTo) {
        this.#queue.shift()
        this.finished(request)
        commit(this, request)
        request = this.#queue.peek()
      }
    })
  }

  /** A transaction is committed in the ensemble: apply it, and answer if it was asked for here. */
  deliverEntry(entry: { readonly zxid: Zxid; readonly bytes: Uint8Array }): void {
    // A leader that leads again may still have proposals of its former epoch to deliver.
    if (entry instanceof WriteRequest && !entry.isAbandoned) {
      const oldest = this.#queue.shift()
      invariant(oldest === entry, 'own proposals are committed in their order')
      this.finished(entry)
      commit(this, entry)
    } else {
      this.#entryReader.reset(entry.bytes, 0, entry.bytes.length)
      commitOfOthers(this, readTxn(this.#entryReader))
    }
  }

  /**
   * A role is established, over the database as it is now. Clients that were suspended stay, if
   * their session is known and the tree is still the one that their watches are on.
   */
  assume(role: RoleName, database: Database): void {
    invariant(this.connections.size === 0 || !this.isServing, 'nobody is served between two roles')
    this.database = database
    this.role = role
    this.#forgetRequests()
    this.#lastProposed = database.lastZxid
    this.#startOver()
    keepClients(this, database === this.#suspendedOver)
    this.#suspendedOver = undefined
  }

  /** Clients are served from now on. */
  serve(): void {
    this.isServing = true
    this.turn(() => {
      for (const connection of this.connections) connection.goOn(this.heldBack.has(connection))
    })
  }

  /** A leader numbers from here on. */
  numberFrom(zxid: Zxid): void {
    this.#lastProposed = (zxid - 1n) as Zxid
  }

  /** No further request is taken; what is on its way is answered still. */
  suspend(): void {
    this.isServing = false
    for (const connection of this.connections) connection.suspend()
  }

  /**
   * The role has ended. Who has something on its way cannot know what became of it and is let go;
   * the others wait for the next role.
   */
  loseRole(reason: string): void {
    this.suspend()
    // Between two roles the database may have changed already: it counts where they were served.
    this.#suspendedOver ??= this.database
    for (const connection of this.connections) {
      if (!mayWaitForRole(connection)) connection.close(reason)
    }
    this.#forgetRequests()
  }

  /** Nobody is served, and what was on its way is not answered. */
  abandon(reason: string): void {
    this.isServing = false
    for (const connection of this.connections) connection.close(reason)
    this.#forgetRequests()
  }

  #forgetRequests(): void {
    for (let i = 0; i < this.#queue.length; i++) this.#queue.at(i)!.isAbandoned = true
    this.#queue.clear()
    this.forwarding.clear()
    this.leaderSyncs.clear()
    this.outstanding = 0
    this.largeRequests.clear()
  }

  /** The operating system has taken what waited for this connection. */
  drained(connection: Connection): void {
    if (this.heldBack.has(connection)) this.turn(() => {})
  }

  /** Writes on their way. */
  get queuedWrites(): number {
    return this.#queue.length
  }

  /** What reads look at. */
  get tree(): DataTree {
    return this.database.tree
  }

  get watches(): Watches {
    return this.database.watches
  }

  // -------------------------------------------------------------------------------- connections

  onFrame(connection: Connection, bytes: Uint8Array, start: number, end: number): boolean {
    return onFrame(this, connection, bytes, start, end)
  }

  onBadLength(connection: Connection, length: number, bytes: Uint8Array): boolean {
    return onBadLength(this, connection, length, bytes)
  }

  borrowOutput(): Writer {
    return this.#outputs.borrow()
  }

  giveBackOutput(writer: Writer): void {
    this.#outputs.giveBack(writer)
  }

  needsFlush(connection: Connection): void {
    this.#toFlush.push(connection)
  }

  mayRead(connection: Connection, acl: readonly Acl[]): boolean {
    return mayAccess(this.schemes, acl, Perms.read, connection.ids)
  }

  closed(connection: Connection, reason: string): void {
    this.connections.delete(connection)
    this.heldBack.delete(connection)
    this.admission.left(connection)
    this.watches.removeWatcher(connection)
    const { session } = connection
    if (session !== undefined && this.attached.get(session.id) === connection) {
      this.attached.delete(session.id)
    }
    this.forwarding.forget(connection)
    if (session !== undefined && this.role === 'learner' && !this.attached.has(session.id)) {
      this.tracker.remove(session.id)
    }
    // Reads that wait for their turn are gone with it; its writes are committed all the same.
    for (let i = 0; i < connection.waiting.length; i++) {
      const request = connection.waiting.at(i)!
      if (request.waits !== 'commit') this.finished(request)
    }
    this.throttle.forget(this, connection)
    connection.waiting.clear()
    this.ports.log.debug('connection closed', {
      reason,
      client: `${connection.remote.address}:${connection.remote.port}`,
      session: connection.sessionId,
    })
  }

  // ----------------------------------------------------------------------------------- sessions

  /** The session was heard of; a learner tells its leader. */
  touch(session: Session): void {
    if (session.isLocal) {
      this.localTracker.touch(session, this.#nowMs)
      return
    }
    this.tracker.touch(session, this.#nowMs)
    if (!session.isTouched && this.role === 'learner') this.forwarding.touch(session)
  }

  /** Goes on with another database, once nothing is on its way (storage.md 8). */
  replaceDatabase(database: Database): void {
    invariant(this.#queue.length === 0, 'a database is replaced while nothing is on its way')
    invariant(database.lastZxid > this.#lastProposed, 'a restored database is the newest state')
    this.database = database
    this.#lastProposed = database.lastZxid
    this.#startOver()
  }

  /** Nobody is known, nothing is on its way. */
  #startOver(): void {
    const nowMs = this.ports.clock.monotonicMs()
    this.tracker = new SessionTracker(this.options.tickTimeMs, nowMs)
    this.localTracker = new SessionTracker(this.options.tickTimeMs, nowMs)
    this.changes = new PendingChanges(this.database.tree)
    this.preparer = this.#makePreparer()
  }

  #makePreparer(): Preparer {
    const onQuota = (excess: QuotaExcess): void =>
      this.ports.log.warn('quota exceeded', { ...excess })
    const { changes, database, schemes, tracker, options } = this
    const state = (): EnsembleState | undefined => this.ports.ensemble?.state()
    return new Preparer(changes, database.tree, schemes, tracker, options, onQuota, state)
  }

  /** Nothing new is taken; every client is let go after what it is owed. */
  stop(reason: string): void {
    this.isServing = false
    this.turn(() => {
      for (const connection of this.connections) {
        if (connection.waiting.length === 0) connection.endAfterFlush(reason)
        else connection.suspend()
      }
    })
  }

  /** For the commit stage: the write that was delivered is the oldest the connection waits for. */
  takeWaiting(connection: Connection, request: Waiting): void {
    const oldest = connection.waiting.shift()
    if (oldest !== request) failInvariant('replies leave in the order of the requests')
    if (request.waits === 'forwarded') this.finished(request)
  }

  /** One request less is on its way. */
  finished(request: Waiting): void {
    this.outstanding--
    invariant(this.outstanding >= 0, 'no request is answered twice')
    this.largeRequests.left(request)
  }
}
