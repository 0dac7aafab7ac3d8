/** HEALTHCHECK of the image. */
import { get } from 'node:http'

const TIMEOUT_MS = 3000

/** 0 when the member whose AdminServer is on this port serves in a quorum, 1 when not. */
export function checkHealth(port: number): Promise<0 | 1> {
  const { promise, resolve } = Promise.withResolvers<0 | 1>()
  const options = { host: '127.0.0.1', port, path: '/ready', timeout: TIMEOUT_MS }
  const request = get(options, response => {
    response.resume()
    resolve(response.statusCode === 200 ? 0 : 1)
  })
  request.on('timeout', () => request.destroy())
  request.on('error', () => resolve(1))
  return promise
}
