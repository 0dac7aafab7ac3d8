/**
 * Clients across a change of roles. Apache cuts every connection of every member when the leader
 * goes; here a client that waits for nothing stays connected, and what it sends meanwhile is taken
 * when the next role is established.
 */
import { LOCAL_OWNER } from '../sessions/tracker.ts'
import { type Connection, Phase } from './connection.ts'
import type { Pipeline } from './pipeline.ts'

/** A local session lives and dies with its role; a request on its way has an unknown fate. */
export function mayWaitForRole({ phase, session, waiting }: Connection): boolean {
  if (phase !== Phase.attached || session === undefined || waiting.length > 0) return false
  return !session.isLocal && !session.isClosing
}

/** After the trackers were made anew: sessions of kept connections are known again. */
export function keepClients(pipeline: Pipeline, isSameTree: boolean): void {
  const { connections, database, role } = pipeline
  const nowMs = pipeline.ports.clock.monotonicMs()
  for (const connection of connections) {
    const { session } = connection
    if (!isSameTree || role === 'readOnly' || session === undefined) {
      connection.close('what it watches was replaced')
    } else if (!database.sessions.has(session.id)) {
      connection.close('its session ended while there was no leader')
    } else {
      session.owner = LOCAL_OWNER
      session.isTouched = false
      pipeline.tracker.adopt(session, nowMs)
      // The leader shall hear of it, whether or not its client says anything.
      if (role === 'learner') pipeline.forwarding.touch(session)
    }
  }
}
