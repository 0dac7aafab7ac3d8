/**
 * The interfaces of the world. Pure code takes them as arguments; `node/io` has the real ones, the
 * simulator its own.
 */

/** Time. Wall-clock time is for what clients see (ctime, mtime); everything else is monotonic. */
export interface Clock {
  /** Milliseconds since 1970, may jump. */
  wallMs(): number
  /** Milliseconds since an arbitrary start, never goes back; with fractions. */
  monotonicMs(): number
}

/** Chance. */
export interface Random {
  /** An integer, 0 <= n < below; `below` is at most 2^31. */
  int(below: number): number
}

/** A running alarm; cancelling twice is harmless. */
export interface Alarm {
  cancel(): void
}

/** Calls back later, on the same thread, never synchronously. */
export interface Timers {
  after(ms: number, callback: () => void): Alarm
  every(ms: number, callback: () => void): Alarm
  /** As soon as pending I/O events have been looked at: between the slices of long work. */
  soon(callback: () => void): void
}

export type DigestAlgorithm = 'SHA1' | 'SHA256' | 'SHA384' | 'SHA512' | 'SHA3-256' | 'MD5'

/** Cryptographic hashes of small values (credentials). */
export interface Hash {
  digest(algorithm: DigestAlgorithm, bytes: Uint8Array): Uint8Array
}

/** CRC-32 of the bytes whose CRC-32 is `before` (0: none) followed by `bytes`; unsigned. */
export type Crc32 = (bytes: Uint8Array, before: number) => number

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

export type LogValue = string | number | boolean | bigint | null | undefined | readonly LogValue[]

/**
 * Logs are facts: a constant event name of words, variables as keys and values, the same key for
 * the same thing everywhere (style.md 6.15).
 */
export interface Log {
  trace(event: string, facts?: Readonly<Record<string, LogValue>>): void
  debug(event: string, facts?: Readonly<Record<string, LogValue>>): void
  info(event: string, facts?: Readonly<Record<string, LogValue>>): void
  warn(event: string, facts?: Readonly<Record<string, LogValue>>): void
  error(event: string, facts?: Readonly<Record<string, LogValue>>): void
}
