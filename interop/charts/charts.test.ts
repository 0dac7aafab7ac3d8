/** Helm itself renders the charts: what comes out is what the operator understands. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { renderInstall } from '../../tools/gen-install.ts'
import { capture } from '../peers/command.ts'
import { installHelm } from '../peers/helm.ts'

interface Rendered {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec?: Readonly<Record<string, unknown>>
  readonly rules?: readonly { readonly verbs: readonly string[]; readonly resources: string[] }[]
}

async function render(
  release: string,
  chart: string,
  settings: readonly string[] = [],
): Promise<readonly Rendered[]> {
  const helm = await installHelm()
  const sets = settings.flatMap(setting => ['--set', setting])
  const args = ['template', release, `charts/${chart}`, '--kube-version=1.33.0', ...sets]
  const { code, stdout, stderr } = await capture(helm, args)
  equal(code, 0, stderr)
  return parseAllDocuments(stdout)
    .map(document => {
      deepEqual(document.errors, [])
      return document.toJSON() as Rendered | null
    })
    .filter(object => object !== null)
}

function only(objects: readonly Rendered[], kind: string): Rendered {
  const found = objects.filter(object => object.kind === kind)
  equal(found.length, 1, `${found.length} objects of kind ${kind}`)
  return found[0]!
}

test('both charts pass lint', async () => {
  const helm = await installHelm()
  const { code, stdout, stderr } = await capture(helm, [
    'lint',
    '--strict',
    'charts/zk-operator',
    'charts/zk-cluster',
  ])
  equal(code, 0, stdout + stderr)
})

test('a release is a ZkCluster with the name that people know', async () => {
  const cluster = only(await render('orders', 'zk-cluster'), 'ZkCluster')
  equal(cluster.metadata.name, 'orders-zookeeper')
  const { voters, image, observers, storage } = cluster.spec ?? {}
  deepEqual([voters, image, observers], [3, undefined, undefined])
  deepEqual(storage, {
    ephemeral: false,
    data: { size: '8Gi' },
    whenDeleted: 'Retain',
    whenScaled: 'Retain',
  })
})

test('values by the names of old become fields of the spec', async () => {
  const objects = await render('zookeeper', 'zk-cluster', [
    'replicaCount=5',
    'maxClientCnxns=300',
    'fourlwCommandsWhitelist=srvr\\, mntr',
    'config.jute\\.custom=x',
    'image.repository=example/zk',
    'image.tag=v1',
    'global.imageRegistry=registry.example',
    'persistence.dataLogDir.size=4Gi',
    'podAntiAffinityPreset=hard',
    'networkPolicy.allowExternal=false',
    'updateStrategy.type=OnDelete',
    'observers.enabled=true',
    'observers.autoscaling.enabled=true',
    'service.type=NodePort',
    'service.nodePorts.client=30181',
  ])
  const { metadata, spec = {} } = only(objects, 'ZkCluster')
  equal(metadata.name, 'zookeeper')
  equal(spec['voters'], 5)
  equal(spec['image'], 'registry.example/example/zk:v1')
  const config = spec['config'] as Record<string, string>
  equal(config['maxClientCnxns'], '300')
  equal(config['snapCount'], '100000')
  equal(config['4lw.commands.whitelist'], 'srvr,mntr')
  equal(config['jute.custom'], 'x')
  deepEqual((spec['storage'] as Record<string, unknown>)['log'], { size: '4Gi' })
  deepEqual(spec['placement'], { separateNodes: 'Required' })
  deepEqual(spec['networkPolicy'], { enabled: true, clients: 'Labelled' })
  equal((spec['update'] as Record<string, unknown>)['strategy'], 'OnDelete')
  deepEqual(spec['clientService'], { type: 'NodePort', nodePort: 30181 })
  const observers = spec['observers'] as Record<string, unknown>
  equal(observers['replicas'], undefined)
  ok(observers['autoscaling'] !== undefined)
})

test('a value that does not exist is refused', async () => {
  const helm = await installHelm()
  const args = ['template', 'zk', 'charts/zk-cluster', '--kube-version=1.33.0']
  const { code, stderr } = await capture(helm, [...args, '--set', 'replicas=3'])
  equal(code, 1)
  match(stderr, /replicas/)
})

test('the alerts of the charts have their thresholds filled in', async () => {
  const settings = ['metrics.prometheusRule.enabled=true']
  for (const chart of ['zk-cluster', 'zk-operator']) {
    const rule = only(await render('zk', chart, settings), 'PrometheusRule')
    const text = JSON.stringify(rule.spec)
    ok(text.includes('Zk'), text.slice(0, 200))
    equal(/%\w+%/.exec(text), null)
  }
})

test('an operator of a few namespaces has no rights in others', async () => {
  const objects = await render('op', 'zk-operator', ['watchNamespaces={a,b}'])
  const roles = objects
    .filter(object => object.kind === 'Role')
    .map(role => role.metadata.namespace)
  deepEqual(new Set(roles), new Set(['a', 'b', 'default']))
  const clusterRoles = objects.filter(object => object.kind === 'ClusterRole')
  deepEqual(
    clusterRoles.flatMap(role => role.rules ?? []).flatMap(rule => rule.resources),
    ['nodes'],
  )
})

test('nobody gets a right to everything', async () => {
  const objects = await render('op', 'zk-operator')
  const rules = objects.flatMap(object => object.rules ?? [])
  ok(rules.length > 8)
  for (const rule of rules) {
    equal(rule.verbs.includes('*'), false)
    equal(rule.resources.includes('*'), false)
    if (rule.resources.includes('secrets')) deepEqual(rule.verbs, ['get', 'create', 'patch'])
  }
})

test('manifests/install.yaml is the chart; run node tools/gen-install.ts', async () => {
  const text = renderInstall(await installHelm())
  deepEqual(text.split('\n'), readFileSync('manifests/install.yaml', 'utf8').split('\n'))
})
