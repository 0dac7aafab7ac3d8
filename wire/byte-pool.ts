/** Small values are cut from a shared array: one of their own costs ten times as much. */

const CHUNK_BYTES = 16 * 1024
/** A longer value gets an array of its own. */
const POOLED_MAX_BYTES = 1024
/** Up to here a loop beats `set`. */
const LOOP_MAX_BYTES = 48

let chunk = new ArrayBuffer(CHUNK_BYTES)
let chunkBytes = new Uint8Array(chunk)
let used = 0

/**
 * bytes[start, end) as bytes of their own, for holders that soon let go: a chunk lives as long as
 * any value cut from it.
 */
export function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const length = end - start
  if (length > POOLED_MAX_BYTES) return bytes.slice(start, end)
  if (used + length > CHUNK_BYTES) {
    chunk = new ArrayBuffer(CHUNK_BYTES)
    chunkBytes = new Uint8Array(chunk)
    used = 0
  }
  const at = used
  used += length
  if (length > LOOP_MAX_BYTES) chunkBytes.set(bytes.subarray(start, end), at)
  else for (let i = 0; i < length; i++) chunkBytes[at + i] = bytes[start + i]!
  return new Uint8Array(chunk, at, length)
}
