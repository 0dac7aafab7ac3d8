/**
 * reconfig (16): client-protocol.md 7.15.
 *
 *   ustring joiningServers; ustring leavingServers; ustring newMembers; long curConfigId
 */
import { ErrorCode } from '../../../wire/errors.ts'
import type { Preparer, Requester } from '../preparer.ts'

/** What a standalone member answers, in Apache's order. */
export function refuseReconfig(preparer: Preparer, requester: Requester): ErrorCode {
  if (!preparer.options.reconfigEnabled) return ErrorCode.reconfigDisabled
  const sessionErr = preparer.checkSession(requester)
  return sessionErr === ErrorCode.ok ? ErrorCode.unimplemented : sessionErr
}
