/**
 * Last stages of a write: apply it to the tree, answer it, and let the requests go on that waited
 * behind it (layout.md 4.4).
 */
import { failInvariant } from '../../base/invariant.ts'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import type { SingleTxn, Txn } from '../../wire/records/txn.ts'
import type { Writer } from '../../wire/writer.ts'
import { writeNodeStat } from '../tree/replies.ts'
import { serveDeferred } from './admit.ts'
import { auditCommit } from './audit-commit.ts'
import type { Connection } from './connection.ts'
import { attach } from './handshake.ts'
import { multiFailure, writeErrorResult, writeMultiEnd, writeMultiHeader } from './ops/multi.ts'
import type { Pipeline } from './pipeline.ts'
import { beginReply, countReply, endReply, sendHeader } from './replies.ts'
import type { ForwardedWrite, Waiting, WriteRequest } from './request.ts'
import { limitUnread } from './throttle.ts'

/** A write that this member decided is committed. */
export function commit(pipeline: Pipeline, request: WriteRequest): void {
  const { txn, connection } = request
  if (connection !== undefined) answerSyncsBefore(pipeline, connection, request)
  const answers = connection !== undefined && connection.isOpen
  apply(pipeline, txn, answers, true)
  pipeline.changes.applied(txn.zxid)
  if (pipeline.audit.isEnabled && connection !== undefined) auditCommit(pipeline, request, txn)
  settleSession(pipeline, txn, connection)
  if (answers) answer(pipeline, connection, request, txn)
}

/** A transaction that another member decided is committed: perhaps a client here waits for it. */
export function commitOfOthers(pipeline: Pipeline, txn: Txn): void {
  const asked = pipeline.forwarding.askedBy(pipeline, txn)
  if (asked !== undefined) answerSyncsBefore(pipeline, asked.connection, asked.request)
  apply(pipeline, txn, asked !== undefined, false)
  if (pipeline.audit.isEnabled && asked !== undefined) {
    auditCommit(pipeline, { connection: asked.connection, type: asked.request.type }, txn)
  }
  settleSession(pipeline, txn, asked?.connection)
  if (asked !== undefined) answer(pipeline, asked.connection, asked.request, txn)
}

/**
 * What a session asked behind a sync is committed before the sync was confirmed. Then a quorum has
 * followed the leader since the sync came, which is all that it waits for: it goes first, and with
 * it the reads behind it, before the tree changes.
 */
function answerSyncsBefore(pipeline: Pipeline, connection: Connection, request: Waiting): void {
  for (let next = connection.waiting.peek(); next !== request; next = connection.waiting.peek()) {
    if (next?.waits !== 'sync') return
    next.isAnswered = true
    serveWaiting(pipeline, connection)
  }
}

function apply(pipeline: Pipeline, txn: Txn, answers: boolean, isOwn: boolean): void {
  const { database, scratch } = pipeline
  scratch.clear()
  const isMulti = txn.body.type === OpCode.multi
  const failedMulti = txn.body.type === OpCode.multi && multiFailure(txn.body) !== undefined
  // Results are written while the parts are applied: each Stat is the one right after its part.
  database.apply(txn, (body, node, err) => {
    if (failedMulti) {
      if (answers) writeErrorResult(scratch, err)
      return
    }
    if (err !== ErrorCode.ok && body.type !== OpCode.error) {
      // Others may send what a fuzzy snapshot has already seen; our own checks leave no such case.
      if (isOwn) {
        failInvariant('what was checked before its proposal can be applied', {
          zxid: txn.zxid,
          type: body.type,
          err,
        })
      }
      return
    }
    if (answers) writeResult(pipeline, scratch, body, node, isMulti)
  })
  pipeline.digests.after(txn.zxid, () => database.tree.digest)
  pipeline.metrics.commit_count.value++
}

/** The outcome of one operation, alone or inside a multi (client-protocol.md 5, 8). */
function writeResult(
  pipeline: Pipeline,
  out: Writer,
  body: SingleTxn,
  node: number,
  isMulti: boolean,
): void {
  const { tree } = pipeline.database
  switch (body.type) {
    case OpCode.create:
      if (isMulti) writeMultiHeader(out, OpCode.create, false, 0)
      out.string(body.path)
      return
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTtl:
      if (isMulti) writeMultiHeader(out, OpCode.create2, false, 0)
      out.string(body.path)
      writeNodeStat(tree, out, node)
      return
    case OpCode.setData:
      if (isMulti) writeMultiHeader(out, OpCode.setData, false, 0)
      writeNodeStat(tree, out, node)
      return
    case OpCode.setAcl:
      writeNodeStat(tree, out, node)
      return
    case OpCode.delete:
    case OpCode.check:
      if (isMulti) writeMultiHeader(out, body.type, false, 0)
      return
    case OpCode.reconfig:
      out.buffer(body.data)
      writeNodeStat(tree, out, node)
      return
    case OpCode.deleteContainer:
    case OpCode.createSession:
    case OpCode.closeSession:
    case OpCode.error:
      return
  }
}

/** What a committed transaction means for the table of sessions and their connections. */
function settleSession(pipeline: Pipeline, txn: Txn, connection: Connection | undefined): void {
  if (txn.body.type !== OpCode.closeSession) return
  pipeline.tracker.remove(txn.clientId)
  const attached = pipeline.attached.get(txn.clientId)
  if (attached !== undefined && attached !== connection) attached.close('its session expired')
}

function answer(
  pipeline: Pipeline,
  connection: Connection,
  request: WriteRequest | ForwardedWrite,
  txn: Txn,
): void {
  const { xid } = request
  pipeline.takeWaiting(connection, request)
  observe(pipeline, connection, request, txn)
  if (txn.body.type === OpCode.createSession) {
    attach(pipeline, connection, txn.clientId, txn.body.timeoutMs)
    connection.resumeFrames()
    return
  }
  if (txn.body.type === OpCode.error) {
    // Never seen on the wire: the session lives on at another member (client-protocol.md 15.6).
    if (txn.body.err === ErrorCode.sessionMoved) {
      connection.close('its session has moved to another member')
      return
    }
    sendHeader(pipeline, connection, xid, txn.zxid, txn.body.err)
  } else {
    const out = connection.out()
    const mark = beginReply(out, xid, txn.zxid)
    out.raw(pipeline.scratch.bytes, 0, pipeline.scratch.length)
    if (txn.body.type === OpCode.multi) writeMultiEnd(out)
    endReply(out, mark, ErrorCode.ok)
    countReply(pipeline, connection, out.length - mark - 4)
  }
  if (request.type === OpCode.closeSession) connection.endAfterFlush('session closed by its client')
  else serveWaiting(pipeline, connection)
}

/** Requests behind the write, up to the next one. */
export function serveWaiting(pipeline: Pipeline, connection: Connection): void {
  for (let next = connection.waiting.peek(); next !== undefined; next = connection.waiting.peek()) {
    if (next.waits === 'commit' || next.waits === 'forwarded') return
    if (next.waits === 'sync' && !next.isAnswered) return
    connection.waiting.shift()
    pipeline.finished(next)
    if (next.waits === 'answer') {
      sendHeader(pipeline, connection, next.xid, pipeline.database.lastZxid, next.err)
    } else {
      serveDeferred(pipeline, connection, next.bytes, next.receivedAtMs)
      // They cannot wait for a slow client: the next write may be applied before it has read.
      limitUnread(connection)
    }
    if (!connection.isOpen) return
  }
}

function observe(
  pipeline: Pipeline,
  connection: Connection,
  request: WriteRequest | ForwardedWrite,
  txn: Txn,
): void {
  const latencyMs = pipeline.nowMs() - request.receivedAtMs
  pipeline.stats.observeLatency(latencyMs)
  pipeline.metrics.updatelatency.observe(latencyMs)
  const { stats } = connection
  stats.observe(latencyMs)
  stats.lastZxid = txn.zxid
  stats.lastResponseAtMs = pipeline.nowMs()
}
