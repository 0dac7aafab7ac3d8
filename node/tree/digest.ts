/** The additive digest of the tree: a sum of CRC-32s, one per znode (quorum-protocol.md 8.3). */
import { fromWords } from '../../wire/ids.ts'

const TABLES = crcTables()

/** Four tables: four bytes a step. */
function crcTables(): Int32Array {
  const tables = new Int32Array(4 * 256)
  for (let i = 0; i < 256; i++) {
    let crc = i
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
    tables[i] = crc
  }
  for (let i = 0; i < 256; i++) {
    for (let k = 1; k < 4; k++) {
      const before = tables[(k - 1) * 256 + i]!
      tables[k * 256 + i] = (before >>> 8) ^ tables[before & 0xff]!
    }
  }
  return tables
}

/** Start of a CRC; feed it to `crcUpdate` and finish with `crcValue`. */
export const CRC_START = -1

export function crcUpdate(crc: number, bytes: Uint8Array, start: number, end: number): number {
  const tables = TABLES
  let at = start
  for (; at + 4 <= end; at += 4) {
    crc ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    crc =
      tables[768 + (crc & 0xff)]! ^
      tables[512 + ((crc >>> 8) & 0xff)]! ^
      tables[256 + ((crc >>> 16) & 0xff)]! ^
      tables[crc >>> 24]!
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[at]!) & 0xff]!
  return crc
}

/** The same for the four bytes of a word, high byte first. */
export function crcUpdateWord(crc: number, word: number): number {
  const tables = TABLES
  // Where `crcUpdate` has its four bytes low byte first, here they come from the other end.
  return (
    tables[768 + ((crc ^ (word >>> 24)) & 0xff)]! ^
    tables[512 + (((crc >>> 8) ^ (word >>> 16)) & 0xff)]! ^
    tables[256 + (((crc >>> 16) ^ (word >>> 8)) & 0xff)]! ^
    tables[((crc >>> 24) ^ word) & 0xff]!
  )
}

/** Unsigned 32 bits. */
export function crcValue(crc: number): number {
  return ~crc >>> 0
}

/** A sum of unsigned 32-bit numbers that wraps at 64 bits, without a bigint per step. */
export class DigestSum {
  #high = 0
  #low = 0

  add(value: number): void {
    this.#low += value
    if (this.#low >= 0x100000000) {
      this.#low -= 0x100000000
      this.#high = (this.#high + 1) | 0
    }
  }

  subtract(value: number): void {
    this.#low -= value
    if (this.#low < 0) {
      this.#low += 0x100000000
      this.#high = (this.#high - 1) | 0
    }
  }

  copyFrom(other: DigestSum): void {
    this.#high = other.#high
    this.#low = other.#low
  }

  equals(other: DigestSum): boolean {
    return this.#high === other.#high && this.#low === other.#low
  }

  /** Unsigned 64 bits. */
  get value(): bigint {
    return BigInt.asUintN(64, fromWords(this.#high, this.#low))
  }
}
