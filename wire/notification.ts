/** Election messages (quorum-protocol.md 3.3, 4.1): not Jute, framed by an int length. */
import { type Zxid, zxid } from './ids.ts'
import { Reader } from './reader.ts'
import { decodeUtf8, utf8Bytes } from './utf8.ts'
import { Writer } from './writer.ts'

/** `state` of a notification's sender. */
export const SenderState = { looking: 0, following: 1, leading: 2, observing: 3 } as const
export type SenderState = (typeof SenderState)[keyof typeof SenderState]

/** Leader, zxid and epoch of those who have no vote. */
export const NO_VOTE: bigint = -0x8000_0000_0000_0000n

/** Format that we write: with a configuration. */
export const NOTIFICATION_VERSION = 2

/** A longer frame ends the connection; so does one of no bytes. */
export const NOTIFICATION_MAX_BYTES: number = 512 * 1024

export interface Notification {
  readonly state: SenderState
  /** Proposed leader; NO_VOTE of members without a vote, otherwise a PeerId. */
  readonly leader: bigint
  /** Last zxid of the proposed leader. */
  readonly zxid: Zxid
  /** Election round ("logical clock"). */
  readonly round: bigint
  /** currentEpoch of the proposed leader. */
  readonly peerEpoch: bigint
  /** Format version: 0 for formats without one. */
  readonly version: number
  /** The sender's committed configuration; undefined below version 2. */
  readonly config: string | undefined
}

const OLDEST_BYTES = 28
const UNVERSIONED_BYTES = 40

/**
 * Reads the content of one frame. Undefined for what must be skipped: too short, an unknown state,
 * a bad configuration length. Never throws.
 */
export function readNotification(
  bytes: Uint8Array,
  start: number = 0,
  end: number = bytes.length,
): Notification | undefined {
  const length = end - start
  if (length < OLDEST_BYTES) return undefined
  const reader = new Reader()
  reader.reset(bytes, start, end)
  const state = reader.int()
  if (!isSenderState(state)) return undefined
  const leader = reader.long()
  const last = zxid(reader.long())
  const round = reader.long()
  if (length === OLDEST_BYTES) {
    const peerEpoch = last >> 32n
    return { state, leader, zxid: last, round, peerEpoch, version: 0, config: undefined }
  }
  if (length < 36) return undefined
  const peerEpoch = reader.long()
  const base = { state, leader, zxid: last, round, peerEpoch }
  if (length < UNVERSIONED_BYTES) return undefined
  if (length === UNVERSIONED_BYTES) return { ...base, version: 0, config: undefined }
  const version = reader.int()
  if (version < NOTIFICATION_VERSION) return { ...base, version, config: undefined }
  if (reader.remaining < 4) return undefined
  const size = reader.int()
  if (size < 0 || size > reader.remaining) return undefined
  const config = decodeUtf8(bytes, reader.position, reader.position + size)
  return { ...base, version, config }
}

function isSenderState(state: number): state is SenderState {
  return state >= SenderState.looking && state <= SenderState.observing
}

/** The content of a frame in the format that `version` names. */
export function encodeNotification(notification: Notification): Uint8Array {
  const config = utf8Bytes(notification.config ?? '')
  const writer = new Writer(UNVERSIONED_BYTES + 4 + config.length)
    .int(notification.state)
    .long(notification.leader)
    .long(notification.zxid)
    .long(notification.round)
    .long(notification.peerEpoch)
    .int(notification.version)
  if (notification.version >= NOTIFICATION_VERSION) writer.buffer(config)
  return writer.copy()
}

/** A whole frame: length, then content. */
export function frameNotification(notification: Notification): Uint8Array {
  const content = encodeNotification(notification)
  return new Writer(4 + content.length).buffer(content).copy()
}
