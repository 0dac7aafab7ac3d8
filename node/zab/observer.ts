/** Observer side of broadcast (quorum-protocol.md 7.4): only what is committed comes here. */
import { hex, type Zxid } from '../../wire/ids.ts'
import { PacketType, type QuorumPacket, readDesignatedLeader } from '../../wire/records/quorum.ts'
import type { Core } from './core.ts'
import { activateConfig } from './follower.ts'
import { isSuccessor } from './history.ts'
import type { LinkId } from './inputs.ts'

export class Observer {
  readonly #core: Core

  constructor(core: Core) {
    this.#core = core
  }

  /** `isServing`: before UPTODATE what comes is logged and delivered later. */
  onPacket(packet: QuorumPacket, _link: LinkId, isServing: boolean): void {
    if (packet.type === PacketType.inform) {
      this.#onInform(packet.zxid, packet.data, isServing)
    } else if (packet.type === PacketType.informAndActivate) {
      const data = packet.data ?? new Uint8Array(0)
      const designated = readDesignatedLeader(data)
      const txn = data.subarray(8)
      if (!this.#onInform(packet.zxid, txn, isServing)) return
      if (isServing) activateConfig(this.#core, txn, designated)
    }
  }

  /** Returns whether the transaction was new. */
  #onInform(zxid: Zxid, data: Uint8Array | null, isServing: boolean): boolean {
    const { history } = this.#core
    if (zxid <= history.last) return false
    if (data === null || !isSuccessor(history.last, zxid)) {
      // ZOOKEEPER-5088: an observer that accepts a gap lacks transactions for ever.
      this.#core.leave(`inform ${hex(zxid)} after ${hex(history.last)}: something is missing`)
      return false
    }
    const entry = { zxid, bytes: data }
    history.append(entry)
    // No ack, and no waiting for the disk: others have made it durable.
    this.#core.emit({ do: 'append', entries: [entry], ackTo: undefined })
    if (isServing) this.#core.emit({ do: 'deliver', entries: history.deliverTo(zxid) })
    return true
  }
}
