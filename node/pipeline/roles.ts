/**
 * What a member does with requests, by its role: read this first. Reads are the same everywhere:
 * they are answered from the tree as it is applied here.
 */
import type { SessionId } from '../../wire/ids.ts'
import type { Reader } from '../../wire/reader.ts'
import type { Connection } from './connection.ts'
import { forwardSession, forwardSync, forwardWrite, revalidate } from './forward.ts'
import { reattachHere } from './handshake.ts'
import { syncOnLeader } from './lead.ts'
import type { Pipeline } from './pipeline.ts'
import { prepareWrite, proposeSession } from './prepare.ts'

/** `learner`: follower and observer alike. */
export type RoleName = 'standalone' | 'leader' | 'learner'

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
    sync: undefined,
  },
  leader: {
    write: prepareWrite,
    newSession: proposeSession,
    reattach: reattachHere,
    sync: syncOnLeader,
  },
  learner: {
    write: forwardWrite,
    newSession: forwardSession,
    reattach: revalidate,
    sync: forwardSync,
  },
}
