/** A leader's side of what its learners' clients ask (quorum-protocol.md 7.1, 7.6). */
import { OpCode } from '../../wire/opcodes.ts'
import { JuteError, Reader } from '../../wire/reader.ts'
import {
  encodeRevalidated,
  PacketType,
  type QuorumPacket,
  readForwardedRequest,
  readRevalidate,
  readTouches,
} from '../../wire/records/quorum.ts'
import type { Connection } from './connection.ts'
import { answerSync } from './forward.ts'
import { routeOf } from './ops/table.ts'
import type { Pipeline } from './pipeline.ts'
import { prepareForwarded, proposeForwardedSession } from './prepare.ts'
import type { OpenSync } from './request.ts'

/** Syncs of our own clients that consensus confirms, by their token. */
export class LeaderSyncs {
  readonly #open = new Map<number, { readonly connection: Connection; readonly sync: OpenSync }>()
  #nextToken = 1

  /** Syncs of our own clients that are not answered yet. */
  get size(): number {
    return this.#open.size
  }

  clear(): void {
    this.#open.clear()
  }

  open(connection: Connection, sync: OpenSync): number {
    const token = this.#nextToken++
    this.#open.set(token, { connection, sync })
    return token
  }

  answered(pipeline: Pipeline, token: number): void {
    const open = this.#open.get(token)
    if (open === undefined) return
    this.#open.delete(token)
    answerSync(pipeline, open.connection, open.sync)
  }

  /** A token for a learner's sync, which is answered on its link. */
  takeToken(): number {
    return this.#nextToken++
  }
}

/** A sync of our own client: confirmed by a quorum before it is answered (ZOOKEEPER-1675). */
export function syncOnLeader(
  pipeline: Pipeline,
  connection: Connection,
  request: Uint8Array,
): void {
  const sync: OpenSync = {
    waits: 'sync',
    bytes: request,
    receivedAtMs: pipeline.nowMs(),
    isAnswered: false,
  }
  connection.waiting.push(sync)
  pipeline.outstanding++
  pipeline.ports.ensemble?.sync(pipeline.leaderSyncs.open(connection, sync), undefined)
}

/** REQUEST or REVALIDATE of the learner on `link`. What cannot be read is dropped with a note. */
export function onForwarded(pipeline: Pipeline, link: number, packet: QuorumPacket): void {
  try {
    if (packet.type === PacketType.revalidate) onRevalidate(pipeline, link, packet)
    else onRequest(pipeline, link, packet)
  } catch (error) {
    if (!(error instanceof JuteError)) throw error
    pipeline.ports.log.warn('unreadable packet of a learner', { link, error: error.message })
  }
}

function onRequest(pipeline: Pipeline, link: number, packet: QuorumPacket): void {
  const { session, cxid, opcode, body } = readForwardedRequest(packet.data ?? NOTHING)
  const requester = {
    sessionId: session,
    ids: packet.authinfo ?? [],
    isInternal: false,
    owner: link,
  }
  const reader = new Reader(body, pipeline.options.maxFieldBytes)
  if (opcode === OpCode.sync) {
    pipeline.ports.ensemble?.sync(pipeline.leaderSyncs.takeToken(), link)
  } else if (opcode === OpCode.createSession) {
    proposeForwardedSession(pipeline, requester, reader.int())
  } else if (routeOf(opcode)?.route === 'write') {
    prepareForwarded(pipeline, requester, cxid, opcode, reader)
  } else {
    pipeline.ports.log.warn('a learner forwarded an operation that is no write', { link, opcode })
  }
}

function onRevalidate(pipeline: Pipeline, link: number, packet: QuorumPacket): void {
  const { session: id, timeoutMs } = readRevalidate(packet.data ?? NOTHING)
  const session = pipeline.tracker.get(id)
  const isValid = session !== undefined && !session.isClosing
  if (isValid) {
    pipeline.tracker.add(id, timeoutMs, pipeline.nowMs())
    session.owner = link
    // It lives at the learner now; a connection of it here is a stale one.
    pipeline.attached.get(id)?.close('its session has moved to another member')
  }
  const data = encodeRevalidated(id, isValid)
  // Apache's learners do not look at the zxid; ours must not take what was proposed up to here, by
  // an earlier connection of the session, for something that the new one asks.
  const zxid = pipeline.lastProposed
  const answer = { type: PacketType.revalidate, zxid, data, authinfo: null }
  pipeline.ports.ensemble?.answer(link, answer)
}

/** Sessions that a learner has heard of. An observer master tells the leader in its turn. */
export function onTouches(pipeline: Pipeline, touches: Uint8Array): void {
  try {
    const isLeader = pipeline.role === 'leader'
    for (const { session: id, timeoutMs } of readTouches(touches)) {
      const session = isLeader ? pipeline.tracker.get(id) : undefined
      if (session !== undefined) pipeline.touch(session)
      else if (!isLeader) pipeline.forwarding.relayTouch(id, timeoutMs)
    }
  } catch (error) {
    if (!(error instanceof JuteError)) throw error
    pipeline.ports.log.warn('unreadable touches of a learner', { error: error.message })
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)
