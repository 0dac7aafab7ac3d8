/** What an ensemble member needs of the network between members; `node/io` has the real one. */
import type { Membership } from '../../wire/config-string.ts'
import type { PeerId, Zxid } from '../../wire/ids.ts'
import type { QuorumPacket } from '../../wire/records/quorum.ts'
import type { TreeWriter } from '../storage/tree-stream.ts'
import type { Database } from '../tree/database.ts'
import type { LinkId } from '../zab/inputs.ts'

/** What the network tells the member. Never synchronously from within a call. */
export interface NetworkEvents {
  /** The content of a frame of an election connection. */
  onNotification(from: PeerId, content: Uint8Array): void
  onPeerUp(peer: PeerId): void
  onPeerDown(peer: PeerId): void
  onAccepted(link: LinkId): void
  onConnected(attempt: number, link: LinkId): void
  onConnectFailed(attempt: number, why: string): void
  /** Packets that arrived together. */
  onPackets(link: LinkId, packets: readonly QuorumPacket[]): void
  /** A snapshot has been received whole. */
  onSnapshot(link: LinkId, zxid: Zxid, database: Database): void
  /** A long transfer advances. */
  onProgress(link: LinkId): void
  onLinkDown(link: LinkId, why: string): void
}

/** What went over one link since it was opened, or since the counters were set to nothing. */
export interface LinkTraffic {
  readonly address: string
  readonly port: number
  /** Wall clock. */
  readonly establishedAtMs: number
  /** Not taken by the operating system yet. */
  readonly queuedPackets: number
  readonly queuedBytes: number
  readonly packetsReceived: number
  readonly packetsSent: number
  /** REQUEST packets among those received. */
  readonly requests: number
  /** Of the last packet sent that has one. */
  readonly lastZxid: Zxid
}

/** On which port a member takes links: as leader, as observer master, or not at all. */
export type LinkPort = 'quorum' | 'observerMaster'

export interface Network {
  /** Binds the election port; from now on events come. Rejects when it cannot be bound. */
  start(events: NetworkEvents): Promise<void>
  /** Sends a notification; of what waits for the same peer only the newest is sent. */
  notify(to: PeerId, content: Uint8Array): void
  /** Opens a link to this port of a member. */
  connect(to: PeerId, attempt: number, port: LinkPort): void
  /** Takes learners on this port, on no other. */
  listen(port: LinkPort | undefined): void
  /** Put behind what was sent before; leaves with `flush`. */
  send(link: LinkId, packet: QuorumPacket): void
  /** SNAP, the tree, the signature; what is sent later stays behind. */
  sendSnapshot(link: LinkId, zxid: Zxid, tree: TreeWriter, isCompressed: boolean): void
  /** Ends a link after what was sent; no event of it follows. */
  close(link: LinkId): void
  isOpen(link: LinkId): boolean
  traffic(link: LinkId): LinkTraffic | undefined
  resetTraffic(link: LinkId): void
  /** One write per link for everything sent since the last flush. */
  flush(): void
  /** Other members, other addresses. */
  reconfigure(membership: Membership): void
  stop(): Promise<void>
}

/** Where configurations are kept (quorum-protocol.md 9.2). */
export interface ConfigFiles {
  /** Durable when it resolves. */
  writeNext(membership: Membership): Promise<void>
  activate(membership: Membership): Promise<void>
}
