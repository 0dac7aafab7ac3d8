import { type PeerId, type SessionId, sessionId } from '../../wire/ids.ts'

const PASSWORD_SECRET = 0xb3415c00n
const MULTIPLIER = 0x5deece66dn
const MASK = (1n << 48n) - 1n
const LONG_MIN = -(1n << 63n)

export const PASSWORD_BYTES = 16

/**
 * Where a member starts to count its sessions: its id in the top byte, 40 bits of time below
 * (client-protocol.md 15.1).
 */
export function firstSessionId(nowMs: number, serverId: PeerId): SessionId {
  const time = BigInt.asUintN(64, BigInt(Math.floor(nowMs)) << 24n) >> 8n
  const id = BigInt.asIntN(64, time | (BigInt(serverId) << 56n))
  return sessionId(id === LONG_MIN ? id + 1n : id)
}

/**
 * The password of a session: the first 16 bytes of Java's `Random(id ^ secret)`, so that every
 * member can check what any other handed out (client-protocol.md 2.5).
 */
export function sessionPassword(id: SessionId): Uint8Array {
  const password = new Uint8Array(PASSWORD_BYTES)
  let state = (BigInt.asUintN(64, id) ^ PASSWORD_SECRET ^ MULTIPLIER) & MASK
  for (let at = 0; at < PASSWORD_BYTES; at += 4) {
    state = (state * MULTIPLIER + 0xbn) & MASK
    const word = Number((state >> 16n) & 0xffffffffn)
    for (let i = 0; i < 4; i++) password[at + i] = word >>> (8 * i)
  }
  return password
}

/** In the same time for right and wrong ones, as far as JavaScript allows. */
export function isPasswordOf(id: SessionId, password: Uint8Array): boolean {
  const right = sessionPassword(id)
  if (password.length !== right.length) return false
  let difference = 0
  for (let i = 0; i < right.length; i++) difference |= right[i]! ^ password[i]!
  return difference === 0
}
