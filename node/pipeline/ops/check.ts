/**
 * check (13), only inside a multi: client-protocol.md 7.9.
 *
 *   path; int version
 */
import { ErrorCode } from '../../../wire/errors.ts'
import { OpCode, Perms } from '../../../wire/opcodes.ts'
import { pathFault } from '../../../wire/paths.ts'
import type { CheckTxn } from '../../../wire/records/txn.ts'
import type { Preparer, Requester } from '../preparer.ts'
import type { DeleteRequest } from './delete.ts'

/** The record of a check is that of a delete. */
export function prepareCheck(
  preparer: Preparer,
  requester: Requester,
  { path, version }: DeleteRequest,
): CheckTxn | ErrorCode {
  const sessionErr = preparer.checkSession(requester)
  if (sessionErr !== ErrorCode.ok) return sessionErr
  if (path === null || pathFault(path) !== undefined) return ErrorCode.badArguments
  const node = preparer.changes.look(path)
  if (node === undefined) return ErrorCode.noNode
  if (!preparer.may(requester, node.acl, Perms.read)) return ErrorCode.noAuth
  if (version !== -1 && version !== node.version) return ErrorCode.badVersion
  return { type: OpCode.check, path, version: (node.version + 1) | 0 }
}
