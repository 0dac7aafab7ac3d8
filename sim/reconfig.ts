/** What a leader's pipeline does about a reconfig (quorum-protocol.md 9.3). */
import type { PeerDescription } from '../node/zab/peer.ts'
import { isQuorum, quorumRule } from '../node/zab/quorum.ts'
import { type Membership, printMembership } from '../wire/config-string.ts'
import { type SessionId, zxid } from '../wire/ids.ts'
import { OpCode } from '../wire/opcodes.ts'
import { writeTxn } from '../wire/records/txn.ts'
import { utf8Bytes } from '../wire/utf8.ts'
import { Writer } from '../wire/writer.ts'

/** No other may be open, and a quorum of the new one must be able to acknowledge it. */
export function mayPropose(wanted: Membership, leader: PeerDescription): boolean {
  if (leader.lastSeenConfig.version > leader.committedConfig.version) return false
  // Observers acknowledge no proposals: they cannot help to commit this one.
  const able = leader.learners.filter(each => each.isSynced && !each.isObserver)
  const level = new Set(able.map(each => each.id)).add(leader.id)
  return isQuorum(quorumRule(wanted), id => level.has(id))
}

/** The transaction that proposes a configuration; its version is the zxid. */
export function reconfigTxn(config: Membership): Uint8Array {
  const data = utf8Bytes(printMembership(config))
  const path = '/zookeeper/config'
  const body = { type: OpCode.reconfig, path, data, version: -1 } as const
  const writer = new Writer()
  writeTxn(writer, {
    clientId: 1n as SessionId,
    cxid: 0,
    zxid: zxid(config.version),
    timeMs: 0,
    body,
    digest: null,
  })
  return writer.copy()
}
