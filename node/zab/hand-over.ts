/**
 * Leadership hand-over between members of our own: the leader proposes no more, waits until all is
 * committed and somebody has all of it, names that member to everybody and steps down. The others
 * go straight to it; discovery and synchronisation are those of any other leader, so nothing rests
 * on the appointment being right. Members of Apache see the link close and elect; in that election
 * this one does not stand, at first.
 */
import { hex, type PeerId } from '../../wire/ids.ts'
import { encodeDesignatedLeader, Feature, PacketType } from '../../wire/records/quorum.ts'
import { type Core, packet } from './core.ts'
import type { LinkId } from './inputs.ts'
import type { LearnerHandle } from './learner-handle.ts'

function understands(handle: LearnerHandle): boolean {
  return (handle.features & Feature.handOver) !== 0 && handle.phase === 'upToDate'
}

/** Steps down if it can be done now; `to` is the wanted successor. */
export function handOver(
  core: Core,
  handles: ReadonlyMap<PeerId, LearnerHandle>,
  to: PeerId | undefined,
): void {
  const { history, members } = core
  if (history.undelivered > 0) return
  const candidates = members.voters
    .filter(id => members.isCommittedVoter(id) && members.mayLead(id))
    .filter(id => to === undefined || to === id)
    .map(id => handles.get(id))
    .filter(handle => handle !== undefined && understands(handle))
  if (candidates.length === 0) {
    core.isResigned = true
    core.leave('hands over by an election')
    return
  }
  const next = candidates.filter(handle => handle?.isLevel(history.last)).at(-1)
  if (next === undefined) return
  const told: LinkId[] = []
  for (const handle of handles.values()) if (understands(handle)) told.push(handle.link)
  core.send(
    told,
    packet(PacketType.handOver, history.last, encodeDesignatedLeader(next.id, undefined)),
  )
  core.leave(`hands over to ${next.id} at ${hex(history.last)}`, next.id)
}
