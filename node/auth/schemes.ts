import type { DigestAlgorithm, Hash } from '../../base/ports.ts'
import type { Id } from '../../wire/records/data.ts'
import { decodeUtf8 } from '../../wire/utf8.ts'
import { beforeColon, digestId, isDigestId } from './digest.ts'
import { isInNetwork, parseNetwork } from './ip.ts'

/** What a client's auth packet led to. */
export type AuthOutcome =
  | { readonly outcome: 'ok'; readonly ids: readonly Id[] }
  | { readonly outcome: 'failed' }
  /** Closed without a word, so that the client tries another ensemble. */
  | { readonly outcome: 'wrongEnsemble' }

/** One authentication scheme (client-protocol.md 16.2, 16.3). */
export interface Scheme {
  readonly name: string
  /** Whether its ids stand for somebody who proved who they are: what `auth` expands to. */
  readonly isAuthenticated: boolean
  isValid(id: string): boolean
  /** Whether the id of a connection satisfies the id of an ACL entry. */
  matches(id: string, aclId: string): boolean
  /** The user name in an id, for whoAmI and the audit log. */
  userName(id: string): string
  authenticate(credentials: Uint8Array | null, connection: Peer): AuthOutcome
}

/** What is known of the other end of a connection. */
export interface Peer {
  /** Numeric, as Java writes it. */
  readonly address: string
}

export interface SchemeOptions {
  readonly hash: Hash
  readonly digestEnabled: boolean
  readonly digestAlgorithm: DigestAlgorithm
  /** `super:<base64>`; undefined: nobody is super by digest. */
  readonly superDigest: string | undefined
  /** Empty: there is no such scheme. */
  readonly ensembleNames: readonly string[]
  readonly skipAcl: boolean
}

const FAILED: AuthOutcome = { outcome: 'failed' }

/** The schemes of a member by name. */
export class Schemes {
  readonly skipAcl: boolean
  readonly #byName = new Map<string, Scheme>()

  constructor(options: SchemeOptions) {
    this.skipAcl = options.skipAcl
    this.add(ipScheme())
    if (options.digestEnabled) this.add(digestScheme(options))
    if (options.ensembleNames.length > 0) this.add(ensembleScheme(options.ensembleNames))
  }

  add(scheme: Scheme): void {
    this.#byName.set(scheme.name, scheme)
  }

  get(name: string): Scheme | undefined {
    return this.#byName.get(name)
  }

  /** '' for ids of a scheme without provider, such as super. */
  userName(id: Id): string {
    return this.#byName.get(id.scheme)?.userName(id.id) ?? ''
  }
}

function ipScheme(): Scheme {
  return {
    name: 'ip',
    isAuthenticated: false,
    isValid: id => parseNetwork(id) !== undefined,
    matches: isInNetwork,
    userName: id => id,
    authenticate: (_credentials, peer) => ({
      outcome: 'ok',
      ids: [{ scheme: 'ip', id: peer.address }],
    }),
  }
}

function digestScheme(options: SchemeOptions): Scheme {
  return {
    name: 'digest',
    isAuthenticated: true,
    isValid: isDigestId,
    matches: (id, aclId) => id === aclId,
    userName: beforeColon,
    authenticate: credentials => {
      if (credentials === null) return FAILED
      const id = digestId(options.hash, options.digestAlgorithm, credentials)
      const ids: Id[] = []
      if (id === options.superDigest) ids.push({ scheme: 'super', id: '' })
      ids.push({ scheme: 'digest', id })
      return { outcome: 'ok', ids }
    },
  }
}

/** Never adds an id: it only makes sure that a client talks to the ensemble it means. */
function ensembleScheme(names: readonly string[]): Scheme {
  return {
    name: 'ensemble',
    isAuthenticated: false,
    isValid: () => false,
    matches: () => false,
    userName: id => id,
    authenticate: credentials => {
      if (credentials === null || credentials.length === 0) {
        return { outcome: 'ok', ids: [] }
      }
      const name = decodeUtf8(credentials, 0, credentials.length)
      return names.includes(name) ? { outcome: 'ok', ids: [] } : { outcome: 'wrongEnsemble' }
    },
  }
}
