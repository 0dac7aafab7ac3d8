/**
 * enableEagerACLCheck (client-protocol.md 16.8): whoever takes a write in an ensemble looks first
 * whether its own, committed state lets the client do it. Missing znodes and bad paths are left to
 * the leader, as are writes that cannot be read. The refusal comes in its turn; Apache's may
 * overtake earlier replies.
 */
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode, Perms } from '../../wire/opcodes.ts'
import { parentOf } from '../../wire/paths.ts'
import { JuteError, type Reader } from '../../wire/reader.ts'
import type { RawAcl } from '../../wire/records/data.ts'
import { fixUpAcl, INVALID_ACL, mayAccess } from '../auth/acl.ts'
import { NOT_FOUND } from '../tree/data-tree.ts'
import type { Connection } from './connection.ts'
import { readCreate } from './ops/create.ts'
import { readDelete } from './ops/delete.ts'
import { readSetAcl } from './ops/set-acl.ts'
import { readSetData } from './ops/set-data.ts'
import type { Pipeline } from './pipeline.ts'

/** Why the write is refused here already; `ok` when it goes its way. The reader stays in place. */
export function checkEagerly(
  pipeline: Pipeline,
  connection: Connection,
  type: number,
  reader: Reader,
): ErrorCode {
  if (!pipeline.options.eagerAclCheck) return ErrorCode.ok
  if (pipeline.role !== 'leader' && pipeline.role !== 'learner') return ErrorCode.ok
  const { position } = reader
  try {
    return check(pipeline, connection, type, reader)
  } catch (error) {
    if (error instanceof JuteError) return ErrorCode.ok
    throw error
  } finally {
    reader.position = position
  }
}

function check(
  pipeline: Pipeline,
  connection: Connection,
  type: number,
  reader: Reader,
): ErrorCode {
  switch (type) {
    case OpCode.create:
    case OpCode.create2: {
      const { path, acl } = readCreate(type, reader)
      if (!isFit(pipeline, connection, acl)) return ErrorCode.invalidAcl
      return may(pipeline, connection, parentPath(path), Perms.create)
    }
    case OpCode.delete:
      return may(pipeline, connection, parentPath(readDelete(reader).path), Perms.delete)
    case OpCode.setData:
      return may(pipeline, connection, readSetData(reader).path, Perms.write)
    case OpCode.setAcl: {
      const { path, acl } = readSetAcl(reader)
      if (!isFit(pipeline, connection, acl)) return ErrorCode.invalidAcl
      return may(pipeline, connection, path, Perms.admin)
    }
    default:
      return ErrorCode.ok
  }
}

/** Null: there is none to look at. */
function parentPath(path: string | null): string | null {
  return path?.includes('/') === true ? parentOf(path) : null
}

function may(
  { database, schemes }: Pipeline,
  { ids }: Connection,
  path: string | null,
  perm: number,
): ErrorCode {
  if (path === null) return ErrorCode.ok
  const node = database.tree.find(path)
  if (node === NOT_FOUND) return ErrorCode.ok
  return mayAccess(schemes, database.tree.acl(node), perm, ids) ? ErrorCode.ok : ErrorCode.noAuth
}

function isFit({ schemes }: Pipeline, { ids }: Connection, acl: readonly RawAcl[] | null): boolean {
  return fixUpAcl(schemes, acl, ids) !== INVALID_ACL
}
