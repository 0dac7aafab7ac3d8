/**
 * The operator's own name in an ensemble. Reconfigurations need the super user; its password is
 * made once, by chance, and stands in a Secret beside the cluster. Members get its digest only.
 */
import type { Hash, Random } from '../../base/ports.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import type { Manifest } from '../api/manifest.ts'
import type { ObjectMeta } from '../api/objects.ts'
import { commonLabels } from '../desired/labels.ts'
import { ownerOf } from '../desired/manifest.ts'
import { names } from '../desired/names.ts'
import type { Credentials } from '../ports/ensemble-api.ts'
import type { LiveObject } from '../ports/kube-api.ts'

const USER = 'super'
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'
/** 190 bits and more. */
const PASSWORD_LENGTH = 33

export function newPassword(random: Random): string {
  return Array.from(
    { length: PASSWORD_LENGTH },
    () => ALPHABET[random.int(ALPHABET.length)] ?? '',
  ).join('')
}

export function credentialsManifest(cluster: ObjectMeta, password: string, hash: Hash): Manifest {
  const digest = `${USER}:${password}`
  const hidden = base64(hash.digest('SHA1', utf8Bytes(digest)))
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: names.secret(cluster.name),
      namespace: cluster.namespace,
      labels: { ...commonLabels(cluster.name) },
      ownerReferences: [ownerOf('ZkCluster', cluster)],
    },
    type: 'Opaque',
    data: {
      digest: base64(utf8Bytes(digest)),
      'server-jvmflags': base64(
        utf8Bytes(`-Dzookeeper.DigestAuthenticationProvider.superDigest=${USER}:${hidden}`),
      ),
    },
  }
}

/** Undefined: there is no Secret, or it says nothing. */
export function readCredentials(secret: LiveObject | undefined): Credentials | undefined {
  const data = secret?.['data'] as Readonly<Record<string, unknown>> | undefined
  const digest = data?.['digest']
  if (typeof digest !== 'string') return undefined
  return { digest: textOfBase64(digest) }
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** RFC 4648, with padding: Buffer is not for pure code. */
export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const digits = [word >> 18, (word >> 12) & 63, (word >> 6) & 63, word & 63]
    const used = Math.min(bytes.length - i, 3) + 1
    text += digits.map((digit, at) => (at < used ? DIGITS[digit] : '=')).join('')
  }
  return text
}

/** Text of ASCII in base64; what is none of its digits is passed over. */
function textOfBase64(text: string): string {
  let bits = 0
  let count = 0
  let out = ''
  for (const char of text) {
    const digit = DIGITS.indexOf(char)
    if (digit < 0) continue
    bits = ((bits << 6) | digit) & 0xffff
    count += 6
    if (count < 8) continue
    count -= 8
    out += String.fromCharCode((bits >> count) & 0xff)
  }
  return out
}
