/** What a scripted session does, as data: the same steps go to every server. */
import { unreachable } from '../../base/invariant.ts'
import { OpCode } from '../../wire/opcodes.ts'
import type { RawAcl } from '../../wire/records/data.ts'
import { type Answer, type Client, type CreateOptions, op } from '../harness/client.ts'

type Path = string | null

/** One operation of a multi or multiRead. */
export type PartStep =
  | {
      readonly do: 'create' | 'create2' | 'createContainer' | 'createTtl'
      readonly path: string
      readonly options?: CreateOptions
    }
  | { readonly do: 'delete' | 'check'; readonly path: string; readonly version?: number }
  | {
      readonly do: 'setData'
      readonly path: string
      readonly data: string | null
      readonly version?: number
    }
  | { readonly do: 'getData' | 'getChildren'; readonly path: string; readonly watch?: boolean }
  /** An operation that does not belong there, without a body. */
  | { readonly do: 'other'; readonly type: number }

/** Lists of setWatches and setWatches2; `ago` is how many zxids before the last one. */
export interface WatchLists {
  readonly ago: number
  readonly data?: readonly string[]
  readonly exist?: readonly string[]
  readonly child?: readonly string[]
  readonly persistent?: readonly string[]
  readonly persistentRecursive?: readonly string[]
}

/** One request of one session. */
export type RequestStep =
  | {
      readonly do: 'create' | 'create2' | 'createContainer' | 'createTtl'
      readonly path: Path
      readonly options?: CreateOptions
    }
  | { readonly do: 'delete'; readonly path: Path; readonly version?: number }
  | {
      readonly do: 'exists' | 'getData' | 'getChildren' | 'getChildren2'
      readonly path: Path
      readonly watch?: boolean
    }
  | {
      readonly do: 'setData'
      readonly path: Path
      readonly data: string | null
      readonly version?: number
    }
  | {
      readonly do: 'getAcl' | 'getAllChildrenNumber' | 'getEphemerals' | 'sync'
      readonly path: Path
    }
  | {
      readonly do: 'setAcl'
      readonly path: Path
      readonly acl: readonly RawAcl[] | null
      readonly version?: number
    }
  | {
      readonly do: 'addWatch' | 'checkWatches' | 'removeWatches'
      readonly path: Path
      readonly type: number
    }
  | { readonly do: 'setWatches' | 'setWatches2'; readonly lists: WatchLists }
  | { readonly do: 'multi' | 'multiRead'; readonly parts: readonly PartStep[] }
  | { readonly do: 'ping'; readonly xid?: number }
  | { readonly do: 'whoAmI' }
  | { readonly do: 'auth'; readonly scheme: string | null; readonly data: string | null }
  | { readonly do: 'sasl'; readonly token: string }
  | {
      readonly do: 'reconfig'
      readonly joining?: string | null
      readonly leaving?: string | null
      readonly members?: string | null
      readonly curConfigId?: bigint
    }
  /** Any opcode with any body, in hexadecimal. */
  | { readonly do: 'raw'; readonly type: number; readonly body: string }

/** What happens next, and in which of the sessions. */
export type Step = {
  readonly session: number
} & (
  | RequestStep
  /** Sent together, answered in order. */
  | { readonly do: 'burst'; readonly requests: readonly RequestStep[] }
  /** A new session. */
  | { readonly do: 'connect'; readonly timeOut?: number; readonly withoutReadOnly?: boolean }
  /** The same session on another connection. */
  | { readonly do: 'reattach'; readonly wrongPassword?: boolean }
  | { readonly do: 'close' }
)

/** Sends one request. `lastZxid` is the last zxid that any session has seen. */
export async function perform(
  client: Client,
  step: RequestStep,
  lastZxid: bigint,
): Promise<Answer<unknown>> {
  switch (step.do) {
    case 'create':
      return client.create(step.path, step.options)
    case 'create2':
      return client.create2(step.path, step.options)
    case 'createContainer':
      return client.createContainer(step.path, step.options)
    case 'createTtl':
      return client.createTtl(step.path, step.options)
    case 'delete':
      return client.delete(step.path, step.version)
    case 'exists':
      return client.exists(step.path, step.watch)
    case 'getData':
      return client.getData(step.path, step.watch)
    case 'getChildren':
      return client.getChildren(step.path, step.watch)
    case 'getChildren2':
      return client.getChildren2(step.path, step.watch)
    case 'setData':
      return client.setData(step.path, step.data, step.version)
    case 'getAcl':
      return client.getAcl(step.path)
    case 'getAllChildrenNumber':
      return client.getAllChildrenNumber(step.path)
    case 'getEphemerals':
      return client.getEphemerals(step.path)
    case 'sync':
      return client.sync(step.path)
    case 'setAcl':
      return client.setAcl(step.path, step.acl, step.version)
    case 'addWatch':
    case 'checkWatches':
    case 'removeWatches':
      return client[step.do](step.path, step.type)
    case 'setWatches':
    case 'setWatches2':
    case 'multi':
    case 'multiRead':
    case 'ping':
    case 'whoAmI':
    case 'auth':
    case 'sasl':
    case 'reconfig':
    case 'raw':
      return performOther(client, step, lastZxid)
    default:
      return unreachable(step)
  }
}

type Other = Exclude<RequestStep, { readonly path: Path }>

async function performOther(
  client: Client,
  step: Other,
  lastZxid: bigint,
): Promise<Answer<unknown>> {
  switch (step.do) {
    case 'setWatches':
    case 'setWatches2': {
      const { ago, ...lists } = step.lists
      return client[step.do](lastZxid - BigInt(ago), lists)
    }
    case 'multi':
    case 'multiRead':
      return client[step.do](step.parts.map(part))
    case 'ping':
      return client.ping(step.xid)
    case 'whoAmI':
      return client.whoAmI()
    case 'auth':
      return client.auth(step.scheme, step.data)
    case 'sasl':
      return client.sasl(Buffer.from(step.token))
    case 'reconfig':
      return client.reconfig({
        joiningServers: step.joining ?? null,
        leavingServers: step.leaving ?? null,
        newMembers: step.members ?? null,
        curConfigId: step.curConfigId ?? -1n,
      })
    case 'raw': {
      const reply = await client.raw.call(step.type, w => w.raw(Buffer.from(step.body, 'hex')))
      return { ...reply, value: Buffer.from(reply.body).toString('hex') }
    }
    default:
      return unreachable(step)
  }
}

function part(step: PartStep): ReturnType<typeof op.check> {
  switch (step.do) {
    case 'create':
    case 'create2':
    case 'createContainer':
    case 'createTtl':
      return op[step.do](step.path, step.options)
    case 'delete':
    case 'check':
      return op[step.do](step.path, step.version)
    case 'setData':
      return op.setData(step.path, step.data, step.version)
    case 'getData':
    case 'getChildren':
      return op[step.do](step.path, step.watch)
    case 'other':
      return { type: step.type, write: () => {} }
    default:
      return unreachable(step)
  }
}

/** The opcodes that the steps can send by name; the scripts must use each of them. */
export const NAMED_OPCODES: Readonly<Record<RequestStep['do'], number>> = {
  create: OpCode.create,
  create2: OpCode.create2,
  createContainer: OpCode.createContainer,
  createTtl: OpCode.createTtl,
  delete: OpCode.delete,
  exists: OpCode.exists,
  getData: OpCode.getData,
  getChildren: OpCode.getChildren,
  getChildren2: OpCode.getChildren2,
  setData: OpCode.setData,
  getAcl: OpCode.getAcl,
  getAllChildrenNumber: OpCode.getAllChildrenNumber,
  getEphemerals: OpCode.getEphemerals,
  sync: OpCode.sync,
  setAcl: OpCode.setAcl,
  addWatch: OpCode.addWatch,
  checkWatches: OpCode.checkWatches,
  removeWatches: OpCode.removeWatches,
  setWatches: OpCode.setWatches,
  setWatches2: OpCode.setWatches2,
  multi: OpCode.multi,
  multiRead: OpCode.multiRead,
  ping: OpCode.ping,
  whoAmI: OpCode.whoAmI,
  auth: OpCode.auth,
  sasl: OpCode.sasl,
  reconfig: OpCode.reconfig,
  raw: 99,
}
