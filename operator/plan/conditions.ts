/** Conditions: each a question, answered from the world at every look. */

import { formatTime } from '../api/time.ts'
import type { Condition } from '../api/types.ts'
import type { Observed } from '../ports/observed.ts'
import { isInitialized } from './facts.ts'
import { leadingPod, quorumOf, troubleText } from './gate.ts'
import type { Plan } from './plan.ts'
import { isLate, lostDisks } from './repair.ts'
import { reasonOf, whyOf } from './steps.ts'
import { isGrowing } from './volumes.ts'
import { isStale, listed, voterPods } from './world.ts'

export interface Finding {
  readonly status: Condition['status']
  readonly reason: string
  readonly message: string
}

export type Question = (observed: Observed, plan: Plan) => Finding

/** What the last attempt to carry out a step has come to; undefined: it went well. */
export interface Trouble {
  readonly reason: string
  readonly message: string
}

const yes = (reason: string, message: string): Finding => ({ status: 'True', reason, message })
const no = (reason: string, message: string): Finding => ({ status: 'False', reason, message })
const unknown = (reason: string, message: string): Finding => ({
  status: 'Unknown',
  reason,
  message,
})

/** All conditions of a ZkCluster, in the order in which they are written. */
export const QUESTIONS: Readonly<Record<string, Question>> = {
  Ready: (_observed, { step, gate }) => {
    if (step.step !== 'settled') return no(reasonOf(step), whyOf(step))
    return gate.isSettled
      ? yes('Settled', 'the ensemble is what the spec says')
      : no('NotSettled', gate.why)
  },
  QuorumAvailable: observed => {
    const leader = leadingPod(observed)
    if (leader !== undefined) return yes('LeaderServes', `${leader.name} leads`)
    if (!isInitialized(observed)) return unknown('Creating', 'the ensemble does not exist yet')
    return no('NoLeader', `no member leads: ${membersText(observed)}`)
  },
  FaultTolerant: observed => {
    const { committed } = observed
    const lead = leadingPod(observed)?.answer.leader
    if (committed === undefined || lead === undefined) {
      return unknown('NoLeader', 'without a leader nobody knows who is synced')
    }
    const voters = committed.members.filter(member => member.role === 'participant').length
    const margin = lead.syncedFollowers + 1 - quorumOf(voters)
    const text = `${lead.syncedFollowers + 1} of ${voters} voters are synced`
    return margin > 0
      ? yes('MarginLeft', `${text}: the loss of ${margin} stops nothing`)
      : no('NoMargin', `${text}: the loss of one stops the ensemble`)
  },
  MembersAligned: observed => {
    const { committed, cluster } = observed
    if (committed === undefined) return unknown('NoLeader', 'the configuration is unknown')
    const voters = committed.members.filter(member => member.role === 'participant').length
    const wanted = cluster.spec.voters
    return voters === wanted
      ? yes('Aligned', `${voters} voters`)
      : no(
          voters < wanted ? 'Growing' : 'Shrinking',
          `${voters} voters, the spec asks for ${wanted}`,
        )
  },
  ConfigurationApplied: (observed, { desired }) => {
    const stale = observed.pods.filter(pod => isStale(observed, pod))
    if (stale.length > 0) {
      return no('RestartNeeded', `${names(stale)} run an older configuration`)
    }
    const reading = observed.pods.filter(
      pod => pod.answer !== undefined && pod.answer.settings !== desired.settingsHash,
    )
    return reading.length > 0
      ? no('SettingsOnTheirWay', `${names(reading)} have not read the new settings yet`)
      : yes('Applied', 'all members run the configuration of the spec')
  },
  ScaleAllowed: (_observed, { gate }) =>
    gate.isSettled
      ? yes('Settled', 'members may be added and removed')
      : no('NotSettled', gate.why),
  UpgradeInProgress: observed => {
    const stale = observed.pods.filter(pod => isStale(observed, pod))
    return stale.length === 0
      ? no('UpToDate', 'all pods are made from the newest template')
      : yes('Restarting', `${stale.length} of ${observed.pods.length} pods still have to restart`)
  },
  StorageHealthy: observed => {
    if (observed.cluster.spec.storage.ephemeral) {
      return no('Ephemeral', 'data is lost with the pods: storage.ephemeral is true')
    }
    const growing = observed.claims.filter(isGrowing)
    return growing.length > 0
      ? no('Growing', `${listed(growing.map(claim => claim.name))} are growing`)
      : yes('Healthy', 'all claims have the size of the spec')
  },
  DataAtRisk: observed => {
    const lost = lostDisks(observed)
    if (lost.length > 0 && isInitialized(observed))
      return yes('DiskLost', `${names(lost)} lost the disk`)
    return no('NoDiskLost', 'every voter has the disk that it had')
  },
  Degraded: (observed, { step }) => {
    if (step.step === 'refused' && step.reason !== 'Paused') return yes(step.reason, step.why)
    const late = voterPods(observed).filter(pod => !pod.isReady && isLate(observed, pod))
    const [first] = late
    return first === undefined
      ? no('AllWell', 'nobody is late')
      : yes('MemberNotReady', `${first.name} does not become ready${troubleText(first)}`)
  },
  Paused: observed =>
    observed.cluster.spec.paused
      ? yes('Paused', 'spec.paused is true')
      : no('Active', 'the operator acts'),
}

function names(pods: readonly { readonly name: string }[]): string {
  return listed(pods.map(pod => pod.name))
}

/** Who is missing, and whether the disks are there. */
function membersText(observed: Observed): string {
  const pods = voterPods(observed).map(pod => {
    const state = pod.answer === undefined ? `does not answer${troubleText(pod)}` : pod.answer.role
    return `${pod.name} ${state}`
  })
  const claims = observed.claims.filter(claim => claim.volume === 'data').length
  return `${pods.length === 0 ? 'no voter has a pod' : pods.join('; ')}; ${claims} data claims exist`
}

/**
 * Findings as conditions. `before` keeps the time of the last change; `trouble` overrules what a
 * failed step has made untrue.
 */
export function conditions(
  findings: ReadonlyMap<string, Finding>,
  before: readonly Condition[],
  generation: number,
  nowMs: number,
): readonly Condition[] {
  return [...findings].map(([type, finding]) => {
    const old = before.find(condition => condition.type === type)
    return {
      type,
      ...finding,
      message: finding.message.slice(0, MESSAGE_MAX),
      lastTransitionTime:
        old?.status === finding.status ? old.lastTransitionTime : formatTime(nowMs),
      observedGeneration: generation,
    }
  })
}

const MESSAGE_MAX = 4096

/** Answers to all questions, with the trouble of the last step. */
export function findings(
  observed: Observed,
  plan: Plan,
  trouble: Trouble | undefined,
): ReadonlyMap<string, Finding> {
  const found = new Map(
    Object.entries(QUESTIONS).map(([type, question]) => [type, question(observed, plan)] as const),
  )
  if (trouble !== undefined) {
    found.set('Ready', no(trouble.reason, trouble.message))
    found.set('Degraded', yes(trouble.reason, trouble.message))
  }
  return found
}
