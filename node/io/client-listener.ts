/** The client port: accepts, hands bytes to the pipeline, sends what it wants sent. */
import { createServer, type Server as NetServer, type Socket } from 'node:net'
import { javaAddress } from '../auth/ip.ts'
import type { Connection, Listener, Transport } from '../pipeline/connection.ts'
import type { Server } from '../server.ts'

export interface ClientListenerOptions {
  readonly host: string
  readonly port: number
  /** -1: our own default. */
  readonly backlog: number
  readonly keepAlive: boolean
}

/** Java's 50 makes connect storms wait a second for SYN retries (performance.md 5.14). */
const DEFAULT_BACKLOG = 1024

/** How long a client may take to read its last replies once the member stops. */
const LAST_REPLIES_MS = 2000

export class ClientListener {
  readonly #server: NetServer
  readonly #sockets = new Set<Socket>()

  private constructor(server: NetServer) {
    this.#server = server
  }

  /** Binds; rejects with the system's error (EADDRINUSE, EACCES …). */
  static listen(member: Server, options: ClientListenerOptions): Promise<ClientListener> {
    const listener: Listener = { secure: false }
    const server = createServer({ noDelay: true, keepAlive: options.keepAlive })
    const self = new ClientListener(server)
    server.on('connection', socket => self.#take(member, listener, socket))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      const backlog = options.backlog > 0 ? options.backlog : DEFAULT_BACKLOG
      const host = options.host === '0.0.0.0' ? undefined : options.host
      server.listen({ port: options.port, host, backlog }, () => {
        server.off('error', reject)
        resolve(self)
      })
    })
  }

  get port(): number {
    const address = this.#server.address()
    return address === null || typeof address === 'string' ? 0 : address.port
  }

  /** No new connections; the ones there are the pipeline's to end. */
  stopAccepting(): void {
    this.#server.close()
  }

  /** Waits until every socket has ended, cutting those that take too long. */
  async drained(): Promise<void> {
    if (this.#sockets.size === 0) return
    await new Promise<void>(resolve => {
      const limit = setTimeout(() => {
        for (const socket of this.#sockets) socket.destroy()
        resolve()
      }, LAST_REPLIES_MS)
      for (const socket of this.#sockets) {
        socket.once('close', () => {
          if (this.#sockets.size > 0) return
          clearTimeout(limit)
          resolve()
        })
      }
    })
  }

  #take(member: Server, listener: Listener, socket: Socket): void {
    const { pipeline } = member
    const remote = {
      address: javaAddress(socket.remoteAddress ?? ''),
      port: socket.remotePort ?? 0,
    }
    const transport = new SocketTransport(socket)
    const connection = member.accept(transport, remote, listener)
    if (connection === undefined) {
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    socket.on('data', (chunk: Buffer) => pipeline.receive(connection, chunk))
    socket.on('drain', () => pipeline.drained(connection))
    socket.on('end', () => end(member, connection, 'the client closed its side'))
    socket.on('error', error => end(member, connection, error.message))
    socket.on('close', () => {
      this.#sockets.delete(socket)
      end(member, connection, 'the connection broke')
    })
  }
}

function end(member: Server, connection: Connection, reason: string): void {
  member.pipeline.turn(() => connection.close(reason))
}

class SocketTransport implements Transport {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }

  send(bytes: Uint8Array, length: number): boolean {
    const socket = this.#socket
    if (!socket.writable) return true
    socket.write(Buffer.from(bytes.buffer, bytes.byteOffset, length))
    // Nothing left in the queue: the operating system has taken the bytes during the call.
    return socket.writableLength === 0
  }

  queuedBytes(): number {
    return this.#socket.writableLength
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
