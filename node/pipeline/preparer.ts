import { ErrorCode } from '../../wire/errors.ts'
import type { SessionId } from '../../wire/ids.ts'
import { Perms } from '../../wire/opcodes.ts'
import type { Acl, Id } from '../../wire/records/data.ts'
import { mayAccess } from '../auth/acl.ts'
import type { Schemes } from '../auth/schemes.ts'
import {
  LOCAL_OWNER,
  type Session,
  type SessionTracker,
  UNKNOWN_OWNER,
} from '../sessions/tracker.ts'
import type { DataTree } from '../tree/data-tree.ts'
import type { QuotaExcess } from '../tree/quota.ts'
import type { EnsembleState } from './ops/reconfig.ts'
import type { PipelineOptions } from './options.ts'
import type { PendingChanges, PendingNode } from './pending-changes.ts'

/** Who asks. */
export interface Requester {
  readonly sessionId: SessionId
  /** Where it is at hand: saves looking it up. */
  readonly session?: Session | undefined
  readonly ids: readonly Id[]
  /** The member itself: no session is checked. */
  readonly isInternal: boolean
  /** Through which link it asks (sessions/tracker.ts). */
  readonly owner: number
}

/** What the checks of writes share: the state they see, the rules they apply. */
export class Preparer {
  readonly changes: PendingChanges
  readonly tree: DataTree
  readonly schemes: Schemes
  readonly tracker: SessionTracker
  readonly options: PipelineOptions
  /** A session that nobody knows: a standalone member says so, an ensemble that it is over. */
  readonly #unknownSession: ErrorCode
  readonly #onQuota: (excess: QuotaExcess) => void
  /** Undefined where there is no ensemble. */
  readonly ensembleState: () => EnsembleState | undefined

  constructor(
    changes: PendingChanges,
    tree: DataTree,
    schemes: Schemes,
    tracker: SessionTracker,
    options: PipelineOptions,
    onQuota: (excess: QuotaExcess) => void,
    ensembleState: () => EnsembleState | undefined,
  ) {
    this.ensembleState = ensembleState
    this.changes = changes
    this.tree = tree
    this.schemes = schemes
    this.tracker = tracker
    this.options = options
    this.#onQuota = onQuota
    this.#unknownSession = options.isStandalone
      ? ErrorCode.unknownSession
      : ErrorCode.sessionExpired
  }

  /** Whether the session may still ask for anything (client-protocol.md 7, "session check"). */
  checkSession(requester: Requester): ErrorCode {
    if (requester.isInternal) return ErrorCode.ok
    const session = requester.session ?? this.tracker.get(requester.sessionId)
    if (session === undefined || session.isGone) return this.#notFound(requester)
    if (session.isClosing) return ErrorCode.sessionExpired
    if (session.owner === UNKNOWN_OWNER) session.owner = requester.owner
    return session.owner === requester.owner ? ErrorCode.ok : ErrorCode.sessionMoved
  }

  /** A session that no tracker here knows may be a local one of the learner that asks. */
  #notFound({ sessionId, owner }: Requester): ErrorCode {
    const { localSessions, serverId } = this.options
    const drawnBy = Number(BigInt.asUintN(8, sessionId >> 56n))
    const isLocalElsewhere = localSessions && owner !== LOCAL_OWNER && drawnBy !== serverId
    return isLocalElsewhere ? ErrorCode.ok : this.#unknownSession
  }

  may(requester: Requester, acl: readonly Acl[], perm: number): boolean {
    return mayAccess(this.schemes, acl, perm, requester.ids)
  }

  /**
   * The parent of a path that is to be created or deleted, if the requester has `perm` on it: the
   * checks that both operations make in this order.
   */
  parentFor(
    requester: Requester,
    parentPath: string,
    perm: typeof Perms.create | typeof Perms.delete,
  ): PendingNode | ErrorCode {
    const parent = this.changes.look(parentPath)
    if (parent === undefined) return ErrorCode.noNode
    return this.may(requester, parent.acl, perm) ? parent : ErrorCode.noAuth
  }

  /** The quota check (client-protocol.md 13.4): by committed usage, hard limits only refuse. */
  checkQuota(path: string, countDifference: number, bytesDifference: number): ErrorCode {
    const { quotas } = this.tree
    const subject = quotas.subjectOf(path)
    if (subject === undefined) return ErrorCode.ok
    const excess = quotas.excess(subject, countDifference, bytesDifference)
    if (excess === undefined) return ErrorCode.ok
    if (excess === 'unreadable') {
      return this.options.enforceQuota ? ErrorCode.marshallingError : ErrorCode.ok
    }
    this.#onQuota(excess)
    return excess.hard && this.options.enforceQuota ? ErrorCode.quotaExceeded : ErrorCode.ok
  }
}
