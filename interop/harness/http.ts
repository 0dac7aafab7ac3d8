/** HTTP as a monitor speaks it. */
import { request } from 'node:http'
import { within } from './wait.ts'

export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
  readonly text: string
}

export interface HttpOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** One request on a connection of its own. */
export async function http(
  port: number,
  path: string,
  options: HttpOptions = {},
): Promise<HttpAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>()
  const { method = 'GET', headers = {} } = options
  const call = request(
    { host: '127.0.0.1', port, path, method, headers, agent: false },
    response => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => {
        const body = Buffer.concat(chunks)
        const status = response.statusCode ?? 0
        resolve({ status, headers: response.headers, body, text: body.toString() })
      })
    },
  )
  call.once('error', reject)
  call.end(options.body)
  return within(promise, `${method} ${path}`)
}
