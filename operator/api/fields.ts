/** Parts of the schema that more than one place uses. */
import type { Field, ListSchema, ObjectSchema } from './schema.ts'

export const RESOURCES: Field = {
  kind: 'foreign',
  type: 'core/v1 ResourceRequirements',
  description: 'Requests and limits of a member.',
  default: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } },
}

export const STORAGE_CLASS: Field = {
  kind: 'string',
  description: 'StorageClass of the claims; absent: the default one. Cannot be changed.',
  maxLength: 253,
}

export const PLACEMENT: ObjectSchema = {
  kind: 'object',
  name: 'Placement',
  description: 'Where pods may run.',
  default: {},
  fields: {
    separateNodes: {
      kind: 'string',
      enum: ['Preferred', 'Required', 'Off'],
      default: 'Preferred',
      description: 'Whether members of a group keep off nodes that have one already.',
    },
    separateZones: {
      kind: 'boolean',
      default: true,
      description: 'Spread members over zones where nodes tell their zone.',
    },
    nodeSelector: {
      kind: 'map',
      maxProperties: 32,
      maxLength: 63,
      description: 'Labels that a node must have.',
    },
    tolerations: {
      kind: 'list',
      items: { kind: 'foreign', type: 'core/v1 Toleration', description: 'A toleration.' },
      maxItems: 32,
      listType: 'atomic',
      description: 'Taints that are tolerated.',
    },
    affinity: {
      kind: 'foreign',
      type: 'core/v1 Affinity',
      description: 'Affinity of your own. It replaces what `separateNodes` would give.',
    },
    topologySpreadConstraints: {
      kind: 'list',
      items: {
        kind: 'foreign',
        type: 'core/v1 TopologySpreadConstraint',
        description: 'A constraint.',
      },
      maxItems: 16,
      listType: 'atomic',
      description: 'Constraints of your own. They replace what `separateZones` would give.',
    },
    priorityClassName: {
      kind: 'string',
      maxLength: 253,
      description: 'PriorityClass of the pods.',
    },
  },
}

export const SERVICE: ObjectSchema = {
  kind: 'object',
  name: 'ClientService',
  description: 'The Service that clients connect to, on port 2181.',
  default: {},
  fields: {
    type: {
      kind: 'string',
      enum: ['ClusterIP', 'NodePort', 'LoadBalancer'],
      default: 'ClusterIP',
      description:
        'How the Service is reached. Clients outside that follow /zookeeper/config read names ' +
        'that only resolve inside: give them the address of the Service and switch that off.',
    },
    annotations: {
      kind: 'map',
      maxProperties: 64,
      maxLength: 4096,
      description: 'Annotations, for external-dns or a cloud.',
    },
    nodePort: {
      kind: 'integer',
      minimum: 1,
      maximum: 65535,
      description: 'Port on the nodes; absent: Kubernetes picks one.',
    },
    loadBalancerSourceRanges: {
      kind: 'list',
      items: { kind: 'string', maxLength: 64, description: 'A range such as 10.0.0.0/8.' },
      maxItems: 64,
      listType: 'set',
      description: 'Who may use the load balancer.',
    },
    externalTrafficPolicy: {
      kind: 'string',
      enum: ['Cluster', 'Local'],
      description: 'Whether traffic from outside may hop between nodes.',
    },
  },
  rules: [
    {
      rule: "!has(self.nodePort) || self.type != 'ClusterIP'",
      message: 'nodePort: only with type NodePort or LoadBalancer',
    },
    {
      rule: "!has(self.loadBalancerSourceRanges) || self.type == 'LoadBalancer'",
      message: 'loadBalancerSourceRanges: only with type LoadBalancer',
    },
    {
      rule: "!has(self.externalTrafficPolicy) || self.type != 'ClusterIP'",
      message: 'externalTrafficPolicy: only with type NodePort or LoadBalancer',
    },
  ],
}

export const AUTOSCALING: ObjectSchema = {
  kind: 'object',
  name: 'Autoscaling',
  description:
    'The operator sets `replicas` by connections and read latency. Do not combine with a ' +
    'HorizontalPodAutoscaler.',
  fields: {
    minReplicas: {
      kind: 'integer',
      minimum: 1,
      maximum: 20,
      default: 1,
      description: 'Observers that are always there.',
    },
    maxReplicas: {
      kind: 'integer',
      minimum: 1,
      maximum: 20,
      required: true,
      description: 'Observers at most.',
    },
    connectionsPerObserver: {
      kind: 'integer',
      minimum: 1,
      maximum: 100_000,
      default: 500,
      description: 'Client connections that one observer should have.',
    },
    readLatencyMs: {
      kind: 'integer',
      minimum: 1,
      maximum: 60_000,
      description: 'With a 99th percentile of reads above this, one observer is added.',
    },
    scaleDownAfterSeconds: {
      kind: 'integer',
      minimum: 30,
      maximum: 86_400,
      default: 300,
      description:
        'An observer is removed only after it has not been needed for so long. Not below the ' +
        'session timeout: clients that move reconnect.',
    },
  },
  rules: [
    {
      rule: 'self.minReplicas <= self.maxReplicas',
      message: 'minReplicas: at most maxReplicas',
    },
  ],
}

/** What a pool of observers has, whether it stands alone or in a ZkCluster. */
export const POOL_FIELDS: Readonly<Record<string, Field>> = {
  membership: {
    kind: 'string',
    enum: ['Dynamic', 'Pinned'],
    default: 'Pinned',
    description:
      'Pinned observers come and go without a reconfiguration; clients find them by their ' +
      'Service. Dynamic ones stand in /zookeeper/config, where clients that follow it find them.',
  },
  resources: RESOURCES,
  placement: PLACEMENT,
  service: SERVICE,
  maxUnavailable: {
    kind: 'string',
    pattern: '^([1-9][0-9]*|[1-9][0-9]?%|100%)$',
    default: '34%',
    description: 'Observers that may be away at a time, in drains and restarts.',
  },
  autoscaling: AUTOSCALING,
}

export const CONDITIONS: ListSchema = {
  kind: 'list',
  listType: 'map',
  keys: ['type'],
  maxItems: 32,
  description: 'What holds and what does not; docs/operations/conditions.md explains each.',
  items: {
    kind: 'object',
    name: 'Condition',
    description: 'One fact.',
    fields: {
      type: { kind: 'string', required: true, maxLength: 64, description: 'Name of the fact.' },
      status: {
        kind: 'string',
        required: true,
        enum: ['True', 'False', 'Unknown'],
        description: 'Whether it holds.',
      },
      reason: {
        kind: 'string',
        required: true,
        maxLength: 128,
        description: 'Why, as one word for programs.',
      },
      message: {
        kind: 'string',
        required: true,
        maxLength: 4096,
        description: 'Why, as a sentence for people.',
      },
      lastTransitionTime: {
        kind: 'string',
        format: 'date-time',
        required: true,
        description: 'Since when `status` is what it is.',
      },
      observedGeneration: {
        kind: 'integer',
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
        required: true,
        description: 'The generation of the spec that was looked at.',
      },
    },
  },
}

export const OBSERVED_GENERATION: Field = {
  kind: 'integer',
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'The generation of the spec that this status is about.',
}
