/** How answers are put into a connection's output (client-protocol.md 3). */
import type { Writer } from '../../wire/writer.ts'
import type { Connection } from './connection.ts'
import type { Pipeline } from './pipeline.ts'

export const REPLY_HEADER_BYTES = 16

/** Begins a reply with its header; finish it with `endReply`. */
export function beginReply(out: Writer, xid: number, zxid: bigint): number {
  const mark = out.beginFrame()
  out.int(xid).long(zxid).int(0)
  return mark
}

/** The error of a reply that was begun; one other than 0 takes the body away. */
export function endReply(out: Writer, mark: number, err: number): void {
  if (err !== 0) {
    out.rewind(mark + 4 + REPLY_HEADER_BYTES)
    out.view.setInt32(mark + REPLY_HEADER_BYTES, err)
  }
  out.endFrame(mark)
}

/** A reply that is only a header. */
export function sendHeader(
  pipeline: Pipeline,
  connection: Connection,
  xid: number,
  zxid: bigint,
  err: number,
): void {
  const out = connection.out()
  out.int(REPLY_HEADER_BYTES).int(xid).long(zxid).int(err)
  countReply(pipeline, connection, REPLY_HEADER_BYTES)
}

export function countReply(pipeline: Pipeline, connection: Connection, sizeBytes: number): void {
  connection.stats.sent++
  pipeline.stats.packetsSent++
  pipeline.stats.clientResponse.observe(sizeBytes)
}
