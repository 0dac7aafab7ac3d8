/** The kind ZkCluster. */
import {
  CONDITIONS,
  OBSERVED_GENERATION,
  PLACEMENT,
  POOL_FIELDS,
  RESOURCES,
  SERVICE,
} from './fields.ts'
import { NAME_MAX, REFUSED_CONFIG_KEYS, VOTERS_MAX } from './limits.ts'
import { foreignList, NETWORK_POLICY, POD, PROBES, UPDATE } from './pod-fields.ts'
import type { ObjectSchema, Resource, Rule } from './schema.ts'
import { STORAGE } from './storage-fields.ts'

const NAME_RULES: readonly Rule[] = [
  {
    rule: `self.metadata.name.size() <= ${NAME_MAX}`,
    message: `metadata.name: at most ${NAME_MAX} characters`,
  },
  {
    rule: "!self.metadata.name.endsWith('-observers')",
    message: 'metadata.name: names that end in -observers belong to pools of observers',
  },
  {
    rule: "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    message: 'metadata.name: letters, digits and dashes, beginning with a letter',
  },
]

/** During a restart members with old and new times have to bear each other (operators.md 4.3). */
const TIMING_RULE: Rule = {
  rule:
    "['tickTime', 'initLimit', 'syncLimit'].all(key, !(key in self) || !(key in oldSelf) || " +
    '(int(self[key]) <= 4 * int(oldSelf[key]) && int(oldSelf[key]) <= 4 * int(self[key])))',
  message:
    'config: tickTime, initLimit and syncLimit change by a factor of four at most, or old and ' +
    'new members could not bear each other during the restart',
}

/** CEL of the refusal, out of the list that the documentation shows. */
function refusedKeysRule(): Rule {
  const whole = REFUSED_CONFIG_KEYS.filter(key => !key.endsWith('.'))
  const families = REFUSED_CONFIG_KEYS.filter(key => key.endsWith('.'))
  const list = whole.map(key => `'${key}'`).join(', ')
  const starts = families.map(key => `key.startsWith('${key}')`).join(' || ')
  return {
    rule: `self.all(key, !(key in [${list}]) && !(${starts}))`,
    message:
      'config: the operator sets dataDir, ports, server lines, reconfig, ACL, TLS, admin and ' +
      'metrics keys itself; valid are the other keys of zoo.cfg',
  }
}

export const ZK_CLUSTER_SPEC: ObjectSchema = {
  kind: 'object',
  name: 'ZkClusterSpec',
  description: 'What the ensemble should be.',
  default: {},
  fields: {
    voters: {
      kind: 'integer',
      minimum: 1,
      maximum: VOTERS_MAX,
      default: 3,
      description:
        'Members that vote. 3 survive the loss of one, 5 of two. It changes one at a time, each ' +
        'with a reconfiguration.',
    },
    allowEvenVoters: {
      kind: 'boolean',
      default: false,
      description: 'Even numbers survive no more losses than one less; this allows them.',
    },
    observers: {
      kind: 'object',
      name: 'ObserversSpec',
      description:
        'A pool of observers of this cluster: short for a ZkObservers of the same name, which ' +
        'the operator then owns.',
      fields: {
        replicas: {
          kind: 'integer',
          minimum: 0,
          maximum: 20,
          description:
            'Observers. Absent: whoever scales the ZkObservers decides, such as kubectl scale, ' +
            'a HorizontalPodAutoscaler or `autoscaling`.',
        },
        ...POOL_FIELDS,
      },
      rules: [
        {
          rule: '!has(self.replicas) || !has(self.autoscaling)',
          message: 'replicas: not together with autoscaling',
        },
      ],
    },
    image: {
      kind: 'string',
      maxLength: 512,
      pattern: '^[a-zA-Z0-9][-a-zA-Z0-9._:/@]*$',
      description: 'Image of the members; absent: the one that came with the operator.',
    },
    imagePullPolicy: {
      kind: 'string',
      enum: ['IfNotPresent', 'Always', 'Never'],
      default: 'IfNotPresent',
      description: 'When nodes pull the image.',
    },
    imagePullSecrets: foreignList('core/v1 LocalObjectReference', 'Secrets for the registry.'),
    config: {
      kind: 'map',
      maxProperties: 100,
      maxLength: 1024,
      pattern: '^[^\\n\\r]*$',
      default: {},
      description:
        'Keys of zoo.cfg, such as `maxClientCnxns: "300"`. A change restarts members one by one, ' +
        'except for 4lw.commands.whitelist, which members re-read.',
      rules: [refusedKeysRule(), TIMING_RULE],
    },
    logLevel: {
      kind: 'string',
      enum: ['trace', 'debug', 'info', 'warn', 'error'],
      default: 'info',
      description: 'What members log. They re-read it; nobody restarts.',
    },
    storage: STORAGE,
    resources: RESOURCES,
    placement: PLACEMENT,
    clientService: SERVICE,
    disruptionBudget: {
      kind: 'boolean',
      default: true,
      description:
        'A PodDisruptionBudget that lets one voter be away. Never made for a single voter: it ' +
        'would block every drain.',
    },
    networkPolicy: NETWORK_POLICY,
    probes: PROBES,
    metrics: {
      kind: 'boolean',
      default: true,
      description: 'Serve /metrics on port 7000.',
    },
    pod: POD,
    update: UPDATE,
    paused: {
      kind: 'boolean',
      default: false,
      description: 'The operator looks and reports, and changes nothing.',
    },
  },
  rules: [
    {
      // The API server tries rules on the bare default of spec, before it fills in those inside.
      rule: '!has(self.voters) || self.voters % 2 == 1 || self.allowEvenVoters',
      message: 'voters: an even number needs allowEvenVoters: true',
    },
  ],
}

const STATUS_MEMBER: ObjectSchema = {
  kind: 'object',
  name: 'MemberStatus',
  description: 'One member as it described itself.',
  fields: {
    id: {
      kind: 'integer',
      minimum: 0,
      maximum: 255,
      required: true,
      description: 'Its id in the ensemble.',
    },
    pod: { kind: 'string', required: true, maxLength: 253, description: 'Name of its pod.' },
    role: {
      kind: 'string',
      required: true,
      enum: ['leader', 'follower', 'observer', 'looking', 'unreachable'],
      description: 'What it does now.',
    },
    voter: {
      kind: 'boolean',
      required: true,
      description: 'Whether the committed configuration lets it vote.',
    },
    ready: { kind: 'boolean', required: true, description: 'Whether its pod is ready.' },
    synced: {
      kind: 'boolean',
      required: true,
      description: 'Whether it has everything that was committed and takes part.',
    },
    zxid: { kind: 'string', maxLength: 18, description: 'Its last transaction.' },
    lag: {
      kind: 'integer',
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Transactions behind the leader, in the same epoch.',
    },
    version: { kind: 'string', maxLength: 128, description: 'Version of its software.' },
  },
}

const COUNT = { kind: 'integer', minimum: 0, maximum: 1000 } as const

export const ZK_CLUSTER_STATUS: ObjectSchema = {
  kind: 'object',
  name: 'ZkClusterStatus',
  description: 'What was seen. It is made anew from the world at every look.',
  fields: {
    observedGeneration: OBSERVED_GENERATION,
    conditions: CONDITIONS,
    summary: { kind: 'string', maxLength: 4096, description: 'One sentence: what is going on.' },
    initialized: {
      kind: 'boolean',
      description: 'The ensemble exists. From here on an empty disk never votes.',
    },
    voters: { ...COUNT, description: 'Voters of the committed configuration.' },
    readyVoters: { ...COUNT, description: 'Those of them that are ready.' },
    observers: { ...COUNT, description: 'Observers that are ready, of all pools.' },
    leader: { kind: 'string', maxLength: 253, description: 'Pod of the leader.' },
    version: { kind: 'string', maxLength: 128, description: 'Version that all members run.' },
    configVersion: {
      kind: 'string',
      maxLength: 18,
      description: 'Version of the committed configuration.',
    },
    selector: { kind: 'string', maxLength: 1024, description: 'Selects the pods of the voters.' },
    clientEndpoint: { kind: 'string', maxLength: 512, description: 'Connect string for clients.' },
    members: {
      kind: 'list',
      listType: 'map',
      keys: ['id'],
      maxItems: 256,
      description: 'All members.',
      items: STATUS_MEMBER,
    },
  },
}

export const ZK_CLUSTER: Resource = {
  kind: 'ZkCluster',
  plural: 'zkclusters',
  singular: 'zkcluster',
  shortNames: ['zk'],
  description: 'A ZooKeeper ensemble.',
  spec: ZK_CLUSTER_SPEC,
  status: ZK_CLUSTER_STATUS,
  rules: NAME_RULES,
  columns: [
    {
      name: 'Ready',
      type: 'string',
      jsonPath: ".status.conditions[?(@.type=='Ready')].status",
      description: 'Whether the ensemble is what the spec says.',
    },
    {
      name: 'Voters',
      type: 'string',
      jsonPath: '.status.readyVoters',
      description: 'Voters that are ready.',
    },
    {
      name: 'Observers',
      type: 'integer',
      jsonPath: '.status.observers',
      description: 'Observers that are ready.',
    },
    {
      name: 'Leader',
      type: 'string',
      jsonPath: '.status.leader',
      description: 'Pod of the leader.',
    },
    {
      name: 'Version',
      type: 'string',
      jsonPath: '.status.version',
      description: 'Version that all members run.',
    },
    {
      name: 'Status',
      type: 'string',
      jsonPath: '.status.summary',
      description: 'What is going on.',
    },
    {
      name: 'Age',
      type: 'date',
      jsonPath: '.metadata.creationTimestamp',
      description: 'When it was made.',
    },
    {
      name: 'Endpoint',
      type: 'string',
      jsonPath: '.status.clientEndpoint',
      description: 'Connect string for clients.',
      priority: 1,
    },
  ],
  scale: {
    specReplicasPath: '.spec.voters',
    statusReplicasPath: '.status.voters',
    labelSelectorPath: '.status.selector',
  },
}

/** The rules about names that pools share. */
export const POOL_NAME_RULES: readonly Rule[] = NAME_RULES
