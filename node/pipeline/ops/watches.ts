/**
 * addWatch (106), checkWatches (17), removeWatches (18): client-protocol.md 7.14; setWatches (101)
 * and setWatches2 (105): 14.6.
 */
import { ErrorCode } from '../../../wire/errors.ts'
import { AddWatchMode, EventType, WatcherType } from '../../../wire/opcodes.ts'
import type { Reader } from '../../../wire/reader.ts'
import { Writer } from '../../../wire/writer.ts'
import { Field } from '../../tree/columns.ts'
import { NOT_FOUND } from '../../tree/data-tree.ts'
import { WatchMode, writeNotification } from '../../tree/watches.ts'
import type { Connection } from '../connection.ts'
import type { ReadContext } from './table.ts'

export function addWatch(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
): ErrorCode {
  const path = reader.text()
  const mode = reader.int()
  const { data, child } = context.watches
  if (mode === AddWatchMode.persistent) {
    data.add(path, connection, WatchMode.persistent)
    child.add(path, connection, WatchMode.persistent)
  } else if (mode === AddWatchMode.persistentRecursive) {
    data.add(path, connection, WatchMode.recursive)
  } else {
    return ErrorCode.marshallingError
  }
  out.int(0)
  return ErrorCode.ok
}

const ALL = WatchMode.standard | WatchMode.persistent | WatchMode.recursive

/** Watcher type -> the modes meant in the data table and in the child table. */
const MODES = new Map<number, { readonly data: number; readonly child: number }>([
  [WatcherType.children, { data: 0, child: WatchMode.standard }],
  [WatcherType.data, { data: WatchMode.standard, child: 0 }],
  [WatcherType.any, { data: ALL, child: ALL }],
  [WatcherType.persistent, { data: WatchMode.persistent, child: WatchMode.persistent }],
  [WatcherType.persistentRecursive, { data: WatchMode.recursive, child: 0 }],
])

export function checkWatches(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
): ErrorCode {
  return checkOrRemove(context, connection, reader, false)
}

export function removeWatches(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
): ErrorCode {
  return checkOrRemove(context, connection, reader, true)
}

function checkOrRemove(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  remove: boolean,
): ErrorCode {
  const path = reader.text()
  const modes = MODES.get(reader.int())
  if (modes === undefined) return ErrorCode.marshallingError
  const { data, child } = context.watches
  const held =
    (data.modes(path, connection) & modes.data) | (child.modes(path, connection) & modes.child)
  if (held === 0) return ErrorCode.noWatcher
  if (remove) {
    data.remove(path, connection, modes.data)
    child.remove(path, connection, modes.child)
  }
  return ErrorCode.ok
}

export function setWatches(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
): ErrorCode {
  return rearm(context, connection, reader, false)
}

export function setWatches2(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
): ErrorCode {
  return rearm(context, connection, reader, true)
}

/** Everything is read before anything happens: half a request changes nothing. */
function rearm(
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  withPersistent: boolean,
): ErrorCode {
  const since = reader.long()
  const data = reader.strings()
  const exist = reader.strings()
  const child = reader.strings()
  const persistent = withPersistent ? reader.strings() : []
  const recursive = withPersistent ? reader.strings() : []
  if (data === null || exist === null || child === null) return ErrorCode.marshallingError
  if (persistent === null || recursive === null) return ErrorCode.marshallingError
  const { tree, watches } = context
  for (const path of data) {
    const node = tree.find(path)
    if (node === NOT_FOUND) tell(connection, EventType.nodeDeleted, path)
    else if (tree.zxidField(node, Field.mzxid) > since) {
      tellReader(context, connection, EventType.nodeDataChanged, path, node)
    } else watches.data.add(path, connection, WatchMode.standard)
  }
  for (const path of exist) {
    const node = tree.find(path)
    if (node === NOT_FOUND) watches.data.add(path, connection, WatchMode.standard)
    else tellReader(context, connection, EventType.nodeCreated, path, node)
  }
  for (const path of child) {
    const node = tree.find(path)
    if (node === NOT_FOUND) tell(connection, EventType.nodeDeleted, path)
    else if (tree.zxidField(node, Field.pzxid) > since) {
      tellReader(context, connection, EventType.nodeChildrenChanged, path, node)
    } else watches.child.add(path, connection, WatchMode.standard)
  }
  for (const path of persistent) {
    watches.data.add(path, connection, WatchMode.persistent)
    watches.child.add(path, connection, WatchMode.persistent)
  }
  for (const path of recursive) watches.data.add(path, connection, WatchMode.recursive)
  return ErrorCode.ok
}

/** Catch-up events carry zxid -1. */
const CATCH_UP = -1n

function tell(connection: Connection, type: EventType, path: string): void {
  const frame = new Writer(64 + path.length * 3)
  writeNotification(frame, type, path, CATCH_UP)
  connection.notify(frame.bytes, frame.length)
}

function tellReader(
  context: ReadContext,
  connection: Connection,
  type: EventType,
  path: string,
  node: number,
): void {
  if (connection.mayRead(context.tree.acl(node))) tell(connection, type, path)
}
