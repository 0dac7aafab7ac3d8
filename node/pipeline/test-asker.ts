/** Clients that ask at random, and naive checks of what they are answered. */
import { invariant } from '../../base/invariant.ts'
import type { TestRandom } from '../../base/test-random.ts'
import { ErrorCode } from '../../wire/errors.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import { OPEN_ACL } from '../../wire/records/data.ts'
import * as proto from '../../wire/records/proto.ts'
import { Writer } from '../../wire/writer.ts'
import type { Database } from '../tree/database.ts'
import type { Received, TestClient } from './test-client.ts'

const PATHS = ['/a', '/b', '/a/x', '/a/y', '/b/x', '/missing', '/'] as const
const ACL = OPEN_ACL.map(({ perms, id }) => ({ perms, ...id }))

export interface Asked {
  readonly xid: number
  readonly type: number
  readonly path: string
  readonly watch: boolean
}

/** A client that asks at random, and what it asked. */
export class Asker {
  readonly client: TestClient
  readonly asked: Asked[] = []

  constructor(client: TestClient) {
    this.client = client
  }

  ask(random: TestRandom): void {
    const path = random.pick(PATHS)
    const type = random.pick(KINDS)
    const watch = random.oneIn(2)
    const xid = this.#send(random, type, path, watch)
    this.asked.push({ xid, type, path, watch })
  }

  #send(random: TestRandom, type: number, path: string, watch: boolean): number {
    const { client } = this
    const data = random.bytes(random.int(12))
    switch (type) {
      case OpCode.create:
        return client.create(random.oneIn(4) ? `${path}/s-` : path, data, random.pick([0, 1, 2, 3]))
      case OpCode.delete:
        return client.delete(path)
      case OpCode.setData:
        return client.setData(path, data, random.pick([-1, -1, 0, 1]))
      case OpCode.multi:
        return client.ask(type, writer => proto.writeMulti(writer, multiParts(random)))
      case OpCode.sync:
      case OpCode.getAcl:
        return client.ask(type, writer => writer.string(path))
      case OpCode.whoAmI:
        return client.ask(type)
      default:
        return client.read(type, path, watch)
    }
  }
}

const KINDS = [
  OpCode.create,
  OpCode.create,
  OpCode.delete,
  OpCode.setData,
  OpCode.setData,
  OpCode.multi,
  OpCode.getData,
  OpCode.getData,
  OpCode.exists,
  OpCode.getChildren2,
  OpCode.sync,
  OpCode.getAcl,
  OpCode.whoAmI,
] as const

function multiParts(random: TestRandom): proto.MultiOp[] {
  return Array.from({ length: random.int(4) }, () => {
    const path = random.pick(PATHS)
    switch (random.int(4)) {
      case 0:
        return proto.multiOp(OpCode.create, proto.createRequest, {
          path: random.oneIn(2) ? `${path}/m-` : path,
          data: random.bytes(3),
          acl: ACL,
          flags: random.pick([0, 1, 2, 3]),
        })
      case 1:
        return proto.multiOp(OpCode.delete, proto.pathVersion, { path, version: -1 })
      case 2:
        return proto.multiOp(OpCode.check, proto.pathVersion, { path, version: random.int(3) - 1 })
      default:
        return proto.multiOp(OpCode.setData, proto.setDataRequest, {
          path,
          data: random.bytes(4),
          version: -1,
        })
    }
  })
}

/** An event comes before every reply that knows of its cause, and time goes forward (3.5). */
export function checkMonotonic(received: readonly Received[]): void {
  let newest = 0n
  let newestReply = -1n
  for (const item of received) {
    const facts = (): object => ({ ...item, newest, newestReply })
    invariant(item.zxid >= newest, 'zxids of a connection go forward', facts)
    newest = item.zxid
    if (item.kind === 'reply') newestReply = item.zxid
    else invariant(item.zxid > newestReply, 'an event comes before what reflects it', facts)
  }
}

export interface Read {
  readonly zxid: bigint
  readonly asked: Asked
  readonly err: number
  readonly body: Uint8Array
}

const READS: ReadonlySet<number> = new Set([OpCode.getData, OpCode.exists, OpCode.getChildren2])

export function readsOf({ client, asked }: Asker): Read[] {
  const byXid = new Map(asked.map(one => [one.xid, one]))
  return client.replies.flatMap(({ xid, zxid, err, body }) => {
    const one = byXid.get(xid)
    if (one === undefined || !READS.has(one.type) || err === ErrorCode.sessionExpired) return []
    return [{ zxid, asked: one, err, body }]
  })
}

/** The answer is what the tree says. */
export function checkRead({ tree }: Database, { asked, err, body, zxid }: Read): void {
  const id = tree.find(asked.path)
  const facts = (): object => ({ ...asked, zxid, err })
  invariant(err === (id < 0 ? ErrorCode.noNode : ErrorCode.ok), 'a read is true', facts)
  if (id < 0) return
  const stat = tree.stat(id)
  const writer = new Writer()
  if (asked.type === OpCode.getData) {
    proto.dataResponse.write(writer, { data: tree.data(id), stat })
  } else if (asked.type === OpCode.exists) {
    proto.statResponse.write(writer, { stat })
  } else {
    const { names } = proto.children2Response.read(new Reader(body))
    const found = [...(names ?? [])].sort()
    invariant(found.join() === tree.childNames(id).sort().join(), 'names are true', facts)
    proto.children2Response.write(writer, { names, stat })
  }
  const expected = writer.copy()
  const isSame = body.length === expected.length && body.every((byte, i) => byte === expected[i])
  invariant(isSame, 'a read shows the state of its zxid', facts)
}
