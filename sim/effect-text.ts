/** Effects as transcripts tell them. */
import { unreachable } from '../base/invariant.ts'
import type { Effect, Step } from '../node/zab/effects.ts'
import type { LinkId } from '../node/zab/inputs.ts'
import { hex, type PeerId } from '../wire/ids.ts'
import { NO_VOTE, type Notification, SenderState } from '../wire/notification.ts'
import { packetName } from '../wire/records/quorum.ts'

export type DiskJob = Extract<Effect, { do: 'append' | 'persist' | 'settle' }>

const STATE_NAMES = ['looking', 'following', 'leading', 'observing']

export function voteText({ state, leader, zxid, round, peerEpoch }: Notification): string {
  const vote = leader === NO_VOTE ? '(nobody)' : `(${leader} ${hex(zxid)} e${peerEpoch})`
  const name = state === SenderState.looking ? '' : ` ${STATE_NAMES[state]}`
  return `vote ${vote} r${round}${name}`
}

export function jobText(job: DiskJob, links: ReadonlyMap<LinkId, PeerId>): string {
  if (job.do === 'settle') return `settles${job.reload ? ', reloads' : ''}`
  if (job.do === 'append') {
    const to = job.ackTo === undefined ? '' : `, then ack to ${links.get(job.ackTo)}`
    return `appends ${job.entries.map(entry => hex(entry.zxid)).join(' ')}${to}`
  }
  const steps = job.steps.map(stepText).join(', ')
  const sends = job.thenSend.map(({ link, packet }) => {
    return `${packetName(packet.type)} ${hex(packet.zxid)} to ${links.get(link)}`
  })
  return `persists ${[steps === '' ? 'nothing' : steps, ...sends].join(', then ')}`
}

function stepText(step: Step): string {
  switch (step.step) {
    case 'append':
      return `append ${step.entries.map(entry => hex(entry.zxid)).join(' ')}`
    case 'truncate':
      return `truncate log ${hex(step.log)} tree ${hex(step.tree)}`
    case 'install':
      return `install ${hex(step.zxid)}`
    case 'acceptedEpoch':
    case 'currentEpoch':
      return `${step.step} ${step.epoch}`
    case 'nextConfig':
    case 'reset':
      return step.step
    default:
      return unreachable(step)
  }
}
