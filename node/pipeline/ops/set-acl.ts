/**
 * setACL (7): client-protocol.md 7.8.
 *
 *   path; vector<ACL> acl; int version
 */
import { ErrorCode } from '../../../wire/errors.ts'
import { OpCode, Perms } from '../../../wire/opcodes.ts'
import { pathFault } from '../../../wire/paths.ts'
import type { Reader } from '../../../wire/reader.ts'
import { type RawAcl, readRawAcl } from '../../../wire/records/data.ts'
import type { SetAclTxn } from '../../../wire/records/txn.ts'
import { fixUpAcl, INVALID_ACL, UNREADABLE_ACL } from '../../auth/acl.ts'
import type { Preparer, Requester } from '../preparer.ts'

export interface SetAclRequest {
  readonly path: string | null
  readonly acl: readonly RawAcl[] | null
  readonly version: number
}

export function readSetAcl(reader: Reader): SetAclRequest {
  return { path: reader.string(), acl: reader.vector(readRawAcl), version: reader.int() }
}

export function prepareSetAcl(
  preparer: Preparer,
  requester: Requester,
  request: SetAclRequest,
): SetAclTxn | ErrorCode {
  const { path, version } = request
  const sessionErr = preparer.checkSession(requester)
  if (sessionErr !== ErrorCode.ok) return sessionErr
  if (path === null || pathFault(path) !== undefined) return ErrorCode.badArguments
  const acl = fixUpAcl(preparer.schemes, request.acl, requester.ids)
  if (acl === INVALID_ACL) return ErrorCode.invalidAcl
  if (acl === UNREADABLE_ACL) return ErrorCode.marshallingError
  const node = preparer.changes.look(path)
  if (node === undefined) return ErrorCode.noNode
  if (!preparer.may(requester, node.acl, Perms.admin)) return ErrorCode.noAuth
  if (version !== -1 && version !== node.aversion) return ErrorCode.badVersion
  const next = (node.aversion + 1) | 0
  preparer.changes.setAcl(node, acl)
  return { type: OpCode.setAcl, path, acl, version: next }
}
