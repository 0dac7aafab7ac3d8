/** Health and metrics. */
import { createServer, type Server } from 'node:http'

/** A path and what it answers; a rejected answer is a 500. */
export type Pages = Readonly<Record<string, () => Promise<Page>>>

export interface Page {
  readonly status: number
  readonly type: string
  readonly body: string
}

export function serve(port: number, pages: Pages): Promise<Server> {
  const server = createServer((request, response) => {
    const page = pages[(request.url ?? '/').split('?')[0] ?? '/']
    const answer = page === undefined ? Promise.resolve(text(404, 'not found\n')) : page()
    answer
      .catch((error: unknown) => text(500, `${String(error)}\n`))
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type })
        response.end(body)
      })
      .catch(() => response.destroy())
  })
  const { promise, resolve, reject } = Promise.withResolvers<Server>()
  server.once('error', reject)
  server.listen(port, () => resolve(server))
  return promise
}

export function text(status: number, body: string): Page {
  return { status, type: 'text/plain; charset=utf-8', body }
}
