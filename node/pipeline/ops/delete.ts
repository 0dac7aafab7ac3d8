/**
 * delete (2): client-protocol.md 7.2, and deleteContainer (20), which the reaper asks for: 7.4.
 *
 *   path; int version
 */
import { ErrorCode } from '../../../wire/errors.ts'
import { OpCode, Perms } from '../../../wire/opcodes.ts'
import { CONFIG_PATH, parentOf, QUOTA_PATH, SYSTEM_PATH } from '../../../wire/paths.ts'
import type { Reader } from '../../../wire/reader.ts'
import type { DeleteTxn } from '../../../wire/records/txn.ts'
import { OwnerKind } from '../../tree/owner.ts'
import type { Preparer, Requester } from '../preparer.ts'

export interface DeleteRequest {
  readonly path: string | null
  readonly version: number
}

const PROTECTED = new Set(['/', SYSTEM_PATH, QUOTA_PATH, CONFIG_PATH])

export function readDelete(reader: Reader): DeleteRequest {
  return { path: reader.string(), version: reader.int() }
}

export function prepareDelete(
  preparer: Preparer,
  requester: Requester,
  { path, version }: DeleteRequest,
): DeleteTxn | ErrorCode {
  const sessionErr = preparer.checkSession(requester)
  if (sessionErr !== ErrorCode.ok) return sessionErr
  if (path === null) return ErrorCode.marshallingError
  if (!isDeletable(path)) return ErrorCode.badArguments
  const parent = preparer.parentFor(requester, parentOf(path), Perms.delete)
  if (typeof parent === 'number') return parent
  const node = preparer.changes.look(path)
  if (node === undefined) return ErrorCode.noNode
  if (version !== -1 && version !== node.version) return ErrorCode.badVersion
  if (node.childCount > 0) return ErrorCode.notEmpty
  preparer.changes.childChanged(parent, -1)
  preparer.changes.delete(node)
  return { type: OpCode.delete, path }
}

export function prepareDeleteContainer(preparer: Preparer, path: string): DeleteTxn | ErrorCode {
  if (!isDeletable(path)) return ErrorCode.badArguments
  const node = preparer.changes.look(path)
  if (node === undefined) return ErrorCode.noNode
  if (node.childCount > 0) return ErrorCode.notEmpty
  const kind = preparer.changes.kindOf(node)
  if (kind !== OwnerKind.container && kind !== OwnerKind.ttl) return ErrorCode.badVersion
  const parent = preparer.changes.look(parentOf(path))
  if (parent === undefined) return ErrorCode.noNode
  preparer.changes.childChanged(parent, -1)
  preparer.changes.delete(node)
  return { type: OpCode.deleteContainer, path }
}

function isDeletable(path: string): boolean {
  return path.includes('/') && !path.includes('\0') && !PROTECTED.has(path)
}
