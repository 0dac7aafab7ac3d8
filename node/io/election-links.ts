/**
 * Election connections (quorum-protocol.md 3): one per pair of members, opened by the larger id; a
 * smaller one only knocks. Of what waits for a peer only the newest message is sent, and a new
 * connection begins with the last one, since the peer may have missed it.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Log } from '../../base/ports.ts'
import { type Membership, printHost } from '../../wire/config-string.ts'
import type { PeerId } from '../../wire/ids.ts'
import { NOTIFICATION_MAX_BYTES } from '../../wire/notification.ts'
import { JuteError } from '../../wire/reader.ts'
import {
  encodeInitialMessage,
  InitialVersion,
  readInitialMessage,
} from '../../wire/records/quorum.ts'
import type { NetworkEvents } from '../member/ports.ts'

export interface ElectionLinksOptions {
  readonly me: PeerId
  readonly listenOnAllIps: boolean
  readonly connectTimeoutMs: number
  readonly handshakeTimeoutMs: number
  /** 0: for ever. */
  readonly portBindRetries: number
  readonly log: Log
}

export interface ElectionAddress {
  readonly host: string
  readonly port: number
}

class PeerLink {
  /** The connection that counts. */
  socket: Socket | undefined = undefined
  isConnecting = false
  /** Not sent yet. */
  waiting: Uint8Array | undefined = undefined
  /** Sent last, on whatever connection. */
  last: Uint8Array | undefined = undefined
  /** Named by the peer itself; for peers that the configuration does not list. */
  named: ElectionAddress | undefined = undefined
}

const BIND_RETRY_MS = 1000
const KEEP_ALIVE_MS = 10_000

export class ElectionLinks {
  readonly #options: ElectionLinksOptions
  readonly #peers = new Map<PeerId, PeerLink>()
  readonly #sockets = new Set<Socket>()
  #membership: Membership
  /**
   * Ours, as listed last: others call back there, also when the configuration in force does not
   * list us (yet, or any more).
   */
  #own: ElectionAddress
  #events: NetworkEvents | undefined = undefined
  #server: Server | undefined = undefined
  #isStopped = false

  constructor(options: ElectionLinksOptions, membership: Membership) {
    this.#options = options
    this.#membership = membership
    this.#own = this.#listed(options.me) ?? { host: '127.0.0.1', port: 0 }
  }

  /** Rejects when the port cannot be bound within the configured tries. */
  async start(events: NetworkEvents): Promise<void> {
    this.#events = events
    const { portBindRetries, log } = this.#options
    for (let tried = 1; ; tried++) {
      try {
        await this.#bind()
        return
      } catch (error) {
        log.warn('the election port cannot be bound', { error: String(error), tried })
        if (portBindRetries > 0 && tried >= portBindRetries) throw error
        await new Promise(resolve => setTimeout(resolve, BIND_RETRY_MS))
      }
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#server?.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  reconfigure(membership: Membership): void {
    this.#membership = membership
    this.#own = this.#listed(this.#options.me) ?? this.#own
  }

  notify(to: PeerId, content: Uint8Array): void {
    if (this.#isStopped) return
    if (to === this.#options.me) {
      setImmediate(() => this.#events?.onNotification(to, content))
      return
    }
    const peer = this.#peer(to)
    peer.waiting = content
    if (peer.socket === undefined) this.#open(to)
    else this.#sendWaiting(peer)
  }

  #peer(id: PeerId): PeerLink {
    let peer = this.#peers.get(id)
    if (peer === undefined) this.#peers.set(id, (peer = new PeerLink()))
    return peer
  }

  #listed(id: PeerId): ElectionAddress | undefined {
    const address = this.#membership.members.find(member => member.id === id)?.addresses[0]
    return address === undefined ? undefined : { host: address.host, port: address.electionPort }
  }

  #bind(): Promise<void> {
    const { host, port } = this.#own
    const server = createServer({ noDelay: true }, socket => this.#accepted(socket))
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, this.#options.listenOnAllIps ? undefined : host, () => {
        server.off('error', reject)
        this.#server = server
        resolve()
      })
    })
  }

  #open(id: PeerId): void {
    const peer = this.#peer(id)
    const address = this.#listed(id) ?? peer.named
    if (address === undefined || peer.isConnecting || this.#isStopped) return
    peer.isConnecting = true
    const socket = connect({ host: address.host, port: address.port, noDelay: true })
    this.#sockets.add(socket)
    const timeout = setTimeout(
      () => socket.destroy(new Error('timed out')),
      this.#options.connectTimeoutMs,
    )
    socket.once('connect', () => {
      clearTimeout(timeout)
      peer.isConnecting = false
      socket.write(this.#initialMessage())
      // The larger id opens the connection that stays: ours was only a knock.
      if (id > this.#options.me) socket.end()
      else this.#establish(id, socket)
    })
    socket.on('error', error => {
      this.#options.log.debug('election connection failed', { peer: id, error: error.message })
    })
    socket.once('close', () => {
      clearTimeout(timeout)
      this.#sockets.delete(socket)
      const failed = peer.isConnecting
      peer.isConnecting = false
      if (failed) this.#events?.onPeerDown(id)
    })
  }

  #initialMessage(): Uint8Array {
    const { host, port } = this.#own
    return encodeInitialMessage({
      version: InitialVersion.oneAddress,
      serverId: BigInt(this.#options.me),
      address: `${printHost(host)}:${port}`,
    })
  }

  #accepted(socket: Socket): void {
    this.#sockets.add(socket)
    socket.setTimeout(this.#options.handshakeTimeoutMs, () => socket.destroy())
    socket.on('error', () => socket.destroy())
    socket.once('close', () => this.#sockets.delete(socket))
    let bytes = Buffer.alloc(0)
    const onData = (chunk: Buffer): void => {
      bytes = Buffer.concat([bytes, chunk])
      try {
        const opening = readInitialMessage(bytes)
        if (opening === undefined) return
        socket.off('data', onData)
        socket.setTimeout(0)
        this.#introduced(socket, opening.message.serverId, opening.message.address)
        if (!socket.destroyed && bytes.length > opening.length) {
          socket.emit('data', bytes.subarray(opening.length))
        }
      } catch (error) {
        if (!(error instanceof JuteError)) throw error
        this.#options.log.warn('unreadable election connection', { error: error.message })
        socket.destroy()
      }
    }
    socket.on('data', onData)
  }

  #introduced(socket: Socket, serverId: bigint, address: string): void {
    const { me } = this.#options
    const id = Number(serverId)
    if (id === me || !Number.isSafeInteger(id)) {
      socket.destroy()
      return
    }
    const peer = this.#peer(id)
    peer.named = parseAddress(address) ?? peer.named
    if (id > me) {
      this.#establish(id, socket)
      return
    }
    // A smaller one has knocked: it has no connection of ours any more, or never had one.
    socket.destroy()
    peer.socket?.destroy()
    peer.socket = undefined
    this.#open(id)
  }

  #establish(id: PeerId, socket: Socket): void {
    const peer = this.#peer(id)
    const former = peer.socket
    peer.socket = socket
    former?.destroy()
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    const frames = new FrameReader(content => this.#events?.onNotification(id, content))
    socket.on('data', (chunk: Buffer) => {
      if (!frames.push(chunk)) socket.destroy()
    })
    socket.on('drain', () => this.#sendWaiting(peer))
    socket.once('close', () => {
      if (peer.socket !== socket) return
      peer.socket = undefined
      this.#events?.onPeerDown(id)
    })
    this.#events?.onPeerUp(id)
    peer.waiting ??= peer.last
    this.#sendWaiting(peer)
  }

  #sendWaiting(peer: PeerLink): void {
    const { socket, waiting } = peer
    if (socket === undefined || waiting === undefined || socket.writableNeedDrain) return
    peer.waiting = undefined
    peer.last = waiting
    const frame = Buffer.alloc(4 + waiting.length)
    frame.writeInt32BE(waiting.length)
    frame.set(waiting, 4)
    socket.write(frame)
  }
}

/** Length-prefixed contents; a bad length ends the connection. */
class FrameReader {
  readonly #onContent: (content: Uint8Array) => void
  #kept = Buffer.alloc(0)

  constructor(onContent: (content: Uint8Array) => void) {
    this.#onContent = onContent
  }

  push(chunk: Buffer): boolean {
    let bytes = this.#kept.length === 0 ? chunk : Buffer.concat([this.#kept, chunk])
    while (bytes.length >= 4) {
      const length = bytes.readInt32BE()
      if (length <= 0 || length > NOTIFICATION_MAX_BYTES) return false
      if (bytes.length < 4 + length) break
      this.#onContent(Uint8Array.from(bytes.subarray(4, 4 + length)))
      bytes = bytes.subarray(4 + length)
    }
    this.#kept = Buffer.from(bytes)
    return true
  }
}

/** `host:port` of an initial message, the first of several; wildcards say nothing. */
function parseAddress(text: string): ElectionAddress | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/.exec(text.split('|')[0] ?? '')
  const host = match?.[1] ?? match?.[2]
  if (match === null || host === undefined || host === '0.0.0.0' || host === '::') return undefined
  return { host, port: Number(match[3]) }
}
