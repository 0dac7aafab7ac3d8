/** Every operation of the protocol and what is done with it: read this first. */
import type { ErrorCode } from '../../../wire/errors.ts'
import { OpCode } from '../../../wire/opcodes.ts'
import type { Reader } from '../../../wire/reader.ts'
import type { Writer } from '../../../wire/writer.ts'
import type { Schemes } from '../../auth/schemes.ts'
import type { DataTree } from '../../tree/data-tree.ts'
import type { Watches } from '../../tree/watches.ts'
import type { Connection } from '../connection.ts'
import { multiRead } from './multi-read.ts'
import {
  exists,
  getAcl,
  getAllChildrenNumber,
  getChildren,
  getChildren2,
  getData,
  getEphemerals,
} from './reads.ts'
import { ping, sync, whoAmI } from './session-reads.ts'
import { addWatch, checkWatches, removeWatches, setWatches, setWatches2 } from './watches.ts'

/** What reads look at. */
export interface ReadContext {
  readonly tree: DataTree
  readonly watches: Watches
  readonly schemes: Schemes
}

/** Answers at once: writes the body of the reply, or returns why there is none. */
export type ReadOp = (
  context: ReadContext,
  connection: Connection,
  reader: Reader,
  out: Writer,
) => ErrorCode

export type Route =
  | { readonly route: 'read'; readonly run: ReadOp; readonly hasBody: boolean }
  /** A read where the member decides alone; elsewhere the ensemble is asked first. */
  | { readonly route: 'sync'; readonly run: ReadOp; readonly hasBody: boolean }
  | { readonly route: 'write' }
  | { readonly route: 'auth' }
  | { readonly route: 'sasl' }
  /** The connection is closed without a reply (client-protocol.md 7.4). */
  | { readonly route: 'close' }

const WRITE: Route = { route: 'write' }

function read(run: ReadOp): Route {
  return { route: 'read', run, hasBody: true }
}

/** Its reply is a header; what it has to tell (events) comes before. */
function bodiless(run: ReadOp): Route {
  return { route: 'read', run, hasBody: false }
}

/** Codes that are not here are unknown: -6, then close. */
export const ROUTES: ReadonlyMap<number, Route> = new Map<number, Route>([
  [OpCode.create, WRITE],
  [OpCode.create2, WRITE],
  [OpCode.createContainer, WRITE],
  [OpCode.createTtl, WRITE],
  [OpCode.delete, WRITE],
  [OpCode.setData, WRITE],
  [OpCode.setAcl, WRITE],
  [OpCode.multi, WRITE],
  [OpCode.reconfig, WRITE],
  [OpCode.closeSession, WRITE],
  [OpCode.exists, read(exists)],
  [OpCode.getData, read(getData)],
  [OpCode.getAcl, read(getAcl)],
  [OpCode.getChildren, read(getChildren)],
  [OpCode.getChildren2, read(getChildren2)],
  [OpCode.getAllChildrenNumber, read(getAllChildrenNumber)],
  [OpCode.getEphemerals, read(getEphemerals)],
  [OpCode.multiRead, read(multiRead)],
  [OpCode.sync, { route: 'sync', run: sync, hasBody: true }],
  [OpCode.whoAmI, read(whoAmI)],
  [OpCode.addWatch, read(addWatch)],
  [OpCode.ping, bodiless(ping)],
  [OpCode.checkWatches, bodiless(checkWatches)],
  [OpCode.removeWatches, bodiless(removeWatches)],
  [OpCode.setWatches, bodiless(setWatches)],
  [OpCode.setWatches2, bodiless(setWatches2)],
  [OpCode.auth, { route: 'auth' }],
  [OpCode.sasl, { route: 'sasl' }],
  [OpCode.deleteContainer, { route: 'close' }],
])

const LOWEST = -11
const HIGHEST = 107
const BY_CODE: readonly (Route | undefined)[] = Array.from(
  { length: HIGHEST - LOWEST + 1 },
  (_, i) => ROUTES.get(i + LOWEST),
)

export function routeOf(type: number): Route | undefined {
  return BY_CODE[type - LOWEST]
}
