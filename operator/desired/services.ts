/** Services: one for names, one for clients of the whole cluster, one for each pool. */
import { PORTS } from '../api/limits.ts'
import type { Manifest } from '../api/manifest.ts'
import type { ClientService } from '../api/types.ts'
import { clusterSelector, poolSelector } from './labels.ts'
import { manifest, ownerOf } from './manifest.ts'
import { names } from './names.ts'
import type { DesiredInput, Pool } from './settings.ts'

function port(name: keyof typeof PORTS): Readonly<Record<string, unknown>> {
  return { name, port: PORTS[name], targetPort: name, protocol: 'TCP' }
}

/** Members must find each other before they can be ready. */
export function headlessService(input: DesiredInput): Manifest {
  const { cluster } = input
  return manifest(input, 'v1', 'Service', names.headless(cluster.meta.name), {
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: clusterSelector(cluster.meta.name),
      ports: [
        port('client'),
        port('quorum'),
        port('election'),
        port('admin'),
        ...(cluster.spec.metrics ? [port('metrics')] : []),
      ],
    },
  })
}

export function clientService(input: DesiredInput): Manifest {
  const { meta, spec } = input.cluster
  return manifest(
    input,
    'v1',
    'Service',
    names.client(meta.name),
    { spec: serviceSpec(spec.clientService, clusterSelector(meta.name)) },
    { annotations: spec.clientService.annotations ?? {} },
  )
}

export function poolService(input: DesiredInput, pool: Pool): Manifest {
  const { meta, spec } = pool.resource
  return manifest(
    input,
    'v1',
    'Service',
    names.pool(meta.name),
    { spec: serviceSpec(spec.service, poolSelector(spec.cluster, meta.name)) },
    { annotations: spec.service.annotations ?? {}, owner: ownerOf('ZkObservers', meta) },
  )
}

function serviceSpec(
  service: ClientService,
  selector: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const { type, nodePort, loadBalancerSourceRanges, externalTrafficPolicy } = service
  return {
    type,
    selector,
    ...(externalTrafficPolicy === undefined ? {} : { externalTrafficPolicy }),
    ...(loadBalancerSourceRanges === undefined ? {} : { loadBalancerSourceRanges }),
    ports: [nodePort === undefined ? port('client') : { ...port('client'), nodePort }],
  }
}
