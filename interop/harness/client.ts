/**
 * One session with a method per operation. Methods never throw for an error code: tests say what
 * they expect with `ok` and `fails`.
 */
import assert from 'node:assert/strict'
import { errorName } from '../../wire/errors.ts'
import { CreateMode, OpCode, Xid } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import type { RawAcl, Stat } from '../../wire/records/data.ts'
import * as proto from '../../wire/records/proto.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import type { Writer } from '../../wire/writer.ts'
import {
  type ConnectKnobs,
  type Handshake,
  type Notification,
  RawClient,
  type Reply,
} from './raw-client.ts'

/** A reply with its decoded body, undefined when there is an error. */
export interface Answer<T> extends Reply {
  readonly value: T | undefined
}

export interface CreateOptions {
  readonly data?: Uint8Array | string | null
  readonly acl?: readonly RawAcl[] | null
  readonly flags?: number
  /** Only for createTtl. */
  readonly ttl?: bigint
}

export const OPEN: readonly RawAcl[] = [acl(31, 'world', 'anyone')]

export function acl(perms: number, scheme: string | null, id: string | null): RawAcl {
  return { perms, scheme, id }
}

/** The decoded body of an answer without error. */
export function ok<T>(answer: Answer<T>): T {
  assert.equal(errorName(answer.err), 'ok', `error of the reply to ${answer.xid}`)
  return answer.value as T
}

/** Asserts the error code and that nothing but the header came. */
export function fails(answer: Answer<unknown>, err: number): void {
  assert.equal(errorName(answer.err), errorName(err), `error of the reply to ${answer.xid}`)
  assert.equal(answer.frame.length, 16, 'an error has no body')
}

export class Client {
  readonly raw: RawClient
  readonly session: Handshake

  private constructor(raw: RawClient, session: Handshake) {
    this.raw = raw
    this.session = session
  }

  /** Connects and attaches, with a new session unless `knobs` says otherwise. */
  static async connect(
    port: number,
    knobs: ConnectKnobs = {},
    host: string = '127.0.0.1',
  ): Promise<Client> {
    const raw = await RawClient.open(port, host)
    try {
      return new Client(raw, await raw.handshake(knobs))
    } catch (error) {
      raw.destroy()
      throw error
    }
  }

  /** The knobs with which this session is attached again. */
  get credentials(): ConnectKnobs {
    return { sessionId: this.session.sessionId, passwd: this.session.passwd }
  }

  /** Sends `value` as the body and reads the body of an answer without error. */
  async request<Q, A>(
    type: number,
    request: proto.Codec<Q>,
    value: Q,
    answer: (reader: Reader) => A,
    xid?: number,
  ): Promise<Answer<A>> {
    return this.send(type, writer => request.write(writer, value), answer, xid)
  }

  async send<A>(
    type: number,
    body: (writer: Writer) => unknown,
    answer: (reader: Reader) => A,
    xid?: number,
  ): Promise<Answer<A>> {
    const reply = await this.raw.call(type, body, xid)
    if (reply.err !== 0) return { ...reply, value: undefined }
    const reader = new Reader(reply.body, reply.body.length)
    const value = answer(reader)
    assert.equal(reader.remaining, 0, `bytes after the body of the reply to ${reply.xid}`)
    return { ...reply, value }
  }

  async create(path: string | null, options: CreateOptions = {}): Promise<Answer<string | null>> {
    return this.request(OpCode.create, proto.createRequest, fields(path, options), readPath)
  }

  async create2(
    path: string | null,
    options: CreateOptions = {},
  ): Promise<Answer<proto.Create2Response>> {
    const value = fields(path, options)
    return this.request(OpCode.create2, proto.createRequest, value, proto.create2Response.read)
  }

  async createContainer(
    path: string | null,
    options: CreateOptions = {},
  ): Promise<Answer<proto.Create2Response>> {
    const value = fields(path, { flags: CreateMode.container, ...options })
    const read = proto.create2Response.read
    return this.request(OpCode.createContainer, proto.createRequest, value, read)
  }

  async createTtl(
    path: string | null,
    options: CreateOptions = {},
  ): Promise<Answer<proto.Create2Response>> {
    const value = {
      ...fields(path, { flags: CreateMode.persistentWithTtl, ...options }),
      ttl: options.ttl ?? 100_000n,
    }
    const read = proto.create2Response.read
    return this.request(OpCode.createTtl, proto.createTtlRequest, value, read)
  }

  async delete(path: string | null, version: number = -1): Promise<Answer<void>> {
    return this.request(OpCode.delete, proto.pathVersion, { path, version }, nothing)
  }

  async exists(path: string | null, watch: boolean = false): Promise<Answer<Stat>> {
    return this.request(OpCode.exists, proto.pathWatch, { path, watch }, readStat)
  }

  async getData(path: string | null, watch: boolean = false): Promise<Answer<proto.DataResponse>> {
    const read = proto.dataResponse.read
    return this.request(OpCode.getData, proto.pathWatch, { path, watch }, read)
  }

  async setData(
    path: string | null,
    data: Uint8Array | string | null,
    version: number = -1,
  ): Promise<Answer<Stat>> {
    const value = { path, data: bytes(data), version }
    return this.request(OpCode.setData, proto.setDataRequest, value, readStat)
  }

  async getAcl(path: string | null): Promise<Answer<proto.AclResponse>> {
    return this.request(OpCode.getAcl, proto.pathOnly, { path }, proto.aclResponse.read)
  }

  async setAcl(
    path: string | null,
    acl: readonly RawAcl[] | null,
    version: number = -1,
  ): Promise<Answer<Stat>> {
    return this.request(OpCode.setAcl, proto.setAclRequest, { path, acl, version }, readStat)
  }

  /** Sorted: the order of names means nothing. */
  async getChildren(path: string | null, watch: boolean = false): Promise<Answer<string[]>> {
    return this.request(OpCode.getChildren, proto.pathWatch, { path, watch }, readNames)
  }

  async getChildren2(
    path: string | null,
    watch: boolean = false,
  ): Promise<Answer<proto.Children2Response>> {
    const read = proto.children2Response.read
    return this.request(OpCode.getChildren2, proto.pathWatch, { path, watch }, read)
  }

  async getAllChildrenNumber(path: string | null): Promise<Answer<number>> {
    return this.request(OpCode.getAllChildrenNumber, proto.pathOnly, { path }, r => r.int())
  }

  async getEphemerals(prefix: string | null): Promise<Answer<string[]>> {
    return this.request(OpCode.getEphemerals, proto.pathOnly, { path: prefix }, readNames)
  }

  async sync(path: string | null): Promise<Answer<string | null>> {
    return this.request(OpCode.sync, proto.pathOnly, { path }, readPath)
  }

  async ping(xid: number = Xid.ping): Promise<Answer<void>> {
    return this.send(OpCode.ping, () => {}, nothing, xid)
  }

  async whoAmI(): Promise<Answer<readonly proto.ClientInfo[]>> {
    return this.send(
      OpCode.whoAmI,
      () => {},
      r => proto.whoAmIResponse.read(r).clientInfo ?? [],
    )
  }

  async auth(
    scheme: string | null,
    auth: Uint8Array | string | null,
    xid: number = Xid.auth,
  ): Promise<Answer<void>> {
    const value = { type: 0, scheme, auth: bytes(auth) }
    return this.request(OpCode.auth, proto.authRequest, value, nothing, xid)
  }

  async addWatch(path: string | null, mode: number): Promise<Answer<number>> {
    return this.request(OpCode.addWatch, proto.pathType, { path, type: mode }, r => r.int())
  }

  async checkWatches(path: string | null, type: number): Promise<Answer<void>> {
    return this.request(OpCode.checkWatches, proto.pathType, { path, type }, nothing)
  }

  async removeWatches(path: string | null, type: number): Promise<Answer<void>> {
    return this.request(OpCode.removeWatches, proto.pathType, { path, type }, nothing)
  }

  async setWatches(
    relativeZxid: bigint,
    lists: Partial<Omit<proto.SetWatchesRequest, 'relativeZxid'>>,
    xid: number = Xid.setWatches,
  ): Promise<Answer<void>> {
    const value = { relativeZxid, data: [], exist: [], child: [], ...lists }
    return this.request(OpCode.setWatches, proto.setWatchesRequest, value, nothing, xid)
  }

  async setWatches2(
    relativeZxid: bigint,
    lists: Partial<Omit<proto.SetWatches2Request, 'relativeZxid'>>,
    xid: number = Xid.setWatches,
  ): Promise<Answer<void>> {
    const empty = { data: [], exist: [], child: [], persistent: [], persistentRecursive: [] }
    const value = { relativeZxid, ...empty, ...lists }
    return this.request(OpCode.setWatches2, proto.setWatches2Request, value, nothing, xid)
  }

  async multi(ops: readonly proto.MultiOp[]): Promise<Answer<readonly proto.MultiResult[]>> {
    return this.send(OpCode.multi, w => proto.writeMulti(w, ops), proto.readMultiResults)
  }

  async multiRead(ops: readonly proto.MultiOp[]): Promise<Answer<readonly proto.MultiResult[]>> {
    return this.send(OpCode.multiRead, w => proto.writeMulti(w, ops), proto.readMultiResults)
  }

  async reconfig(value: Partial<proto.ReconfigRequest>): Promise<Answer<proto.DataResponse>> {
    const whole = {
      joiningServers: null,
      leavingServers: null,
      newMembers: null,
      curConfigId: -1n,
      ...value,
    }
    const read = proto.dataResponse.read
    return this.request(OpCode.reconfig, proto.reconfigRequest, whole, read)
  }

  async sasl(token: Uint8Array | null): Promise<Answer<Uint8Array | null>> {
    return this.request(OpCode.sasl, proto.saslToken, { token }, r => r.buffer())
  }

  /** closeSession, and waits for the end of the connection. */
  async close(): Promise<Answer<void>> {
    const answer = await this.send(OpCode.closeSession, () => {}, nothing)
    await this.raw.closed
    return answer
  }

  /**
   * Takes away the notifications that have come. A ping goes first: notifications are queued while
   * a transaction is applied, so whatever an answered write has caused comes before its reply.
   */
  async events(): Promise<readonly Notification[]> {
    await this.ping()
    return this.raw.notifications.splice(0)
  }

  /** `events` as `type path`, with the types' names. */
  async eventTexts(): Promise<readonly string[]> {
    return (await this.events()).map(eventText)
  }

  /** Waits for `count` notifications that no answered request has caused. */
  async awaitEvents(count: number, timeoutMs?: number): Promise<readonly Notification[]> {
    await this.raw.waitEvents(count, timeoutMs)
    return this.raw.notifications.splice(0)
  }

  destroy(): void {
    this.raw.destroy()
  }
}

const EVENT_NAMES = ['None', 'Created', 'Deleted', 'DataChanged', 'ChildrenChanged']

export function eventText(event: Notification): string {
  return `${EVENT_NAMES[event.type] ?? event.type} ${event.path}`
}

/** Operations of a multi. */
export const op: {
  readonly create: (path: string, options?: CreateOptions) => proto.MultiOp
  readonly create2: (path: string, options?: CreateOptions) => proto.MultiOp
  readonly createContainer: (path: string, options?: CreateOptions) => proto.MultiOp
  readonly createTtl: (path: string, options?: CreateOptions) => proto.MultiOp
  readonly delete: (path: string, version?: number) => proto.MultiOp
  readonly setData: (path: string, data: string | null, version?: number) => proto.MultiOp
  readonly check: (path: string, version?: number) => proto.MultiOp
  readonly getData: (path: string, watch?: boolean) => proto.MultiOp
  readonly getChildren: (path: string, watch?: boolean) => proto.MultiOp
} = {
  create: (path, options = {}) =>
    proto.multiOp(OpCode.create, proto.createRequest, fields(path, options)),
  create2: (path, options = {}) =>
    proto.multiOp(OpCode.create2, proto.createRequest, fields(path, options)),
  createContainer: (path, options = {}) =>
    proto.multiOp(
      OpCode.createContainer,
      proto.createRequest,
      fields(path, { flags: CreateMode.container, ...options }),
    ),
  createTtl: (path, options = {}) =>
    proto.multiOp(OpCode.createTtl, proto.createTtlRequest, {
      ...fields(path, { flags: CreateMode.persistentWithTtl, ...options }),
      ttl: options.ttl ?? 100_000n,
    }),
  delete: (path, version = -1) =>
    proto.multiOp(OpCode.delete, proto.pathVersion, { path, version }),
  setData: (path, data, version = -1) =>
    proto.multiOp(OpCode.setData, proto.setDataRequest, { path, data: bytes(data), version }),
  check: (path, version = -1) => proto.multiOp(OpCode.check, proto.pathVersion, { path, version }),
  getData: (path, watch = false) => proto.multiOp(OpCode.getData, proto.pathWatch, { path, watch }),
  getChildren: (path, watch = false) =>
    proto.multiOp(OpCode.getChildren, proto.pathWatch, { path, watch }),
}

function fields(path: string | null, options: CreateOptions): proto.CreateRequest {
  const { data = null, acl = OPEN, flags = CreateMode.persistent } = options
  return { path, data: bytes(data), acl, flags }
}

function bytes(data: Uint8Array | string | null): Uint8Array | null {
  return typeof data === 'string' ? utf8Bytes(data) : data
}

function readPath(reader: Reader): string | null {
  return reader.string()
}

function readStat(reader: Reader): Stat {
  return proto.statResponse.read(reader).stat
}

function readNames(reader: Reader): string[] {
  const names = proto.namesResponse.read(reader).names
  assert.notEqual(names, null, 'an empty vector, not a null one')
  return [...(names ?? [])].sort()
}

function nothing(): void {}
