/** NetworkPolicy: who reaches which port of a member. */
import { PORTS } from '../api/limits.ts'
import type { Manifest } from '../api/manifest.ts'
import { clusterSelector, Label } from './labels.ts'
import { manifest } from './manifest.ts'
import { names } from './names.ts'
import type { DesiredInput } from './settings.ts'

/** Labels of the operator's own pods, as its chart writes them. */
export const OPERATOR_LABELS: Readonly<Record<string, string>> = {
  'app.kubernetes.io/name': 'zkcluster-operator',
}

function tcp(port: number): Readonly<Record<string, unknown>> {
  return { protocol: 'TCP', port }
}

/** Undefined when switched off. Ingress only: what members call is each other and DNS. */
export function networkPolicy(input: DesiredInput): Manifest | undefined {
  const { meta, spec } = input.cluster
  const { enabled, clients, clientsFrom = [], adminFrom = [] } = spec.networkPolicy
  if (!enabled) return undefined
  const members = { podSelector: { matchLabels: clusterSelector(meta.name) } }
  const operator = {
    namespaceSelector: {
      matchLabels: { 'kubernetes.io/metadata.name': input.settings.operatorNamespace },
    },
    podSelector: { matchLabels: OPERATOR_LABELS },
  }
  const labelled = {
    namespaceSelector: {},
    podSelector: { matchLabels: { [Label.client]: meta.name } },
  }
  const clientRule =
    clients === 'Any'
      ? { ports: [tcp(PORTS.client)] }
      : { from: [members, operator, labelled, ...clientsFrom], ports: [tcp(PORTS.client)] }
  return manifest(input, 'networking.k8s.io/v1', 'NetworkPolicy', names.voters(meta.name), {
    spec: {
      podSelector: { matchLabels: clusterSelector(meta.name) },
      policyTypes: ['Ingress'],
      ingress: [
        { from: [members], ports: [tcp(PORTS.quorum), tcp(PORTS.election)] },
        { from: [members, operator, ...adminFrom], ports: [tcp(PORTS.admin)] },
        clientRule,
        ...(spec.metrics ? [{ ports: [tcp(PORTS.metrics)] }] : []),
      ],
    },
  })
}
