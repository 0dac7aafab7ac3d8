/**
 * exists (3), getData (4), getACL (6), getChildren (8), getChildren2 (12), getAllChildrenNumber
 * (104), getEphemerals (103): client-protocol.md 7.5 to 7.8, 7.12. Paths are looked up as bytes, in
 * place; a string is made only for a watch.
 */
import { ErrorCode } from '../../../wire/errors.ts'
import { Perms } from '../../../wire/opcodes.ts'
import type { Reader } from '../../../wire/reader.ts'
import { writeAcl } from '../../../wire/records/data.ts'
import { decodeUtf8 } from '../../../wire/utf8.ts'
import type { Writer } from '../../../wire/writer.ts'
import { maskDigests, mayAccess } from '../../auth/acl.ts'
import { NOT_FOUND } from '../../tree/data-tree.ts'
import {
  countDescendants,
  writeChildNames,
  writeNodeData,
  writeNodeStat,
} from '../../tree/replies.ts'
import { WatchMode, type WatchTable } from '../../tree/watches.ts'
import type { Connection } from '../connection.ts'
import type { ReadContext } from './table.ts'

/** The path of the request at hand, as a string; '' for the root stays ''. */
function rangeText(reader: Reader, start: number, length: number): string {
  return decodeUtf8(reader.bytes, start, start + length)
}

function watch(
  table: WatchTable,
  reader: Reader,
  start: number,
  length: number,
  connection: Connection,
): void {
  table.add(rangeText(reader, start, length), connection, WatchMode.standard)
}

export function exists(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
): ErrorCode {
  const length = reader.range()
  const start = reader.rangeStart
  const watches = reader.boolean()
  if (length < 0) return ErrorCode.marshallingError
  if (reader.bytes.subarray(start, start + length).includes(0)) return ErrorCode.badArguments
  const { tree } = context
  const node = tree.findBytes(reader.bytes, start, length)
  const isThere = node !== NOT_FOUND
  if (isThere && !tree.hasOpenAcl(node) && !connection.mayRead(tree.acl(node))) {
    return ErrorCode.noAuth
  }
  if (watches) watch(context.watches.data, reader, start, length, connection)
  if (!isThere) return ErrorCode.noNode
  writeNodeStat(tree, out, node)
  return ErrorCode.ok
}

export function getData(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
): ErrorCode {
  const length = reader.range()
  const start = reader.rangeStart
  const watches = reader.boolean()
  if (length < 0) return ErrorCode.marshallingError
  const { tree } = context
  const node = tree.findBytes(reader.bytes, start, length)
  if (node === NOT_FOUND) return ErrorCode.noNode
  if (!tree.hasOpenAcl(node) && !connection.mayRead(tree.acl(node))) return ErrorCode.noAuth
  if (watches) watch(context.watches.data, reader, start, length, connection)
  writeNodeData(tree, out, node)
  writeNodeStat(tree, out, node)
  return ErrorCode.ok
}

function children(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
  withStat: boolean,
): ErrorCode {
  const length = reader.range()
  const start = reader.rangeStart
  const watches = reader.boolean()
  if (length < 0) return ErrorCode.marshallingError
  const { tree } = context
  const node = tree.findBytes(reader.bytes, start, length)
  if (node === NOT_FOUND) return ErrorCode.noNode
  if (!tree.hasOpenAcl(node) && !connection.mayRead(tree.acl(node))) return ErrorCode.noAuth
  if (watches) watch(context.watches.child, reader, start, length, connection)
  writeChildNames(tree, out, node)
  if (withStat) writeNodeStat(tree, out, node)
  return ErrorCode.ok
}

export function getChildren(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
): ErrorCode {
  return children(context, connection, reader, out, false)
}

export function getChildren2(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
): ErrorCode {
  return children(context, connection, reader, out, true)
}

export function getAllChildrenNumber(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
): ErrorCode {
  const length = reader.range()
  if (length < 0) return ErrorCode.marshallingError
  const { tree } = context
  const node = tree.findBytes(reader.bytes, reader.rangeStart, length)
  if (node === NOT_FOUND) return ErrorCode.noNode
  if (!connection.mayRead(tree.acl(node))) return ErrorCode.noAuth
  out.int(countDescendants(tree, node))
  return ErrorCode.ok
}

export function getAcl(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
): ErrorCode {
  const length = reader.range()
  if (length < 0) return ErrorCode.marshallingError
  const { tree, schemes } = context
  const node = tree.findBytes(reader.bytes, reader.rangeStart, length)
  if (node === NOT_FOUND) return ErrorCode.noNode
  const acl = tree.acl(node)
  if (!mayAccess(schemes, acl, Perms.read | Perms.admin, connection.ids)) return ErrorCode.noAuth
  const isAdmin = mayAccess(schemes, acl, Perms.admin, connection.ids)
  out.vector(isAdmin ? acl : maskDigests(acl), writeAcl)
  writeNodeStat(tree, out, node)
  return ErrorCode.ok
}

export function getEphemerals(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
): ErrorCode {
  const prefix = reader.string()
  const all = prefix === null || prefix.trim() === '' || prefix === '/'
  const paths: string[] = []
  for (const node of context.tree.ephemerals.of(connection.sessionId)) {
    const path = context.tree.path(node)
    if (all || path.startsWith(prefix)) paths.push(path)
  }
  out.strings(paths)
  return ErrorCode.ok
}
