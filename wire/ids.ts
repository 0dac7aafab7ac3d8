/** Identifiers of 64 bits (style.md 7.4): bigint inside, read and written through DataView. */

declare const zxidBrand: unique symbol
declare const sessionBrand: unique symbol

/** epoch << 32 | counter; compared as a signed 64-bit number. */
export type Zxid = bigint & { readonly [zxidBrand]: true }
/** The id of the member that drew it in the top byte; signed, so negative from server id 128 on. */
export type SessionId = bigint & { readonly [sessionBrand]: true }
/** `N` of server.N: a small non-negative integer. */
export type PeerId = number

export const NO_ZXID: Zxid = 0n as Zxid

export function zxid(value: bigint): Zxid {
  return BigInt.asIntN(64, value) as Zxid
}

export function sessionId(value: bigint): SessionId {
  return BigInt.asIntN(64, value) as SessionId
}

/** Arithmetic shift: the sign survives. */
export function epochOf(value: Zxid): number {
  return Number(value >> 32n)
}

export function counterOf(value: Zxid): number {
  return Number(BigInt.asUintN(32, value))
}

export function makeZxid(epoch: number, counter: number): Zxid {
  return zxid((BigInt(epoch) << 32n) | BigInt(counter >>> 0))
}

/** Upper and lower half as the signed 32-bit words that the tree's columns hold. */
export function highWord(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n))
}

export function lowWord(value: bigint): number {
  return Number(BigInt.asIntN(32, value))
}

export function fromWords(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0)
}

/** Lower-case hexadecimal of the unsigned value, without 0x: the form in file names. */
export function hexDigits(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16)
}

/** With 0x: the form in logs and four-letter words. */
export function hex(value: bigint): string {
  return `0x${hexDigits(value)}`
}
