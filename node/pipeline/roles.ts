/**
 * What a member does with requests, by its role: read this first. Reads are the same everywhere:
 * they are answered from the tree as it is applied here.
 */
import type { SessionId } from '../../wire/ids.ts'
import type { Reader } from '../../wire/reader.ts'
import type { Session } from '../sessions/tracker.ts'
import type { Connection } from './connection.ts'
import { forwardSession, forwardSync, forwardUpgrade, forwardWrite, revalidate } from './forward.ts'
import { reattachHere } from './handshake.ts'
import { syncOnLeader } from './lead.ts'
import type { Pipeline } from './pipeline.ts'
import { prepareWrite, proposeSession, proposeUpgrade } from './prepare.ts'
import { newReadOnlySession, refuseReattach, refuseSync, refuseWrite } from './read-only.ts'

/** `learner`: follower and observer alike. */
export type RoleName = 'standalone' | 'leader' | 'learner' | 'readOnly'

export interface RoleStages {
  /** The reader stands behind the header. */
  readonly write: (
    pipeline: Pipeline,
    connection: Connection,
    xid: number,
    type: number,
    reader: Reader,
  ) => void
  readonly newSession: (pipeline: Pipeline, connection: Connection, timeoutMs: number) => void
  /** The password was right. */
  readonly reattach: (
    pipeline: Pipeline,
    connection: Connection,
    id: SessionId,
    timeoutMs: number,
  ) => void
  /** A local session becomes global, under the id that it has. */
  readonly upgradeSession: (pipeline: Pipeline, session: Session) => void
  /** Undefined: a sync is a read. `request` is its whole frame. */
  readonly sync:
    | ((pipeline: Pipeline, connection: Connection, request: Uint8Array) => void)
    | undefined
}

export const ROLES: Readonly<Record<RoleName, RoleStages>> = {
  standalone: {
    write: prepareWrite,
    newSession: proposeSession,
    reattach: reattachHere,
    upgradeSession: proposeUpgrade,
    sync: undefined,
  },
  leader: {
    write: prepareWrite,
    newSession: proposeSession,
    reattach: reattachHere,
    upgradeSession: proposeUpgrade,
    sync: syncOnLeader,
  },
  learner: {
    write: forwardWrite,
    newSession: forwardSession,
    reattach: revalidate,
    upgradeSession: forwardUpgrade,
    sync: forwardSync,
  },
  readOnly: {
    write: refuseWrite,
    newSession: newReadOnlySession,
    reattach: refuseReattach,
    upgradeSession: () => {},
    sync: refuseSync,
  },
}
