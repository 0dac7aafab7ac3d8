/** The AdminServer: HTTP around node/admin/commands.ts (operations.md 9.2, 9.4). */

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Clock, Log } from '../../base/ports.ts'
import { hex } from '../../wire/ids.ts'
import type { Query } from '../admin/command.ts'
import {
  COMMAND_NAMES,
  commandAnswer,
  DUTY_ALIASES,
  findCommand,
  NOT_SERVING,
  printAnswer,
  runCommand,
} from '../admin/commands.ts'
import { type JsonValue, jsonObject } from '../admin/json.ts'
import { OWN_COMMANDS } from '../admin/own-commands.ts'
import { RateLimiter } from '../admin/rate-limiter.ts'
import type { AdminView } from '../admin/view.ts'
import { healthPage, type PodFacts } from './health-pages.ts'
import { createHttpServer, listen, type RunningServer } from './http-listen.ts'

export interface AdminServerOptions {
  readonly view: AdminView
  readonly clock: Clock
  readonly log: Log
  /** Known when the member runs in a pod. */
  readonly pod?: PodFacts | undefined
  /** `admin.commandURL`, such as `/commands`. */
  readonly commandUrl: string
}

export interface AdminAddress {
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
  readonly idleTimeoutMs: number
}

type Duty = 'snapshot' | 'restore'

/** Starts listening; rejects when the address cannot be bound. */
export function startAdminServer(
  options: AdminServerOptions,
  address: AdminAddress,
): Promise<RunningServer> {
  const admin = new AdminHttp(options)
  const server = createHttpServer((request, response) => admin.onRequest(request, response))
  limitIdleTime(server, address.idleTimeoutMs)
  return listen(server, address.host, address.port)
}

/** A connection without traffic is closed; a long upload with traffic is not. */
function limitIdleTime(server: Server, idleTimeoutMs: number): void {
  server.setTimeout(idleTimeoutMs)
  server.keepAliveTimeout = idleTimeoutMs
  server.headersTimeout = idleTimeoutMs
  server.requestTimeout = 0
}

/** Methods that get an answer without looking at the path; others that are not served get 501. */
const METHOD_ANSWERS: ReadonlyMap<string, number> = new Map([
  ['PUT', 405],
  ['DELETE', 405],
  ['TRACE', 403],
  ['OPTIONS', 200],
])
const ALLOWED_METHODS = 'GET, HEAD, POST, OPTIONS'

/** Answers requests; for a plain or a TLS server alike. */
export class AdminHttp {
  readonly #options: AdminServerOptions
  readonly #limiters: Readonly<Record<Duty, RateLimiter>>

  constructor(options: AdminServerOptions) {
    this.#options = options
    const intervalMs = options.view.snapshots.rateLimiterIntervalMs
    this.#limiters = {
      // Apache reads the interval of this one as microseconds; backups rely on what follows.
      snapshot: new RateLimiter(intervalMs / 1000),
      restore: new RateLimiter(intervalMs),
    }
  }

  onRequest(request: IncomingMessage, response: ServerResponse): void {
    this.#answer(request, response).catch((error: unknown) => {
      this.#options.log.error('admin request failed', {
        method: request.method,
        url: request.url,
        cause: String(error),
      })
      if (response.headersSent) response.destroy()
      else response.writeHead(500, { 'Content-Length': 0 }).end()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const method = request.method ?? 'GET'
    const url = URL.parse(request.url ?? '/', 'http://localhost')
    const name = url === null ? undefined : this.#commandName(url.pathname)
    const query = new Map(url?.searchParams)
    if (name === undefined) return this.#health(request, response, url?.pathname ?? '/')
    if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') {
      response.setHeader('Allow', ALLOWED_METHODS)
      return sendEmpty(request, response, METHOD_ANSWERS.get(method) ?? 501)
    }
    if (name === '' && method !== 'POST') return this.#list(request, response)
    if (OWN_COMMANDS.has(name)) return this.#doOwn(name, request, response, query)
    const duty = DUTY_ALIASES.get(name)
    if (duty !== undefined) return this.#doDuty(duty, request, response, query)
    const known = findCommand(name)
    if (known !== undefined && method === 'POST') {
      return sendAnswer(request, response, 500, known.name, `${known.name} does not accept POST`)
    }
    sendText(request, response, printAnswer(runCommand(name, this.#options.view, query)))
  }

  /** Pages for probes; everything else outside the command URL does not exist. */
  #health(request: IncomingMessage, response: ServerResponse, path: string): void {
    const page = healthPage(path, this.#options.view, this.#options.pod)
    if (page === undefined) sendEmpty(request, response, 404)
    else sendText(request, response, page.body, page.status)
  }

  /** Empty for the listing, undefined for a path outside the command URL. */
  #commandName(pathname: string): string | undefined {
    const { commandUrl } = this.#options
    if (pathname === commandUrl) return ''
    if (!pathname.startsWith(`${commandUrl}/`)) return undefined
    return decodePath(pathname.slice(commandUrl.length + 1))
  }

  #list(request: IncomingMessage, response: ServerResponse): void {
    const { commandUrl } = this.#options
    const lines = COMMAND_NAMES.map(name => `<a href="${commandUrl}/${name}">${name}</a>\n<br/>\n`)
    send(request, response, 200, Buffer.from(lines.join('')), { 'Content-Type': 'text/html' })
  }

  async #doDuty(
    duty: Duty,
    request: IncomingMessage,
    response: ServerResponse,
    query: Query,
  ): Promise<void> {
    const refused = this.#authorize(request)
    if (refused !== undefined) {
      return sendAnswer(request, response, refused.status, duty, refused.error)
    }
    const wanted = duty === 'restore' ? 'POST' : 'GET'
    if (request.method !== wanted) {
      return sendAnswer(request, response, 500, duty, `${duty} needs ${wanted}`)
    }
    const { view, clock } = this.#options
    const { snapshots, metrics } = view
    if (!view.isServing()) return sendAnswer(request, response, 200, duty, NOT_SERVING)
    const isEnabled = duty === 'snapshot' ? snapshots.isSnapshotEnabled : snapshots.isRestoreEnabled
    if (!isEnabled) return sendAnswer(request, response, 503, duty, null)
    if (!snapshots.isRestorable) return sendAnswer(request, response, 500, duty, null)
    if (!this.#limiters[duty].tryUse(clock.monotonicMs())) {
      metrics[`${duty}_rate_limited_count`].value++
      return sendAnswer(request, response, 429, duty, null)
    }
    if (duty === 'restore') return this.#restore(request, response)
    return this.#snapshot(request, response, query.get('streaming') !== 'false')
  }

  #doOwn(name: string, request: IncomingMessage, response: ServerResponse, query: Query): void {
    const refused = this.#authorize(request)
    if (refused !== undefined) {
      return sendAnswer(request, response, refused.status, name, refused.error)
    }
    if (request.method !== 'POST') {
      return sendAnswer(request, response, 405, name, `${name} needs POST`)
    }
    const outcome = OWN_COMMANDS.get(name)?.(this.#options.view, query)
    sendAnswer(request, response, outcome?.status ?? 404, name, outcome?.error ?? null)
  }

  /** Undefined when the credentials have all permissions on the root. */
  #authorize(request: IncomingMessage): { status: number; error: string } | undefined {
    const header = request.headers.authorization
    if (header === undefined) {
      return { status: 401, error: 'Auth info is missing for the command' }
    }
    const [scheme, auth = ''] = splitOnce(header, ' ')
    const { remoteAddress = '', remotePort = 0 } = request.socket
    const verdict = this.#options.view.authorizeOnRoot(scheme, auth, {
      address: remoteAddress,
      port: remotePort,
    })
    if (verdict === 'unauthenticated') return { status: 401, error: 'Not authenticated' }
    if (verdict === 'denied') return { status: 403, error: 'Not authorized' }
    return undefined
  }

  async #snapshot(
    request: IncomingMessage,
    response: ServerResponse,
    isStreaming: boolean,
  ): Promise<void> {
    const { view, log } = this.#options
    const taken = await view.snapshots.take().catch((error: unknown) => {
      view.metrics.snapshot_error_count.value++
      log.error('snapshot on request failed', { cause: String(error) })
      return undefined
    })
    if (taken === undefined) return sendAnswer(request, response, 500, 'snapshot', null)
    response.setHeader('last_zxid', hex(taken.lastZxid))
    response.setHeader('snapshot_size', taken.sizeBytes)
    if (!isStreaming) return sendAnswer(request, response, 200, 'snapshot', null)
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': taken.sizeBytes,
    })
    await pipeline(Readable.from(taken.read()), response)
  }

  async #restore(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { view, log } = this.#options
    const lastZxid = await view.snapshots.restore(request).catch((error: unknown) => {
      view.metrics.restore_error_count.value++
      log.error('restore on request failed', { cause: String(error) })
      return undefined
    })
    if (lastZxid === undefined) return sendAnswer(request, response, 500, 'restore', null)
    const answer = commandAnswer('restore', jsonObject({ last_zxid: lastZxid }), null)
    sendText(request, response, printAnswer(answer))
  }
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

/** A malformed escape is taken as it stands: it names no command either way. */
function decodePath(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  name: string,
  error: string | null,
): void {
  const entries: readonly (readonly [string, JsonValue])[] = []
  sendText(request, response, printAnswer(commandAnswer(name, entries, error)), status)
}

function sendText(
  request: IncomingMessage,
  response: ServerResponse,
  text: string,
  status: number = 200,
): void {
  send(request, response, status, Buffer.from(text), { 'Content-Type': 'application/json' })
}

function sendEmpty(request: IncomingMessage, response: ServerResponse, status: number): void {
  send(request, response, status, Buffer.alloc(0), {})
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: Buffer,
  headers: Readonly<Record<string, string>>,
): void {
  // A body nobody reads would block the next request on this connection.
  request.resume()
  response.writeHead(status, { ...headers, 'Content-Length': body.length })
  response.end(request.method === 'HEAD' ? undefined : body)
}
