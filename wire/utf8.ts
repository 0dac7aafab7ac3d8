/**
 * Text and bytes. The pure zone knows neither Buffer nor TextDecoder, and Jute has rules of its
 * own: strings are written one UTF-16 unit at a time (a supplementary character becomes two 3-byte
 * sequences) and read as ordinary UTF-8 with replacement (client-protocol.md 1.1).
 */

const REPLACEMENT = 0xfffd

/** Decodes bytes[start, end). Malformed sequences become U+FFFD, as Java's decoder makes them. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string {
  let text = ''
  let at = start
  // Eight at a time while everything is ASCII: nearly every path is.
  for (; at + 8 <= end; at += 8) {
    const a = bytes[at]!
    const b = bytes[at + 1]!
    const c = bytes[at + 2]!
    const d = bytes[at + 3]!
    const e = bytes[at + 4]!
    const f = bytes[at + 5]!
    const g = bytes[at + 6]!
    const h = bytes[at + 7]!
    if ((a | b | c | d | e | f | g | h) >= 0x80) break
    text += String.fromCharCode(a, b, c, d, e, f, g, h)
  }
  while (at < end) {
    const lead = bytes[at]!
    if (lead < 0x80) {
      text += String.fromCharCode(lead)
      at++
      continue
    }
    const length = sequenceLength(bytes, at, end)
    text += length < 0 ? '\ufffd' : String.fromCodePoint(codePoint(bytes, at, length))
    at += Math.abs(length)
  }
  return text
}

/** Length of the valid sequence at `at`, or minus the number of bytes that one U+FFFD replaces. */
function sequenceLength(bytes: Uint8Array, at: number, end: number): number {
  const lead = bytes[at]!
  if (lead < 0xc2 || lead > 0xf4) return -1
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  for (let i = 1; i < length; i++) {
    if (at + i >= end) return -i
    const next = bytes[at + i]!
    const low = i === 1 ? (lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80) : 0x80
    const high = i === 1 ? (lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf) : 0xbf
    if (next < low || next > high) return -i
  }
  return length
}

function codePoint(bytes: Uint8Array, at: number, length: number): number {
  const lead = bytes[at]!
  if (length === 2) return ((lead & 0x1f) << 6) | (bytes[at + 1]! & 0x3f)
  const second = bytes[at + 1]! & 0x3f
  const third = bytes[at + 2]! & 0x3f
  if (length === 3) return ((lead & 0x0f) << 12) | (second << 6) | third
  return ((lead & 0x07) << 18) | (second << 12) | (third << 6) | (bytes[at + 3]! & 0x3f)
}

/** Most bytes that `text` can take in Jute's encoding. */
export function utf8MaxLength(text: string): number {
  return text.length * 3
}

/**
 * Encodes `text` into `out` at `at`, one UTF-16 unit at a time, and returns the end. The caller has
 * made room for `utf8MaxLength(text)`.
 */
export function encodeUtf8(text: string, out: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) {
      out[at++] = unit
    } else if (unit < 0x800) {
      out[at++] = 0xc0 | (unit >> 6)
      out[at++] = 0x80 | (unit & 0x3f)
    } else {
      out[at++] = 0xe0 | (unit >> 12)
      out[at++] = 0x80 | ((unit >> 6) & 0x3f)
      out[at++] = 0x80 | (unit & 0x3f)
    }
  }
  return at
}

/** `text` as bytes of its own. */
export function utf8Bytes(text: string): Uint8Array {
  const out = new Uint8Array(utf8MaxLength(text))
  return out.slice(0, encodeUtf8(text, out, 0))
}

/** Whether a decoder had to replace something here (paths with such characters are refused). */
export function hasReplacement(text: string): boolean {
  return text.includes(String.fromCharCode(REPLACEMENT))
}
