/** Audit events of committed writes (operations.md 12). */
import type { AuditEvent, AuditOperation } from '../../base/audit.ts'
import { OpCode } from '../../wire/opcodes.ts'
import type { CreateTxn, SingleTxn, Txn } from '../../wire/records/txn.ts'
import { aclText } from '../auth/acl.ts'
import type { Connection } from './connection.ts'
import { multiFailure } from './ops/multi.ts'
import type { Pipeline } from './pipeline.ts'

/** Who asked, and for which operation. */
export interface Asked {
  readonly connection: Connection | undefined
  readonly type: number
}

const FAILED: ReadonlyMap<number, AuditOperation> = new Map([
  [OpCode.create, 'create'],
  [OpCode.create2, 'create'],
  [OpCode.createContainer, 'create'],
  [OpCode.createTtl, 'create'],
  [OpCode.delete, 'delete'],
  [OpCode.setData, 'setData'],
  [OpCode.setAcl, 'setAcl'],
  [OpCode.reconfig, 'reconfig'],
  [OpCode.multi, 'multiOperation'],
])

/** Each member records the requests of its own clients. */
export function auditCommit(pipeline: Pipeline, asked: Asked, txn: Txn): void {
  const { connection } = asked
  const { body } = txn
  const who = {
    session: txn.clientId,
    user: connection?.ids.map(id => pipeline.schemes.userName(id)).join(','),
    ip: connection?.remote.address,
  }
  if (body.type === OpCode.closeSession) {
    for (const znode of body.paths ?? []) {
      pipeline.audit.record({
        session: txn.clientId,
        operation: 'ephemeralZNodeDeletionOnSessionCloseOrExpire',
        znode,
        result: 'success',
      })
    }
    return
  }
  const isFailure =
    body.type === OpCode.error || (body.type === OpCode.multi && multiFailure(body) !== undefined)
  if (isFailure) {
    const operation = FAILED.get(asked.type)
    if (operation !== undefined) pipeline.audit.record({ ...who, operation, result: 'failure' })
    return
  }
  const parts: readonly SingleTxn[] = body.type === OpCode.multi ? body.txns : [body]
  for (const part of parts) {
    const event = eventOf(part)
    if (event !== undefined) pipeline.audit.record({ ...who, ...event, result: 'success' })
  }
}

function eventOf(body: SingleTxn): Omit<AuditEvent, 'result'> | undefined {
  switch (body.type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTtl:
      return { operation: 'create', znode: body.path, znodeType: znodeType(body) }
    case OpCode.delete:
      return { operation: 'delete', znode: body.path }
    case OpCode.setData:
      return { operation: 'setData', znode: body.path }
    case OpCode.reconfig:
      return { operation: 'reconfig', znode: body.path }
    case OpCode.setAcl:
      return { operation: 'setAcl', znode: body.path, acl: aclText(body.acl) }
    case OpCode.deleteContainer:
    case OpCode.check:
    case OpCode.createSession:
    case OpCode.closeSession:
    case OpCode.error:
      return undefined
  }
}

function znodeType(body: CreateTxn): string {
  if (body.type === OpCode.createContainer) return 'container'
  if (body.type === OpCode.createTtl) return 'persistent_with_ttl'
  return body.ephemeral ? 'ephemeral' : 'persistent'
}
