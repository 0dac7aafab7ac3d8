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

/** Through memory: shifting a bigint makes another one, at ten times the price. */
const words = new DataView(new ArrayBuffer(8))

/** Upper and lower half as the signed 32-bit words that the tree's columns hold. */
export function highWord(value: bigint): number {
  words.setBigInt64(0, value)
  return words.getInt32(0)
}

export function lowWord(value: bigint): number {
  words.setBigInt64(0, value)
  return words.getInt32(4)
}

/** Signed. */
export function fromWords(high: number, low: number): bigint {
  words.setInt32(0, high)
  words.setInt32(4, low)
  return words.getBigInt64(0)
}

/** Lower-case hexadecimal of the unsigned value, without 0x: the form in file names. */
export function hexDigits(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16)
}

/** With 0x: the form in logs and four-letter words. */
export function hex(value: bigint): string {
  return `0x${hexDigits(value)}`
}
