/** What travels on a simulated link: packets, as bytes when the wire is real, and snapshots. */
import { unreachable } from '../base/invariant.ts'
import { packet } from '../node/zab/core.ts'
import type { Input, LinkId } from '../node/zab/inputs.ts'
import { type SessionId, type Zxid, zxid } from '../wire/ids.ts'
import { Reader } from '../wire/reader.ts'
import {
  encodeForwardedRequest,
  encodeQuorumPacket,
  PacketType,
  type QuorumPacket,
  readQuorumPacket,
} from '../wire/records/quorum.ts'
import type { LogTree } from './log-tree.ts'

export type LinkMessage =
  | { readonly kind: 'packet'; readonly packet: QuorumPacket }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'snapshot'; readonly zxid: Zxid; readonly tree: LogTree }

/** Opcodes of the requests that the simulated clients make: the body of a write is its bytes. */
export const ClientOpcode = { write: 5, sync: 9 } as const

export function packetMessage(sent: QuorumPacket, isWireReal: boolean): LinkMessage {
  if (!isWireReal) return { kind: 'packet', packet: sent }
  return { kind: 'bytes', bytes: encodeQuorumPacket(sent) }
}

/** What the receiver's consensus is told of it. */
export function inputOf(link: LinkId, message: LinkMessage): Input {
  switch (message.kind) {
    case 'packet':
      return { on: 'packet', link, packet: message.packet }
    case 'bytes':
      return { on: 'packet', link, packet: readQuorumPacket(new Reader(message.bytes)) }
    case 'snapshot':
      return { on: 'snapshot', link, zxid: message.zxid }
    default:
      return unreachable(message)
  }
}

/** A client's request at a learner, on its way to the leader. */
export function requestPacket(opcode: number, cxid: number, body: Uint8Array): QuorumPacket {
  const data = encodeForwardedRequest({ session: 1n as SessionId, cxid, opcode, body })
  return packet(PacketType.request, zxid(-1n), data)
}

export function factsText(
  facts: Readonly<Record<string, string | number | bigint | undefined>>,
): string {
  return Object.entries(facts)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ')
}
