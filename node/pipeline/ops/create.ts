/**
 * create (1), create2 (15), createContainer (19), createTTL (21): client-protocol.md 7.1.
 *
 *   path; buffer data; vector<ACL> acl; int flags; [createTTL: long ttl]
 */
import { ErrorCode } from '../../../wire/errors.ts'
import { highWord, lowWord } from '../../../wire/ids.ts'
import { CreateMode, OpCode, Perms } from '../../../wire/opcodes.ts'
import { parentOf, pathFault } from '../../../wire/paths.ts'
import type { Reader } from '../../../wire/reader.ts'
import { type RawAcl, readRawAcl } from '../../../wire/records/data.ts'
import type { CreateTxn } from '../../../wire/records/txn.ts'
import { fixUpAcl, INVALID_ACL, UNREADABLE_ACL } from '../../auth/acl.ts'
import { CONTAINER_HIGH, OwnerKind, TTL_MS_MAX, ttlOwnerHigh } from '../../tree/owner.ts'
import type { Preparer, Requester } from '../preparer.ts'

export interface CreateRequest {
  readonly type: CreateTxn['type']
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly acl: readonly RawAcl[] | null
  readonly flags: number
  /** -1 unless the record carries one. */
  readonly ttlMs: number
}

export function readCreate(type: CreateTxn['type'], reader: Reader): CreateRequest {
  return {
    type,
    path: reader.string(),
    data: reader.buffer(),
    acl: reader.vector(readRawAcl),
    flags: reader.int(),
    ttlMs: type === OpCode.createTtl ? reader.longAsNumber() : -1,
  }
}

export function isCreateMode(flags: number): boolean {
  return flags >= CreateMode.persistent && flags <= CreateMode.persistentSequentialWithTtl
}

export function isTtlMode(flags: number): boolean {
  return flags === CreateMode.persistentWithTtl || flags === CreateMode.persistentSequentialWithTtl
}

function isEphemeralMode(flags: number): boolean {
  return flags === CreateMode.ephemeral || flags === CreateMode.ephemeralSequential
}

function isSequentialMode(flags: number): boolean {
  return (
    flags === CreateMode.persistentSequential ||
    flags === CreateMode.ephemeralSequential ||
    flags === CreateMode.persistentSequentialWithTtl
  )
}

export function prepareCreate(
  preparer: Preparer,
  requester: Requester,
  request: CreateRequest,
): CreateTxn | ErrorCode {
  const { type, flags, path: asked } = request
  const modeErr = checkMode(preparer, request)
  if (modeErr !== ErrorCode.ok) return modeErr
  if (isEphemeralMode(flags) && requester.session?.isLocal === true) {
    return ErrorCode.ephemeralOnLocalSession
  }
  const sessionErr = preparer.checkSession(requester)
  if (sessionErr !== ErrorCode.ok) return sessionErr
  if (asked === null) return ErrorCode.marshallingError
  if (!asked.includes('/') || asked.includes('\0')) return ErrorCode.badArguments
  const acl = fixUpAcl(preparer.schemes, request.acl, requester.ids)
  if (acl === INVALID_ACL) return ErrorCode.invalidAcl
  if (acl === UNREADABLE_ACL) return ErrorCode.marshallingError
  const parentPath = parentOf(asked)
  const parent = preparer.parentFor(requester, parentPath, Perms.create)
  if (typeof parent === 'number') return parent
  const path = isSequentialMode(flags) ? asked + sequenceSuffix(parent.cversion) : asked
  if (pathFault(path) !== undefined) return ErrorCode.badArguments
  if (preparer.changes.look(path) !== undefined) return ErrorCode.nodeExists
  if (preparer.changes.kindOf(parent) === OwnerKind.ephemeral) {
    return ErrorCode.noChildrenForEphemerals
  }
  const quotaErr = preparer.checkQuota(path, 1, request.data?.length ?? 0)
  if (quotaErr !== ErrorCode.ok) return quotaErr
  const ephemeral = isEphemeralMode(flags) && !isContainerOrTtl(type)
  const ttlMs = type === OpCode.createTtl ? request.ttlMs : 0
  const parentCVersion = (parent.cversion + 1) | 0
  const txn: CreateTxn = { type, path, data: request.data, acl, ephemeral, parentCVersion, ttlMs }
  const [high, low] = ownerOf(txn, requester)
  preparer.changes.childChanged(parent, 1)
  preparer.changes.create(path, request.data, acl, high, low)
  return txn
}

/** Steps 1 to 3: flags, extended types, TTL. */
function checkMode(preparer: Preparer, request: CreateRequest): ErrorCode {
  const { flags, ttlMs } = request
  if (!isCreateMode(flags)) return ErrorCode.badArguments
  if (!isTtlMode(flags)) {
    // createTTL without a TTL mode would log a transaction that kills an Apache member on replay.
    const fits = request.type !== OpCode.createTtl && ttlMs < 0
    return fits ? ErrorCode.ok : ErrorCode.badArguments
  }
  if (!preparer.options.extendedTypes) return ErrorCode.unimplemented
  return ttlMs >= 1 && ttlMs <= TTL_MS_MAX ? ErrorCode.ok : ErrorCode.badArguments
}

function isContainerOrTtl(type: CreateTxn['type']): boolean {
  return type === OpCode.createContainer || type === OpCode.createTtl
}

function ownerOf(txn: CreateTxn, requester: Requester): readonly [number, number] {
  if (txn.type === OpCode.createContainer) return [CONTAINER_HIGH, 0]
  if (txn.type === OpCode.createTtl) return [ttlOwnerHigh(txn.ttlMs), txn.ttlMs | 0]
  if (!txn.ephemeral) return [0, 0]
  return [highWord(requester.sessionId), lowWord(requester.sessionId)]
}

/** Java's `%010d`: a negative counter has its sign among the ten (client-protocol.md 10.2). */
function sequenceSuffix(cversion: number): string {
  if (cversion >= 0) return String(cversion).padStart(10, '0')
  return `-${String(-cversion).padStart(9, '0')}`
}
