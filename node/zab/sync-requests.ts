/**
 * `sync` on the leader: answered when everything proposed before it is committed and, unless
 * switched off, when a quorum has answered a ping that was sent after it came, so that no newer
 * leader can have committed anything before (ZOOKEEPER-1675: sync and read are linearizable).
 *
 * Apache's learners get the answer that Apache's leader gives, unconfirmed, and at its place among
 * the commits: before that of any write that came later. Their CommitProcessor takes answers in the
 * order of its requests only, and one that is out of order blocks all its clients for good.
 */
import { NO_ZXID, type PeerId, type Zxid } from '../../wire/ids.ts'
import { PacketType } from '../../wire/records/quorum.ts'
import { type Core, packet } from './core.ts'
import type { LinkId } from './inputs.ts'
import type { LearnerHandle } from './learner-handle.ts'
import { isQuorumOfAll } from './quorum.ts'

/** Of a learner that is not ours. */
interface PlainSync {
  readonly link: LinkId
  readonly zxid: Zxid
}

interface OpenSync {
  readonly token: number
  readonly link: LinkId | undefined
  readonly zxid: Zxid
  readonly round: number
}

export class SyncRequests {
  readonly #core: Core
  readonly #handles: ReadonlyMap<PeerId, LearnerHandle>
  readonly #open: OpenSync[]
  /** Oldest first, none of them answered by what is delivered. */
  readonly #plain: PlainSync[]
  /** Latest round of pings sent, and latest that a quorum has answered. */
  #round: number
  #confirmed: number

  constructor(core: Core, handles: ReadonlyMap<PeerId, LearnerHandle>) {
    this.#core = core
    this.#handles = handles
    this.#open = []
    this.#plain = []
    this.#round = 0
    this.#confirmed = 0
  }

  /** A sync arrives; everything up to `lastProposed` was proposed before it. */
  add(token: number, link: LinkId | undefined, lastProposed: Zxid): void {
    if (link !== undefined && this.#isApaches(link)) {
      const { last, delivered } = this.#core.history
      this.#plain.push({ link, zxid: last })
      this.committed(delivered)
      return
    }
    const isConfirmed = this.#core.options.isSyncConfirmed
    const isIdle = this.#round === this.#confirmed
    // A round that is on its way began too early: the next one is for this sync.
    const round = isConfirmed ? this.#round + 1 : 0
    const zxid = this.#core.history.last
    this.#open.push({ token, link, zxid, round })
    if (isConfirmed && isIdle) this.#beginRound(lastProposed)
    this.answer()
  }

  /** The commit of `zxid` has been sent and nothing behind it. */
  committed(zxid: Zxid): void {
    for (let first = this.#plain[0]; first !== undefined; first = this.#plain[0]) {
      if (first.zxid > zxid) return
      this.#plain.shift()
      this.#core.send([first.link], packet(PacketType.sync, NO_ZXID))
    }
  }

  /** A learner has answered a ping. */
  onPingAnswer(lastProposed: Zxid): void {
    if (this.#round !== this.#confirmed) this.#confirm(lastProposed)
  }

  /**
   * Answers, oldest first, what can be answered. The zxid, 0 in Apache's SYNC, is for observer
   * masters: they pass the answer on behind that transaction.
   */
  answer(): void {
    const { delivered } = this.#core.history
    let count = 0
    for (const sync of this.#open) {
      if (sync.zxid > delivered || sync.round > this.#confirmed) break
      count++
      if (sync.link === undefined) this.#core.emit({ do: 'synced', token: sync.token })
      else this.#core.send([sync.link], packet(PacketType.sync, sync.zxid))
    }
    if (count > 0) this.#open.splice(0, count)
  }

  /** PING to every learner that gets live traffic. */
  ping(lastProposed: Zxid): void {
    const to: LinkId[] = []
    for (const handle of this.#handles.values()) {
      if (!handle.isAtLeast('syncing')) continue
      handle.pingSent(this.#round)
      to.push(handle.link)
    }
    this.#core.send(to, packet(PacketType.ping, lastProposed))
  }

  forget(link: LinkId): void {
    const kept = this.#open.filter(sync => sync.link !== link)
    this.#open.splice(0, this.#open.length, ...kept)
    const plain = this.#plain.filter(sync => sync.link !== link)
    this.#plain.splice(0, this.#plain.length, ...plain)
  }

  #isApaches(link: LinkId): boolean {
    for (const handle of this.#handles.values()) {
      if (handle.link === link) return handle.features === 0
    }
    return false
  }

  #beginRound(lastProposed: Zxid): void {
    this.#round++
    this.ping(lastProposed)
    // Alone in the configuration there is nobody to wait for.
    this.#confirm(lastProposed)
  }

  #confirm(lastProposed: Zxid): void {
    const { me, members } = this.#core
    const isConfirmed = isQuorumOfAll(members.rules, id => {
      return id === me || (this.#handles.get(id)?.confirmedRound ?? 0) >= this.#round
    })
    if (!isConfirmed) return
    this.#confirmed = this.#round
    this.answer()
    if (this.#open.some(sync => sync.round > this.#confirmed)) this.#beginRound(lastProposed)
  }
}
