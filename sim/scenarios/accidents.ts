/**
 * Named accidents, each a script and a promise (faults.md; numbers are ZOOKEEPER tickets). The
 * checkers of the ensemble watch all of them; what a script asserts beyond that stands in it.
 */
import { invariant } from '../../base/invariant.ts'
import { zxid } from '../../wire/ids.ts'
import { Cluster, type ClusterOptions, DEFAULT_CLUSTER } from '../cluster.ts'
import { LogTree } from '../log-tree.ts'
import type { SimMember } from '../member.ts'

export interface Accident {
  readonly name: string
  readonly run: (seed: number) => void
}

function ensemble(seed: number, options: Partial<ClusterOptions> = {}): Cluster {
  return new Cluster({ ...DEFAULT_CLUSTER, ...options, seed })
}

function established(seed: number, options: Partial<ClusterOptions> = {}): Cluster {
  const cluster = ensemble(seed, options)
  cluster.startAll()
  cluster.healAndSettle()
  cluster.writeSome(5)
  cluster.healAndSettle()
  // Nothing is open any more.
  cluster.run(100)
  return cluster
}

function leaderOf(cluster: Cluster): SimMember {
  const { leader } = cluster
  invariant(leader !== undefined, 'somebody leads')
  return leader
}

function isolate(cluster: Cluster, one: SimMember): void {
  for (const other of cluster.members) {
    if (other === one) continue
    cluster.net.cut(one.id, other.id)
    cluster.net.cut(other.id, one.id)
  }
}

function anotherLeads(cluster: Cluster, former: SimMember): void {
  cluster.runUntil('another member leads', () =>
    cluster.members.some(member => member !== former && member.isLeading),
  )
}

/** The counter of an epoch runs out: a new epoch, no zxid lost or used twice (1277, 4883). */
function rollOver(seed: number): void {
  const zab = { ...DEFAULT_CLUSTER.zab, lastCounter: 12 }
  const cluster = established(seed, { zab, observers: 1 })
  cluster.writeSome(60)
  cluster.healAndSettle()
  invariant(cluster.leadership.lastEpoch >= 5, 'every epoch holds eleven transactions')
}

/** One member lost its disk: it takes no part in elections and is made level (2325, 3056). */
function lostDisk(seed: number): void {
  const cluster = established(seed)
  const lost = leaderOf(cluster)
  lost.crash()
  lose(lost)
  lost.start()
  cluster.healAndSettle()
  invariant(!lost.isLeading, 'who has lost its disk does not lead')
}

/** A quorum lost its disks: nobody serves, because what was committed may be gone. */
function lostQuorum(seed: number): void {
  const cluster = established(seed)
  for (const member of cluster.members) member.crash()
  const [first, second] = cluster.members
  lose(first!)
  lose(second!)
  cluster.startAll()
  cluster.run(30_000)
  invariant(cluster.leader === undefined, 'no quorum of members with a history')
}

function lose({ disk }: SimMember): void {
  disk.snapshots = [new LogTree([], zxid(-1n))]
  disk.log = []
  disk.acceptedEpoch = 0
  disk.currentEpoch = 0
}

/** A leader writes to its own log only, is deposed, returns (2845): what it has alone is cut. */
function deposedLeader(seed: number): void {
  const cluster = established(seed)
  const old = leaderOf(cluster)
  isolate(cluster, old)
  for (let i = 0; i < 4; i++) cluster.workload.write(old)
  cluster.run(20)
  anotherLeads(cluster, old)
  cluster.writeSome(3)
  cluster.healAndSettle()
  old.crash()
  cluster.healAndSettle()
}

/** What must be cut off stands in the only snapshot: a new one is asked for (3701, 4837). */
function nothingToCutBackTo(seed: number): void {
  const cluster = established(seed)
  const old = leaderOf(cluster)
  isolate(cluster, old)
  for (let i = 0; i < 3; i++) cluster.workload.write(old)
  cluster.run(60)
  old.crash()
  for (const other of cluster.members) cluster.net.breakLinks(old.id, other.id)
  old.disk.snapshots = [old.disk.recover().tree]
  old.disk.log = []
  cluster.net.heal()
  anotherLeads(cluster, old)
  old.start()
  cluster.runUntil('it is level', () => old.isServing)
  const isAsked = cluster.world.recentTrace.some(line => line.includes('asks for everything'))
  invariant(isAsked, 'the log could not be cut')
  old.crash()
  cluster.healAndSettle()
}

/** A leader that stood still for long commits nothing when it goes on (faults.md 30, 40). */
function frozenLeader(seed: number): void {
  const cluster = established(seed)
  const old = leaderOf(cluster)
  old.pause()
  anotherLeads(cluster, old)
  cluster.writeSome(3)
  const { length } = old.tree
  old.resume()
  for (let i = 0; i < 3; i++) cluster.workload.write(old)
  cluster.run(1)
  invariant(old.tree.length === length || !old.isLeading, 'a stale leader commits nothing')
  cluster.healAndSettle()
}

/** What one follower sends never arrives: it is dropped, the others go on (faults.md 37). */
function silentFollower(seed: number): void {
  const cluster = established(seed)
  const leader = leaderOf(cluster)
  const follower = cluster.members.find(member => member !== leader)!
  cluster.net.cut(follower.id, leader.id)
  const { epoch } = leader.describe()
  cluster.writeSome(20)
  cluster.run(5000)
  invariant(leader.isLeading && leader.describe().epoch === epoch, 'the leader stays')
  cluster.healAndSettle()
}

/** Observers give no quorum (2959). */
function observersDoNotCount(seed: number): void {
  const cluster = established(seed, { observers: 3 })
  const voters = cluster.members.slice(0, 3)
  const before = cluster.workload.acknowledgedWrites
  for (const voter of voters.slice(0, 2)) voter.crash()
  for (let i = 0; i < 200; i++) {
    for (const member of cluster.members) cluster.workload.write(member)
    cluster.run(50)
  }
  invariant(cluster.workload.acknowledgedWrites === before, 'one voter of three commits nothing')
  invariant(!voters[2]!.isLeading, 'one voter of three does not lead')
  cluster.healAndSettle()
}

/** Followers that come and go do not disturb a leader with a quorum (L3). */
function flappingFollower(seed: number): void {
  const cluster = established(seed)
  const leader = leaderOf(cluster)
  const { epoch } = leader.describe()
  const flapping = cluster.members.find(member => member !== leader)!
  for (let i = 0; i < 20; i++) {
    flapping.crash()
    cluster.writeSome(2)
    flapping.start()
    cluster.run(30 + i * 20)
  }
  invariant(leader.isLeading && leader.describe().epoch === epoch, 'no election happened')
  cluster.healAndSettle()
}

/** Votes of long ago arrive once more (faults.md 34, 3537): nobody is disturbed. */
function oldVotes(seed: number): void {
  const cluster = established(seed)
  const leader = leaderOf(cluster)
  const { epoch } = leader.describe()
  for (let i = 0; i < 10; i++) {
    for (const from of cluster.members) {
      for (const to of cluster.members) if (from !== to) cluster.net.repeatVote(from.id, to.id)
    }
    cluster.run(50)
  }
  invariant(leader.isLeading && leader.describe().epoch === epoch, 'no election happened')
}

/** A write fails on a follower while the others commit it (4882): no hole, no false ack. */
function failedWrite(seed: number): void {
  const cluster = established(seed)
  const leader = leaderOf(cluster)
  const follower = cluster.members.find(member => member !== leader)!
  follower.disk.failWrites(1)
  cluster.writeSome(10)
  cluster.healAndSettle()
  follower.crash()
  cluster.healAndSettle()
}

/** A write fails on the leader (2247, 4203): it steps down, another goes on. */
function failedWriteOfLeader(seed: number): void {
  const cluster = established(seed)
  const old = leaderOf(cluster)
  const { epoch } = old.describe()
  old.disk.failWrites(1)
  cluster.workload.write(old)
  cluster.run(1000)
  cluster.healAndSettle()
  invariant(leaderOf(cluster).describe().epoch > epoch, 'a new epoch began')
}

/** The lead passes on without an election; the gap is short and nothing is lost. */
function handOver(seed: number): void {
  const cluster = established(seed)
  const old = leaderOf(cluster)
  cluster.workload.start(2)
  cluster.run(100)
  const heir = cluster.members.find(member => member !== old)!
  old.handOver(heir.id)
  const startMs = cluster.world.nowMs
  cluster.runUntil('the heir leads', () => heir.isLeading, 1000)
  const before = cluster.workload.acknowledgedWrites
  cluster.runUntil('a write', () => cluster.workload.acknowledgedWrites > before, 1000)
  const gapMs = cluster.world.nowMs - startMs
  cluster.workload.stop()
  invariant(gapMs <= 100, 'the gap stays below 100 ms', () => ({ gapMs }))
  cluster.healAndSettle()
}

/** kill -9 of the leader: known to be gone, nobody waits for its vote. */
function failOver(seed: number): void {
  const cluster = established(seed)
  const old = leaderOf(cluster)
  old.crash()
  const startMs = cluster.world.nowMs
  anotherLeads(cluster, old)
  const gapMs = cluster.world.nowMs - startMs
  invariant(gapMs <= 100, 'the others do not wait', () => ({ gapMs }))
  cluster.healAndSettle()
}

/** A cut around one member at a time, in turn, for long: the majority always goes on (27). */
function movingCut(seed: number): void {
  const cluster = established(seed, { voters: 5 })
  for (const member of cluster.members) {
    isolate(cluster, member)
    anotherLeads(cluster, member)
    cluster.writeSome(5)
    cluster.net.heal()
  }
  cluster.healAndSettle()
}

/** A member that followed an epoch nobody remembers the end of takes a snapshot, wherever it is. */
function farBehind(seed: number): void {
  const cluster = established(seed, { observers: 1 })
  const [, second] = cluster.members
  const observer = cluster.members.at(-1)!
  second!.crash()
  observer.crash()
  cluster.writeSome(60)
  const leader = leaderOf(cluster)
  leader.disk.takeSnapshot(leader.tree, true)
  cluster.healAndSettle()
  invariant(observer.tree.zxid === leader.tree.zxid, 'the observer is level')
}

export const ACCIDENTS: readonly Accident[] = [
  { name: '1277: the counter runs out', run: rollOver },
  { name: '2325, 3056: a disk is lost', run: lostDisk },
  { name: '2325: a quorum of disks is lost', run: lostQuorum },
  { name: '2845: a deposed leader returns', run: deposedLeader },
  { name: '3701, 4837: nothing to cut back to', run: nothingToCutBackTo },
  { name: 'a leader stands still and goes on', run: frozenLeader },
  { name: 'a follower that is not heard', run: silentFollower },
  { name: '2959: observers give no quorum', run: observersDoNotCount },
  { name: 'a follower that comes and goes', run: flappingFollower },
  { name: '3537: votes of long ago', run: oldVotes },
  { name: '4882: a write fails on a follower', run: failedWrite },
  { name: '2247: a write fails on the leader', run: failedWriteOfLeader },
  { name: 'hand-over within 100 ms', run: handOver },
  { name: 'fail-over without waiting', run: failOver },
  { name: 'a cut that moves', run: movingCut },
  { name: 'far behind', run: farBehind },
]
