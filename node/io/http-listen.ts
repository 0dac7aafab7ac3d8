import type { Server as HttpServer, RequestListener } from 'node:http'
import type { Server } from 'node:net'

/** A server that listens. */
export interface RunningServer {
  /** The port that was bound. */
  readonly port: number
  /** Stops listening and cuts what is connected. */
  close(): Promise<void>
}

/** Binds; rejects with the system's error (EADDRINUSE, EACCES …). */
export function listen(server: HttpServer, host: string, port: number): Promise<RunningServer> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      resolve({ port: boundPort(server, port), close: () => close(server) })
    })
  })
}

function boundPort(server: Server, asked: number): number {
  const address = server.address()
  return address === null || typeof address === 'string' ? asked : address.port
}

function close(server: HttpServer): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/**
 * As `createServer` of node:http. Importing that module reads all its exports, among them a getter
 * that loads the whole fetch client: 28 ms of every start, against 2 this way.
 */
export function createHttpServer(onRequest: RequestListener): HttpServer {
  return process.getBuiltinModule('node:http').createServer(onRequest)
}
