/** Both ports between members as one Network: elections and quorum links. */
import type { Log } from '../../base/ports.ts'
import type { Membership } from '../../wire/config-string.ts'
import type { PeerId, Zxid } from '../../wire/ids.ts'
import type { QuorumPacket } from '../../wire/records/quorum.ts'
import type { Config, QuorumConfig } from '../config/config.ts'
import type { LinkPort, LinkTraffic, Network, NetworkEvents } from '../member/ports.ts'
import type { TreeWriter } from '../storage/tree-stream.ts'
import type { Database } from '../tree/database.ts'
import type { LinkId } from '../zab/inputs.ts'
import { ElectionLinks } from './election-links.ts'
import { QuorumLinks } from './quorum-links.ts'

export class MemberNetwork implements Network {
  readonly #election: ElectionLinks
  readonly #quorum: QuorumLinks

  constructor(config: Config, quorum: QuorumConfig, newDatabase: () => Database, log: Log) {
    const me = quorum.serverId
    const { listenOnAllIps, election, membership } = quorum
    this.#election = new ElectionLinks(
      {
        me,
        listenOnAllIps,
        connectTimeoutMs: election.connectTimeoutMs,
        handshakeTimeoutMs: election.handshakeTimeoutMs,
        portBindRetries: election.portBindRetries,
        log,
      },
      membership,
    )
    this.#quorum = new QuorumLinks(
      {
        me,
        listenOnAllIps,
        connectTimeoutMs: election.connectTimeoutMs,
        maxFieldBytes: config.limits.maxBufferBytes + config.limits.maxBufferExtraBytes,
        observerMasterPort: quorum.observerMasterPort,
        newDatabase,
        log,
      },
      membership,
    )
  }

  async start(events: NetworkEvents): Promise<void> {
    this.#quorum.start(events)
    await this.#election.start(events)
  }

  notify(to: PeerId, content: Uint8Array): void {
    this.#election.notify(to, content)
  }

  connect(to: PeerId, attempt: number, port: LinkPort): void {
    this.#quorum.connect(to, attempt, port)
  }

  listen(port: LinkPort | undefined): void {
    this.#quorum.listen(port)
  }

  send(link: LinkId, packet: QuorumPacket): void {
    this.#quorum.send(link, packet)
  }

  sendSnapshot(link: LinkId, zxid: Zxid, tree: TreeWriter, isCompressed: boolean): void {
    this.#quorum.sendSnapshot(link, zxid, tree, isCompressed)
  }

  close(link: LinkId): void {
    this.#quorum.close(link)
  }

  isOpen(link: LinkId): boolean {
    return this.#quorum.isOpen(link)
  }

  traffic(link: LinkId): LinkTraffic | undefined {
    return this.#quorum.traffic(link)
  }

  resetTraffic(link: LinkId): void {
    this.#quorum.resetTraffic(link)
  }

  flush(): void {
    this.#quorum.flush()
  }

  reconfigure(membership: Membership): void {
    this.#election.reconfigure(membership)
    this.#quorum.reconfigure(membership)
  }

  async stop(): Promise<void> {
    this.#election.stop()
    this.#quorum.stop()
  }
}
