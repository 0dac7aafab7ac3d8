/** A TCP proxy that can cut what goes through it. */
import { createConnection, createServer, type Server, type Socket } from 'node:net'

export class Proxy {
  readonly port: number
  readonly #server: Server
  readonly #sockets: Set<Socket>

  private constructor(server: Server, port: number, sockets: Set<Socket>) {
    this.#server = server
    this.port = port
    this.#sockets = sockets
  }

  /** Listens on a free port and passes every connection on to `target`. */
  static async start(target: number): Promise<Proxy> {
    const sockets = new Set<Socket>()
    const server = createServer(near => {
      const far = createConnection({ host: '127.0.0.1', port: target })
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(from)
        from.pipe(to)
        // Whatever ends one side ends the other.
        from.on('error', () => to.destroy())
        from.once('close', () => {
          sockets.delete(from)
          to.destroy()
        })
      }
    })
    const { promise, resolve } = Promise.withResolvers<number>()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(address !== null && typeof address === 'object' ? address.port : 0)
    })
    return new Proxy(server, await promise, sockets)
  }

  /** Cuts every connection; new ones are passed on. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  stop(): void {
    this.#server.close()
    this.cut()
  }
}
