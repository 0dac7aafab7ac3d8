/**
 * Requests and responses of the client protocol (client-protocol.md 2.1, 3, 5 and 8), for those who
 * talk to a server. The server itself reads requests in place. Strings, buffers and vectors may be
 * null on the wire, so they may be null here.
 */
import { OpCode } from '../opcodes.ts'
import { JuteError, type Reader } from '../reader.ts'
import type { Writer } from '../writer.ts'
import { type RawAcl, readRawAcl, readStat, type Stat, writeStat } from './data.ts'

/** How one record stands on the wire. `read` throws JuteError. */
export interface Codec<T> {
  readonly read: (reader: Reader) => T
  readonly write: (writer: Writer, value: T) => void
}

type Fields<T> = { readonly [K in keyof T]-?: Codec<T[K]> }

/** The fields of a record in the order of the wire. */
function record<T extends object>(fields: Fields<T>): Codec<T> {
  const names = Object.keys(fields) as (keyof T)[]
  return {
    read: reader => {
      const value: Partial<T> = {}
      for (const name of names) value[name] = fields[name].read(reader)
      return value as T
    },
    write: (writer, value) => {
      for (const name of names) fields[name].write(writer, value[name])
    },
  }
}

function vector<T>(element: Codec<T>): Codec<readonly T[] | null> {
  return {
    read: reader => reader.vector(element.read),
    write: (writer, values) => writer.vector(values, element.write),
  }
}

const int: Codec<number> = { read: r => r.int(), write: (w, value) => w.int(value) }
const long: Codec<bigint> = { read: r => r.long(), write: (w, value) => w.long(value) }
const boolean: Codec<boolean> = { read: r => r.boolean(), write: (w, value) => w.boolean(value) }
const string: Codec<string | null> = { read: r => r.string(), write: (w, v) => w.string(v) }
const buffer: Codec<Uint8Array | null> = { read: r => r.buffer(), write: (w, v) => w.buffer(v) }
const strings: Codec<readonly string[] | null> = {
  read: reader => reader.strings(),
  write: (writer, texts) => writer.strings(texts),
}
const stat: Codec<Stat> = { read: readStat, write: writeStat }
const acls: Codec<readonly RawAcl[] | null> = vector({
  read: readRawAcl,
  write: (writer, acl) => writer.int(acl.perms).string(acl.scheme).string(acl.id),
})

/** Clients before 3.4 and go-zookeeper send no such byte, and get none: undefined. */
const lastBoolean: Codec<boolean | undefined> = {
  read: reader => (reader.remaining === 0 ? undefined : reader.boolean()),
  write: (writer, value) => {
    if (value !== undefined) writer.boolean(value)
  },
}

export interface ConnectRequest {
  readonly protocolVersion: number
  readonly lastZxidSeen: bigint
  readonly timeOut: number
  readonly sessionId: bigint
  readonly passwd: Uint8Array | null
  readonly readOnly: boolean | undefined
}

export const connectRequest: Codec<ConnectRequest> = record<ConnectRequest>({
  protocolVersion: int,
  lastZxidSeen: long,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
  readOnly: lastBoolean,
})

export interface ConnectResponse {
  readonly protocolVersion: number
  readonly timeOut: number
  readonly sessionId: bigint
  readonly passwd: Uint8Array | null
  readonly readOnly: boolean | undefined
}

export const connectResponse: Codec<ConnectResponse> = record<ConnectResponse>({
  protocolVersion: int,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
  readOnly: lastBoolean,
})

export interface RequestHeader {
  readonly xid: number
  readonly type: number
}

export const requestHeader: Codec<RequestHeader> = record<RequestHeader>({ xid: int, type: int })

export interface ReplyHeader {
  readonly xid: number
  readonly zxid: bigint
  readonly err: number
}

export const replyHeader: Codec<ReplyHeader> = record<ReplyHeader>({
  xid: int,
  zxid: long,
  err: int,
})

export interface WatcherEvent {
  readonly type: number
  readonly state: number
  readonly path: string | null
}

export const watcherEvent: Codec<WatcherEvent> = record<WatcherEvent>({
  type: int,
  state: int,
  path: string,
})

/** create, create2 and createContainer. */
export interface CreateRequest {
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly acl: readonly RawAcl[] | null
  readonly flags: number
}

const createFields: Fields<CreateRequest> = { path: string, data: buffer, acl: acls, flags: int }

export const createRequest: Codec<CreateRequest> = record<CreateRequest>(createFields)

export interface CreateTtlRequest extends CreateRequest {
  readonly ttl: bigint
}

export const createTtlRequest: Codec<CreateTtlRequest> = record<CreateTtlRequest>({
  ...createFields,
  ttl: long,
})

export interface Create2Response {
  readonly path: string | null
  readonly stat: Stat
}

export const create2Response: Codec<Create2Response> = record<Create2Response>({
  path: string,
  stat,
})

/** delete and check. */
export interface PathVersion {
  readonly path: string | null
  readonly version: number
}

export const pathVersion: Codec<PathVersion> = record<PathVersion>({ path: string, version: int })

/** exists, getData, getChildren and getChildren2. */
export interface PathWatch {
  readonly path: string | null
  readonly watch: boolean
}

export const pathWatch: Codec<PathWatch> = record<PathWatch>({ path: string, watch: boolean })

export interface SetDataRequest {
  readonly path: string | null
  readonly data: Uint8Array | null
  readonly version: number
}

export const setDataRequest: Codec<SetDataRequest> = record<SetDataRequest>({
  path: string,
  data: buffer,
  version: int,
})

export interface SetAclRequest {
  readonly path: string | null
  readonly acl: readonly RawAcl[] | null
  readonly version: number
}

export const setAclRequest: Codec<SetAclRequest> = record<SetAclRequest>({
  path: string,
  acl: acls,
  version: int,
})

/** getAcl, sync, getAllChildrenNumber and deleteContainer; the answers of create and sync. */
export interface PathOnly {
  readonly path: string | null
}

export const pathOnly: Codec<PathOnly> = record<PathOnly>({ path: string })

export interface StatResponse {
  readonly stat: Stat
}

export const statResponse: Codec<StatResponse> = record<StatResponse>({ stat })

/** getData and reconfig. */
export interface DataResponse {
  readonly data: Uint8Array | null
  readonly stat: Stat
}

export const dataResponse: Codec<DataResponse> = record<DataResponse>({ data: buffer, stat })

export interface AclResponse {
  readonly acl: readonly RawAcl[] | null
  readonly stat: Stat
}

export const aclResponse: Codec<AclResponse> = record<AclResponse>({ acl: acls, stat })

/** getChildren and getEphemerals. */
export interface NamesResponse {
  readonly names: readonly string[] | null
}

export const namesResponse: Codec<NamesResponse> = record<NamesResponse>({
  names: strings,
})

export interface Children2Response {
  readonly names: readonly string[] | null
  readonly stat: Stat
}

export const children2Response: Codec<Children2Response> = record<Children2Response>({
  names: strings,
  stat,
})

/** getAllChildrenNumber's count, and the `err` that addWatch answers. */
export interface IntResponse {
  readonly value: number
}

export const intResponse: Codec<IntResponse> = record<IntResponse>({ value: int })

/** checkWatches and removeWatches (a watcher type), addWatch (a mode). */
export interface PathType {
  readonly path: string | null
  readonly type: number
}

export const pathType: Codec<PathType> = record<PathType>({ path: string, type: int })

export interface SetWatchesRequest {
  readonly relativeZxid: bigint
  readonly data: readonly string[] | null
  readonly exist: readonly string[] | null
  readonly child: readonly string[] | null
}

const setWatchesFields: Fields<SetWatchesRequest> = {
  relativeZxid: long,
  data: strings,
  exist: strings,
  child: strings,
}

export const setWatchesRequest: Codec<SetWatchesRequest> =
  record<SetWatchesRequest>(setWatchesFields)

export interface SetWatches2Request extends SetWatchesRequest {
  readonly persistent: readonly string[] | null
  readonly persistentRecursive: readonly string[] | null
}

export const setWatches2Request: Codec<SetWatches2Request> = record<SetWatches2Request>({
  ...setWatchesFields,
  persistent: strings,
  persistentRecursive: strings,
})

export interface AuthRequest {
  readonly type: number
  readonly scheme: string | null
  readonly auth: Uint8Array | null
}

export const authRequest: Codec<AuthRequest> = record<AuthRequest>({
  type: int,
  scheme: string,
  auth: buffer,
})

/** Both directions of SASL. */
export interface SaslToken {
  readonly token: Uint8Array | null
}

export const saslToken: Codec<SaslToken> = record<SaslToken>({ token: buffer })

export interface ClientInfo {
  readonly authScheme: string | null
  readonly user: string | null
}

export interface WhoAmIResponse {
  readonly clientInfo: readonly ClientInfo[] | null
}

export const whoAmIResponse: Codec<WhoAmIResponse> = record<WhoAmIResponse>({
  clientInfo: vector(record<ClientInfo>({ authScheme: string, user: string })),
})

export interface ReconfigRequest {
  readonly joiningServers: string | null
  readonly leavingServers: string | null
  readonly newMembers: string | null
  readonly curConfigId: bigint
}

export const reconfigRequest: Codec<ReconfigRequest> = record<ReconfigRequest>({
  joiningServers: string,
  leavingServers: string,
  newMembers: string,
  curConfigId: long,
})

export interface MultiHeader {
  readonly type: number
  readonly done: boolean
  readonly err: number
}

export const multiHeader: Codec<MultiHeader> = record<MultiHeader>({
  type: int,
  done: boolean,
  err: int,
})

export const MULTI_END: MultiHeader = { type: -1, done: true, err: -1 }

/** One result of multi or multiRead. `err` repeats what the result's own header carries. */
export type MultiResult =
  | { readonly type: typeof OpCode.error; readonly err: number }
  | { readonly type: typeof OpCode.create; readonly path: string | null }
  | { readonly type: typeof OpCode.create2; readonly path: string | null; readonly stat: Stat }
  | { readonly type: typeof OpCode.setData; readonly stat: Stat }
  | { readonly type: typeof OpCode.getData; readonly data: Uint8Array | null; readonly stat: Stat }
  | { readonly type: typeof OpCode.getChildren; readonly names: readonly string[] | null }
  | { readonly type: typeof OpCode.delete | typeof OpCode.check }

/** One operation of multi or multiRead: its type and its record. */
export interface MultiOp {
  readonly type: number
  readonly write: (writer: Writer) => void
}

/** An operation for `writeMulti`. */
export function multiOp<T>(type: number, codec: Codec<T>, value: T): MultiOp {
  return { type, write: writer => codec.write(writer, value) }
}

/** The body of a multi or multiRead request. */
export function writeMulti(writer: Writer, ops: readonly MultiOp[]): void {
  for (const op of ops) {
    multiHeader.write(writer, { type: op.type, done: false, err: -1 })
    op.write(writer)
  }
  multiHeader.write(writer, MULTI_END)
}

/** The body of a reply to multi or multiRead. Throws JuteError, also on an unknown result type. */
export function readMultiResults(reader: Reader): readonly MultiResult[] {
  const results: MultiResult[] = []
  for (;;) {
    const header = multiHeader.read(reader)
    if (header.done) return results
    results.push(readResult(header, reader))
  }
}

function readResult(header: MultiHeader, reader: Reader): MultiResult {
  switch (header.type) {
    case OpCode.error:
      return { type: header.type, err: agreed(header.err, reader.int()) }
    case OpCode.create:
      return { type: header.type, path: reader.string() }
    case OpCode.create2:
      return { type: header.type, path: reader.string(), stat: readStat(reader) }
    case OpCode.setData:
      return { type: header.type, stat: readStat(reader) }
    case OpCode.getData:
      return { type: header.type, data: reader.buffer(), stat: readStat(reader) }
    case OpCode.getChildren:
      return { type: header.type, names: strings.read(reader) }
    case OpCode.delete:
    case OpCode.check:
      return { type: header.type }
    default:
      throw new JuteError(`result of unknown type ${header.type} in a multi`)
  }
}

function agreed(inHeader: number, inBody: number): number {
  if (inHeader !== inBody) {
    throw new JuteError(`multi result says error ${inHeader} in its header, ${inBody} in its body`)
  }
  return inBody
}
