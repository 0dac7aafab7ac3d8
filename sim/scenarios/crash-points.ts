/**
 * A member becomes level with a leader and is stopped at every single point of the way (faults.md
 * A10, B1 2 and 3): each event of the simulation is one point, so that a crash falls between any
 * two
 * disk steps, sends and receipts. Then it and the third member must go on without the leader, and
 * nothing that was committed may be missing (ZOOKEEPER-3911, 4643, 4646, 4785, 3023, 2872, 5094,
 * 3642, 2845).
 */
import { Cluster, DEFAULT_CLUSTER } from '../cluster.ts'
import type { SimMember } from '../member.ts'
import type { Sabotage } from '../sabotage.ts'

export type SyncKind = 'diff' | 'trunc' | 'snap'

/** What happens to the member that joins. */
export type Stop =
  /** Power loss, and the leader's too. */
  | 'crash'
  /** Power loss of the leader alone. */
  | 'leaderCrash'
  /** The link breaks; the process goes on with what it has in memory. */
  | 'linkBreak'

export interface CrashPointResult {
  readonly points: number
  /** Whether the undisturbed way was of the wanted kind: otherwise nothing was tried. */
  readonly sawKind: boolean
}

interface Stage {
  readonly cluster: Cluster
  readonly joiner: SimMember
  readonly leader: SimMember
  readonly third: SimMember
}

/** Tries every point; throws what the checkers throw. */
export function crashPoints(
  seed: number,
  kind: SyncKind,
  stop: Stop,
  sabotage?: Sabotage,
): CrashPointResult {
  let points = 0
  for (let at = 0; ; at++) {
    const stage = prepare(seed, kind)
    const { cluster, joiner } = stage
    for (const member of cluster.members) member.disk.sabotage = sabotage
    for (let i = 0; i < at && !joiner.isServing; i++) cluster.world.step()
    const isDone = joiner.isServing
    const sawKind = cluster.world.recentTrace.some(line =>
      line.includes(` ${joiner.id} sync kind=${kind} `),
    )
    points++
    inflict(stage, stop)
    goOn(stage)
    if (isDone) return { points, sawKind }
  }
}

/** A leader with history, and a member that is about to join it and needs `kind`. */
function prepare(seed: number, kind: SyncKind): Stage {
  const zab = { ...DEFAULT_CLUSTER.zab, historyCount: kind === 'snap' ? 3 : 1000 }
  const cluster = new Cluster({ ...DEFAULT_CLUSTER, seed, zab })
  cluster.startAll()
  cluster.healAndSettle()
  cluster.writeSome(4)
  cluster.healAndSettle()
  const joiner = cluster.leader!
  if (kind === 'trunc') giveTail(cluster, joiner)
  joiner.crash()
  cluster.runUntil('another leader', () => cluster.leader !== undefined)
  // For TRUNC the new epoch stays empty: with transactions in it a snapshot would be taken.
  if (kind !== 'trunc') cluster.writeSome(6)
  cluster.run(50)
  const leader = cluster.leader!
  const third = cluster.members.find(member => member !== joiner && member !== leader)!
  joiner.start()
  if (kind !== 'trunc') for (let i = 0; i < 3; i++) cluster.workload.write(leader)
  return { cluster, joiner, leader, third }
}

/** Proposals that reach nobody else, and a snapshot that holds them as Apache would write it. */
function giveTail(cluster: Cluster, member: SimMember): void {
  for (const other of cluster.members) if (other !== member) cluster.net.cut(member.id, other.id)
  for (let i = 0; i < 3; i++) cluster.workload.write(member)
  cluster.run(60)
  const { tree } = member.disk.recover()
  member.disk.takeSnapshot(tree, false)
  member.crash()
  // What was on its way is lost with the machine.
  for (const other of cluster.members) cluster.net.breakLinks(member.id, other.id)
  cluster.net.heal()
  member.start()
}

function inflict({ cluster, joiner, leader }: Stage, stop: Stop): void {
  if (stop === 'linkBreak') {
    cluster.net.breakLinks(joiner.id, leader.id)
    cluster.run(1)
    return
  }
  leader.crash()
  if (stop === 'crash') joiner.crash()
}

function goOn({ cluster, joiner, leader, third }: Stage): void {
  if (!joiner.isRunning) joiner.start()
  if (!leader.isRunning) {
    cluster.runUntil('the other two serve', () => joiner.isServing && third.isServing)
    cluster.writeSome(2)
  }
  cluster.healAndSettle()
  // Nothing comes back that was cut off: not from a log, not from a snapshot (4837).
  for (const member of cluster.members) member.crash()
  cluster.healAndSettle()
}
