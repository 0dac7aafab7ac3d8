import { ErrorCode } from '../../wire/errors.ts'
import { OpCode, Xid } from '../../wire/opcodes.ts'
import { JuteError, type Reader } from '../../wire/reader.ts'
import type { Writer } from '../../wire/writer.ts'
import type { Connection } from './connection.ts'
import type { ReadContext, ReadOp, Route } from './ops/table.ts'
import type { Pipeline } from './pipeline.ts'
import { beginReply, countReply, endReply, sendHeader } from './replies.ts'

/** Answers a read from the tree as it is applied now; the reader stands behind the header. */
export function serveRead(
  pipeline: Pipeline,
  connection: Connection,
  route: Extract<Route, { hasBody: boolean }>,
  xid: number,
  type: number,
  reader: Reader,
  receivedAtMs: number,
): void {
  const zxid = pipeline.database.lastZxid
  const { session } = connection
  if (session === undefined || session.isClosing) {
    sendHeader(pipeline, connection, xid, zxid, ErrorCode.sessionExpired)
    return
  }
  if (!route.hasBody) {
    // Its events, if any, come first; a ping is always answered as -2.
    const err = run(route.run, pipeline, connection, reader, pipeline.scratch)
    sendHeader(pipeline, connection, type === OpCode.ping ? Xid.ping : xid, zxid, err)
  } else {
    const out = connection.out()
    const mark = beginReply(out, xid, zxid)
    const err = run(route.run, pipeline, connection, reader, out)
    endReply(out, mark, err)
    countReply(pipeline, connection, out.length - mark - 4)
  }
  const latencyMs = pipeline.nowMs() - receivedAtMs
  pipeline.stats.observeLatency(latencyMs)
  pipeline.metrics.readlatency.observe(latencyMs)
  const { stats } = connection
  stats.observe(latencyMs)
  stats.lastZxid = zxid
  stats.lastResponseAtMs = pipeline.nowMs()
}

function run(
  op: ReadOp,
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
): ErrorCode {
  try {
    return op(context, connection, reader, out)
  } catch (error) {
    if (error instanceof JuteError) return ErrorCode.marshallingError
    throw error
  }
}
