import type { DigestAlgorithm, Hash } from '../../base/ports.ts'
import { decodeUtf8 } from '../../wire/utf8.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    text += ALPHABET[word >>> 18]! + ALPHABET[(word >>> 12) & 63]!
    text += i + 1 < bytes.length ? ALPHABET[(word >>> 6) & 63]! : '='
    text += i + 2 < bytes.length ? ALPHABET[word & 63]! : '='
  }
  return text
}

/**
 * `user:base64(hash(user:password))` out of the bytes `user:password` (client-protocol.md 16.2).
 */
export function digestId(hash: Hash, algorithm: DigestAlgorithm, credentials: Uint8Array): string {
  const text = decodeUtf8(credentials, 0, credentials.length)
  return `${beforeColon(text)}:${base64(hash.digest(algorithm, credentials))}`
}

/** The user name in a digest id. */
export function beforeColon(text: string): string {
  const colon = text.indexOf(':')
  return colon < 0 ? text : text.slice(0, colon)
}

/** Split at ':', trailing empty parts dropped, exactly two parts must be left. */
export function isDigestId(id: string): boolean {
  const parts = id.split(':')
  while (parts.length > 0 && parts.at(-1) === '') parts.pop()
  return parts.length === 2
}
