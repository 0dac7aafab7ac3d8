/** The audit log (operations.md 12): who changed what, one event per request of an own client. */

export type AuditOperation =
  | 'serverStart'
  | 'serverStop'
  | 'create'
  | 'delete'
  | 'setData'
  | 'setAcl'
  | 'reconfig'
  | 'multiOperation'
  | 'ephemeralZNodeDeletionOnSessionCloseOrExpire'

export type AuditResult = 'success' | 'failure' | 'invoked'

/** Fields without a value are left out of the line. */
export interface AuditEvent {
  readonly session?: bigint | undefined
  /** The user names of all ids of the connection, or the user of the process. */
  readonly user?: string | undefined
  readonly ip?: string | undefined
  readonly operation: AuditOperation
  readonly znode?: string | undefined
  /** `persistent`, `ephemeral_sequential`, `container` … */
  readonly znodeType?: string | undefined
  /** `scheme:id:cdrwa` entries, joined by commas. */
  readonly acl?: string | undefined
  readonly result: AuditResult
}

/** Where audit events go. With auditing off, `isEnabled` is false and no event needs to be made. */
export interface Audit {
  readonly isEnabled: boolean
  record(event: AuditEvent): void
}

export const NO_AUDIT: Audit = { isEnabled: false, record: () => {} }

/** The event as its line, without the line end: `key=value` joined by tabs. */
export function formatAuditEvent(event: AuditEvent): string {
  const fields: (readonly [string, string | undefined])[] = [
    ['session', event.session === undefined ? undefined : sessionText(event.session)],
    ['user', event.user],
    ['ip', event.ip],
    ['operation', event.operation],
    ['znode', event.znode],
    ['znode_type', event.znodeType],
    ['acl', event.acl],
    ['result', event.result],
  ]
  return fields
    .filter(field => field[1] !== undefined)
    .map(([key, value]) => `${key}=${oneLine(value!)}`)
    .join('\t')
}

function sessionText(session: bigint): string {
  return `0x${BigInt.asUintN(64, session).toString(16)}`
}

/** A path may not forge fields or lines: tabs and line ends become spaces. */
function oneLine(text: string): string {
  return text.replace(/[\t\r\n]/g, ' ')
}
