/** A step becomes calls. Every step can be repeated, and fails on a world that has moved on. */
import { unreachable } from '../../base/invariant.ts'
import type { Hash, Random } from '../../base/ports.ts'
import type { ObjectMeta } from '../api/objects.ts'
import { API_VERSION } from '../api/schema.ts'
import { Annotation } from '../desired/labels.ts'
import { names } from '../desired/names.ts'
import { isChange, type PodRef, type Step } from '../plan/steps.ts'
import type { Credentials, EnsembleApi } from '../ports/ensemble-api.ts'
import { type KubeApi, KubeError } from '../ports/kube-api.ts'
import { credentialsManifest, newPassword, readCredentials } from './credentials.ts'

export interface Hands {
  readonly kube: KubeApi
  readonly ensemble: EnsembleApi
  readonly random: Random
  readonly hash: Hash
}

/** The step could not be carried out; the next look decides anew. */
export class StepError extends Error {
  readonly reason: string

  constructor(reason: string, message: string) {
    super(message)
    this.name = 'StepError'
    this.reason = reason
  }
}

const POD = { apiVersion: 'v1', kind: 'Pod' } as const
const CLAIM = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' } as const
const SET = { apiVersion: 'apps/v1', kind: 'StatefulSet' } as const

/** Rejects with KubeError or StepError. */
export async function act(hands: Hands, step: Step, cluster: ObjectMeta): Promise<void> {
  if (!isChange(step)) return
  await carryOut(hands, step, cluster)
  await tell(hands.kube, step, cluster)
}

async function carryOut(hands: Hands, step: Step, cluster: ObjectMeta): Promise<void> {
  const { kube } = hands
  const { namespace } = cluster
  switch (step.step) {
    case 'createCredentials':
      return createCredentials(hands, cluster)
    case 'apply':
      for (const object of step.objects) await kube.apply(object)
      return
    case 'remove':
      return ignoringGone(kube.remove({ ...step.key, namespace }, { uid: step.uid }))
    case 'markInitialized':
      for (const { name, uid, id } of step.claims) {
        const marks = {
          [Annotation.initialized]: cluster.uid,
          [Annotation.id]: String(id),
          [Annotation.leftAt]: null,
        }
        const key = { ...CLAIM, namespace, name }
        await kube.patch(key, { metadata: { annotations: marks } }, { uid })
      }
      if (step.set !== undefined) {
        const { name, uid } = step.set
        const marks = { [Annotation.initialized]: cluster.uid }
        await kube.patch({ ...SET, namespace, name }, { metadata: { annotations: marks } }, { uid })
      }
      return
    case 'markLeft':
      for (const { name, uid } of step.claims) {
        const marks = {
          [Annotation.leftAt]: `0x${step.version.toString(16)}`,
          [Annotation.initialized]: null,
        }
        const key = { ...CLAIM, namespace, name }
        await kube.patch(key, { metadata: { annotations: marks } }, { uid })
      }
      return
    case 'restartPod':
      return restart(hands, step.pod, namespace)
    case 'passLead':
      return passLead(hands, step, cluster)
    case 'reconfig':
      return reconfigure(hands, step, cluster)
    case 'deleteClaim': {
      const { name, uid } = step.claim
      return ignoringGone(kube.remove({ ...CLAIM, namespace, name }, { uid }))
    }
    case 'growClaim': {
      const { name, uid } = step.claim
      const patch = { spec: { resources: { requests: { storage: step.size } } } }
      return kube.patch({ ...CLAIM, namespace, name }, patch, { uid })
    }
    case 'releasePods': {
      const { name, uid } = step.set
      return ignoringGone(kube.remove({ ...SET, namespace, name }, { uid }, { orphan: true }))
    }
    case 'scalePool': {
      const key = { apiVersion: API_VERSION, kind: 'ZkObservers', namespace, name: step.pool }
      const { uid, resourceVersion, replicas } = step
      return kube.patch(key, { spec: { replicas } }, { uid, resourceVersion })
    }
    case 'wait':
    case 'refused':
    case 'settled':
      return
    default:
      return unreachable(step)
  }
}

/** What was to go and is gone is done. */
async function ignoringGone(removal: Promise<void>): Promise<void> {
  try {
    await removal
  } catch (error) {
    if (!(error instanceof KubeError) || error.reason !== 'NotFound') throw error
  }
}

function restart(hands: Hands, pod: Omit<PodRef, 'address'>, namespace: string): Promise<void> {
  return ignoringGone(hands.kube.remove({ ...POD, namespace, name: pod.name }, { uid: pod.uid }))
}

async function passLead(
  hands: Hands,
  step: Extract<Step, { step: 'passLead' }>,
  cluster: ObjectMeta,
): Promise<void> {
  const as = await credentialsOf(hands.kube, cluster)
  const refusal = await hands.ensemble.handOver(step.from.address, as, step.to)
  if (refusal === undefined) return
  if (!step.thenRestart) throw new StepError('LeadNotPassed', `${step.from.name}: ${refusal}`)
  await restart(hands, step.from, cluster.namespace)
}

async function reconfigure(
  hands: Hands,
  step: Extract<Step, { step: 'reconfig' }>,
  cluster: ObjectMeta,
): Promise<void> {
  const as = await credentialsOf(hands.kube, cluster)
  const { joining, leaving, ifVersion } = step
  const change = { joining, leaving, ifVersion }
  const outcome = await hands.ensemble
    .reconfig(step.leader.address, as, change)
    .catch(
      (error: unknown) => ({ ok: false, reason: `outcome unknown, ${String(error)}` }) as const,
    )
  if (outcome.ok) return
  // Somebody else has changed the configuration: the next look sees it.
  throw new StepError('ReconfigRefused', `${step.leader.name} refuses: ${outcome.reason}`)
}

async function createCredentials(hands: Hands, cluster: ObjectMeta): Promise<void> {
  const password = newPassword(hands.random)
  await hands.kube.apply(credentialsManifest(cluster, password, hands.hash))
}

async function credentialsOf(kube: KubeApi, { name, namespace }: ObjectMeta): Promise<Credentials> {
  const secret = await kube.get({
    apiVersion: 'v1',
    kind: 'Secret',
    namespace,
    name: names.secret(name),
  })
  const found = readCredentials(secret)
  if (found === undefined) {
    throw new StepError('CredentialsMissing', `Secret ${names.secret(name)} has no digest`)
  }
  return found
}

/** Steps that people look for in events, by the reason that programs look for. */
const EVENTS: Readonly<Partial<Record<Step['step'], string>>> = {
  markInitialized: 'Initialized',
  markLeft: 'MemberLeft',
  restartPod: 'MemberRestarted',
  passLead: 'LeadPassed',
  reconfig: 'Reconfigured',
  deleteClaim: 'ClaimDeleted',
  growClaim: 'ClaimGrown',
  releasePods: 'StatefulSetRemade',
  scalePool: 'ObserversScaled',
}

async function tell(kube: KubeApi, step: Step, cluster: ObjectMeta): Promise<void> {
  const reason = EVENTS[step.step]
  if (reason === undefined || !('why' in step)) return
  const { name, namespace, uid } = cluster
  await kube.record({
    about: { apiVersion: API_VERSION, kind: 'ZkCluster', namespace, name, uid },
    type: 'Normal',
    reason: step.step === 'restartPod' ? `${reason}${step.reason}` : reason,
    message: step.why,
  })
}
