/** AdminServer commands about the ensemble: leader, observers, voters, the state of Zab. */

import { hostAndPort } from '../../base/java-format.ts'
import { counterOf, epochOf, hex } from '../../wire/ids.ts'
import { addressText, type Command, command } from './command.ts'
import { type JsonMap, type JsonValue, jsonObject } from './json.ts'
import type { AdminView, HostAndPort, LearnerView, MemberView } from './view.ts'

export const QUORUM_COMMANDS: readonly Command[] = [
  command('leader', ['lead'], view => {
    const quorum = view.quorum()
    if (quorum === undefined) return { error: 'server is not initialized' }
    return {
      is_leader: quorum.role === 'leading',
      leader_id: quorum.leaderId ?? -1,
      leader_ip: quorum.leaderAddress ?? '',
    }
  }),
  command('observer_connection_stat_reset', ['orst'], view => {
    view.resetObserverConnectionStats()
    return {}
  }),
  command('observers', ['obsr'], view => {
    const observers = view.quorum()?.observers ?? []
    return {
      synced_observers: observers.length,
      observers: observers.map(observer => jsonObject(observerFields(observer))),
    }
  }),
  command('voting_view', [], view => ({
    current_config: new Map(
      (view.quorum()?.members ?? [])
        .filter(member => member.isParticipant)
        .map(member => [String(member.id), memberFields(member)]),
    ),
  })),
  command('zabstate', [], zabState),
]

function observerFields(observer: LearnerView): Record<string, JsonValue> {
  return {
    remote_socket_address: hostAndPort(observer.remote.address, observer.remote.port),
    sid: observer.sid,
    established: Math.floor(observer.establishedAtMs),
    queued_packets: observer.queuedPackets,
    queued_packets_size: observer.queuedPacketsBytes,
    packets_received: observer.packetsReceived,
    packets_sent: observer.packetsSent,
    requests: observer.requests,
    last_zxid: observer.lastZxid,
  }
}

function memberFields(member: MemberView): JsonMap {
  return jsonObject({
    server_addresses: member.quorumAddresses.map(addressText),
    election_addresses: member.electionAddresses.map(addressText),
    client_address: clientAddressText(member),
    learner_type: member.isParticipant ? 'participant' : 'observer',
  })
}

function clientAddressText(member: MemberView | undefined): string {
  return member?.clientAddress === undefined ? '' : addressText(member.clientAddress)
}

function zabState(view: AdminView): Record<string, JsonValue> {
  const quorum = view.quorum()
  if (quorum === undefined) return { voting: false, zabstate: '' }
  const self = quorum.members.find(member => member.id === quorum.peerId)
  const zxid = view.lastProcessedZxid()
  return {
    myid: quorum.peerId,
    is_leader: quorum.role === 'leading',
    quorum_address: addressesObject(self?.quorumAddresses ?? []),
    election_address: addressesObject(self?.electionAddresses ?? []),
    client_address: clientAddressText(self),
    voting: quorum.isVoting,
    last_zxid: hex(zxid),
    zab_epoch: epochOf(zxid),
    zab_counter: counterOf(zxid),
    zabstate: quorum.phase,
  }
}

/** Own addresses: they are not probed, so all of them are called reachable. */
function addressesObject(addresses: readonly HostAndPort[]): JsonMap {
  const all = addresses.map(addressText)
  const ports = [...new Set(addresses.map(address => address.port))]
  const one = all[0] ?? null
  return jsonObject({
    empty: all.length === 0,
    all_addresses: all,
    wildcard_addresses: ports.map(port => `0.0.0.0:${port}`),
    all_ports: ports,
    all_host_strings: [...new Set(addresses.map(address => address.host))],
    reachable_address: one,
    all_reachable_addresses: all,
    all_reachable_addresses_or_all: all,
    reachable_or_one: one,
    one,
  })
}
