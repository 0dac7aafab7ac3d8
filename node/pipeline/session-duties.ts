/** What whoever decides owes to sessions and to znodes with a time (client-protocol.md 15). */
import type { SessionId } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import type { Session } from '../sessions/tracker.ts'
import type { Pipeline } from './pipeline.ts'
import { proposeInternal } from './prepare.ts'

/** After recovery or an election: all sessions start their time-outs anew (15.3). */
export function adoptSessions(pipeline: Pipeline): void {
  const { database, ports, tracker } = pipeline
  const nowMs = ports.clock.monotonicMs()
  for (const [id, timeoutMs] of database.sessions) tracker.add(id, timeoutMs, nowMs)
  for (const owner of database.tree.ephemerals.owners()) {
    if (tracker.get(owner as SessionId) !== undefined) continue
    // An owner without a session: nobody will ever close it (storage.md 4.5).
    pipeline.turn(() => {
      proposeInternal(pipeline, owner as SessionId, OpCode.closeSession, undefined)
    })
  }
}

/** Closes sessions whose time is over; returns the milliseconds until the next look. */
export function expireSessions(pipeline: Pipeline): number {
  const { localTracker, ports, role, tracker } = pipeline
  const nowMs = ports.clock.monotonicMs()
  // A learner leaves the global ones to its leader.
  const isDecided = role !== 'learner'
  const due = isDecided ? tracker.expire(nowMs) : []
  due.push(...localTracker.expire(nowMs))
  if (due.length > 0) {
    pipeline.turn(() => {
      for (const session of due) expire(pipeline, session)
    })
  }
  const localMs = localTracker.untilNextMs(nowMs)
  return isDecided ? Math.min(tracker.untilNextMs(nowMs), localMs) : localMs
}

function expire(pipeline: Pipeline, { id, timeoutMs, isLocal }: Session): void {
  pipeline.ports.log.info('session expired', { session: id, timeoutMs, isLocal })
  pipeline.metrics.stale_sessions_expired.value++
  if (isLocal) {
    pipeline.localTracker.remove(id)
    pipeline.attached.get(id)?.close('its session expired')
  } else {
    proposeInternal(pipeline, id, OpCode.closeSession, undefined)
  }
}

/** Proposes the deletion of a container or TTL znode whose time has come. */
export function proposeReap(pipeline: Pipeline, path: string): void {
  proposeInternal(pipeline, 0n as SessionId, OpCode.deleteContainer, path)
}
