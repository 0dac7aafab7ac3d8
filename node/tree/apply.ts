/**
 * (database, transaction) -> changed database: the only writer of the tree, used by live requests,
 * by recovery and by learners alike (quorum-protocol.md 8.2, storage.md 4.5).
 */
import { unreachable } from '../../base/invariant.ts'
import { ErrorCode } from '../../wire/errors.ts'
import type { SessionId } from '../../wire/ids.ts'
import { highWord, lowWord } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { parentOf } from '../../wire/paths.ts'
import type {
  CloseSessionTxn,
  CreateTxn,
  MultiTxn,
  SetAclTxn,
  SetDataTxn,
  SingleTxn,
  Txn,
} from '../../wire/records/txn.ts'
import { Field } from './columns.ts'
import { NOT_FOUND, ROOT } from './data-tree.ts'
import type { Database } from './database.ts'
import { CONTAINER_HIGH, ttlOwnerHigh } from './owner.ts'

/**
 * Called after each single operation with the znode it left behind (NOT_FOUND where there is none)
 * and what became of it: `ErrorCode.ok`, or why replay passed it over.
 */
export type Applied = (body: SingleTxn, node: number, err: ErrorCode) => void

export function applyTxn(database: Database, txn: Txn, applied: Applied | undefined): void {
  database.tree.begin(txn.zxid, txn.timeMs)
  if (txn.body.type === OpCode.multi) applyMulti(database, txn, txn.body, applied)
  else applySingle(database, txn, txn.body, applied)
}

function applyMulti(
  database: Database,
  txn: Txn,
  body: MultiTxn,
  applied: Applied | undefined,
): void {
  // All or nothing: one error entry, and nothing of the rest happens.
  const failed = body.txns.some(part => part.type === OpCode.error)
  for (const part of body.txns) {
    if (failed)
      applied?.(
        part,
        NOT_FOUND,
        part.type === OpCode.error ? (part.err as ErrorCode) : ErrorCode.ok,
      )
    else applySingle(database, txn, part, applied)
  }
}

function applySingle(
  database: Database,
  txn: Txn,
  body: SingleTxn,
  applied: Applied | undefined,
): void {
  switch (body.type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTtl:
      applyCreate(database, txn, body, applied)
      return
    case OpCode.delete:
    case OpCode.deleteContainer: {
      const err = deleteNode(database, txn, body.path)
      applied?.(body, NOT_FOUND, err)
      return
    }
    case OpCode.setData:
    case OpCode.reconfig:
      applySetData(database, txn, body, applied)
      return
    case OpCode.setAcl:
      applySetAcl(database, body, applied)
      return
    case OpCode.check:
      applied?.(body, NOT_FOUND, ErrorCode.ok)
      return
    case OpCode.createSession:
      database.sessions.set(txn.clientId, body.timeoutMs)
      applied?.(body, NOT_FOUND, ErrorCode.ok)
      return
    case OpCode.closeSession:
      applyCloseSession(database, txn, body)
      applied?.(body, NOT_FOUND, ErrorCode.ok)
      return
    case OpCode.error:
      applied?.(body, NOT_FOUND, body.err as ErrorCode)
      return
    default:
      unreachable(body)
  }
}

function applyCreate(
  database: Database,
  txn: Txn,
  body: CreateTxn,
  applied: Applied | undefined,
): void {
  const { tree } = database
  const parentPath = parentOf(body.path)
  const parent = tree.find(parentPath)
  if (parent === NOT_FOUND) {
    // Replay: the parent is deleted later in the log.
    applied?.(body, NOT_FOUND, ErrorCode.noNode)
    return
  }
  const cversion =
    body.parentCVersion === -1 ? tree.columns.get(parent, Field.cversion) + 1 : body.parentCVersion
  const existing = tree.find(body.path)
  if (existing !== NOT_FOUND) {
    // Replay over a fuzzy snapshot: the znode is from the future (ZOOKEEPER-1269).
    tree.replaceAcl(existing, body.acl)
    if (body.type === OpCode.create) tree.raiseCversion(parent, cversion)
    applied?.(body, existing, ErrorCode.nodeExists)
    return
  }
  const [ownerHigh, ownerLow] = ownerWords(body, txn.clientId)
  const node = tree.create(parent, body.path, body.data, body.acl, ownerHigh, ownerLow)
  tree.raiseCversion(parent, cversion)
  tree.quotas.created(body.path, body.data?.length ?? 0)
  database.watches.created(body.path, body.acl, asSeen(parentPath), tree.acl(parent), txn.zxid)
  applied?.(body, node, ErrorCode.ok)
}

function ownerWords(body: CreateTxn, clientId: SessionId): readonly [number, number] {
  if (body.type === OpCode.createContainer) return [CONTAINER_HIGH, 0]
  if (body.type === OpCode.createTtl) return [ttlOwnerHigh(body.ttlMs), body.ttlMs | 0]
  return body.ephemeral ? [highWord(clientId), lowWord(clientId)] : [0, 0]
}

function deleteNode(database: Database, txn: Txn, path: string): ErrorCode {
  const { tree, watches } = database
  const node = tree.find(path)
  const parentPath = parentOf(path)
  const parent = tree.find(parentPath)
  if (node === NOT_FOUND || node === ROOT) {
    // Replay: deleted already, but the parent may not know of it.
    if (parent !== NOT_FOUND) tree.raisePzxid(parent)
    return ErrorCode.noNode
  }
  const acl = tree.acl(node)
  const dataLength = Math.max(0, tree.columns.get(node, Field.dataLength))
  // Replay over a fuzzy snapshot can meet a child from the future: it goes with its parent, and
  // the log creates it again where it belongs.
  if (tree.childCount(node) > 0)
    for (const name of tree.childNames(node)) deleteNode(database, txn, `${path}/${name}`)
  tree.delete(node)
  tree.raisePzxid(parent)
  tree.quotas.deleted(path, dataLength)
  watches.deleted(path, acl, asSeen(parentPath), tree.acl(parent), txn.zxid)
  return ErrorCode.ok
}

function applySetData(
  database: Database,
  txn: Txn,
  body: SetDataTxn,
  applied: Applied | undefined,
): void {
  const { tree } = database
  const node = tree.find(body.path)
  if (node === NOT_FOUND) {
    applied?.(body, NOT_FOUND, ErrorCode.noNode)
    return
  }
  const before = Math.max(0, tree.columns.get(node, Field.dataLength))
  tree.setData(node, body.data, body.version)
  tree.quotas.dataChanged(body.path, (body.data?.length ?? 0) - before)
  database.watches.dataChanged(asSeen(body.path), tree.acl(node), txn.zxid)
  applied?.(body, node, ErrorCode.ok)
}

function applySetAcl(database: Database, body: SetAclTxn, applied: Applied | undefined): void {
  const node = database.tree.find(body.path)
  if (node === NOT_FOUND) {
    applied?.(body, NOT_FOUND, ErrorCode.noNode)
    return
  }
  database.tree.setAcl(node, body.acl, body.version)
  applied?.(body, node, ErrorCode.ok)
}

function applyCloseSession(database: Database, txn: Txn, body: CloseSessionTxn): void {
  const { tree } = database
  database.sessions.delete(txn.clientId)
  for (const path of body.paths ?? []) deleteNode(database, txn, path)
  // Whatever still belongs to the session: logs without the list, replays over fuzzy snapshots.
  const rest = [...tree.ephemerals.of(txn.clientId)].map(node => tree.path(node))
  for (const path of rest) deleteNode(database, txn, path)
}

/** The root is '' in transactions and '/' to clients. */
function asSeen(path: string): string {
  return path === '' ? '/' : path
}
