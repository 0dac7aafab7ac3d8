/** Pods, probes, restarts and who may connect: parts of the spec of a ZkCluster. */
import type { Field } from './schema.ts'

function probe(period: number, failures: number, what: string): Field {
  return {
    kind: 'object',
    name: 'Probe',
    description: what,
    default: {},
    fields: {
      periodSeconds: {
        kind: 'integer',
        minimum: 1,
        maximum: 300,
        default: period,
        description: 'Time between questions.',
      },
      timeoutSeconds: {
        kind: 'integer',
        minimum: 1,
        maximum: 60,
        default: 5,
        description: 'Time for an answer.',
      },
      failureThreshold: {
        kind: 'integer',
        minimum: 1,
        maximum: 10_000,
        default: failures,
        description: 'Bad answers in a row that count.',
      },
    },
  }
}

export const PROBES: Field = {
  kind: 'object',
  name: 'Probes',
  description: 'How Kubernetes asks members; all by HTTP on the AdminServer.',
  default: {},
  fields: {
    startup: probe(2, 900, 'Covers loading a large snapshot.'),
    liveness: probe(10, 6, 'The process makes progress; losing the quorum does not fail it.'),
    readiness: probe(2, 2, 'The member serves clients in a quorum.'),
  },
}

export const POD: Field = {
  kind: 'object',
  name: 'PodSettings',
  description: 'What else pods get, voters and observers alike.',
  default: {},
  fields: {
    labels: { kind: 'map', maxProperties: 64, maxLength: 63, description: 'More labels.' },
    annotations: {
      kind: 'map',
      maxProperties: 64,
      maxLength: 4096,
      description: 'More annotations.',
    },
    env: foreignList('core/v1 EnvVar', 'More environment variables of the member.'),
    volumes: foreignList('core/v1 Volume', 'More volumes.'),
    volumeMounts: foreignList('core/v1 VolumeMount', 'Where the member sees them.'),
    sidecars: foreignList('core/v1 Container', 'Containers beside the member.'),
    initContainers: foreignList('core/v1 Container', 'Containers that run before it.'),
    securityContext: {
      kind: 'foreign',
      type: 'core/v1 PodSecurityContext',
      description: 'Security context of the pod.',
      default: {
        runAsNonRoot: true,
        runAsUser: 1000,
        runAsGroup: 1000,
        fsGroup: 1000,
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
    },
    terminationGracePeriodSeconds: {
      kind: 'integer',
      minimum: 5,
      maximum: 3600,
      default: 60,
      description: 'Time to pass the lead on, let clients go and flush the log.',
    },
  },
}

export function foreignList(type: string, description: string): Field {
  return {
    kind: 'list',
    items: { kind: 'foreign', type, description: 'An entry.' },
    maxItems: 64,
    listType: 'atomic',
    description,
  }
}

export const NETWORK_POLICY: Field = {
  kind: 'object',
  name: 'NetworkPolicy',
  description: 'Who may connect to members.',
  default: {},
  fields: {
    enabled: {
      kind: 'boolean',
      default: true,
      description: 'Quorum ports for members only, the AdminServer for members and the operator.',
    },
    clients: {
      kind: 'string',
      enum: ['Any', 'Labelled'],
      default: 'Any',
      description:
        'Labelled: only pods with the label `zkcluster.dev/client: <name of the cluster>` and ' +
        'the peers of `clientsFrom` reach the client port.',
    },
    clientsFrom: foreignList('networking/v1 NetworkPolicyPeer', 'More peers for port 2181.'),
    adminFrom: foreignList('networking/v1 NetworkPolicyPeer', 'More peers for port 8080.'),
  },
}

export const UPDATE: Field = {
  kind: 'object',
  name: 'Update',
  description: 'How members are restarted.',
  default: {},
  fields: {
    strategy: {
      kind: 'string',
      enum: ['Rolling', 'OnDelete'],
      default: 'Rolling',
      description:
        'Rolling: one at a time, unready ones first, the leader last. OnDelete: the operator ' +
        'restarts nobody; whoever deletes a pod decides.',
    },
    minReadySeconds: {
      kind: 'integer',
      minimum: 0,
      maximum: 3600,
      default: 5,
      description: 'How long a member must have been ready before the next one goes.',
    },
    progressDeadlineSeconds: {
      kind: 'integer',
      minimum: 10,
      maximum: 86_400,
      default: 600,
      description: 'A member that is not ready after so long makes the cluster Degraded.',
    },
  },
}
