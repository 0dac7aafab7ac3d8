/**
 * Links on the quorum port (quorum-protocol.md 5, 6): a leader accepts them, a learner opens one.
 * Everything sent in a turn leaves in one write per link.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { zstdCompress } from 'node:zlib'
import type { Log } from '../../base/ports.ts'
import type { Membership } from '../../wire/config-string.ts'
import { NO_ZXID, type PeerId, type Zxid } from '../../wire/ids.ts'
import { JuteError } from '../../wire/reader.ts'
import { PacketType, type QuorumPacket, writeQuorumPacket } from '../../wire/records/quorum.ts'
import { Writer } from '../../wire/writer.ts'
import type { LinkPort, LinkTraffic, NetworkEvents } from '../member/ports.ts'
import type { TreeWriter } from '../storage/tree-stream.ts'
import type { Database } from '../tree/database.ts'
import type { LinkId } from '../zab/inputs.ts'
import { QuorumReceiver, SNAPSHOT_SIGNATURE } from './quorum-receiver.ts'

export interface QuorumLinksOptions {
  readonly me: PeerId
  readonly listenOnAllIps: boolean
  readonly connectTimeoutMs: number
  /** Longest field of a packet. */
  readonly maxFieldBytes: number
  readonly observerMasterPort: number
  /** For a snapshot that is received. */
  readonly newDatabase: () => Database
  readonly log: Log
}

/** A learner that does not read falls behind this far and no further: it must come again. */
const UNSENT_MAX_BYTES: number = 256 << 20
const OUTPUT_START_BYTES = 16_384
const OUTPUT_KEEP_BYTES: number = 1 << 20
const BIND_RETRY_MS = 200

interface Address {
  readonly host: string
  readonly quorumPort: number
}

class Link {
  readonly id: LinkId
  readonly socket: Socket
  readonly receiver: QuorumReceiver
  out: Writer = new Writer(OUTPUT_START_BYTES)
  /** While a snapshot is being sent, later packets wait here. */
  behind: QuorumPacket[] | undefined = undefined
  readonly establishedAtMs: number = Date.now()
  packetsReceived = 0
  packetsSent = 0
  requests = 0
  lastZxid: Zxid = NO_ZXID

  constructor(id: LinkId, socket: Socket, receiver: QuorumReceiver) {
    this.id = id
    this.socket = socket
    this.receiver = receiver
  }
}

export class QuorumLinks {
  readonly #options: QuorumLinksOptions
  readonly #links = new Map<LinkId, Link>()
  readonly #dirty = new Set<Link>()
  #membership: Membership
  #events: NetworkEvents | undefined = undefined
  #server: Server | undefined = undefined
  #listening: LinkPort | undefined = undefined
  #nextLink = 1

  constructor(options: QuorumLinksOptions, membership: Membership) {
    this.#options = options
    this.#membership = membership
  }

  start(events: NetworkEvents): void {
    this.#events = events
  }

  stop(): void {
    this.listen(undefined)
    this.flush()
    for (const link of this.#links.values()) link.socket.end()
    this.#links.clear()
  }

  reconfigure(membership: Membership): void {
    this.#membership = membership
  }

  isOpen(link: LinkId): boolean {
    return this.#links.has(link)
  }

  traffic(id: LinkId): LinkTraffic | undefined {
    const link = this.#links.get(id)
    if (link === undefined) return undefined
    const { socket, behind, out } = link
    return {
      address: socket.remoteAddress ?? '',
      port: socket.remotePort ?? 0,
      establishedAtMs: link.establishedAtMs,
      queuedPackets: behind?.length ?? 0,
      queuedBytes: socket.writableLength + out.length,
      packetsReceived: link.packetsReceived,
      packetsSent: link.packetsSent,
      requests: link.requests,
      lastZxid: link.lastZxid,
    }
  }

  resetTraffic(id: LinkId): void {
    const link = this.#links.get(id)
    if (link === undefined) return
    link.packetsReceived = 0
    link.packetsSent = 0
    link.requests = 0
  }

  listen(port: LinkPort | undefined): void {
    if (this.#listening === port) return
    this.#listening = port
    this.#server?.close()
    this.#server = undefined
    if (port !== undefined) this.#bind(port)
  }

  connect(to: PeerId, attempt: number, port: LinkPort): void {
    const address = this.#address(to)
    if (address === undefined) {
      setImmediate(() => this.#events?.onConnectFailed(attempt, `${to} is not a member`))
      return
    }
    const socket = connect({ host: address.host, port: this.#portOf(address, port), noDelay: true })
    const limit = setTimeout(
      () => socket.destroy(new Error('timed out')),
      this.#options.connectTimeoutMs,
    )
    const failed = (error: Error): void => {
      clearTimeout(limit)
      this.#events?.onConnectFailed(attempt, error.message)
    }
    socket.once('error', failed)
    socket.once('connect', () => {
      clearTimeout(limit)
      socket.off('error', failed)
      const link = this.#adopt(socket)
      this.#events?.onConnected(attempt, link.id)
    })
  }

  send(id: LinkId, packet: QuorumPacket): void {
    const link = this.#links.get(id)
    if (link === undefined) return
    link.packetsSent++
    if (packet.zxid > 0n) link.lastZxid = packet.zxid
    if (link.behind !== undefined) {
      link.behind.push(packet)
      return
    }
    writeQuorumPacket(link.out, packet)
    this.#dirty.add(link)
  }

  flush(): void {
    if (this.#dirty.size === 0) return
    for (const link of this.#dirty) this.#flush(link)
    this.#dirty.clear()
  }

  close(id: LinkId): void {
    const link = this.#links.get(id)
    if (link === undefined) return
    this.#flush(link)
    this.#links.delete(id)
    this.#dirty.delete(link)
    link.socket.end()
    // A peer that does not close its side must not keep ours.
    setTimeout(() => link.socket.destroy(), this.#options.connectTimeoutMs).unref()
  }

  sendSnapshot(id: LinkId, zxid: Zxid, tree: TreeWriter, isCompressed: boolean): void {
    const link = this.#links.get(id)
    if (link === undefined) {
      tree.close()
      return
    }
    const type = isCompressed ? PacketType.compressedSnap : PacketType.snap
    this.send(id, { type, zxid, data: null, authinfo: null })
    this.#flush(link)
    link.behind = []
    this.#pump(link, tree, isCompressed).catch((error: unknown) => {
      tree.close()
      link.socket.destroy(error instanceof Error ? error : new Error(String(error)))
    })
  }

  async #pump(link: Link, tree: TreeWriter, isCompressed: boolean): Promise<void> {
    const { socket } = link
    for (let chunk = tree.next(); chunk !== null; chunk = tree.next()) {
      // The tree's chunk is valid until the next one only.
      const bytes = isCompressed ? await compressedBlock(chunk) : Buffer.from(chunk)
      const isFull = !socket.write(bytes)
      this.#events?.onProgress(link.id)
      if (socket.destroyed || !this.#links.has(link.id)) break
      await new Promise<void>(resolve => {
        if (!isFull) setImmediate(resolve)
        else {
          socket.once('drain', resolve)
          socket.once('close', resolve)
        }
      })
    }
    tree.close()
    if (isCompressed) link.out.int(0)
    link.out.string(SNAPSHOT_SIGNATURE)
    const { behind } = link
    link.behind = undefined
    for (const packet of behind ?? []) writeQuorumPacket(link.out, packet)
    if (this.#links.has(link.id)) this.#flush(link)
  }

  #address(id: PeerId): Address | undefined {
    return this.#membership.members.find(member => member.id === id)?.addresses[0]
  }

  #portOf(address: Address, port: LinkPort): number {
    return port === 'quorum' ? address.quorumPort : this.#options.observerMasterPort
  }

  #bind(port: LinkPort): void {
    const own = this.#address(this.#options.me)
    if (own === undefined) return
    const server = createServer({ noDelay: true }, socket => {
      const link = this.#adopt(socket)
      this.#events?.onAccepted(link.id)
    })
    this.#server = server
    server.on('error', error => {
      this.#options.log.warn('a port for learners cannot be bound', {
        port,
        error: error.message,
      })
      setTimeout(() => {
        if (this.#server === server) this.#bind(port)
      }, BIND_RETRY_MS)
    })
    server.listen(this.#portOf(own, port), this.#options.listenOnAllIps ? undefined : own.host)
  }

  #adopt(socket: Socket): Link {
    const id = this.#nextLink++
    const receiver = new QuorumReceiver(this.#options.maxFieldBytes, this.#options.newDatabase)
    const link = new Link(id, socket, receiver)
    this.#links.set(id, link)
    socket.on('data', (chunk: Buffer) => this.#received(link, chunk))
    socket.on('error', error => this.#down(link, error.message))
    socket.on('close', () => this.#down(link, 'closed'))
    socket.on('end', () => this.#down(link, 'closed by the other side'))
    return link
  }

  #received(link: Link, chunk: Buffer): void {
    if (!this.#links.has(link.id)) return
    const events = this.#events
    if (events === undefined) return
    try {
      for (const arrival of link.receiver.push(chunk)) {
        if (!this.#links.has(link.id)) return
        if (arrival.kind === 'packets') {
          count(link, arrival.packets)
          events.onPackets(link.id, arrival.packets)
        } else if (arrival.kind === 'progress') events.onProgress(link.id)
        else events.onSnapshot(link.id, arrival.zxid, arrival.database)
      }
    } catch (error) {
      if (!(error instanceof JuteError)) throw error
      this.#down(link, `unreadable: ${error.message}`)
    }
  }

  #flush(link: Link): void {
    const { out, socket } = link
    if (out.length === 0) return
    if (!socket.writable) {
      out.clear()
      return
    }
    socket.write(Buffer.from(out.bytes.buffer, 0, out.length))
    // Nothing left in the queue: the operating system has taken the bytes during the call.
    const isTaken = socket.writableLength === 0 && out.bytes.length <= OUTPUT_KEEP_BYTES
    if (isTaken) out.clear()
    else link.out = new Writer(OUTPUT_START_BYTES)
    if (socket.writableLength > UNSENT_MAX_BYTES) this.#down(link, 'does not read what it is sent')
  }

  #down(link: Link, why: string): void {
    link.socket.destroy()
    if (!this.#links.delete(link.id)) return
    this.#dirty.delete(link)
    this.#events?.onLinkDown(link.id, why)
  }
}

function count(link: Link, packets: readonly QuorumPacket[]): void {
  link.packetsReceived += packets.length
  for (const { type } of packets) if (type === PacketType.request) link.requests++
}

const zstd = promisify(zstdCompress)

/** A piece of the tree as a block of its own. */
async function compressedBlock(chunk: Uint8Array): Promise<Uint8Array> {
  const block = await zstd(chunk)
  return new Writer(4 + block.length).buffer(block).written()
}
