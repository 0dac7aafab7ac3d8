/**
 * setData (5): client-protocol.md 7.3.
 *
 *   path; buffer data; int version
 */
import { ErrorCode } from '../../../wire/errors.ts'
import { OpCode, Perms } from '../../../wire/opcodes.ts'
import { pathFault } from '../../../wire/paths.ts'
import type { Reader } from '../../../wire/reader.ts'
import type { SetDataTxn } from '../../../wire/records/txn.ts'
import type { Preparer, Requester } from '../preparer.ts'

export interface SetDataRequest {
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly version: number
}

export function readSetData(reader: Reader): SetDataRequest {
  return { path: reader.string(), data: reader.buffer(), version: reader.int() }
}

export function prepareSetData(
  preparer: Preparer,
  requester: Requester,
  { path, data, version }: SetDataRequest,
): SetDataTxn | ErrorCode {
  const sessionErr = preparer.checkSession(requester)
  if (sessionErr !== ErrorCode.ok) return sessionErr
  if (path === null) return ErrorCode.badArguments
  if (pathFault(path) !== undefined) return ErrorCode.badArguments
  const node = preparer.changes.look(path)
  if (node === undefined) return ErrorCode.noNode
  if (!preparer.may(requester, node.acl, Perms.write)) return ErrorCode.noAuth
  const difference = (data?.length ?? 0) - preparer.changes.dataLength(node)
  const quotaErr = preparer.checkQuota(path, 0, difference)
  if (quotaErr !== ErrorCode.ok) return quotaErr
  if (version !== -1 && version !== node.version) return ErrorCode.badVersion
  const next = (node.version + 1) | 0
  preparer.changes.setData(node, data)
  return { type: OpCode.setData, path, data, version: next }
}
