/** Free ports of the loopback address. */
import { randomInt } from 'node:crypto'
import { createServer, type Server } from 'node:net'

/**
 * Below the range from which the system takes the ports of outgoing connections: in it, a client
 * that polls a port nobody listens on can end up connected to itself.
 */
const LOWEST = 10_000
const HIGHEST = 32_000
const TRIES = 1000

/** `count` different ports that were free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held: Server[] = []
  const ports: number[] = []
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > TRIES) throw new Error(`no ${count} free ports in ${LOWEST}..${HIGHEST}`)
    const port = randomInt(LOWEST, HIGHEST)
    const server = await listen(port)
    if (server === undefined) continue
    // All are held until the last is found, so that no port is given twice.
    held.push(server)
    ports.push(port)
  }
  await Promise.all(held.map(close))
  return ports
}

async function listen(port: number): Promise<Server | undefined> {
  const { promise, resolve } = Promise.withResolvers<Server | undefined>()
  const server = createServer()
  server.once('error', () => resolve(undefined))
  server.listen(port, '127.0.0.1', () => resolve(server))
  return promise
}

async function close(server: Server): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  server.close(() => resolve())
  return promise
}
