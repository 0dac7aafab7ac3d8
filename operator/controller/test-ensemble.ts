/**
 * A model of an ensemble for tests: elections, syncs, writes and reconfigurations in big strokes,
 * on disks that can be lost. It uses the real decision of what a pod starts with
 * (node/config/pod.ts). Acknowledged writes that an elected leader lacks are an error of ours.
 */
import type { Random } from '../../base/ports.ts'
import { textHash } from '../../base/text-hash.ts'
import { planPodStart } from '../../node/config/pod.ts'
import {
  type Membership,
  parseMembership,
  printDynamicFile,
  printMembership,
  votersOf,
} from '../../wire/config-string.ts'
import type { Zxid } from '../../wire/ids.ts'
import type {
  Credentials,
  EnsembleApi,
  MemberAnswer,
  MemberRole,
  ReconfigOutcome,
  Reconfiguration,
} from '../ports/ensemble-api.ts'

/** What a claim, or the pod without one, holds. */
export interface Disk {
  myid: number | undefined
  hasData: boolean
  zxid: bigint
  config: Membership | undefined
  wipedAt: string | undefined
}

export function emptyDisk(): Disk {
  return { myid: undefined, hasData: false, zxid: -1n, config: undefined, wipedAt: undefined }
}

export interface Mounted {
  readonly members: string
  readonly firstStartUntil: number | undefined
  readonly wipe: string
  readonly settings: string
}

export interface Process {
  readonly pod: string
  readonly podUid: string
  readonly address: string
  readonly firstId: number
  readonly isVoter: boolean
  readonly isPinned: boolean
  readonly isEphemeral: boolean
  readonly disk: Disk
  readonly mounted: () => Mounted
  id: number
  state: 'waiting' | 'looking' | 'serving'
  /** The image and configuration it runs; a broken one never starts. */
  connections: number
}

const quorum = (voters: number): number => Math.floor(voters / 2) + 1

export class TestEnsemble implements EnsembleApi {
  readonly processes: Map<string, Process> = new Map<string, Process>()
  /** Newest write that clients were told of. */
  acknowledged: bigint = 0n
  nowMs: number = 0
  leader: Process | undefined
  leaderSinceMs: number = 0
  /** Reasons for which the model complains: each is a failed test. */
  readonly complaints: string[] = []
  handOverFails: boolean = false
  epoch: bigint = 0n
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  start(process: Process): void {
    this.processes.set(process.podUid, process)
    this.#begin(process)
  }

  stop(podUid: string): void {
    const process = this.processes.get(podUid)
    if (process === this.leader) this.leader = undefined
    this.processes.delete(podUid)
  }

  #begin(process: Process): void {
    const { disk } = process
    const mounted = process.mounted()
    const start = planPodStart(
      {
        podName: process.pod,
        firstId: process.firstId,
        isVoter: process.isVoter,
        isPinned: process.isPinned,
        isEphemeral: process.isEphemeral,
        domain: 'd',
        zooCfg: '',
        members: mounted.members,
        firstStartUntil: mounted.firstStartUntil,
        wipe: mounted.wipe,
        nowSeconds: Math.floor(this.nowMs / 1000),
      },
      {
        myid: disk.myid?.toString(),
        zooCfg: disk.config === undefined ? undefined : `${printDynamicFile(disk.config)}\n`,
        hasData: disk.hasData,
        isLogLost: false,
        wipedAt: disk.wipedAt,
      },
    )
    if (start.do === 'refuse') this.complaints.push(`${process.pod}: ${start.why}`)
    if (start.do !== 'start') return
    process.id = start.id
    if (start.wipe !== undefined) {
      Object.assign(disk, emptyDisk(), { wipedAt: start.wipe.version })
    }
    disk.myid = start.id
    if (disk.config === undefined) disk.config = membershipOf(start.zooCfg)
    if (start.initialize) {
      disk.hasData = true
      disk.zxid = 0n
    }
    process.state = 'looking'
  }

  /** A step of time: elections, syncs, one write. */
  tick(): void {
    for (const process of this.processes.values()) {
      if (process.state === 'waiting') this.#begin(process)
    }
    this.#checkLeader()
    if (this.leader === undefined) this.#elect()
    else {
      this.#sync()
      this.#write()
    }
  }

  #alive(): Process[] {
    return [...this.processes.values()].filter(process => process.state !== 'waiting')
  }

  #checkLeader(): void {
    const { leader } = this
    if (leader === undefined) return
    const synced = this.#syncedVoters(leader)
    const voters = votersOf(leader.disk.config!).length
    if (synced.length >= quorum(voters)) return
    this.#loseLead()
  }

  #loseLead(): void {
    this.leader = undefined
    for (const process of this.#alive()) process.state = 'looking'
  }

  #syncedVoters(leader: Process): Process[] {
    const ids = new Set(votersOf(leader.disk.config!).map(member => member.id))
    return this.#alive().filter(
      process => ids.has(process.id) && (process === leader || process.state === 'serving'),
    )
  }

  #elect(): void {
    if (this.#random.int(3) === 0) return
    const alive = this.#alive().filter(process => process.disk.hasData)
    const newest = alive.reduce<Membership | undefined>((best, { disk }) => {
      if (disk.config === undefined) return best
      return best === undefined || disk.config.version > best.version ? disk.config : best
    }, undefined)
    if (newest === undefined) return
    const ids = new Set(votersOf(newest).map(member => member.id))
    const voters = this.#someOf(
      alive.filter(process => ids.has(process.id)),
      quorum(ids.size),
    )
    if (voters.length < quorum(ids.size)) return
    const best = voters.reduce((a, b) =>
      b.disk.zxid > a.disk.zxid || (b.disk.zxid === a.disk.zxid && b.id > a.id) ? b : a,
    )
    if (best.disk.zxid < this.acknowledged) {
      this.complaints.push(
        `${best.pod} leads with ${best.disk.zxid}, but ${this.acknowledged} was acknowledged`,
      )
    }
    this.epoch++
    best.disk.zxid = this.epoch << 32n
    best.disk.config = newest
    best.state = 'serving'
    this.#lead(best)
    // A quorum follows at once: that is what makes it a leader.
    for (const voter of voters) if (voter !== best) this.#follow(voter)
  }

  /** At least so many of them, by chance: the others are late. */
  #someOf(processes: readonly Process[], least: number): readonly Process[] {
    const chosen = [...processes]
    while (chosen.length > least && this.#random.int(2) === 0) {
      chosen.splice(this.#random.int(chosen.length), 1)
    }
    return chosen
  }

  #lead(process: Process): void {
    this.leader = process
    this.leaderSinceMs = this.nowMs
    this.acknowledged = process.disk.zxid
  }

  #follow(process: Process): void {
    const { disk } = this.leader!
    process.disk.zxid = disk.zxid
    process.disk.config = disk.config
    process.disk.hasData = true
    process.state = 'serving'
  }

  #sync(): void {
    for (const process of this.#alive()) {
      if (process.state === 'looking' && this.#random.int(3) > 0) this.#follow(process)
    }
  }

  /** Reaches the leader, and others by chance, but always a quorum. */
  #write(): void {
    const leader = this.leader!
    const voters = votersOf(leader.disk.config!).length
    const synced = this.#syncedVoters(leader)
    if (synced.length < quorum(voters)) return
    leader.disk.zxid++
    let acks = 1
    for (const other of this.#alive()) {
      if (other === leader || other.state !== 'serving') continue
      const isNeeded = synced.includes(other) && acks < quorum(voters)
      if (!isNeeded && this.#random.int(2) === 0) continue
      other.disk.zxid = leader.disk.zxid
      if (synced.includes(other)) acks++
    }
    this.acknowledged = leader.disk.zxid
  }

  // --- what the operator asks ---

  describe(host: string): Promise<MemberAnswer | undefined> {
    const process = this.#alive().find(each => each.address === host)
    return Promise.resolve(process === undefined ? undefined : this.#answer(process))
  }

  #answer(process: Process): MemberAnswer {
    const { disk, id, state } = process
    const isServing = state === 'serving'
    const config = disk.config
    const isVoting = config !== undefined && votersOf(config).some(member => member.id === id)
    const isLeading = process === this.leader
    const synced = isLeading ? this.#syncedVoters(process).length - 1 : 0
    return {
      id,
      role: roleOf(process, isLeading, isServing, isVoting),
      isServing,
      isVoting,
      zxid: disk.zxid as Zxid,
      version: '3.9.6-test',
      membership: isServing && config !== undefined ? printMembership(config) : undefined,
      leader: isLeading
        ? {
            syncedFollowers: synced,
            syncedNonVotingFollowers: 0,
            syncedObservers: 0,
            pendingSyncs: 0,
            leadingForMs: this.nowMs - this.leaderSinceMs,
          }
        : undefined,
      connections: process.connections,
      readLatencyMs: undefined,
      settings: textHash(process.mounted().settings),
    }
  }

  reconfig(
    host: string,
    _as: Credentials,
    { joining, leaving, ifVersion }: Reconfiguration,
  ): Promise<ReconfigOutcome> {
    const { leader } = this
    const refuse = (reason: string): Promise<ReconfigOutcome> =>
      Promise.resolve({ ok: false, reason })
    if (leader === undefined || leader.address !== host) return refuse('CONNECTIONLOSS')
    const config = leader.disk.config!
    if (config.version !== ifVersion) return refuse('BADVERSION')
    const kept = printDynamicFile(config)
      .split('\n')
      .filter(
        line =>
          ![...leaving.map(id => `server.${id}=`), ...joining.map(keyOf)].some(key =>
            line.startsWith(key),
          ),
      )
    const next = parseMembership([...kept, ...joining].join('\n'), true)
    const synced = new Set(
      this.#alive()
        .filter(each => each.state === 'serving')
        .map(each => each.id),
    )
    const ready = votersOf(next).filter(member => synced.has(member.id)).length
    if (votersOf(next).length === 0) return refuse('BADARGUMENTS')
    if (ready < quorum(votersOf(next).length)) return refuse('NEWCONFIGNOQUORUM')
    leader.disk.zxid++
    const activated = { ...next, version: leader.disk.zxid }
    this.acknowledged = leader.disk.zxid
    for (const process of this.#alive()) {
      if (process.state !== 'serving') continue
      process.disk.zxid = leader.disk.zxid
      process.disk.config = activated
    }
    if (!votersOf(next).some(member => member.id === leader.id)) this.#loseLead()
    return Promise.resolve({ ok: true })
  }

  handOver(host: string, _as: Credentials, to: number | undefined): Promise<string | undefined> {
    const { leader } = this
    if (this.handOverFails) return Promise.resolve('unknown command')
    if (leader === undefined || leader.address !== host) return Promise.resolve('it does not lead')
    const heir = this.#syncedVoters(leader).find(
      each => each !== leader && (to === undefined || each.id === to),
    )
    if (heir === undefined) return Promise.resolve('nobody is level')
    heir.disk.zxid = leader.disk.zxid
    this.epoch++
    heir.disk.zxid = this.epoch << 32n
    this.#lead(heir)
    for (const other of this.#syncedVoters(heir)) if (other !== heir) this.#follow(other)
    return Promise.resolve(undefined)
  }

  /** Voters that take part now, and how many are needed. */
  margin(): { readonly synced: readonly string[]; readonly voters: number } | undefined {
    const { leader } = this
    if (leader === undefined) return undefined
    return {
      synced: this.#syncedVoters(leader).map(process => process.pod),
      voters: votersOf(leader.disk.config!).length,
    }
  }
}

function membershipOf(zooCfg: string): Membership {
  const lines = zooCfg.split('\n').filter(line => line.startsWith('server.'))
  return parseMembership(lines.join('\n'), true)
}

function keyOf(line: string): string {
  return line.slice(0, line.indexOf('=') + 1)
}

function roleOf(
  process: Process,
  isLeading: boolean,
  isServing: boolean,
  isVoting: boolean,
): MemberRole {
  if (isLeading) return 'leader'
  if (!isServing) return 'looking'
  return isVoting || (process.isVoter && !process.isPinned) ? 'follower' : 'observer'
}
