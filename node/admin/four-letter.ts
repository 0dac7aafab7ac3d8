/** Four-letter words (operations.md 8): a word becomes a text, then the connection is closed. */

import { fourDecimals, javaDate, javaDouble, javaSocketAddress } from '../../base/java-format.ts'
import { hex, hexDigits } from '../../wire/ids.ts'
import { resetServerStats } from './gauges.ts'
import { mntrText } from './mntr.ts'
import { operationName } from './operation-names.ts'
import type { AdminView, ConnectionView, ExpiryBucket, HostAndPort } from './view.ts'

interface Word {
  /** What is said while the member does not serve; undefined: it is answered as always. */
  readonly whenNotServing: string | undefined
  readonly answer: (view: AdminView, argument: bigint | undefined) => string
}

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests'

function serving(answer: Word['answer']): Word {
  return { whenNotServing: `${NOT_SERVING}\n`, answer }
}

function always(answer: Word['answer']): Word {
  return { whenNotServing: undefined, answer }
}

const WORDS: ReadonlyMap<string, Word> = new Map<string, Word>([
  ['conf', serving(confText)],
  ['cons', serving(view => `${connectionLines(view, false)}\n`)],
  ['crst', serving(resetConnections)],
  ['dirs', serving(dirsText)],
  ['dump', serving(dumpText)],
  ['envi', always(environmentText)],
  ['gtmk', always(view => String(view.traceMask()))],
  ['hash', serving(hashText)],
  ['isro', { whenNotServing: 'null', answer: view => (isReadOnly(view) ? 'ro' : 'rw') }],
  ['mntr', serving(mntrText)],
  ['ruok', always(() => 'imok')],
  ['srst', serving(resetStats)],
  ['srvr', serving(view => `${versionLine(view)}${serverText(view)}`)],
  ['stat', serving(statText)],
  ['stmk', always(setTraceMask)],
  ['wchc', serving(watchesBySessionText)],
  ['wchp', serving(watchesByPathText)],
  ['wchs', serving(watchSummaryText)],
])

/** The words that exist: anything else in their place is the length of a frame. */
export function isFourLetterWord(text: string): boolean {
  return WORDS.has(text)
}

/** Bytes that follow the word on the wire: `stmk` brings a mask of eight. */
export function argumentBytesOf(word: string): number {
  return word === 'stmk' ? 8 : 0
}

/** The words that may be used, from `4lw.commands.whitelist`. */
export type Whitelist = ReadonlySet<string>

/**
 * Parses the comma list; `*` is all, `srvr` is always allowed, `isro` when read-only mode is on.
 * `list` is undefined where the key is absent.
 */
export function parseWhitelist(
  list: string | undefined,
  isReadOnlyModeEnabled: boolean,
): Whitelist {
  const allowed = new Set(['srvr'])
  if (isReadOnlyModeEnabled) allowed.add('isro')
  for (const entry of (list ?? '').split(',')) {
    const word = entry.trim()
    if (word === '*') for (const each of WORDS.keys()) allowed.add(each)
    else if (WORDS.has(word)) allowed.add(word)
  }
  return allowed
}

/**
 * The whole answer to a known word, to be written as UTF-8 before the connection is closed. Never
 * waits for a quorum. `argument` is the mask of `stmk`.
 */
export function handleFourLetterWord(
  word: string,
  view: AdminView,
  whitelist: Whitelist,
  argument?: bigint,
): string {
  const known = WORDS.get(word)
  if (known === undefined || !whitelist.has(word)) {
    return `${word} is not executed because it is not in the whitelist.\n`
  }
  if (known.whenNotServing !== undefined && !view.isServing()) return known.whenNotServing
  return known.answer(view, argument)
}

function isReadOnly(view: AdminView): boolean {
  return view.mode() === 'read-only'
}

function versionLine(view: AdminView): string {
  const readOnly = isReadOnly(view) ? 'READ-ONLY mode; serving only read-only clients\n' : ''
  return `Zookeeper version: ${view.version}\n${readOnly}`
}

function serverText(view: AdminView): string {
  const { stats } = view
  const average = javaDouble(fourDecimals(stats.latencyAverageMs))
  const lines = [
    `Latency min/avg/max: ${stats.latencyMinMs}/${average}/${stats.latencyMaxMs}`,
    `Received: ${stats.packetsReceived}`,
    `Sent: ${stats.packetsSent}`,
    `Connections: ${view.connectionCounts().alive}`,
    `Outstanding: ${view.outstandingRequests()}`,
    `Zxid: ${hex(view.lastProcessedZxid())}`,
    `Mode: ${view.mode()}`,
    `Node count: ${view.treeCounts().nodeCount}`,
  ]
  if (view.mode() === 'leader') {
    const { lastBytes, minBytes, maxBytes } = stats.proposal
    lines.push(`Proposal sizes last/min/max: ${lastBytes}/${minBytes}/${maxBytes}`)
  }
  return `${lines.join('\n')}\n`
}

function statText(view: AdminView): string {
  return `${versionLine(view)}Clients:\n${connectionLines(view, true)}\n${serverText(view)}`
}

function connectionLines(view: AdminView, isBrief: boolean): string {
  return view
    .connections()
    .map(connection => `${connectionLine(connection, isBrief)}\n`)
    .join('')
}

function connectionLine(connection: ConnectionView, isBrief: boolean): string {
  const { remote, sessionId } = connection
  const counts = [
    `queued=${connection.outstandingRequests}`,
    `recved=${connection.packetsReceived}`,
    `sent=${connection.packetsSent}`,
  ]
  if (!isBrief && sessionId !== 0n) counts.push(...sessionFacts(connection))
  const operations = connection.interestOps.toString(16)
  const address = javaSocketAddress(remote.address, remote.port)
  return ` ${address}[${operations}](${counts.join(',')})`
}

function sessionFacts(connection: ConnectionView): string[] {
  const facts = [
    `sid=${hex(connection.sessionId)}`,
    `lop=${operationName(connection.lastOperation)}`,
    `est=${Math.floor(connection.establishedAtMs)}`,
    `to=${connection.sessionTimeoutMs}`,
  ]
  if (connection.lastCxid >= 0) facts.push(`lcxid=${hex(BigInt(connection.lastCxid))}`)
  facts.push(
    `lzxid=${hex(connection.lastZxid)}`,
    `lresp=${Math.floor(connection.lastResponseAtMs)}`,
    `llat=${Math.floor(connection.lastLatencyMs)}`,
    `minlat=${Math.floor(connection.minLatencyMs)}`,
    `avglat=${Math.floor(connection.averageLatencyMs)}`,
    `maxlat=${Math.floor(connection.maxLatencyMs)}`,
  )
  return facts
}

function resetConnections(view: AdminView): string {
  view.resetConnectionStats()
  return 'Connection stats reset.\n'
}

function resetStats(view: AdminView): string {
  resetServerStats(view)
  return 'Server stats reset.\n'
}

function dirsText(view: AdminView): string {
  const sizes = view.directorySizes()
  return `datadir_size: ${sizes.dataDirBytes}\nlogdir_size: ${sizes.logDirBytes}\n`
}

function confText(view: AdminView): string {
  const conf = view.configuration()
  const sizes = view.directorySizes()
  const entries: (readonly [string, string | number])[] = [
    ['clientPort', conf.clientPort],
    ['secureClientPort', conf.secureClientPort],
    ['dataDir', conf.dataDir],
    ['dataDirSize', sizes.dataDirBytes],
    ['dataLogDir', conf.dataLogDir],
    ['dataLogSize', sizes.logDirBytes],
    ['tickTime', conf.tickTimeMs],
    ['maxClientCnxns', conf.maxClientConnections],
    ['minSessionTimeout', conf.minSessionTimeoutMs],
    ['maxSessionTimeout', conf.maxSessionTimeoutMs],
    ['clientPortListenBacklog', conf.clientPortListenBacklog],
    ['serverId', conf.serverId],
  ]
  const lines = entries.map(([key, value]) => `${key}=${value}\n`).join('')
  return lines + quorumConfText(view)
}

/** Ends without a line end, as the configuration text does. */
function quorumConfText(view: AdminView): string {
  const quorum = view.quorum()
  if (quorum === undefined) return ''
  const self = quorum.members.find(member => member.id === quorum.peerId)
  const portOf = (addresses: readonly HostAndPort[] | undefined): number =>
    addresses?.[0]?.port ?? -1
  return [
    `initLimit=${quorum.initLimit}`,
    `syncLimit=${quorum.syncLimit}`,
    `electionAlg=${quorum.electionAlgorithm}`,
    `electionPort=${portOf(self?.electionAddresses)}`,
    `quorumPort=${portOf(self?.quorumAddresses)}`,
    `peerType=${quorum.isObserverByConfiguration ? 1 : 0}`,
    'membership: ',
    quorum.membership,
  ].join('\n')
}

function dumpText(view: AdminView): string {
  return `SessionTracker dump:\n${sessionsText(view)}${ephemeralsText(view)}${expiryText(view)}`
}

function sessionsText(view: AdminView): string {
  const sessions = view.sessions()
  const { local } = sessions
  const localText = local === undefined ? '' : `Local ${sessionSets(local)}`
  if (sessions.kind === 'expiring') {
    return `${localText}${local === undefined ? '' : 'Global '}${sessionSets(sessions.global)}`
  }
  const lines = sessions.global
    .toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1))
    .map(({ sessionId, timeoutMs }) => `${hex(sessionId)}\t${timeoutMs}ms\n`)
  return `${localText}Global Sessions(${lines.length}):\n${lines.join('')}`
}

function sessionSets(buckets: readonly ExpiryBucket[]): string {
  const count = buckets.reduce((sum, bucket) => sum + bucket.sessionIds.length, 0)
  let text = `Session Sets (${buckets.length})/(${count}):\n`
  for (const { expiresAtMs, sessionIds } of buckets.toSorted(byExpiry)) {
    text += `${sessionIds.length} expire at ${javaDate(expiresAtMs)}:\n`
    for (const id of sessionIds) text += `\t${hex(id)}\n`
  }
  return text
}

function byExpiry(a: ExpiryBucket, b: ExpiryBucket): number {
  return a.expiresAtMs - b.expiresAtMs
}

function ephemeralsText(view: AdminView): string {
  const ephemerals = view.ephemerals()
  let text = `ephemeral nodes dump:\nSessions with Ephemerals (${ephemerals.size}):\n`
  for (const [owner, paths] of ephemerals) {
    text += `${hex(owner)}:\n`
    for (const path of paths) text += `\t${path}\n`
  }
  return text
}

function expiryText(view: AdminView): string {
  const buckets = new Map<number, ConnectionView[]>()
  const connections = view.connections()
  for (const connection of connections) {
    const bucket = buckets.get(connection.expiresAtMs)
    if (bucket === undefined) buckets.set(connection.expiresAtMs, [connection])
    else bucket.push(connection)
  }
  let text = `Connections dump:\nConnections Sets (${buckets.size})/(${connections.length}):\n`
  for (const [expiresAtMs, members] of [...buckets].sort(([a], [b]) => a - b)) {
    text += `${members.length} expire at ${javaDate(expiresAtMs)}:\n`
    for (const { remote, sessionId } of members) {
      const address = javaSocketAddress(remote.address, remote.port)
      text += `\tip: ${address} sessionId: ${hex(sessionId)}\n`
    }
  }
  return text
}

function environmentText(view: AdminView): string {
  const lines = view.environment().map(([key, value]) => `${key}=${value}\n`)
  return `Environment:\n${lines.join('')}`
}

function hashText(view: AdminView): string {
  return view
    .digests()
    .map(({ zxid, digest }) => `${hexDigits(zxid)}: ${BigInt.asIntN(64, digest)}\n`)
    .join('')
}

function setTraceMask(view: AdminView, argument: bigint | undefined): string {
  const mask = BigInt.asIntN(64, argument ?? 0n)
  view.setTraceMask(mask)
  return String(mask)
}

function watchesBySessionText(view: AdminView): string {
  let text = ''
  for (const [session, paths] of view.watchesBySession()) {
    text += `${hex(session)}\n`
    for (const path of paths) text += `\t${path}\n`
  }
  return `${text}\n`
}

function watchesByPathText(view: AdminView): string {
  let text = ''
  for (const [path, sessions] of view.watchesByPath()) {
    text += `${path}\n`
    for (const session of sessions) text += `\t${hex(session)}\n`
  }
  return `${text}\n`
}

function watchSummaryText(view: AdminView): string {
  const { connectionCount, pathCount, watchCount } = view.watchSummary()
  return `${connectionCount} connections watching ${pathCount} paths\nTotal watches:${watchCount}\n`
}
