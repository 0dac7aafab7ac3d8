/**
 * Transactions: what the log holds and what PROPOSAL and INFORM carry (quorum-protocol.md 8.1).
 * An entry is TxnHeader (32 bytes) + body + optional TxnDigest (12 bytes).
 */
import { unreachable } from '../../base/invariant.ts'
import type { SessionId, Zxid } from '../ids.ts'
import { sessionId, zxid } from '../ids.ts'
import { OpCode } from '../opcodes.ts'
import { JuteError, Reader } from '../reader.ts'
import { Writer } from '../writer.ts'
import { type Acl, readAcl, writeAcl } from './data.ts'

export interface CreateTxn {
  readonly type:
    | typeof OpCode.create
    | typeof OpCode.create2
    | typeof OpCode.createContainer
    | typeof OpCode.createTtl
  readonly path: string
  readonly data: Uint8Array | null
  readonly acl: readonly Acl[]
  readonly ephemeral: boolean
  /**
   * The parent's count of creations after this one; -1 in logs of 3.4: the current one plus one.
   */
  readonly parentCVersion: number
  /** Milliseconds; 0 unless type is createTtl. */
  readonly ttlMs: number
}

export interface DeleteTxn {
  readonly type: typeof OpCode.delete | typeof OpCode.deleteContainer
  readonly path: string
}

export interface SetDataTxn {
  /** A reconfig is a setData of /zookeeper/config with version -1. */
  readonly type: typeof OpCode.setData | typeof OpCode.reconfig
  readonly path: string
  readonly data: Uint8Array | null
  /** The version after this transaction. */
  readonly version: number
}

export interface SetAclTxn {
  readonly type: typeof OpCode.setAcl
  readonly path: string
  readonly acl: readonly Acl[]
  /** aversion after this transaction. */
  readonly version: number
}

/** Only inside a multi. */
export interface CheckTxn {
  readonly type: typeof OpCode.check
  readonly path: string
  /** The current version plus one, as Apache writes it. */
  readonly version: number
}

export interface CreateSessionTxn {
  readonly type: typeof OpCode.createSession
  readonly timeoutMs: number
}

export interface CloseSessionTxn {
  readonly type: typeof OpCode.closeSession
  /** Null in logs written with closeSessionTxn.enabled=false: whatever the session still owns. */
  readonly paths: readonly string[] | null
}

export interface ErrorTxn {
  readonly type: typeof OpCode.error
  readonly err: number
}

export type SingleTxn =
  | CreateTxn
  | DeleteTxn
  | SetDataTxn
  | SetAclTxn
  | CheckTxn
  | CreateSessionTxn
  | CloseSessionTxn
  | ErrorTxn

export interface MultiTxn {
  readonly type: typeof OpCode.multi
  readonly txns: readonly SingleTxn[]
}

export type TxnBody = SingleTxn | MultiTxn

/** The leader's digest of the whole tree after the transaction. */
export interface TxnDigest {
  readonly version: number
  readonly treeDigest: bigint
}

export const DIGEST_VERSION = 2

export interface Txn {
  readonly clientId: SessionId
  readonly cxid: number
  readonly zxid: Zxid
  /** Wall clock of the leader, milliseconds. */
  readonly timeMs: number
  readonly body: TxnBody
  readonly digest: TxnDigest | null
}

/** Reads one entry that ends where the reader's bytes end. Throws JuteError. */
export function readTxn(reader: Reader): Txn {
  const clientId = sessionId(reader.long())
  const cxid = reader.int()
  const id = zxid(reader.long())
  const timeMs = reader.longAsNumber()
  const type = reader.int()
  const body = type === OpCode.multi ? readMulti(reader) : readSingle(type, reader)
  const digest =
    reader.remaining >= 12 ? { version: reader.int(), treeDigest: reader.long() } : null
  return { clientId, cxid, zxid: id, timeMs, body, digest }
}

export function writeTxn(writer: Writer, txn: Txn): void {
  writer
    .long(txn.clientId)
    .int(txn.cxid)
    .long(txn.zxid)
    .longFromNumber(txn.timeMs)
    .int(txn.body.type)
  writeTxnBody(writer, txn.body)
  if (txn.digest !== null) writer.int(txn.digest.version).long(txn.digest.treeDigest)
}

function readMulti(reader: Reader): MultiTxn {
  const txns = reader.vector(element => {
    const type = element.int()
    const bytes = element.bufferView()
    if (bytes === null) throw new JuteError(`null body of a ${type} inside a multi`)
    return readSingle(type, new Reader(bytes, element.maxField))
  })
  return { type: OpCode.multi, txns: txns ?? [] }
}

function readSingle(type: number, reader: Reader): SingleTxn {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTtl:
      return readCreate(type, reader)
    case OpCode.delete:
    case OpCode.deleteContainer:
      return { type, path: reader.text() }
    case OpCode.setData:
    case OpCode.reconfig:
      return { type, path: reader.text(), data: reader.buffer(), version: reader.int() }
    case OpCode.setAcl:
      return { type, path: reader.text(), acl: acls(reader), version: reader.int() }
    case OpCode.check:
      return { type, path: reader.text(), version: reader.int() }
    case OpCode.createSession:
      return { type, timeoutMs: reader.int() }
    case OpCode.closeSession:
      // Without CloseSessionTxn the body is empty: what is left, if anything, is the digest.
      return {
        type,
        paths: reader.remaining === 0 || reader.remaining === 12 ? null : paths(reader),
      }
    case OpCode.error:
      return { type, err: reader.int() }
    default:
      throw new JuteError(`transaction of unknown type ${type}`)
  }
}

function readCreate(type: CreateTxn['type'], reader: Reader): CreateTxn {
  const path = reader.text()
  const data = reader.buffer()
  const acl = acls(reader)
  const named = type === OpCode.create || type === OpCode.create2
  const ephemeral = named ? reader.boolean() : false
  // CreateTxnV0 of 3.4 has no parentCVersion; what could follow it is only the 12 bytes of a
  // digest.
  const old = type === OpCode.create && (reader.remaining === 0 || reader.remaining === 12)
  const parentCVersion = old ? -1 : reader.int()
  const ttlMs = type === OpCode.createTtl ? reader.longAsNumber() : 0
  return { type, path, data, acl, ephemeral, parentCVersion, ttlMs }
}

function acls(reader: Reader): Acl[] {
  return reader.vector(readAcl) ?? []
}

function paths(reader: Reader): string[] {
  return reader.strings() ?? []
}

/** The body alone, as it stands inside an entry or inside a multi. */
export function writeTxnBody(writer: Writer, body: TxnBody): void {
  switch (body.type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTtl:
      writeCreate(writer, body)
      return
    case OpCode.delete:
    case OpCode.deleteContainer:
      writer.string(body.path)
      return
    case OpCode.setData:
    case OpCode.reconfig:
      writer.string(body.path).buffer(body.data).int(body.version)
      return
    case OpCode.setAcl:
      writer.string(body.path).vector(body.acl, writeAcl).int(body.version)
      return
    case OpCode.check:
      writer.string(body.path).int(body.version)
      return
    case OpCode.createSession:
      writer.int(body.timeoutMs)
      return
    case OpCode.closeSession:
      if (body.paths !== null) writer.strings(body.paths)
      return
    case OpCode.error:
      writer.int(body.err)
      return
    case OpCode.multi:
      writer.vector(body.txns, writeInner)
      return
    default:
      unreachable(body)
  }
}

function writeCreate(writer: Writer, body: CreateTxn): void {
  writer.string(body.path).buffer(body.data).vector(body.acl, writeAcl)
  if (body.type === OpCode.create || body.type === OpCode.create2) writer.boolean(body.ephemeral)
  // parentCVersion -1 stands for the short form of 3.4, which is written back as it was read.
  if (body.parentCVersion !== -1 || body.type !== OpCode.create) writer.int(body.parentCVersion)
  if (body.type === OpCode.createTtl) writer.longFromNumber(body.ttlMs)
}

function writeInner(writer: Writer, body: SingleTxn): void {
  writer.int(body.type)
  const mark = writer.beginFrame()
  writeTxnBody(writer, body)
  writer.endFrame(mark)
}
