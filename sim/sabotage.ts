/**
 * Known bugs of others, put back on purpose into the disk of a simulated member, to prove that the
 * checkers see them. The machine in node/zab has no switch: what is turned wrong is the order and
 * the truth of what the disk does.
 */
import type { Step } from '../node/zab/effects.ts'

export type Sabotage =
  /** ZOOKEEPER-4643: currentEpoch is written before the history. */
  | 'epochFirst'
  /** ZOOKEEPER-3911, 4646: NEWLEADER is acknowledged, its history is never written. */
  | 'historyInMemory'
  /** Proposals are acknowledged before they are durable. */
  | 'ackEarly'
  /** ZOOKEEPER-4837: a cut leaves newer snapshots alone. */
  | 'keepSnapshots'
  /** ZOOKEEPER-4712, 2845: the old role's writes go on while the new one votes. */
  | 'noSettle'

/** What the disk does instead of what was asked. */
export function sabotaged(steps: readonly Step[], sabotage: Sabotage | undefined): readonly Step[] {
  if (sabotage === 'epochFirst') {
    const isEpoch = (step: Step): boolean => step.step === 'currentEpoch'
    return [...steps.filter(isEpoch), ...steps.filter(step => !isEpoch(step))]
  }
  if (sabotage === 'historyInMemory' && steps.length > 1) {
    return steps.filter(step => step.step !== 'append')
  }
  return steps
}
