/**
 * reconfig (16): client-protocol.md 7.15, quorum-protocol.md 9.3.
 *
 *   ustring joiningServers; ustring leavingServers; ustring newMembers; long curConfigId
 */
import {
  addLine,
  addressClash,
  ConfigStringError,
  completeMembership,
  emptyDraft,
  type Member,
  type Membership,
  parseMembership,
  printMembership,
  votersOf,
} from '../../../wire/config-string.ts'
import { ErrorCode } from '../../../wire/errors.ts'
import type { PeerId } from '../../../wire/ids.ts'
import { OpCode, Perms } from '../../../wire/opcodes.ts'
import { CONFIG_PATH } from '../../../wire/paths.ts'
import type { Reader } from '../../../wire/reader.ts'
import type { SetDataTxn } from '../../../wire/records/txn.ts'
import { utf8Bytes } from '../../../wire/utf8.ts'
import { isQuorumOfAll, quorumRule } from '../../zab/quorum.ts'
import type { Preparer, Requester } from '../preparer.ts'

export interface ReconfigRequest {
  readonly joining: string | null
  readonly leaving: string | null
  readonly newMembers: string | null
  readonly curConfigId: bigint
}

/** What a leader knows of its ensemble. */
export interface EnsembleState {
  readonly committed: Membership
  readonly lastSeen: Membership
  /** Members that are level with the leader, itself included. */
  readonly synced: ReadonlySet<PeerId>
}

export function readReconfig(reader: Reader): ReconfigRequest {
  return {
    joining: reader.string(),
    leaving: reader.string(),
    newMembers: reader.string(),
    curConfigId: reader.long(),
  }
}

export function prepareReconfig(
  preparer: Preparer,
  requester: Requester,
  request: ReconfigRequest,
): SetDataTxn | ErrorCode {
  const { options, changes } = preparer
  if (!options.reconfigEnabled) return ErrorCode.reconfigDisabled
  const sessionErr = preparer.checkSession(requester)
  if (sessionErr !== ErrorCode.ok) return sessionErr
  const state = preparer.ensembleState()
  if (state === undefined) return ErrorCode.unimplemented
  const { committed, lastSeen, synced } = state
  if (lastSeen.version !== committed.version) return ErrorCode.reconfigInProgress
  if (request.curConfigId !== -1n && request.curConfigId !== committed.version) {
    return ErrorCode.badVersion
  }
  const asked = membershipOf(request, committed)
  if (typeof asked === 'number') return asked
  const votersMin = options.standaloneEnabled ? 2 : 1
  if (votersOf(asked).length < votersMin) return ErrorCode.badArguments
  if (!isQuorumOfAll([quorumRule(asked)], id => synced.has(id))) {
    return ErrorCode.newConfigNoQuorum
  }
  const node = changes.look(CONFIG_PATH)
  if (node === undefined) return ErrorCode.noNode
  if (!preparer.may(requester, node.acl, Perms.write)) return ErrorCode.noAuth
  const text = printMembership({ ...asked, version: changes.zxid })
  const data = utf8Bytes(text)
  changes.setData(node, data, CONFIG_VERSION)
  return { type: OpCode.reconfig, path: CONFIG_PATH, data, version: CONFIG_VERSION }
}

/** The version of the configuration znode never moves (client-protocol.md 12). */
const CONFIG_VERSION = -1

/** The members that would be, or why they may not. */
function membershipOf(request: ReconfigRequest, committed: Membership): Membership | ErrorCode {
  try {
    if (request.newMembers !== null) {
      if (request.newMembers.trim() === '') return ErrorCode.marshallingError
      return withoutClash(parseMembership(request.newMembers, true))
    }
    return incremental(request, committed)
  } catch (error) {
    if (error instanceof ConfigStringError) return ErrorCode.badArguments
    throw error
  }
}

/** First who leaves, then who joins or changes; majority quorums only. */
function incremental(request: ReconfigRequest, committed: Membership): Membership | ErrorCode {
  if (committed.groups.length > 0) return ErrorCode.badArguments
  const draft = emptyDraft()
  for (const member of committed.members) draft.members.set(member.id, member)
  for (const text of items(request.leaving)) {
    if (!/^[+-]?\d+$/.test(text)) return ErrorCode.marshallingError
    draft.members.delete(Number(text))
  }
  for (const text of items(request.joining)) {
    const at = text.indexOf('=')
    const key = text.slice(0, Math.max(0, at)).trim()
    const value = text.slice(at + 1).trim()
    // A joiner must say where its clients connect.
    if (!key.startsWith('server.') || !value.includes(';')) return ErrorCode.badArguments
    addLine(draft, key, value, true)
  }
  return withoutClash(completeMembership(draft))
}

function withoutClash(membership: Membership): Membership | ErrorCode {
  const seen: Member[] = []
  for (const member of membership.members) {
    if (seen.some(other => addressClash(other, member) !== undefined)) return ErrorCode.badArguments
    seen.push(member)
  }
  return membership
}

function items(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map(item => item.trim())
    .filter(item => item !== '')
}
