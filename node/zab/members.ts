/** Configurations: the one in force and the one last seen (quorum-protocol.md 9). */
import {
  ConfigStringError,
  hasSameMembers,
  type Membership,
  memberOf,
  parseMembership,
} from '../../wire/config-string.ts'
import type { PeerId } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { JuteError, Reader } from '../../wire/reader.ts'
import { readTxn } from '../../wire/records/txn.ts'
import { decodeUtf8 } from '../../wire/utf8.ts'
import { type QuorumRule, quorumRule, weightIn } from './quorum.ts'

/** Offset of `type` in TxnHeader: clientId 8, cxid 4, zxid 8, time 8. */
const TXN_TYPE_OFFSET = 28

/** Configuration text from the wire; undefined when it is none. */
export function parseConfig(text: string): Membership | undefined {
  try {
    const membership = parseMembership(text, true)
    return membership.members.length === 0 ? undefined : membership
  } catch (error) {
    if (error instanceof ConfigStringError) return undefined
    throw error
  }
}

/** The configuration that a transaction proposes; undefined for every other transaction. */
export function configOfTxn(bytes: Uint8Array): Membership | undefined {
  // Asked of every proposal: four bytes are compared, no view is made.
  const at = TXN_TYPE_OFFSET
  if (bytes[at + 3] !== OpCode.reconfig) return undefined
  if (bytes[at] !== 0 || bytes[at + 1] !== 0 || bytes[at + 2] !== 0) return undefined
  try {
    const { body } = readTxn(new Reader(bytes))
    if (body.type !== OpCode.reconfig || body.data === null) return undefined
    return parseConfig(decodeUtf8(body.data, 0, body.data.length))
  } catch (error) {
    if (error instanceof JuteError) return undefined
    throw error
  }
}

export class Members {
  readonly #isReconfigEnabled: boolean
  #committed: Membership
  #lastSeen: Membership
  #rules: readonly QuorumRule[]
  #voters: readonly PeerId[]

  constructor(committed: Membership, lastSeen: Membership, isReconfigEnabled: boolean) {
    this.#isReconfigEnabled = isReconfigEnabled
    this.#committed = committed
    this.#lastSeen = lastSeen
    this.#rules = []
    this.#voters = []
    this.#refresh()
  }

  get isReconfigEnabled(): boolean {
    return this.#isReconfigEnabled
  }

  get committed(): Membership {
    return this.#committed
  }

  get lastSeen(): Membership {
    return this.#lastSeen
  }

  /** What a quorum must satisfy now: committed first, then the newer one if there is any. */
  get rules(): readonly QuorumRule[] {
    return this.#rules
  }

  /** Voters of both configurations, ascending: those whose votes are heard. */
  get voters(): readonly PeerId[] {
    return this.#voters
  }

  isVoter(id: PeerId): boolean {
    return this.#voters.includes(id)
  }

  /** Whether `id` votes in the configuration in force. */
  isCommittedVoter(id: PeerId): boolean {
    return this.#rules[0]!.voters.includes(id)
  }

  /** Whether `id` may lead: members of weight 0 may not. */
  mayLead(id: PeerId): boolean {
    return this.#rules.some(rule => weightIn(rule, id) > 0)
  }

  /** With reconfig disabled configurations from the wire are ignored (ZOOKEEPER-3829). */
  see(membership: Membership): boolean {
    if (!this.#isReconfigEnabled || membership.version <= this.#lastSeen.version) return false
    this.#lastSeen = membership
    this.#refresh()
    return true
  }

  /** The proposal that was seen last is void: its transaction is in no history that counts. */
  forgetProposal(): void {
    this.#lastSeen = this.#committed
    this.#refresh()
  }

  /**
   * A leader whose history is now ours names the configuration that it saw last: ours, if it is
   * another one, belongs to a transaction that was cut off. Returns whether anything changed.
   */
  seeLeaders(membership: Membership): boolean {
    if (!this.#isReconfigEnabled || membership.version < this.#committed.version) return false
    if (membership.version === this.#lastSeen.version) return false
    this.#lastSeen = membership
    this.#refresh()
    return true
  }

  /** Puts a newer configuration into force. Returns whether anything changed, and what. */
  activate(membership: Membership): 'nothing' | 'version' | 'members' {
    if (!this.#isReconfigEnabled || membership.version <= this.#committed.version) return 'nothing'
    const isSame = hasSameMembers(membership, this.#committed)
    this.#committed = membership
    if (this.#lastSeen.version < membership.version) this.#lastSeen = membership
    this.#refresh()
    return isSame ? 'version' : 'members'
  }

  /** Whether `id` is to follow as an observer; undefined when it is not listed. */
  isObserver(id: PeerId): boolean | undefined {
    const member = memberOf(this.#committed, id)
    return member === undefined ? undefined : member.role === 'observer'
  }

  #refresh(): void {
    const rules = [quorumRule(this.#committed)]
    if (this.#lastSeen.version > this.#committed.version) rules.push(quorumRule(this.#lastSeen))
    this.#rules = rules
    this.#voters = [...new Set(rules.flatMap(rule => rule.voters))].sort((a, b) => a - b)
  }
}
