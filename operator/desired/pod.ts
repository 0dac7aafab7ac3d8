/** The pod of a member, voter or observer. */
import { PORTS } from '../api/limits.ts'
import type { Placement, Probe, ZkClusterSpec } from '../api/types.ts'
import { names } from './names.ts'
import type { DesiredInput } from './settings.ts'
import { Path } from './zoo-cfg.ts'

/** What differs between voters and pools. */
export interface PodInput {
  readonly input: DesiredInput
  readonly selector: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly configName: string
  readonly firstId: number
  readonly isVoter: boolean
  /** It keeps its role without being named in the configuration. */
  readonly isPinned: boolean
  readonly resources: Readonly<Record<string, unknown>>
  readonly placement: Placement
  /** Names of volumes that come from claims. */
  readonly claimed: readonly string[]
}

type Part = Readonly<Record<string, unknown>>

export function podTemplate(pod: PodInput): Part {
  const { meta, spec } = pod.input.cluster
  const restartedAt = meta.annotations['kubectl.kubernetes.io/restartedAt']
  return {
    metadata: {
      labels: { ...spec.pod.labels, ...pod.labels, ...pod.selector },
      annotations: {
        ...spec.pod.annotations,
        'zkcluster.dev/credentials': pod.input.facts.credentialsUid,
        ...(restartedAt === undefined ? {} : { 'zkcluster.dev/restarted-at': restartedAt }),
      },
    },
    spec: {
      serviceAccountName: names.voters(meta.name),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: spec.pod.terminationGracePeriodSeconds,
      securityContext: spec.pod.securityContext,
      ...(spec.imagePullSecrets === undefined ? {} : { imagePullSecrets: spec.imagePullSecrets }),
      ...scheduling(pod.placement, pod.selector),
      ...(spec.pod.initContainers === undefined ? {} : { initContainers: spec.pod.initContainers }),
      containers: [container(pod), ...(spec.pod.sidecars ?? [])],
      volumes: volumes(pod),
    },
  }
}

function container(pod: PodInput): Part {
  const { cluster, settings } = pod.input
  const { spec } = cluster
  return {
    name: 'zookeeper',
    image: spec.image ?? settings.image,
    imagePullPolicy: spec.imagePullPolicy,
    args: ['--pod'],
    env: environment(pod),
    ports: (['client', 'quorum', 'election', 'admin', 'metrics'] as const)
      .filter(name => name !== 'metrics' || spec.metrics)
      .map(name => ({ name, containerPort: PORTS[name], protocol: 'TCP' })),
    resources: pod.resources,
    startupProbe: probe('/live', spec.probes.startup),
    livenessProbe: probe('/live', spec.probes.liveness),
    readinessProbe: probe('/ready', spec.probes.readiness),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'data', mountPath: Path.data },
      ...(spec.storage.log === undefined ? [] : [{ name: 'log', mountPath: Path.log }]),
      { name: 'config', mountPath: Path.config, readOnly: true },
      { name: 'ensemble', mountPath: Path.ensemble, readOnly: true },
      ...(spec.pod.volumeMounts ?? []),
    ],
  }
}

/** What node/io/pod.ts reads. */
function environment(pod: PodInput): readonly Part[] {
  const { cluster } = pod.input
  const { meta, spec } = cluster
  const isEphemeral = spec.storage.ephemeral || !pod.isVoter
  return [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'ZK_POD_FIRST_ID', value: String(pod.firstId) },
    { name: 'ZK_POD_ROLE', value: pod.isVoter ? 'voter' : 'observer' },
    { name: 'ZK_POD_PINNED', value: String(pod.isPinned) },
    { name: 'ZK_POD_EPHEMERAL', value: String(isEphemeral) },
    {
      name: 'ZK_POD_DOMAIN',
      value: `${names.headless(meta.name)}.${meta.namespace}.svc.${pod.input.settings.clusterDomain}`,
    },
    {
      name: 'SERVER_JVMFLAGS',
      valueFrom: { secretKeyRef: { name: names.secret(meta.name), key: 'server-jvmflags' } },
    },
    ...(spec.pod.env ?? []),
  ]
}

function probe(path: string, times: Probe): Part {
  return { httpGet: { path, port: 'admin' }, ...times }
}

function volumes(pod: PodInput): readonly Part[] {
  const { spec, meta } = pod.input.cluster
  const needed = spec.storage.log === undefined ? ['data'] : ['data', 'log']
  return [
    ...needed.filter(name => !pod.claimed.includes(name)).map(name => ({ name, emptyDir: {} })),
    { name: 'config', configMap: { name: pod.configName } },
    { name: 'ensemble', configMap: { name: names.ensemble(meta.name) } },
    ...(spec.pod.volumes ?? []),
  ]
}

/** Members of a group keep apart; other pods do not matter. */
function scheduling(placement: Placement, selector: Readonly<Record<string, string>>): Part {
  const { nodeSelector, tolerations, priorityClassName } = placement
  const affinity = placement.affinity ?? antiAffinity(placement, selector)
  const spread = placement.topologySpreadConstraints ?? zoneSpread(placement, selector)
  return {
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(priorityClassName === undefined ? {} : { priorityClassName }),
    ...(affinity === undefined ? {} : { affinity }),
    ...(spread === undefined ? {} : { topologySpreadConstraints: spread }),
  }
}

function antiAffinity(
  { separateNodes }: Placement,
  selector: Readonly<Record<string, string>>,
): Part | undefined {
  if (separateNodes === 'Off') return undefined
  const term = {
    labelSelector: { matchLabels: selector },
    topologyKey: 'kubernetes.io/hostname',
  }
  return separateNodes === 'Required'
    ? { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } }
    : {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
        },
      }
}

function zoneSpread(
  { separateZones }: Placement,
  selector: Readonly<Record<string, string>>,
): readonly Part[] | undefined {
  if (!separateZones) return undefined
  return [
    {
      maxSkew: 1,
      topologyKey: 'topology.kubernetes.io/zone',
      whenUnsatisfiable: 'ScheduleAnyway',
      labelSelector: { matchLabels: selector },
    },
  ]
}

/** What a volume claim asks for. */
export function claimTemplate(
  name: string,
  volume: { readonly size: string; readonly storageClassName?: string },
  selector: Readonly<Record<string, string>>,
): Part {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, labels: selector },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: volume.size } },
      ...(volume.storageClassName === undefined
        ? {}
        : { storageClassName: volume.storageClassName }),
    },
  }
}

/** Volumes that come from claims, by name. */
export function claimedVolumes(spec: ZkClusterSpec): readonly {
  readonly name: 'data' | 'log'
  readonly size: string
  readonly storageClassName?: string
}[] {
  const { ephemeral, data, log } = spec.storage
  if (ephemeral) return []
  return [
    { name: 'data' as const, ...data },
    ...(log === undefined ? [] : [{ name: 'log' as const, ...log }]),
  ]
}
