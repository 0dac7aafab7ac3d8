/**
 * Who belongs to an ensemble, as text: the `server.N=` lines of zoo.cfg, of dynamic configuration
 * files, of `/zookeeper/config`, of notifications and of NEWLEADER (operations.md 5.1,
 * client-protocol.md 12, quorum-protocol.md 9.1).
 */
import type { PeerId } from './ids.ts'

export type MemberRole = 'participant' | 'observer'

/** Where other members reach a member. Hosts stand as configured, without the brackets of IPv6. */
export interface QuorumAddress {
  readonly host: string
  readonly quorumPort: number
  readonly electionPort: number
}

/** Host and port of a listener; an IPv6 host stands without brackets. */
export interface HostPort {
  readonly host: string
  readonly port: number
}

export interface Member {
  readonly id: PeerId
  /** Sorted by host; at least one. */
  readonly addresses: readonly QuorumAddress[]
  readonly role: MemberRole
  /** Only when the line itself names it: with clientPort in the static file it is absent. */
  readonly clientAddress: HostPort | undefined
}

/** A hierarchical quorum: `group.<id>=1:2:3`. */
export interface MemberGroup {
  readonly id: number
  readonly members: readonly PeerId[]
}

/** One configuration of an ensemble. Members and groups ascend by id. */
export interface Membership {
  readonly members: readonly Member[]
  /** Empty for a majority quorum. */
  readonly groups: readonly MemberGroup[]
  /** Empty for a majority quorum; otherwise every participant has its weight here. */
  readonly weights: ReadonlyMap<PeerId, number>
  readonly oraclePath: string | undefined
  /** The zxid that made it; 0 for a static file. */
  readonly version: bigint
}

/** A line that says nothing usable. The message names key, value and what would be valid. */
export class ConfigStringError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConfigStringError'
  }
}

/** Ids are written as a long; more than this is no id that anybody chose. */
export const PEER_ID_MAX = 0x7fff_ffff
/** More lines than this are no ensemble. */
export const MEMBERS_MAX = 1024

/** The host that a client address without one stands for. */
export const ANY_HOST = '0.0.0.0'

const MEMBER_FORM =
  'host:quorumPort:electionPort[:participant|observer][|host:quorumPort:electionPort...]' +
  '[;[clientHost:]clientPort]'

/**
 * The value of one `server.<id>=` line. With `multiAddress` false more than one address is refused.
 * Throws ConfigStringError.
 */
export function parseMember(id: PeerId, value: string, multiAddress: boolean): Member {
  const parts = value.trim().split(';')
  if (parts.length > 2) throw badMember(id, value, 'it has more than one ";"')
  const addresses: QuorumAddress[] = []
  let role: MemberRole | undefined
  for (const text of parts[0]!.split('|')) {
    const { address, role: own } = parseAddress(id, value, text.trim())
    if (own !== undefined) {
      if (role !== undefined && role !== own) throw badMember(id, value, 'its roles differ')
      role = own
    }
    addresses.push(address)
  }
  if (addresses.length > 1 && !multiAddress) {
    throw badMember(id, value, 'several addresses need multiAddress.enabled=true')
  }
  addresses.sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0))
  const client = parts[1]
  return {
    id,
    addresses,
    role: role ?? 'participant',
    clientAddress: client === undefined ? undefined : parseClient(id, value, client.trim()),
  }
}

function parseAddress(
  id: PeerId,
  value: string,
  text: string,
): { address: QuorumAddress; role: MemberRole | undefined } {
  const fields = hostAndRest(text)
  if (fields === undefined) throw badMember(id, value, `"${text}" has a bracket too few`)
  const [host, quorumText, electionText, roleText] = fields
  if (host === undefined || host === '' || fields.length < 3 || fields.length > 4) {
    throw badMember(id, value, `"${text}" is not host:quorumPort:electionPort`)
  }
  const quorumPort = parsePort(quorumText!)
  const electionPort = parsePort(electionText!)
  if (quorumPort === undefined) throw badMember(id, value, `"${quorumText}" is not a port`)
  if (electionPort === undefined) throw badMember(id, value, `"${electionText}" is not a port`)
  if (quorumPort === electionPort) {
    throw badMember(id, value, 'quorum port and election port must differ')
  }
  return {
    address: { host, quorumPort, electionPort },
    role: roleText === undefined ? undefined : parseRole(id, value, roleText),
  }
}

function parseRole(id: PeerId, value: string, text: string): MemberRole {
  const role = text.trim().toLowerCase()
  if (role === 'participant' || role === 'observer') return role
  throw badMember(id, value, `role "${text}" is neither participant nor observer`)
}

function parseClient(id: PeerId, value: string, text: string): HostPort {
  const address = parseHostPort(text)
  if (address === undefined) {
    throw badMember(id, value, `client address "${text}" is not [clientHost:]clientPort`)
  }
  return address
}

/** `port`, `host:port` or `[v6]:port`; undefined when it is none of them. */
export function parseHostPort(text: string): HostPort | undefined {
  const fields = hostAndRest(text)
  if (fields === undefined || fields.length > 2) return undefined
  const host = fields.length === 2 ? fields[0]! : ANY_HOST
  const port = parsePort(fields[fields.length - 1]!)
  return port === undefined || host === '' ? undefined : { host, port }
}

/** Splits at colons, except inside the brackets of an IPv6 host. */
function hostAndRest(text: string): string[] | undefined {
  if (!text.startsWith('[')) return text.split(':')
  const end = text.indexOf(']')
  if (end < 0) return undefined
  const rest = text.slice(end + 1)
  if (rest === '') return [text.slice(1, end)]
  return rest.startsWith(':') ? [text.slice(1, end), ...rest.slice(1).split(':')] : undefined
}

/** 0..65535 in decimal. */
function parsePort(text: string): number | undefined {
  const port = parseDecimal(text)
  return port === undefined || port > 0xffff ? undefined : port
}

function parseDecimal(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text)) return undefined
  return Number(text)
}

function badMember(id: PeerId, value: string, why: string): ConfigStringError {
  return new ConfigStringError(`server.${id}=${value}: ${why}; valid is ${MEMBER_FORM}`)
}

/**
 * The id behind a prefix: 12 of `server.12`. Throws ConfigStringError when it is not a decimal
 * number from 0 to PEER_ID_MAX.
 */
export function parseKeyId(key: string, prefix: string): number {
  const id = parseDecimal(key.slice(prefix.length))
  if (id !== undefined && id <= PEER_ID_MAX) return id
  throw new ConfigStringError(
    `${key}: "${key.slice(prefix.length)}" is not an id; valid is ${prefix}N with N from 0 ` +
      `to ${PEER_ID_MAX}`,
  )
}

/** Parts of a configuration as they are found, before `completeMembership` judges them together. */
export interface MembershipDraft {
  readonly members: Map<PeerId, Member>
  readonly groups: Map<number, readonly PeerId[]>
  readonly weights: Map<PeerId, number>
  oraclePath: string | undefined
  version: bigint
}

export function emptyDraft(): MembershipDraft {
  return {
    members: new Map(),
    groups: new Map(),
    weights: new Map(),
    oraclePath: undefined,
    version: 0n,
  }
}

/**
 * Takes one `key=value` into the draft. Returns false when the key is not part of a configuration.
 * Throws ConfigStringError.
 */
export function addLine(
  draft: MembershipDraft,
  key: string,
  value: string,
  multiAddress: boolean,
): boolean {
  if (key.startsWith('server.')) {
    const id = parseKeyId(key, 'server.')
    draft.members.set(id, parseMember(id, value, multiAddress))
  } else if (key.startsWith('group.')) {
    draft.groups.set(parseKeyId(key, 'group.'), parseGroup(key, value))
  } else if (key.startsWith('weight.')) {
    draft.weights.set(parseKeyId(key, 'weight.'), parseWeight(key, value))
  } else if (key === 'version') {
    draft.version = parseVersion(value)
  } else if (key === 'oraclePath') {
    draft.oraclePath = value
  } else {
    return false
  }
  return true
}

function parseGroup(key: string, value: string): readonly PeerId[] {
  return value.split(':').map(text => {
    const id = parseDecimal(text.trim())
    if (id !== undefined && id <= PEER_ID_MAX) return id
    throw new ConfigStringError(
      `${key}=${value}: "${text}" is not an id; valid are ids joined by ":"`,
    )
  })
}

function parseWeight(key: string, value: string): number {
  const weight = parseDecimal(value.trim())
  if (weight !== undefined) return weight
  throw new ConfigStringError(`${key}=${value}: valid is a whole number, 0 or more`)
}

/** Hexadecimal without 0x, as in file names and in the last line. Throws ConfigStringError. */
export function parseVersion(value: string): bigint {
  const text = value.trim()
  if (/^[0-9a-fA-F]{1,16}$/.test(text)) return BigInt.asIntN(64, BigInt(`0x${text}`))
  throw new ConfigStringError(`version=${value}: valid are 1 to 16 hexadecimal digits without 0x`)
}

/**
 * The configuration that a draft describes. Throws ConfigStringError when it has observers but no
 * voter, or when groups and participants do not match.
 */
export function completeMembership(draft: MembershipDraft): Membership {
  const members = [...draft.members.values()].sort((a, b) => a.id - b.id)
  if (members.length > MEMBERS_MAX) {
    throw new ConfigStringError(`${members.length} server lines; valid are at most ${MEMBERS_MAX}`)
  }
  const voters = members.filter(member => member.role === 'participant')
  if (members.length > 0 && voters.length === 0) {
    throw new ConfigStringError(
      `the server lines name ${members.length} observers and no participant; valid is at ` +
        'least one participant',
    )
  }
  const groups = [...draft.groups]
    .map(([id, ids]) => ({ id, members: [...ids].sort((a, b) => a - b) }))
    .sort((a, b) => a.id - b.id)
  const hierarchical = groups.length > 0 || draft.weights.size > 0
  return {
    members,
    groups,
    weights: hierarchical ? completeWeights(voters, groups, draft.weights) : new Map(),
    oraclePath: draft.oraclePath,
    version: draft.version,
  }
}

function completeWeights(
  voters: readonly Member[],
  groups: readonly MemberGroup[],
  given: ReadonlyMap<PeerId, number>,
): Map<PeerId, number> {
  const groupOf = new Map<PeerId, number>()
  for (const group of groups) {
    for (const id of group.members) {
      const other = groupOf.get(id)
      if (other !== undefined) {
        throw new ConfigStringError(
          `group.${group.id}: server ${id} is in group ${other} already; valid is exactly ` +
            'one group for each participant',
        )
      }
      groupOf.set(id, group.id)
    }
  }
  const weights = new Map<PeerId, number>()
  for (const voter of voters) {
    if (!groupOf.has(voter.id)) {
      throw new ConfigStringError(
        `server.${voter.id} is in no group.N line; valid is exactly one group for each participant`,
      )
    }
    weights.set(voter.id, 1)
  }
  for (const [id, weight] of given) weights.set(id, weight)
  return new Map([...weights].sort(([a], [b]) => a - b))
}

/**
 * A whole configuration: the data of `/zookeeper/config`, or the new members of a reconfig, where
 * commas separate too. Throws ConfigStringError; a line that is none of ours is refused.
 */
export function parseMembership(text: string, multiAddress: boolean): Membership {
  const draft = emptyDraft()
  for (const raw of text.split(/[\n,]/)) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const at = line.indexOf('=')
    const key = at < 0 ? line : line.slice(0, at).trim()
    if (at < 0 || !addLine(draft, key, line.slice(at + 1).trim(), multiAddress)) {
      throw new ConfigStringError(
        `"${line}" is not part of a configuration; valid are server.N=, group.N=, ` +
          'weight.N= and version=',
      )
    }
  }
  return completeMembership(draft)
}

/** A host as it is printed: IPv6 in brackets. */
export function printHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}

/** `host:port`. */
export function printHostPort(address: HostPort): string {
  return `${printHost(address.host)}:${address.port}`
}

/** The value of a `server.N=` line; the role is always there. */
export function printMember(member: Member): string {
  const addresses = member.addresses
    .map(a => `${printHost(a.host)}:${a.quorumPort}:${a.electionPort}`)
    .join('|')
  const client = member.clientAddress
  return `${addresses}:${member.role}${client === undefined ? '' : `;${printHostPort(client)}`}`
}

/** All lines except the version, in the order in which Apache prints them. */
export function printLines(membership: Membership): string[] {
  const lines: string[] = []
  for (const member of inHashOrder(membership.members, member => member.id)) {
    lines.push(`server.${member.id}=${printMember(member)}`)
  }
  for (const group of inHashOrder(membership.groups, group => group.id)) {
    lines.push(`group.${group.id}=${group.members.join(':')}`)
  }
  for (const [id, weight] of inHashOrder([...membership.weights], ([id]) => id)) {
    lines.push(`weight.${id}=${weight}`)
  }
  if (membership.oraclePath !== undefined) lines.push(`oraclePath=${membership.oraclePath}`)
  return lines
}

/** The data of `/zookeeper/config`: `version=` last, no newline at the end. */
export function printMembership(membership: Membership): string {
  const version = BigInt.asUintN(64, membership.version).toString(16)
  return [...printLines(membership), `version=${version}`].join('\n')
}

/** The content of a dynamic configuration file: sorted, no version, no newline at the end. */
export function printDynamicFile(membership: Membership): string {
  return printLines(membership).sort().join('\n')
}

/** The order of a Java HashMap keyed by id, so that our text can be compared with Apache's. */
function inHashOrder<T>(items: readonly T[], idOf: (item: T) => number): T[] {
  let capacity = 16
  while (items.length > capacity * 0.75) capacity *= 2
  const bucket = (item: T): number => {
    const id = idOf(item)
    return ((id ^ (id >>> 16)) & (capacity - 1)) >>> 0
  }
  return [...items].sort((a, b) => bucket(a) - bucket(b) || idOf(a) - idOf(b))
}

/** Same members, groups and weights; the version does not matter. */
export function hasSameMembers(a: Membership, b: Membership): boolean {
  return printDynamicFile(a) === printDynamicFile(b)
}

/** Same members at the same version. */
export function isSameMembership(a: Membership, b: Membership): boolean {
  return a.version === b.version && hasSameMembers(a, b)
}

export function memberOf(membership: Membership, id: PeerId): Member | undefined {
  return membership.members.find(member => member.id === id)
}

/** Participants, ascending by id. */
export function votersOf(membership: Membership): readonly Member[] {
  return membership.members.filter(member => member.role === 'participant')
}

/**
 * Why two members cannot both be in one ensemble: a host and port that both claim; undefined when
 * there is none. Wildcard and loopback hosts mean another machine for every member and never clash.
 */
export function addressClash(a: Member, b: Member): string | undefined {
  const taken = new Set(endpointsOf(a))
  const clash = endpointsOf(b).find(endpoint => taken.has(endpoint))
  return clash === undefined
    ? undefined
    : `${clash} of server.${b.id} is an address of server.${a.id} too`
}

function endpointsOf(member: Member): string[] {
  const endpoints: HostPort[] = []
  for (const { host, quorumPort, electionPort } of member.addresses) {
    endpoints.push({ host, port: quorumPort }, { host, port: electionPort })
  }
  if (member.clientAddress !== undefined) endpoints.push(member.clientAddress)
  return endpoints.filter(({ host }) => !isAnyHost(host) && !isLoopback(host)).map(printHostPort)
}

/** Whether a host is the wildcard of IPv4 or IPv6. */
export function isAnyHost(host: string): boolean {
  return host === ANY_HOST || /^[0:]*:[0:]*$/.test(host)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.startsWith('127.') || /^[0:]*:0*1$/.test(host)
}
