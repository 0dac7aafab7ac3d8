/**
 * What can be done next. Every step carries what it was decided on (a uid, a version): on a world
 * that has moved on it fails instead of harming. `why` is a sentence for people.
 */
import type { PeerId } from '../../wire/ids.ts'
import type { Manifest, ObjectKey } from '../api/manifest.ts'

export interface ClaimRef {
  readonly name: string
  readonly uid: string
  readonly id: PeerId
}

export interface PodRef {
  readonly name: string
  readonly uid: string
  readonly address: string
}

/** Why a member is restarted: the reason of the event. */
export type RestartReason = 'Unready' | 'Changed' | 'VolumeGrown'

export type Step =
  /** A password that nobody chose, in a Secret. */
  | { readonly step: 'createCredentials'; readonly name: string; readonly why: string }
  | { readonly step: 'apply'; readonly objects: readonly Manifest[]; readonly why: string }
  | {
      readonly step: 'remove'
      readonly key: Omit<ObjectKey, 'namespace'>
      readonly uid: string
      readonly why: string
    }
  /** From here on these disks hold data of the ensemble; with `set`, the ensemble exists. */
  | {
      readonly step: 'markInitialized'
      readonly claims: readonly ClaimRef[]
      readonly set: { readonly name: string; readonly uid: string } | undefined
      readonly why: string
    }
  /** What these disks hold is older than their member's removal. */
  | {
      readonly step: 'markLeft'
      readonly claims: readonly ClaimRef[]
      readonly version: bigint
      readonly why: string
    }
  | {
      readonly step: 'restartPod'
      readonly pod: Omit<PodRef, 'address'>
      readonly reason: RestartReason
      readonly why: string
    }
  /** With `thenRestart`, a leader that cannot pass the lead on is restarted all the same. */
  | {
      readonly step: 'passLead'
      readonly from: PodRef
      readonly to: PeerId | undefined
      readonly thenRestart: boolean
      readonly why: string
    }
  | {
      readonly step: 'reconfig'
      readonly leader: PodRef
      readonly joining: readonly string[]
      readonly leaving: readonly PeerId[]
      readonly ifVersion: bigint
      readonly why: string
    }
  | { readonly step: 'deleteClaim'; readonly claim: ClaimRef; readonly why: string }
  | {
      readonly step: 'growClaim'
      readonly claim: ClaimRef
      readonly size: string
      readonly why: string
    }
  /** Makes a StatefulSet anew around its pods; the next look applies it again. */
  | {
      readonly step: 'releasePods'
      readonly set: { readonly name: string; readonly uid: string }
      readonly why: string
    }
  | {
      readonly step: 'scalePool'
      readonly pool: string
      readonly uid: string
      readonly resourceVersion: string
      readonly replicas: number
      readonly why: string
    }
  /** Something is on its way; `reason` is one word for programs. */
  | { readonly step: 'wait'; readonly reason: string; readonly why: string }
  /** Going on would be wrong; somebody has to decide. */
  | { readonly step: 'refused'; readonly reason: string; readonly why: string }
  | { readonly step: 'settled' }

export type StepName = Step['step']

/** The sentence of a step. */
export function whyOf(step: Step): string {
  return step.step === 'settled' ? 'everything is as it should be' : step.why
}

/** One word for what is going on, for conditions. */
export function reasonOf(step: Step): string {
  switch (step.step) {
    case 'settled':
      return 'Settled'
    case 'wait':
    case 'refused':
      return step.reason
    default:
      return `${step.step.charAt(0).toUpperCase()}${step.step.slice(1)}`
  }
}

/** Whether the step changes anything. */
export function isChange(step: Step): boolean {
  return step.step !== 'wait' && step.step !== 'refused' && step.step !== 'settled'
}
