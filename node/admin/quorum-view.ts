/** What people and monitors see of the ensemble, out of what consensus says of itself. */
import { type Member, printMembership } from '../../wire/config-string.ts'
import type { QuorumConfig } from '../config/config.ts'
import type { Ensemble, ObserverLink } from '../member/ensemble.ts'
import type { PeerDescription } from '../zab/peer.ts'
import type { LeaderView, LearnerView, MemberView, QuorumView, ZabPhase } from './view.ts'

/** The only election algorithm there is. */
const ELECTION_ALGORITHM = 3

export function quorumView(
  quorum: QuorumConfig,
  ensemble: Ensemble,
  pendingSyncs: number,
  nowMs: number,
): QuorumView {
  const peer = ensemble.describe()
  const roleForMs = nowMs - ensemble.roleSinceMs
  const { committedConfig } = peer
  const leader = committedConfig.members.find(member => member.id === peer.leader)
  const own = committedConfig.members.find(member => member.id === peer.id)
  return {
    peerId: peer.id,
    role: peer.role,
    phase: zabPhase(peer),
    isVoting: own?.role === 'participant',
    initLimit: quorum.initLimitTicks,
    syncLimit: quorum.syncLimitTicks,
    electionAlgorithm: ELECTION_ALGORITHM,
    isObserverByConfiguration: quorum.role === 'observer',
    membership: printMembership(committedConfig),
    members: committedConfig.members.map(memberView),
    leaderId: peer.leader,
    leaderAddress: leader?.addresses[0]?.host,
    observerMasterId: peer.observerMaster,
    leader: peer.role === 'leading' ? leaderView(peer, pendingSyncs, roleForMs) : undefined,
    observers: ensemble.observers()?.map(observerView),
  }
}

function memberView(member: Member): MemberView {
  return {
    id: member.id,
    isParticipant: member.role === 'participant',
    quorumAddresses: member.addresses.map(({ host, quorumPort }) => ({ host, port: quorumPort })),
    electionAddresses: member.addresses.map(({ host, electionPort }) => ({
      host,
      port: electionPort,
    })),
    clientAddress: member.clientAddress,
  }
}

function observerView({ id, traffic }: ObserverLink): LearnerView {
  const { address, port, establishedAtMs, queuedPackets, queuedBytes } = traffic
  const { packetsReceived, packetsSent, requests, lastZxid } = traffic
  return {
    remote: { address, port },
    sid: id,
    establishedAtMs,
    queuedPackets,
    queuedPacketsBytes: queuedBytes,
    packetsReceived,
    packetsSent,
    requests,
    lastZxid,
  }
}

function leaderView(peer: PeerDescription, pendingSyncs: number, roleForMs: number): LeaderView {
  const synced = peer.learners.filter(learner => learner.isSynced)
  const voters = new Set(
    peer.committedConfig.members
      .filter(member => member.role === 'participant')
      .map(member => member.id),
  )
  const followers = synced.filter(learner => !learner.isObserver)
  return {
    learners: peer.learners.length,
    syncedFollowers: followers.filter(learner => voters.has(learner.id)).length,
    syncedNonVotingFollowers: followers.filter(learner => !voters.has(learner.id)).length,
    syncedObservers: synced.length - followers.length,
    pendingSyncs,
    uptimeMs: Math.floor(roleForMs),
  }
}

function zabPhase(peer: PeerDescription): ZabPhase {
  switch (peer.phase) {
    case 'stopped':
    case 'settling':
    case 'looking':
      return 'election'
    case 'discovery':
    case 'accepting':
    case 'promises':
    case 'connecting':
    case 'registered':
    case 'promising':
    case 'promised':
      return 'discovery'
    case 'entering':
    case 'synchronisation':
    case 'syncing':
    case 'logging':
    case 'acked':
      return 'synchronization'
    case 'established':
    case 'handingOver':
    case 'serving':
      return 'broadcast'
  }
}
