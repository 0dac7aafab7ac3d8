/** Who may do what: the check of an ACL and the fix-up of one that a client sends. */
import { Perms } from '../../wire/opcodes.ts'
import type { Acl, Id, RawAcl } from '../../wire/records/data.ts'
import { OPEN_ACL } from '../../wire/records/data.ts'
import type { Schemes } from './schemes.ts'

/**
 * Whether one of `ids` has one of the permissions `perm` by `acl` (client-protocol.md 16.3). An
 * empty list allows everything.
 */
export function mayAccess(
  schemes: Schemes,
  acl: readonly Acl[],
  perm: number,
  ids: readonly Id[],
): boolean {
  if (acl === OPEN_ACL || acl.length === 0 || schemes.skipAcl) return true
  for (const id of ids) if (id.scheme === 'super') return true
  for (const entry of acl) {
    if ((entry.perms & perm) === 0) continue
    if (entry.id.scheme === 'world' && entry.id.id === 'anyone') return true
    const scheme = schemes.get(entry.id.scheme)
    if (scheme === undefined) continue
    for (const id of ids) {
      if (id.scheme === entry.id.scheme && scheme.matches(id.id, entry.id.id)) return true
    }
  }
  return false
}

/** The list is one that no znode may have: -114. */
export const INVALID_ACL = 'invalid ACL'
/** A null where Apache dereferences one: -5. */
export const UNREADABLE_ACL = 'unreadable ACL'

/**
 * What is stored for the list of a create or setACL (client-protocol.md 16.4): duplicates dropped,
 * `auth` entries replaced by the connection's own ids.
 */
export function fixUpAcl(
  schemes: Schemes,
  raw: readonly RawAcl[] | null,
  ids: readonly Id[],
): readonly Acl[] | typeof INVALID_ACL | typeof UNREADABLE_ACL {
  if (raw === null || raw.length === 0) return INVALID_ACL
  if (isOpen(raw)) return OPEN_ACL
  const fixed: Acl[] = []
  for (const entry of withoutDuplicates(raw)) {
    const { perms, scheme, id } = entry
    if (scheme === null) return INVALID_ACL
    if (scheme === 'auth') {
      const own = ids.filter(candidate => schemes.get(candidate.scheme)?.isAuthenticated === true)
      if (own.length === 0) return INVALID_ACL
      for (const one of own) fixed.push({ perms, id: one })
      continue
    }
    const provider = schemes.get(scheme)
    if (scheme !== 'world' && provider === undefined) return INVALID_ACL
    if (id === null) return UNREADABLE_ACL
    const isValid = scheme === 'world' ? id === 'anyone' : provider?.isValid(id) === true
    if (!isValid) return INVALID_ACL
    fixed.push({ perms, id: { scheme, id } })
  }
  return fixed
}

function isOpen(raw: readonly RawAcl[]): boolean {
  const [only] = raw
  return (
    raw.length === 1 &&
    only !== undefined &&
    only.perms === Perms.all &&
    only.scheme === 'world' &&
    only.id === 'anyone'
  )
}

function withoutDuplicates(raw: readonly RawAcl[]): RawAcl[] {
  return raw.filter(
    (entry, i) =>
      raw.findIndex(
        other =>
          other.perms === entry.perms && other.scheme === entry.scheme && other.id === entry.id,
      ) === i,
  )
}

/** Ids of scheme digest without their hash, for who lacks ADMIN (client-protocol.md 7.8). */
export function maskDigests(acl: readonly Acl[]): readonly Acl[] {
  return acl.map(entry => {
    const { scheme, id } = entry.id
    const colon = id.indexOf(':')
    if (scheme !== 'digest' || colon < 0) return entry
    return { perms: entry.perms, id: { scheme, id: `${id.slice(0, colon)}:x` } }
  })
}

const LETTERS = [
  ['c', Perms.create],
  ['d', Perms.delete],
  ['r', Perms.read],
  ['w', Perms.write],
  ['a', Perms.admin],
] as const

/** `scheme:id:cdrwa` entries joined by commas, as the audit log has them. */
export function aclText(acl: readonly Acl[]): string {
  return acl
    .map(({ perms, id }) => {
      const letters = LETTERS.filter(([, bit]) => (perms & bit) !== 0).map(([letter]) => letter)
      return `${id.scheme}:${id.id}:${letters.join('')}`
    })
    .join(',')
}
