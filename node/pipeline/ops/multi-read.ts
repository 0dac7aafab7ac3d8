/** multiRead (22): client-protocol.md 8.2. Each operation stands for itself; no watch is left. */
import { ErrorCode } from '../../../wire/errors.ts'
import { OpCode } from '../../../wire/opcodes.ts'
import { JuteError, type Reader } from '../../../wire/reader.ts'
import type { Writer } from '../../../wire/writer.ts'
import { NOT_FOUND } from '../../tree/data-tree.ts'
import { writeChildNames, writeNodeData, writeNodeStat } from '../../tree/replies.ts'
import type { Connection } from '../connection.ts'
import { MULTI_READ_REPLY_MAX_BYTES } from '../options.ts'
import { writeErrorResult, writeMultiEnd, writeMultiHeader } from './multi.ts'
import type { ReadContext } from './table.ts'

export function multiRead(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
): ErrorCode {
  const start = out.length
  for (;;) {
    const type = reader.int()
    const done = reader.boolean()
    reader.int()
    if (done) break
    if (type !== OpCode.getData && type !== OpCode.getChildren) {
      throw new JuteError(`operation ${type} inside a multiRead`)
    }
    one(context, connection, type, reader, out)
    if (out.length - start > MULTI_READ_REPLY_MAX_BYTES) {
      throw new JuteError(`a multiRead of more than ${MULTI_READ_REPLY_MAX_BYTES} bytes`)
    }
  }
  writeMultiEnd(out)
  return ErrorCode.ok
}

function one(
  context: ReadContext,
  connection: Connection,
  type: typeof OpCode.getData | typeof OpCode.getChildren,
  reader: Reader,
  out: Writer,
): void {
  const { tree } = context
  const length = reader.range()
  const start = reader.rangeStart
  // The watch flag is read and has no effect.
  reader.boolean()
  if (length < 0) throw new JuteError('null path')
  const node = tree.findBytes(reader.bytes, start, length)
  if (node === NOT_FOUND) {
    writeErrorResult(out, ErrorCode.noNode)
    return
  }
  if (!connection.mayRead(tree.acl(node))) {
    writeErrorResult(out, ErrorCode.noAuth)
    return
  }
  writeMultiHeader(out, type, false, ErrorCode.ok)
  if (type === OpCode.getChildren) {
    writeChildNames(tree, out, node)
    return
  }
  writeNodeData(tree, out, node)
  writeNodeStat(tree, out, node)
}
