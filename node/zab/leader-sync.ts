/**
 * What a leader sends a learner to make it level (quorum-protocol.md 6.3, 6.5): history, then
 * NEWLEADER; live traffic follows behind it on the same link without a gap (ZOOKEEPER-3104).
 */
import { invariant } from '../../base/invariant.ts'
import { printMembership } from '../../wire/config-string.ts'
import { hex, type Zxid } from '../../wire/ids.ts'
import { Feature, PacketType } from '../../wire/records/quorum.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import { type Core, epochZxid, packet } from './core.ts'
import type { LearnerHandle } from './learner-handle.ts'
import { planSync, type SyncPlan } from './sync-plan.ts'

/** `max`: end of the history that is committed, or will be once this leader is established. */
export function sendHistory(core: Core, handle: LearnerHandle, max: Zxid, epoch: number): void {
  const { history, members } = core
  const to = [handle.link]
  const isSnapshotOnly = (handle.features & Feature.snapshotOnly) !== 0
  const plan: SyncPlan = isSnapshotOnly
    ? { kind: 'snap' }
    : planSync(handle.lastLogged, history, max)
  let from: number
  if (plan.kind === 'snap') {
    // The snapshot alone must hold everything that may be committed: it replaces a log in which all
    // of that may have been acknowledged, and a crash may come before what follows it is written.
    // So a leader that is not established yet applies its tail early, as Apache's always does.
    const tail = history.deliverTo(max)
    if (tail.length > 0) core.emit({ do: 'deliver', entries: tail })
    invariant(history.delivered === max, 'a snapshot is of all that is committed')
    const isCompressed = (handle.features & core.options.features & Feature.compressedSnap) !== 0
    core.emit({ do: 'sendSnapshot', to: handle.link, zxid: history.delivered, isCompressed })
    from = history.indexAfter(history.delivered)
  } else {
    const type = plan.kind === 'diff' ? PacketType.diff : PacketType.trunc
    core.send(to, packet(type, plan.zxid))
    from = plan.from
  }
  for (let i = from; i < history.count; i++) {
    const { zxid, bytes } = history.at(i)
    if (zxid <= max) {
      core.send(to, packet(PacketType.proposal, zxid, bytes))
      core.send(to, packet(PacketType.commit, zxid))
    } else if (!handle.isObserver) {
      core.send(to, packet(PacketType.proposal, zxid, bytes))
    }
  }
  handle.syncedTo = max
  handle.phase = 'syncing'
  const config = utf8Bytes(printMembership(members.lastSeen))
  core.send(to, packet(PacketType.newLeader, epochZxid(epoch), config))
  core.note('sync', {
    learner: handle.id,
    kind: plan.kind,
    peer: hex(handle.lastLogged),
    max: hex(max),
  })
}
