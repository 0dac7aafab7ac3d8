/** Kubernetes over HTTPS. @kubernetes/client-node finds the cluster and proves who we are. */
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'
import type { JsonObject, Manifest, ObjectKey } from '../api/manifest.ts'
import { FIELD_MANAGER } from '../desired/names.ts'
import {
  type EventRecord,
  type KubeApi,
  KubeError,
  type KubeErrorReason,
  type LiveObject,
  type Precondition,
  type RemoveOptions,
} from '../ports/kube-api.ts'

/** Plural names of the kinds that the operator uses. */
const PLURALS: Readonly<Record<string, string>> = {
  ZkCluster: 'zkclusters',
  ZkObservers: 'zkobservers',
  StatefulSet: 'statefulsets',
  Pod: 'pods',
  PersistentVolumeClaim: 'persistentvolumeclaims',
  ConfigMap: 'configmaps',
  Service: 'services',
  ServiceAccount: 'serviceaccounts',
  Secret: 'secrets',
  PodDisruptionBudget: 'poddisruptionbudgets',
  NetworkPolicy: 'networkpolicies',
  Node: 'nodes',
  Lease: 'leases',
  Event: 'events',
}

const TIMEOUT_MS = 15_000
/** A watch says something at least this often, or is thought dead. */
const WATCH_SILENCE_MS = 330_000
const SOCKETS_MAX = 16

export interface Answer {
  readonly status: number
  readonly body: string
}

export class KubeClient implements KubeApi {
  readonly #config: KubeConfig
  readonly #server: URL
  #agent: Agent | HttpAgent | undefined
  /** The API server has answered at least once. */
  hasAnswered: boolean = false

  /** In a pod its own account, elsewhere KUBECONFIG. */
  constructor() {
    this.#config = new KubeConfig()
    this.#config.loadFromDefault()
    this.#server = new URL(this.#config.getCurrentCluster()?.server ?? 'https://127.0.0.1')
  }

  async get(key: ObjectKey): Promise<LiveObject | undefined> {
    try {
      return live(await this.#call('GET', pathOf(key)), key)
    } catch (error) {
      if (error instanceof KubeError && error.reason === 'NotFound') return undefined
      throw error
    }
  }

  async list(
    kind: Pick<ObjectKey, 'apiVersion' | 'kind'>,
    namespace: string,
    selector: string,
  ): Promise<readonly LiveObject[]> {
    return (await this.#list(kind, namespace, selector)).items
  }

  /** The objects, and the version of the whole, from which a watch goes on. */
  async #list(
    kind: Pick<ObjectKey, 'apiVersion' | 'kind'>,
    namespace: string,
    selector: string,
  ): Promise<{ readonly items: readonly LiveObject[]; readonly version: string }> {
    const query = selector === '' ? '' : `?labelSelector=${encodeURIComponent(selector)}`
    const path = collectionOf({ ...kind, namespace })
    const { items = [], metadata } = parsed(await this.#call('GET', path + query)) as {
      items?: LiveObject[]
      metadata?: { resourceVersion?: string }
    }
    return {
      // Items of a list do not say what they are.
      items: items.map(item => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind })),
      version: metadata?.resourceVersion ?? '',
    }
  }

  async apply(manifest: Manifest): Promise<void> {
    await this.#apply(manifest, '')
  }

  async applyStatus(manifest: Manifest): Promise<void> {
    await this.#apply(manifest, '/status')
  }

  async #apply(manifest: Manifest, subresource: string): Promise<void> {
    const { apiVersion, kind, metadata } = manifest
    const path = pathOf({ apiVersion, kind, namespace: metadata.namespace, name: metadata.name })
    const query = `?fieldManager=${FIELD_MANAGER}&force=true`
    const type = 'application/apply-patch+yaml'
    await this.#call('PATCH', path + subresource + query, manifest, type)
  }

  async patch(key: ObjectKey, patch: JsonObject, only: Precondition): Promise<void> {
    const { metadata = {} } = patch as { metadata?: JsonObject }
    const { uid, resourceVersion } = only
    const guard = resourceVersion === undefined ? { uid } : { uid, resourceVersion }
    const body = { ...patch, metadata: { ...metadata, ...guard } }
    const path = `${pathOf(key)}?fieldManager=${FIELD_MANAGER}`
    await this.#call('PATCH', path, body, 'application/merge-patch+json')
  }

  async remove(key: ObjectKey, only: Precondition, options: RemoveOptions = {}): Promise<void> {
    const propagationPolicy = options.orphan === true ? 'Orphan' : 'Background'
    await this.#call('DELETE', pathOf(key), {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { ...only },
      propagationPolicy,
    })
  }

  async record({ about, type, reason, message }: EventRecord): Promise<void> {
    const now = new Date().toISOString()
    const { uid, ...reference } = about
    try {
      await this.#call('POST', collectionOf({ ...about, apiVersion: 'v1', kind: 'Event' }), {
        apiVersion: 'v1',
        kind: 'Event',
        metadata: { generateName: `${about.name}-`, namespace: about.namespace },
        involvedObject: { ...reference, uid },
        source: { component: FIELD_MANAGER },
        reportingComponent: FIELD_MANAGER,
        firstTimestamp: now,
        lastTimestamp: now,
        count: 1,
        type,
        reason,
        message: message.slice(0, 1024),
      })
    } catch (error) {
      if (!(error instanceof KubeError)) throw error
    }
  }

  /**
   * Calls back for every object that is there and for every change, until the stream ends; resolves
   * then, and rejects with KubeError when the API server says why. `namespace` is empty for all
   * namespaces. It lists first: a watch that begins with "everything" needs an etcd of 3.5.
   */
  async watch(
    kind: Pick<ObjectKey, 'apiVersion' | 'kind'>,
    namespace: string,
    selector: string,
    onEvent: (type: string, object: LiveObject) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { items, version } = await this.#list(kind, namespace, selector)
    for (const item of items) onEvent('ADDED', item)
    const from = `resourceVersion=${version}&labelSelector=${encodeURIComponent(selector)}`
    const query = `?watch=true&${from}`
    const path = collectionOf({ ...kind, namespace }) + query
    const response = await this.#open('GET', path, undefined, undefined, WATCH_SILENCE_MS, signal)
    if (response.statusCode !== 200) {
      throw errorOf({ status: response.statusCode ?? 0, body: await textOf(response) })
    }
    let rest = ''
    response.setEncoding('utf8')
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '') continue
        const { type, object } = JSON.parse(line) as { type: string; object: LiveObject }
        if (type === 'ERROR') throw errorOf({ status: 410, body: JSON.stringify(object) })
        onEvent(type, { ...object, apiVersion: kind.apiVersion, kind: kind.kind })
      }
    }
  }

  async #call(method: string, path: string, body?: unknown, type?: string): Promise<Answer> {
    let answer: Answer
    try {
      const response = await this.#open(method, path, body, type, TIMEOUT_MS, undefined)
      answer = { status: response.statusCode ?? 0, body: await textOf(response) }
    } catch (error) {
      throw new KubeError('Unavailable', `${method} ${path}: ${String(error)}`)
    }
    this.hasAnswered ||= answer.status < 500
    if (answer.status >= 200 && answer.status < 300) return answer
    throw errorOf(answer)
  }

  async #open(
    method: string,
    path: string,
    body: unknown,
    type: string | undefined,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<IncomingMessage> {
    const options = await this.#options(method, path, timeoutMs)
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = {
      ...(options.headers as OutgoingHttpHeaders | undefined),
      accept: 'application/json',
      ...(text === undefined
        ? {}
        : {
            'content-type': type ?? 'application/json',
            'content-length': Buffer.byteLength(text),
          }),
    }
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const send = this.#server.protocol === 'http:' ? httpRequest : request
    const call = send({ ...options, headers, ...(signal === undefined ? {} : { signal }) }, resolve)
    call.on('error', reject)
    call.on('timeout', () => call.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    call.end(text)
    return promise
  }

  async #options(method: string, path: string, timeoutMs: number): Promise<RequestOptions> {
    const options: RequestOptions = {}
    await this.#config.applyToHTTPSOptions(options)
    const isProxied = this.#config.getCurrentCluster()?.proxyUrl !== undefined
    // The library's agent opens a connection for each request.
    if (!isProxied) options.agent = this.#agent ??= this.#newAgent(options)
    return {
      ...options,
      method,
      hostname: this.#server.hostname,
      port: this.#server.port || (this.#server.protocol === 'http:' ? 80 : 443),
      path: this.#server.pathname.replace(/\/$/, '') + path,
      timeout: timeoutMs,
    }
  }

  #newAgent({ ca, cert, key, servername, rejectUnauthorized }: RequestOptions): Agent | HttpAgent {
    const keepAlive = { keepAlive: true, maxSockets: SOCKETS_MAX }
    if (this.#server.protocol === 'http:') return new HttpAgent(keepAlive)
    return new Agent({
      ...keepAlive,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
    })
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8')
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}

function parsed({ body }: Answer): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new KubeError('Unavailable', `the API server answers ${body.slice(0, 200)}`)
  }
}

function live(answer: Answer, { apiVersion, kind }: ObjectKey): LiveObject {
  return { ...(parsed(answer) as LiveObject), apiVersion, kind }
}

function collectionOf({
  apiVersion,
  kind,
  namespace,
}: Pick<ObjectKey, 'apiVersion' | 'kind' | 'namespace'>): string {
  const plural = PLURALS[kind]
  if (plural === undefined) throw new Error(`${kind} has no plural; valid are the kinds in PLURALS`)
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return namespace === '' ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`
}

function pathOf(key: ObjectKey): string {
  return `${collectionOf(key)}/${encodeURIComponent(key.name)}`
}

const REASONS: Readonly<Record<number, KubeErrorReason>> = {
  400: 'Invalid',
  401: 'Forbidden',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'NotFound',
  422: 'Invalid',
}

function errorOf({ status, body }: Answer): KubeError {
  let message = body.slice(0, 500)
  try {
    message = (JSON.parse(body) as { message?: string }).message ?? message
  } catch {
    // Proxies answer in their own words.
  }
  return new KubeError(REASONS[status] ?? 'Unavailable', `${status}: ${message}`)
}
