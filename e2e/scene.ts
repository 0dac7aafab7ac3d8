/** What the scenarios share: the operator installed by helm, one ensemble, clients that write. */
import assert from 'node:assert/strict'
import { poll } from '../interop/harness/wait.ts'
import { apply, command, IMAGES, kubectl, type Pod, pods, read, settled } from './kube.ts'
import type { Report } from './load.ts'

export const NAME = 'demo'
export const VOTERS: string = `zkcluster.dev/cluster=${NAME}`

const OPERATOR_NAMESPACE = 'zk-operator'
export const READY_MS = 120_000
const CHANGE_MS = 240_000
const LOAD_MS = 60_000

/** `name:tag` as the charts take it. */
function image(of: string): { readonly repository: string; readonly tag: string } {
  const colon = of.lastIndexOf(':')
  return { repository: of.slice(0, colon), tag: of.slice(colon + 1) }
}

export async function installOperator(): Promise<void> {
  const [operator, node] = [image(IMAGES.operator), image(IMAGES.node)]
  const values = [
    `image.repository=${operator.repository},image.tag=${operator.tag}`,
    `nodeImage.repository=${node.repository},nodeImage.tag=${node.tag}`,
  ]
  const install = 'install zk-operator charts/zk-operator --wait --timeout 2m --create-namespace'
  await command(
    'helm',
    ...install.split(' '),
    '--namespace',
    OPERATOR_NAMESPACE,
    '--set',
    values.join(','),
  )
}

export async function killOperator(): Promise<void> {
  await kubectl('-n', OPERATOR_NAMESPACE, 'delete', 'pods', '--all', '--wait=false', '--now')
}

export async function createEnsemble(spec: object): Promise<void> {
  await apply({
    apiVersion: 'zkcluster.dev/v1alpha1',
    kind: 'ZkCluster',
    metadata: { name: NAME, namespace: 'default' },
    spec,
  })
}

export async function patch(spec: object): Promise<void> {
  await kubectl('patch', 'zk', NAME, '--type', 'merge', '-p', JSON.stringify({ spec }))
}

export async function ready(voters: number): Promise<void> {
  await settled(NAME, voters, CHANGE_MS)
}

export async function members(): Promise<readonly Pod[]> {
  return (await pods(VOTERS)).filter(pod => pod.metadata.deletionTimestamp === undefined)
}

export async function member(ordinal: number): Promise<Pod> {
  const found = (await members()).find(pod => pod.metadata.name === `${NAME}-${ordinal}`)
  assert.ok(found !== undefined, `${NAME}-${ordinal} exists`)
  return found
}

export async function leader(): Promise<string> {
  const { status } = await read<{ readonly status: { readonly leader?: string } }>('zk', NAME)
  assert.ok(status.leader !== undefined, 'somebody leads')
  return status.leader
}

/** Runs `work` while clients in the cluster write, and returns what they saw. */
export async function underLoad(name: string, work: () => Promise<void>): Promise<Report> {
  const { status } = await read<{ readonly status: { readonly clientEndpoint: string } }>(
    'zk',
    NAME,
  )
  await apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', labels: { app: 'load' } },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 1,
      containers: [
        {
          name: 'load',
          image: IMAGES.load,
          imagePullPolicy: 'IfNotPresent',
          args: status.clientEndpoint.split(':'),
        },
      ],
    },
  })
  const before = await grown(name, 0)
  await work()
  const report = await grown(name, before.writes)
  await kubectl('delete', 'pod', name, '--wait=false')
  process.stdout.write(`# ${name}: ${JSON.stringify(report)}\n`)
  return report
}

/** The newest report that knows of more writes. */
async function grown(pod: string, writes: number): Promise<Report> {
  return poll(
    `${pod} has written`,
    async () => {
      const line = (await logs(pod)).trimEnd().split('\n').at(-1) ?? ''
      const report = line.startsWith('{') ? (JSON.parse(line) as Report) : undefined
      return report !== undefined && report.writes > writes ? report : undefined
    },
    LOAD_MS,
    1000,
  )
}

async function logs(pod: string): Promise<string> {
  try {
    return await kubectl('logs', pod, '--tail=1')
  } catch {
    // Not started yet.
    return ''
  }
}

/** No client was told of anything, and nothing that was acknowledged is gone. */
export function unnoticed(report: Report): void {
  assert.ok(report.writes > 0, 'somebody wrote')
  assert.deepEqual(report.errors, [])
  assert.equal(report.expiredSessions, 0)
}
