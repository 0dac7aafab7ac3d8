/** Follower side of broadcast (quorum-protocol.md 7.3), from NEWLEADER on. */
import { hex, type PeerId } from '../../wire/ids.ts'
import { PacketType, type QuorumPacket, readDesignatedLeader } from '../../wire/records/quorum.ts'
import type { Core } from './core.ts'
import { isSuccessor } from './history.ts'
import type { LinkId } from './inputs.ts'
import { configOfTxn } from './members.ts'
import type { ObserverMaster } from './observer-master.ts'

export class Follower {
  readonly #core: Core
  /** Who passes on what is delivered, if this member serves observers. */
  relay: ObserverMaster | undefined

  constructor(core: Core) {
    this.#core = core
    this.relay = undefined
  }

  /** `isServing`: before UPTODATE nothing is delivered and commits do not come here. */
  onPacket(packet: QuorumPacket, link: LinkId, isServing: boolean): void {
    if (packet.type === PacketType.proposal) this.#onProposal(packet, link)
    else if (!isServing) return
    else if (packet.type === PacketType.commit) this.#onCommit(packet, undefined)
    else if (packet.type === PacketType.commitAndActivate) {
      this.#onCommit(packet, readDesignatedLeader(packet.data ?? new Uint8Array(0)))
    }
  }

  #onProposal({ zxid, data }: QuorumPacket, link: LinkId): void {
    const { history, members } = this.#core
    // A peer's mistakes are handled here, so that below they can be asserted.
    if (zxid <= history.last) return
    if (data === null || !isSuccessor(history.last, zxid)) {
      this.#core.leave(`proposal ${hex(zxid)} after ${hex(history.last)}: something is missing`)
      return
    }
    const config = configOfTxn(data)
    if (config !== undefined && members.see(config)) {
      this.#core.persist([{ step: 'nextConfig', membership: config }], [])
    }
    const entry = { zxid, bytes: data }
    history.append(entry)
    // The ack travels with the append: it cannot leave before the bytes are on disk.
    this.#core.emit({ do: 'append', entries: [entry], ackTo: link })
  }

  #onCommit({ zxid }: QuorumPacket, designated: PeerId | undefined): void {
    const { history } = this.#core
    const next = history.nextToDeliver
    if (zxid <= history.delivered) return
    if (next === undefined || next.zxid !== zxid) {
      // Apache's follower exits here; leaving the leader and becoming level again repairs it.
      const oldest = next === undefined ? 'nothing is open' : `the oldest is ${hex(next.zxid)}`
      this.#core.leave(`commit of ${hex(zxid)}, but ${oldest}`)
      return
    }
    const entry = history.deliverNext()
    this.#core.emit({ do: 'deliver', entries: [entry] })
    this.relay?.inform(entry, designated)
    if (designated !== undefined) activateConfig(this.#core, entry.bytes, designated)
  }
}

/**
 * A reconfig is in force (quorum-protocol.md 9.4): a member whose role or leader changes with it
 * leaves, and goes straight to the designated leader.
 */
export function activateConfig(core: Core, txn: Uint8Array, designated: PeerId): void {
  const config = configOfTxn(txn)
  if (config === undefined) return
  const wasObserver = core.isObserver
  core.activate(config)
  const leader = Number(core.vote.leader)
  if (!core.members.isReconfigEnabled) return
  if (designated !== leader || wasObserver !== core.isObserver) {
    core.leave(`the new configuration is led by ${designated}`, designated)
  }
}
