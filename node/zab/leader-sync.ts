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
import { AlarmName } from './inputs.ts'
import type { LearnerHandle } from './learner-handle.ts'
import { planSync, type SyncPlan } from './sync-plan.ts'

/** A slice of history ends early with the entry that exceeds this. */
const SLICE_BYTES = 256 * 1024

/**
 * Begins to make a learner level. `max`: end of the history that is committed, or will be once this
 * leader is established. Goes on with `continueHistory` until the learner is `syncing`.
 */
export function beginHistory(core: Core, handle: LearnerHandle, max: Zxid): void {
  const { history } = core
  const isSnapshotOnly = (handle.features & Feature.snapshotOnly) !== 0
  const plan: SyncPlan = isSnapshotOnly
    ? { kind: 'snap' }
    : planSync(handle.lastLogged, history, max)
  handle.phase = 'catchingUp'
  if (plan.kind === 'snap') {
    // The snapshot alone must hold everything that may be committed: it replaces a log in which all
    // of that may have been acknowledged, and a crash may come before what follows it is written.
    // So a leader that is not established yet applies its tail early, as Apache's always does.
    const tail = history.deliverTo(max)
    if (tail.length > 0) core.emit({ do: 'deliver', entries: tail })
    invariant(history.delivered === max, 'a snapshot is of all that is committed')
    const isCompressed = (handle.features & core.options.features & Feature.compressedSnap) !== 0
    core.emit({ do: 'sendSnapshot', to: handle.link, zxid: history.delivered, isCompressed })
    handle.sentTo = history.delivered
  } else {
    const type = plan.kind === 'diff' ? PacketType.diff : PacketType.trunc
    core.send([handle.link], packet(type, plan.zxid))
    handle.sentTo = plan.from === 0 ? history.base : history.at(plan.from - 1).zxid
  }
  core.note('sync', {
    learner: handle.id,
    kind: plan.kind,
    peer: hex(handle.lastLogged),
    max: hex(max),
  })
}

/**
 * The next slice. When all that is committed has been sent, what is open and NEWLEADER follow in
 * the same step, and the learner is `syncing`: live traffic joins without a gap. Returns false when
 * the next entry is no longer remembered: the learner must begin anew.
 */
export function continueHistory(
  core: Core,
  handle: LearnerHandle,
  max: Zxid,
  epoch: number,
): boolean {
  const { history, members } = core
  if (!history.has(handle.sentTo)) return false
  const to = [handle.link]
  let bytesLeft = SLICE_BYTES
  let entriesLeft = core.options.sliceCount
  let index = history.indexAfter(handle.sentTo)
  for (; index < history.count && history.at(index).zxid <= max; index++) {
    if (entriesLeft === 0 || bytesLeft <= 0) {
      core.emit({ do: 'setAlarm', name: AlarmName.catchUp, afterMs: 0 })
      return true
    }
    const { zxid, bytes } = history.at(index)
    core.send(to, packet(PacketType.proposal, zxid, bytes))
    core.send(to, packet(PacketType.commit, zxid))
    handle.sentTo = zxid
    entriesLeft--
    bytesLeft -= bytes.length
  }
  for (; index < history.count && !handle.isObserver; index++) {
    const { zxid, bytes } = history.at(index)
    core.send(to, packet(PacketType.proposal, zxid, bytes))
  }
  handle.syncedTo = max
  handle.phase = 'syncing'
  const config = utf8Bytes(printMembership(members.lastSeen))
  core.send(to, packet(PacketType.newLeader, epochZxid(epoch), config))
  return true
}
