/** sync (9), ping (11), whoAmI (107): client-protocol.md 7.10, 7.11, 7.13. */
import { ErrorCode } from '../../../wire/errors.ts'
import type { Reader } from '../../../wire/reader.ts'
import type { Writer } from '../../../wire/writer.ts'
import type { Connection } from '../connection.ts'
import type { ReadContext } from './table.ts'

/** Any string is echoed. */
export function sync(
  _context: ReadContext,
  _connection: Connection,
  reader: Reader,
  out: Writer,
): ErrorCode {
  const length = reader.range()
  if (length < 0) out.int(-1)
  else out.range(reader.bytes, reader.rangeStart, length)
  return ErrorCode.ok
}

export function ping(): ErrorCode {
  return ErrorCode.ok
}

export function whoAmI(
  context: ReadContext,
  connection: Connection,
  _reader: Reader,
  out: Writer,
): ErrorCode {
  out.vector(connection.ids, (writer, id) =>
    writer.string(id.scheme).string(context.schemes.userName(id)),
  )
  return ErrorCode.ok
}
