import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Crc32, DigestAlgorithm, Hash } from '../../base/ports.ts'

const NAMES: Readonly<Record<DigestAlgorithm, string>> = {
  MD5: 'md5',
  SHA1: 'sha1',
  SHA256: 'sha256',
  SHA384: 'sha384',
  SHA512: 'sha512',
  'SHA3-256': 'sha3-256',
}

export const systemHash: Hash = {
  digest: (algorithm, bytes) => createHash(NAMES[algorithm]).update(bytes).digest(),
}

export const systemCrc32: Crc32 = crc32
