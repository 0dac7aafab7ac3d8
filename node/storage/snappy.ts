/**
 * The stream that snappy-java writes and reads (storage.md 4.1): magic, int 1, int 1, then blocks
 * `int compressedLength` + raw snappy block of at most 32 KiB of data.
 */
import { JuteError } from '../../wire/reader.ts'
import type { ByteSink, ByteSource } from './disk.ts'
import { SNAPPY_MAGIC } from './snapshot-format.ts'

/** Data in one block that we write; what snappy-java uses. */
const BLOCK_BYTES: number = 32 << 10
/** Data in one block that we read: other writers may use larger ones. */
const BLOCK_MAX_BYTES: number = 64 << 20
const STREAM_HEADER_BYTES = 16
const HASH_BITS = 14
/** Copies are found only in what is ahead of the block's last bytes. */
const MARGIN_BYTES = 15

/** Worst case of one compressed block. */
export function snappyMaxLength(length: number): number {
  return 32 + length + Math.ceil(length / 6)
}

/**
 * Compresses source[start, start + length) into `out` at `at`; returns the end. `table` has
 * 2^14 entries and is this function's scratch. Greedy: the last place with the same four bytes.
 */
export function snappyCompress(
  source: Uint8Array,
  start: number,
  length: number,
  out: Uint8Array,
  at: number,
  table: Int32Array,
): number {
  table.fill(-1)
  const end = start + length
  let to = writeVarint(out, at, length)
  let literal = start
  let position = start
  const limit = end - MARGIN_BYTES
  let misses = 32
  while (position < limit) {
    const word = wordAt(source, position)
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS)
    const candidate = table[slot]!
    table[slot] = position
    if (candidate === -1 || wordAt(source, candidate) !== word) {
      // Data without repetitions is passed over in growing steps.
      position += misses++ >> 5
      continue
    }
    misses = 32
    to = writeLiteral(source, literal, position, out, to)
    let matched = 4
    while (position + matched < end && source[candidate + matched] === source[position + matched]) {
      matched++
    }
    to = writeCopy(out, to, position - candidate, matched)
    position += matched
    literal = position
  }
  return writeLiteral(source, literal, end, out, to)
}

function wordAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

function writeVarint(out: Uint8Array, at: number, value: number): number {
  let to = at
  let rest = value
  while (rest >= 0x80) {
    out[to++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  out[to++] = rest
  return to
}

function writeLiteral(
  source: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  at: number,
): number {
  const length = end - start
  if (length === 0) return at
  let to = at
  const tag = length - 1
  if (tag < 60) {
    out[to++] = tag << 2
  } else if (tag < 0x100) {
    out[to++] = 60 << 2
    out[to++] = tag
  } else {
    out[to++] = 61 << 2
    out[to++] = tag & 0xff
    out[to++] = tag >> 8
  }
  out.set(source.subarray(start, end), to)
  return to + length
}

/** Copies with an offset of two bytes; a block is 32 KiB, so none is further away. */
function writeCopy(out: Uint8Array, at: number, offset: number, length: number): number {
  let to = at
  let left = length
  while (left > 0) {
    const piece = Math.min(left, 64)
    out[to++] = ((piece - 1) << 2) | 2
    out[to++] = offset & 0xff
    out[to++] = offset >> 8
    left -= piece
  }
  return to
}

/** The data of one raw block bytes[start, end). Throws JuteError. */
export function snappyDecompress(bytes: Uint8Array, start: number, end: number): Uint8Array {
  let at = start
  let length = 0
  for (let shift = 0; ; shift += 7) {
    if (at >= end || shift > 28) throw new JuteError('snappy block without a length')
    const byte = bytes[at++]!
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
  }
  if (length > BLOCK_MAX_BYTES) throw new JuteError(`snappy block of ${length} bytes`)
  const out = new Uint8Array(length)
  const written = decompressElements(bytes, at, end, out)
  if (written !== length) throw new JuteError(`snappy block of ${written} bytes, not ${length}`)
  return out
}

function decompressElements(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
): number {
  let at = start
  let to = 0
  while (at < end) {
    const tag = bytes[at++]!
    const kind = tag & 3
    if (kind === 0) {
      const extra = Math.max(0, (tag >> 2) - 59)
      const length = 1 + (extra === 0 ? tag >> 2 : littleEndian(bytes, at, extra, end))
      at += extra
      if (at + length > end || to + length > out.length)
        throw new JuteError('snappy literal is cut')
      out.set(bytes.subarray(at, at + length), to)
      at += length
      to += length
      continue
    }
    const extra = kind === 1 ? 1 : kind === 2 ? 2 : 4
    const low = littleEndian(bytes, at, extra, end)
    const offset = kind === 1 ? ((tag >> 5) << 8) | low : low
    const length = kind === 1 ? 4 + ((tag >> 2) & 7) : 1 + (tag >> 2)
    at += extra
    if (offset === 0 || offset > to || to + length > out.length) {
      throw new JuteError('snappy copy reaches outside its block')
    }
    // Byte by byte: the copy may overlap what it writes.
    for (let i = 0; i < length; i++, to++) out[to] = out[to - offset]!
  }
  return to
}

function littleEndian(bytes: Uint8Array, at: number, length: number, end: number): number {
  if (at + length > end) throw new JuteError('snappy block is cut')
  let value = 0
  for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!
  return value
}

/** Compresses what is written and passes it on in blocks. */
export function snappySink(into: ByteSink): ByteSink {
  const block = new Uint8Array(BLOCK_BYTES)
  const out = new Uint8Array(STREAM_HEADER_BYTES + 4 + snappyMaxLength(BLOCK_BYTES))
  const view = new DataView(out.buffer)
  const table = new Int32Array(1 << HASH_BITS)
  let filled = 0
  let headed = false
  const emit = async (): Promise<void> => {
    let start = 0
    if (!headed) {
      out.set(SNAPPY_MAGIC)
      view.setInt32(8, 1)
      view.setInt32(12, 1)
      start = STREAM_HEADER_BYTES
      headed = true
    }
    let end = start
    if (filled > 0) {
      end = snappyCompress(block, 0, filled, out, start + 4, table)
      view.setInt32(start, end - start - 4)
      filled = 0
    }
    if (end > 0) await into.write(out.subarray(0, end))
  }
  return {
    async write(bytes: Uint8Array): Promise<void> {
      for (let at = 0; at < bytes.length; ) {
        const more = Math.min(BLOCK_BYTES - filled, bytes.length - at)
        block.set(bytes.subarray(at, at + more), filled)
        filled += more
        at += more
        if (filled === BLOCK_BYTES) await emit()
      }
    },
    async close(): Promise<void> {
      await emit()
      await into.close()
    },
    abort: () => into.abort(),
  }
}

/** The data of a snappy-java stream, one or more blocks at a time. Rejects with JuteError. */
export function snappySource(from: ByteSource): ByteSource {
  let bytes = new Uint8Array(0)
  let at = 0
  let headed = false
  const need = async (length: number): Promise<boolean> => {
    while (bytes.length - at < length) {
      const more = await from.next()
      if (more === null) return false
      const joined = new Uint8Array(bytes.length - at + more.length)
      joined.set(bytes.subarray(at))
      joined.set(more, bytes.length - at)
      bytes = joined
      at = 0
    }
    return true
  }
  return {
    async next(): Promise<Uint8Array | null> {
      if (!headed) {
        const whole = await need(STREAM_HEADER_BYTES)
        if (!whole || SNAPPY_MAGIC.some((byte, i) => bytes[i] !== byte)) {
          throw new JuteError('not a snappy stream')
        }
        at = STREAM_HEADER_BYTES
        headed = true
      }
      if (!(await need(4))) {
        if (bytes.length > at) throw new JuteError('snappy stream is cut')
        return null
      }
      const length = new DataView(bytes.buffer, bytes.byteOffset + at, 4).getInt32(0)
      if (length <= 0 || length > BLOCK_MAX_BYTES) throw new JuteError(`snappy block of ${length}`)
      if (!(await need(4 + length))) throw new JuteError('snappy stream is cut')
      const start = at + 4
      at = start + length
      return snappyDecompress(bytes, start, at)
    },
  }
}
