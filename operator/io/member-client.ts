/** Members over the network: the AdminServer, one four-letter word, and one short session. */
import { request } from 'node:http'
import { createConnection } from 'node:net'
import type { Zxid } from '../../wire/ids.ts'
import { PORTS } from '../api/limits.ts'
import type {
  Credentials,
  EnsembleApi,
  LeaderAnswer,
  MemberAnswer,
  MemberRole,
  ReconfigOutcome,
  Reconfiguration,
} from '../ports/ensemble-api.ts'
import { reconfigure } from './reconfig-session.ts'

export interface MemberPorts {
  readonly admin: number
  readonly client: number
}

const TIMEOUT_MS = 2000
const HAND_OVER_TIMEOUT_MS = 10_000
const ANSWER_BYTES_MAX = 4 * 1024 * 1024

type Facts = Readonly<Record<string, unknown>>

export class MemberClient implements EnsembleApi {
  readonly #ports: MemberPorts

  constructor(ports: MemberPorts = PORTS) {
    this.#ports = ports
  }

  async describe(host: string): Promise<MemberAnswer | undefined> {
    try {
      const [pod, zab, monitor, conf] = await Promise.all([
        this.#facts(host, '/pod'),
        this.#facts(host, '/commands/zabstate'),
        this.#facts(host, '/commands/monitor'),
        fourLetterWord(host, this.#ports.client, 'conf').catch(() => ''),
      ])
      return answerOf(pod, zab, monitor, conf)
    } catch {
      // Whoever does not answer is unknown, whatever the reason.
      return undefined
    }
  }

  async #facts(host: string, path: string): Promise<Facts> {
    const { status, body } = await http(host, this.#ports.admin, 'GET', path, {}, TIMEOUT_MS)
    if (status !== 200) return {}
    const facts: unknown = JSON.parse(body)
    return typeof facts === 'object' && facts !== null ? (facts as Facts) : {}
  }

  reconfig(host: string, as: Credentials, change: Reconfiguration): Promise<ReconfigOutcome> {
    return reconfigure(host, this.#ports.client, as, change)
  }

  async handOver(
    host: string,
    as: Credentials,
    to: number | undefined,
  ): Promise<string | undefined> {
    const path = `/commands/hand_over${to === undefined ? '' : `?to=${to}`}`
    const headers = { authorization: `digest ${as.digest}` }
    try {
      const { admin } = this.#ports
      const answer = await http(host, admin, 'POST', path, headers, HAND_OVER_TIMEOUT_MS)
      if (answer.status === 200) return errorIn(answer.body)
      return errorIn(answer.body) ?? `status ${answer.status}`
    } catch (error) {
      return String(error)
    }
  }
}

function errorIn(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: string | null }
    return error ?? undefined
  } catch {
    return `it answers ${body.slice(0, 100)}`
  }
}

/** Undefined: what was said does not tell who it is. */
export function answerOf(
  pod: Facts,
  zab: Facts,
  monitor: Facts,
  conf: string,
): MemberAnswer | undefined {
  const id = numberOf(zab['myid']) ?? numberOf(pod['id'])
  if (id === undefined) return undefined
  const isServing = zab['zabstate'] === 'broadcast' && zab['error'] === null
  const role = isServing ? roleOf(monitor['server_state']) : 'looking'
  return {
    id,
    role,
    isServing: isServing && role !== 'looking',
    isVoting: zab['voting'] === true,
    zxid: zxidOf(zab['last_zxid']),
    version: typeof monitor['version'] === 'string' ? versionOf(monitor['version']) : '',
    membership: isServing ? membershipOf(conf) : undefined,
    leader: role === 'leader' ? leaderOf(monitor) : undefined,
    connections: numberOf(monitor['num_alive_connections']) ?? 0,
    readLatencyMs:
      numberOf(monitor['readlatency{quantile="0.99"}']) ?? numberOf(monitor['p99_readlatency']),
    settings: typeof pod['settings'] === 'string' ? pod['settings'] : undefined,
  }
}

function roleOf(state: unknown): MemberRole {
  return state === 'leader' || state === 'follower' || state === 'observer' ? state : 'looking'
}

function leaderOf(monitor: Facts): LeaderAnswer {
  const count = (name: string): number => numberOf(monitor[name]) ?? 0
  return {
    syncedFollowers: count('synced_followers'),
    syncedNonVotingFollowers: count('synced_non_voting_followers'),
    syncedObservers: count('synced_observers'),
    pendingSyncs: count('pending_syncs'),
    leadingForMs: count('leader_uptime'),
  }
}

/** Numbers may come as texts: `NaN` is one of those. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

function zxidOf(text: unknown): Zxid {
  const isZxid = typeof text === 'string' && /^-?0x[0-9a-f]{1,16}$/i.test(text)
  if (!isZxid) return -1n as Zxid
  return BigInt.asIntN(64, text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)) as Zxid
}

/** `3.9.6-<hash>, built on ...`: the part before the comma. */
function versionOf(text: string): string {
  return text.split(',')[0] ?? text
}

/** The lines behind `membership:` of `conf`. */
function membershipOf(conf: string): string | undefined {
  const at = conf.indexOf('membership:')
  if (at < 0) return undefined
  const lines = conf
    .slice(at + 'membership:'.length)
    .split('\n')
    .map(line => line.trim())
    .filter(line => /^(server|group|weight)\.\d+=|^version=/.test(line))
  return lines.length === 0 ? undefined : lines.join('\n')
}

function http(
  host: string,
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>()
  const signal = AbortSignal.timeout(timeoutMs)
  const call = request({ host, port, method, path, headers, signal }, response => {
    let body = ''
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      body += chunk
      if (body.length > ANSWER_BYTES_MAX) response.destroy(new Error('the answer has no end'))
    })
    response.on('error', reject)
    response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
  })
  call.on('error', reject)
  call.end()
  return promise
}

function fourLetterWord(host: string, port: number, word: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = createConnection({ host, port, signal: AbortSignal.timeout(TIMEOUT_MS) })
  let text = ''
  socket.setEncoding('utf8')
  socket.on('connect', () => socket.write(word))
  socket.on('data', (chunk: string) => {
    text += chunk
    if (text.length > ANSWER_BYTES_MAX) socket.destroy(new Error('the answer has no end'))
  })
  socket.on('error', reject)
  socket.on('close', () => resolve(text))
  return promise
}
