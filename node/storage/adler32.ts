/** Adler-32 (RFC 1950), the checksum of log entries and snapshots. */

/** The checksum of no bytes. */
export const ADLER_START = 1

const BASE = 65_521
/** As many bytes as keep both sums below 2^31 without a modulo: they stay small integers. */
const RUN_BYTES = 3_800

/**
 * The checksum after bytes[start, end), given the one before them; unsigned 32 bits. Checksums of
 * consecutive pieces chain.
 */
export function adler32(before: number, bytes: Uint8Array, start: number, end: number): number {
  let a = before & 0xffff
  let b = before >>> 16
  let at = start
  while (at < end) {
    const stop = Math.min(at + RUN_BYTES, end)
    const unrolled = stop - 3
    for (; at < unrolled; at += 4) {
      const a1 = a + bytes[at]!
      const a2 = a1 + bytes[at + 1]!
      const a3 = a2 + bytes[at + 2]!
      a = a3 + bytes[at + 3]!
      b += a1 + a2 + a3 + a
    }
    for (; at < stop; at++) {
      a += bytes[at]!
      b += a
    }
    a %= BASE
    b %= BASE
  }
  return ((b << 16) | a) >>> 0
}
