/**
 * multi (14): client-protocol.md 8.
 *
 *   request  := { MultiHeader(type, false, -1) record(type) }*  MultiHeader(-1, true, -1)
 *   response := { MultiHeader(type, false, err) result(type) }* MultiHeader(-1, true, -1)
 */
import { ErrorCode } from '../../../wire/errors.ts'
import { CreateMode, OpCode } from '../../../wire/opcodes.ts'
import { JuteError, type Reader } from '../../../wire/reader.ts'
import type { ErrorTxn, MultiTxn, SingleTxn } from '../../../wire/records/txn.ts'
import type { Writer } from '../../../wire/writer.ts'
import type { Preparer, Requester } from '../preparer.ts'
import { prepareCheck } from './check.ts'
import { isCreateMode, isTtlMode, prepareCreate, readCreate } from './create.ts'
import { prepareDelete, readDelete } from './delete.ts'
import { prepareSetData, readSetData } from './set-data.ts'

/** A sub-request, read and ready to be checked in its turn. */
export type Part = (preparer: Preparer, requester: Requester) => SingleTxn | ErrorCode

/**
 * The sub-requests. Throws JuteError for what makes the whole request fail with -5, NoTransaction
 * where Apache notices before there is a transaction.
 */
export function readMulti(reader: Reader): Part[] {
  const parts: Part[] = []
  let isRead: boolean | undefined
  for (;;) {
    const type = reader.int()
    const done = reader.boolean()
    reader.int()
    if (done) break
    const readsNow = type === OpCode.getData || type === OpCode.getChildren
    if (readsNow) {
      reader.string()
      reader.boolean()
    } else {
      parts.push(readPart(type, reader))
    }
    // The first part says which kind it is.
    isRead ??= readsNow
    if (readsNow !== isRead) throw new JuteError('reads and writes inside one multi')
  }
  if (isRead === true) throw new JuteError('reads inside a multi')
  return parts
}

function readPart(type: number, reader: Reader): Part {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTtl: {
      const asked = readCreate(type, reader)
      if (!isCreateMode(asked.flags)) throw new JuteError(`create flags ${asked.flags}`)
      // Apache trips over it while decoding, before there is a transaction.
      if (asked.acl === null && type !== OpCode.createTtl) throw new NoTransaction('null ACL list')
      // A TTL mode without a TTL is as good as no mode.
      if (isTtlMode(asked.flags) && asked.ttlMs < 0) throw new JuteError('a TTL mode without a TTL')
      const isContainer = type === OpCode.create && asked.flags === CreateMode.container
      const request = isContainer ? ({ ...asked, type: OpCode.createContainer } as const) : asked
      return (preparer, requester) => prepareCreate(preparer, requester, request)
    }
    case OpCode.delete: {
      const request = readDelete(reader)
      return (preparer, requester) => prepareDelete(preparer, requester, request)
    }
    case OpCode.setData: {
      const request = readSetData(reader)
      return (preparer, requester) => prepareSetData(preparer, requester, request)
    }
    case OpCode.check: {
      const request = readDelete(reader)
      return (preparer, requester) => prepareCheck(preparer, requester, request)
    }
    default:
      throw new JuteError(`operation ${type} inside a multi`)
  }
}

/** Makes a multi fail with -5 without a transaction. */
export class NoTransaction extends JuteError {}

/** All or nothing: after a failure the caller undoes what was changed. */
export function prepareMulti(
  preparer: Preparer,
  requester: Requester,
  parts: readonly Part[],
): MultiTxn | ErrorCode {
  const txns: SingleTxn[] = []
  let failed = false
  for (const part of parts) {
    const txn = failed ? ErrorCode.runtimeInconsistency : part(preparer, requester)
    // An unexpected null is nothing that a part could be refused for.
    if (txn === ErrorCode.marshallingError) return txn
    if (typeof txn === 'number') failed = true
    txns.push(typeof txn === 'number' ? { type: OpCode.error, err: txn } : txn)
  }
  return { type: OpCode.multi, txns }
}

/** The first error of a failed multi; undefined when it succeeded. */
export function multiFailure(txn: MultiTxn): ErrorTxn | undefined {
  return txn.txns.find(part => part.type === OpCode.error)
}

export function writeMultiHeader(out: Writer, type: number, done: boolean, err: number): void {
  out.int(type).boolean(done).int(err)
}

/** One failed, undone or skipped operation: header and body carry the code. */
export function writeErrorResult(out: Writer, err: number): void {
  writeMultiHeader(out, OpCode.error, false, err)
  out.int(err)
}

export function writeMultiEnd(out: Writer): void {
  writeMultiHeader(out, OpCode.error, true, -1)
}
