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

export interface Network {
  /** Binds the election port; from now on events come. Rejects when it cannot be bound. */
  start(events: NetworkEvents): Promise<void>
  /** Sends a notification; of what waits for the same peer only the newest is sent. */
  notify(to: PeerId, content: Uint8Array): void
  /** Opens a link to the quorum port of a member. */
  connect(to: PeerId, attempt: number): void
  /** Takes learners while this member leads. */
  listen(isLeading: boolean): void
  /** Put behind what was sent before; leaves with `flush`. */
  send(link: LinkId, packet: QuorumPacket): void
  /** SNAP, the tree, the signature; what is sent later stays behind. */
  sendSnapshot(link: LinkId, zxid: Zxid, tree: TreeWriter, isCompressed: boolean): void
  /** Ends a link after what was sent; no event of it follows. */
  close(link: LinkId): void
  isOpen(link: LinkId): boolean
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
