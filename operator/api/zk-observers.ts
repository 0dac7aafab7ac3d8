/** The kind ZkObservers. */
import { CONDITIONS, OBSERVED_GENERATION, POOL_FIELDS } from './fields.ts'
import type { Resource } from './schema.ts'
import { POOL_NAME_RULES } from './zk-cluster.ts'

export const ZK_OBSERVERS: Resource = {
  kind: 'ZkObservers',
  plural: 'zkobservers',
  singular: 'zkobservers',
  shortNames: ['zkobs'],
  description: 'A pool of observers of a ZkCluster in the same namespace. It can be scaled.',
  rules: POOL_NAME_RULES,
  spec: {
    kind: 'object',
    name: 'ZkObserversSpec',
    description: 'What the pool should be. Image, configuration and pod come from the cluster.',
    fields: {
      cluster: {
        kind: 'string',
        required: true,
        minLength: 1,
        maxLength: 63,
        description: 'Name of the ZkCluster. Cannot be changed.',
        rules: [{ rule: 'self == oldSelf', message: 'cluster: cannot be changed' }],
      },
      replicas: {
        kind: 'integer',
        minimum: 0,
        maximum: 20,
        default: 1,
        description: 'Observers. Autoscalers write this field through the scale subresource.',
      },
      ...POOL_FIELDS,
    },
  },
  status: {
    kind: 'object',
    name: 'ZkObserversStatus',
    description: 'What was seen.',
    fields: {
      observedGeneration: OBSERVED_GENERATION,
      conditions: CONDITIONS,
      replicas: {
        kind: 'integer',
        minimum: 0,
        maximum: 1000,
        description: 'Observers that have a pod.',
      },
      readyReplicas: {
        kind: 'integer',
        minimum: 0,
        maximum: 1000,
        description: 'Observers that are ready.',
      },
      selector: { kind: 'string', maxLength: 1024, description: 'Selects the pods of the pool.' },
      firstId: {
        kind: 'integer',
        minimum: 0,
        maximum: 255,
        description: 'Id of the first observer; the others follow.',
      },
      autoscaling: {
        kind: 'object',
        name: 'AutoscalingStatus',
        description: 'What the autoscaler sees.',
        fields: {
          wantedReplicas: {
            kind: 'integer',
            minimum: 0,
            maximum: 20,
            required: true,
            description: 'Observers that would suffice now.',
          },
          lowSince: {
            kind: 'string',
            format: 'date-time',
            description: 'Since when fewer than there are would suffice.',
          },
          connections: {
            kind: 'integer',
            minimum: 0,
            maximum: Number.MAX_SAFE_INTEGER,
            required: true,
            description: 'Client connections of the pool.',
          },
          readLatencyMs: {
            kind: 'integer',
            minimum: 0,
            maximum: Number.MAX_SAFE_INTEGER,
            description: 'The worst 99th percentile of reads among its observers.',
          },
        },
      },
    },
  },
  columns: [
    {
      name: 'Cluster',
      type: 'string',
      jsonPath: '.spec.cluster',
      description: 'The ZkCluster.',
    },
    {
      name: 'Ready',
      type: 'integer',
      jsonPath: '.status.readyReplicas',
      description: 'Observers that are ready.',
    },
    {
      name: 'Desired',
      type: 'integer',
      jsonPath: '.spec.replicas',
      description: 'Observers that should be.',
    },
    {
      name: 'Membership',
      type: 'string',
      jsonPath: '.spec.membership',
      description: 'Whether they stand in the configuration.',
    },
    {
      name: 'Age',
      type: 'date',
      jsonPath: '.metadata.creationTimestamp',
      description: 'When it was made.',
    },
  ],
  scale: {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
}
