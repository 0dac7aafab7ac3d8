/**
 * A dumb twin of the database: znodes are objects in a Map, nothing is shared, nothing is fast. And
 * a source of transactions as a leader would make them of it.
 */
import type { TestRandom } from '../../base/test-random.ts'
import { type SessionId, sessionId, type Zxid, zxid } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { type Acl, OPEN_ACL, READ_ONLY_ACL, type Stat } from '../../wire/records/data.ts'
import type { SingleTxn, Txn, TxnBody } from '../../wire/records/txn.ts'
import type { TreeOptions } from './data-tree.ts'

export const TREE_OPTIONS: TreeOptions = {
  digestEnabled: true,
  hashSeed: 7,
  extendedTypes: true,
  emulate353: false,
}

export interface TwinNode {
  data: Uint8Array | null
  acl: readonly Acl[]
  readonly czxid: bigint
  mzxid: bigint
  pzxid: bigint
  readonly ctime: number
  mtime: number
  version: number
  /** Creations of children ever. */
  creations: number
  aversion: number
  /** As stored: a session, or the mark of a container or TTL znode. */
  readonly owner: bigint
}

const CONTAINER = -(1n << 63n)
const TTL_MARK = -(1n << 56n)

export class Twin {
  readonly nodes: Map<string, TwinNode> = new Map()
  readonly sessions: Map<SessionId, number> = new Map()
  #zxid = 0n
  #timeMs = 0

  constructor() {
    const empty = new Uint8Array(0)
    for (const path of ['', '/zookeeper', '/zookeeper/quota', '/zookeeper/config']) {
      this.#put(path, empty, path.endsWith('config') ? READ_ONLY_ACL : OPEN_ACL, 0n)
    }
    this.nodes.get('/zookeeper/config')!.aversion = -1
  }

  children(path: string): string[] {
    const prefix = `${path}/`
    return [...this.nodes.keys()]
      .filter(other => other.startsWith(prefix) && !other.includes('/', prefix.length))
      .map(other => other.slice(prefix.length))
  }

  /** What clients see. */
  stat(path: string): Stat {
    const node = this.nodes.get(path)!
    const numChildren = this.children(path).length
    const { czxid, mzxid, pzxid, ctime, mtime, version, aversion, owner, data } = node
    const isSession = owner !== CONTAINER && owner >> 56n !== -1n
    return {
      czxid,
      mzxid,
      ctime,
      mtime,
      version,
      cversion: 2 * node.creations - numChildren,
      aversion,
      ephemeralOwner: isSession ? owner : 0n,
      dataLength: data?.length ?? 0,
      numChildren,
      pzxid,
    }
  }

  owned(owner: bigint): string[] {
    return [...this.nodes].filter(([, node]) => node.owner === owner).map(([path]) => path)
  }

  apply(txn: Txn): void {
    this.#zxid = txn.zxid
    this.#timeMs = txn.timeMs
    const { body } = txn
    const parts: readonly SingleTxn[] = body.type === OpCode.multi ? body.txns : [body]
    if (parts.some(({ type }) => type === OpCode.error)) return
    for (const part of parts) this.#applyPart(txn.clientId, part)
  }

  #applyPart(client: SessionId, body: SingleTxn): void {
    switch (body.type) {
      case OpCode.create:
      case OpCode.create2:
        this.#create(body.path, body.data, body.acl, body.ephemeral ? client : 0n)
        return
      case OpCode.createContainer:
        this.#create(body.path, body.data, body.acl, CONTAINER)
        return
      case OpCode.createTtl:
        this.#create(body.path, body.data, body.acl, TTL_MARK | BigInt(body.ttlMs))
        return
      case OpCode.delete:
      case OpCode.deleteContainer:
        this.#delete(body.path)
        return
      case OpCode.setData:
      case OpCode.reconfig: {
        const node = this.nodes.get(body.path)!
        node.data = body.data
        node.version = body.version
        node.mzxid = this.#zxid
        node.mtime = this.#timeMs
        return
      }
      case OpCode.setAcl: {
        const node = this.nodes.get(body.path)!
        node.acl = body.acl
        node.aversion = body.version
        return
      }
      case OpCode.createSession:
        this.sessions.set(client, body.timeoutMs)
        return
      case OpCode.closeSession:
        this.sessions.delete(client)
        for (const path of this.owned(client)) this.#delete(path)
        return
      case OpCode.check:
      case OpCode.error:
        return
    }
  }

  #create(path: string, data: Uint8Array | null, acl: readonly Acl[], owner: bigint): void {
    this.#put(path, data, acl, owner)
    const parent = this.nodes.get(path.slice(0, path.lastIndexOf('/')))!
    parent.creations++
    parent.pzxid = this.#zxid
  }

  #put(path: string, data: Uint8Array | null, acl: readonly Acl[], owner: bigint): void {
    this.nodes.set(path, {
      data,
      acl,
      czxid: this.#zxid,
      mzxid: this.#zxid,
      pzxid: this.#zxid,
      ctime: this.#timeMs,
      mtime: this.#timeMs,
      version: 0,
      creations: 0,
      aversion: 0,
      owner,
    })
  }

  #delete(path: string): void {
    this.nodes.delete(path)
    this.nodes.get(path.slice(0, path.lastIndexOf('/')))!.pzxid = this.#zxid
  }
}

const ACLS: readonly (readonly Acl[])[] = [
  OPEN_ACL,
  READ_ONLY_ACL,
  [{ perms: 31, id: { scheme: 'digest', id: 'u:hash' } }],
  [
    { perms: 1, id: { scheme: 'world', id: 'anyone' } },
    { perms: 6, id: { scheme: 'ip', id: '10.0.0.0/8' } },
  ],
]

/** Transactions that a leader whose tree is `twin` could propose next. */
export class RandomTxns {
  readonly #twin: Twin
  readonly #random: TestRandom
  #zxid = 0x100000000n
  #timeMs = 1_795_348_607_645
  #nextSession = 0x100000f7d6f0000n
  #nextName = 0

  constructor(twin: Twin, random: TestRandom) {
    this.#twin = twin
    this.#random = random
  }

  /** The next transaction, which the twin has applied when this returns. */
  next(): Txn {
    const random = this.#random
    this.#zxid += BigInt(random.oneIn(20) ? random.between(1, 1000) : 1)
    this.#timeMs += random.int(50)
    const clientId = this.#session()
    const body = random.oneIn(6) ? this.#multi(clientId) : this.#single(clientId)
    const txn = this.#txn(clientId, body)
    this.#twin.apply(txn)
    return txn
  }

  #txn(clientId: SessionId, body: TxnBody): Txn {
    const id: Zxid = zxid(this.#zxid)
    return { clientId, cxid: 1, zxid: id, timeMs: this.#timeMs, body, digest: null }
  }

  #session(): SessionId {
    const known = [...this.#twin.sessions.keys()]
    if (known.length > 0 && !this.#random.oneIn(15)) return this.#random.pick(known)
    return sessionId(this.#nextSession++)
  }

  /** Made against a copy of the twin that goes along, as the parts see each other. */
  #multi(clientId: SessionId): TxnBody {
    const random = this.#random
    const ahead = copyOf(this.#twin)
    const txns: SingleTxn[] = []
    const source = new RandomTxns(ahead, random)
    source.#zxid = this.#zxid
    source.#nextName = this.#nextName
    for (let i = random.int(5); i > 0; i--) {
      const body = source.#single(clientId)
      const { type } = body
      if (type === OpCode.createSession || type === OpCode.closeSession) continue
      ahead.apply(this.#txn(clientId, body))
      txns.push(body)
    }
    this.#nextName = source.#nextName
    if (random.oneIn(5)) {
      const failed = txns.map(() => ({ type: OpCode.error, err: 0 }) as const)
      return { type: OpCode.multi, txns: [...failed, { type: OpCode.error, err: -101 }] }
    }
    return { type: OpCode.multi, txns }
  }

  #single(clientId: SessionId): SingleTxn {
    const random = this.#random
    if (!this.#twin.sessions.has(clientId)) {
      return { type: OpCode.createSession, timeoutMs: random.between(4000, 40_000) }
    }
    if (random.oneIn(40)) {
      return { type: OpCode.closeSession, paths: this.#closePaths(clientId) }
    }
    const path = random.pick([...this.#twin.nodes.keys()])
    const node = this.#twin.nodes.get(path)!
    switch (random.int(10)) {
      case 0:
      case 1:
        return { type: OpCode.setData, path, data: this.#data(), version: node.version + 1 }
      case 2:
        return { type: OpCode.setAcl, path, acl: random.pick(ACLS), version: node.aversion + 1 }
      case 3:
      case 4:
        return this.#delete(path)
      case 5:
        return { type: OpCode.check, path, version: node.version + 1 }
      default:
        return this.#create(path)
    }
  }

  #closePaths(clientId: SessionId): readonly string[] | null {
    return this.#random.oneIn(2) ? this.#twin.owned(clientId) : null
  }

  #delete(path: string): SingleTxn {
    const isEmpty = this.#twin.children(path).length === 0
    const isBuiltIn = path === '' || path === '/zookeeper/quota' || path === '/zookeeper/config'
    if (!isEmpty || isBuiltIn) return { type: OpCode.error, err: -111 }
    return { type: this.#random.oneIn(4) ? OpCode.deleteContainer : OpCode.delete, path }
  }

  #create(under: string): SingleTxn {
    const random = this.#random
    const parent = random.oneIn(3) ? '' : under
    const node = this.#twin.nodes.get(parent)!
    const isEphemeral = this.#twin.stat(parent).ephemeralOwner !== 0n
    const path = `${parent}/${this.#name()}`
    if (isEphemeral || this.#twin.nodes.has(path)) return { type: OpCode.error, err: -108 }
    const type = random.pick([
      OpCode.create,
      OpCode.create,
      OpCode.create2,
      OpCode.createContainer,
      OpCode.createTtl,
    ])
    return {
      type,
      path,
      data: this.#data(),
      acl: random.pick(ACLS),
      ephemeral: (type === OpCode.create || type === OpCode.create2) && random.oneIn(3),
      parentCVersion: node.creations + 1,
      ttlMs: type === OpCode.createTtl ? random.between(1, 0xff_ffff) : 0,
    }
  }

  /** Often one that was there before, sometimes not ASCII, sometimes long. */
  #name(): string {
    const random = this.#random
    const base = random.pick(['a', 'b', 'c', 'ä€', 'node-', 'x'.repeat(random.between(1, 60))])
    return random.oneIn(2) ? base : `${base}${this.#nextName++}`
  }

  #data(): Uint8Array | null {
    const random = this.#random
    if (random.oneIn(8)) return null
    return random.bytes(random.oneIn(30) ? random.int(5000) : random.int(40))
  }
}

function copyOf(twin: Twin): Twin {
  const copy = new Twin()
  copy.nodes.clear()
  for (const [path, node] of twin.nodes) copy.nodes.set(path, { ...node })
  for (const [id, timeoutMs] of twin.sessions) copy.sessions.set(id, timeoutMs)
  return copy
}
