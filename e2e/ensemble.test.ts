/** One ensemble on a real Kubernetes, from its creation to its end, under the writes of clients. */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { poll } from '../interop/harness/wait.ts'
import { apply, type Cluster, condition, kubectl, pods, read, settled } from './kube.ts'
import {
  createEnsemble,
  installOperator,
  killOperator,
  leader,
  member,
  members,
  NAME,
  patch,
  READY_MS,
  ready,
  underLoad,
  unnoticed,
  VOTERS,
} from './scene.ts'

const RESTARTED = 'kubectl.kubernetes.io/restartedAt'
const STEP_MS = 60_000

void describe('one ensemble', () => {
  before(async () => {
    await installOperator()
  })

  void test('apply makes three voters that serve', async () => {
    await createEnsemble({ voters: 3 })
    await settled(NAME, 3, READY_MS)
    assert.equal((await members()).length, 3)
  })

  void test('a restart of all voters is noticed by nobody', async () => {
    const old = new Set((await members()).map(pod => pod.metadata.uid))
    const report = await underLoad('restart', async () => {
      await kubectl('annotate', 'zk', NAME, `${RESTARTED}=${Date.now()}`, '--overwrite')
      await replaced(old)
      await ready(3)
    })
    unnoticed(report)
  })

  void test('a changed configuration reaches every member, one at a time', async () => {
    const old = new Set((await members()).map(pod => pod.metadata.uid))
    const report = await underLoad('config', async () => {
      await patch({ config: { snapCount: '50000' } })
      await replaced(old)
      await ready(3)
    })
    unnoticed(report)
  })

  void test('three voters become five and three again', async () => {
    const report = await underLoad('scale', async () => {
      await patch({ voters: 5 })
      await ready(5)
      await patch({ voters: 3 })
      await ready(3)
    })
    unnoticed(report)
    await poll('two pods are gone', async () => ((await members()).length === 3 ? true : undefined))
  })

  void test('kubectl scale adds observers and takes them away', async () => {
    await apply({
      apiVersion: 'zkcluster.dev/v1alpha1',
      kind: 'ZkObservers',
      metadata: { name: 'readers', namespace: 'default' },
      spec: { cluster: NAME, replicas: 0 },
    })
    const report = await underLoad('observers', async () => {
      await kubectl('scale', 'zkobservers', 'readers', '--replicas=2')
      await observers(2)
      await kubectl('scale', 'zkobservers', 'readers', '--replicas=0')
      await observers(0)
    })
    unnoticed(report)
  })

  void test('the pod of the leader is deleted', async () => {
    const old = await leader()
    const report = await underLoad('leader', async () => {
      const uid = await uidOf(old)
      await kubectl('delete', 'pod', old, '--wait=false')
      await replaced(new Set([uid]))
      await ready(3)
    })
    unnoticed(report)
  })

  void test('a voter that lost its disk gets its data from the others, without a vote', async () => {
    const report = await underLoad('disk', async () => {
      const { metadata } = await member(1)
      await kubectl('delete', 'pvc', `data-${NAME}-1`, '--wait=false')
      await kubectl('delete', 'pod', metadata.name, '--wait=false', '--force')
      await replaced(new Set([metadata.uid]))
      await ready(3)
    })
    unnoticed(report)
  })

  void test('an operator killed in the middle of a restart goes on with it', async () => {
    const old = new Set((await members()).map(pod => pod.metadata.uid))
    const report = await underLoad('operator', async () => {
      await kubectl('annotate', 'zk', NAME, `${RESTARTED}=${Date.now()}`, '--overwrite')
      for (let left = 2; left > 0; left--) {
        await poll(
          'the next pod',
          async () => ((await kept(old)) <= left ? true : undefined),
          STEP_MS,
        )
        await killOperator()
      }
      await replaced(old)
      await ready(3)
    })
    unnoticed(report)
  })

  void test('an image that does not exist stops at one pod, and says so', async () => {
    const report = await underLoad('image', async () => {
      await patch({ image: 'localhost/zkcluster-node:nosuch' })
      await poll(
        'one pod cannot pull',
        async () => {
          const text = await kubectl('get', 'pods', '-l', VOTERS)
          return /ErrImagePull|ImagePullBackOff/.test(text) ? true : undefined
        },
        STEP_MS,
        500,
      )
      const cluster = await read<Cluster>('zk', NAME)
      assert.equal(condition(cluster, 'QuorumAvailable'), 'True')
      assert.equal(condition(cluster, 'Ready'), 'False')
      const text = await kubectl('get', 'pods', '-l', VOTERS, '--no-headers')
      assert.equal(text.split('\n').filter(line => /\b1\/1\b/.test(line)).length, 2)
      await patch({ image: null })
      await ready(3)
    })
    unnoticed(report)
  })

  void test('a drained node takes its member away and gives it back', async () => {
    const node = (await member(0)).spec.nodeName ?? ''
    const report = await underLoad('drain', async () => {
      const drain = ['drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--force']
      await kubectl(...drain, '--pod-selector', VOTERS, '--timeout=120s')
      await kubectl('uncordon', node)
      await ready(3)
    })
    unnoticed(report)
  })

  void test('deleted and created again over the volumes that were kept', async () => {
    await kubectl('delete', 'zk', NAME, '--timeout=120s')
    await poll(
      'all pods are gone',
      async () => ((await pods(VOTERS)).length === 0 ? true : undefined),
      STEP_MS,
      500,
    )
    await createEnsemble({ voters: 3 })
    await ready(3)
    const report = await underLoad('again', async () => {
      await ready(3)
    })
    unnoticed(report)
  })
})

async function kept(uids: ReadonlySet<string>): Promise<number> {
  return (await members()).filter(pod => uids.has(pod.metadata.uid)).length
}

async function replaced(uids: ReadonlySet<string>): Promise<void> {
  const isDone = async (): Promise<true | undefined> =>
    (await kept(uids)) === 0 ? true : undefined
  await poll('all pods are new', isDone, 4 * STEP_MS, 500)
}

async function uidOf(pod: string): Promise<string> {
  const found = (await members()).find(each => each.metadata.name === pod)
  assert.ok(found !== undefined, `${pod} exists`)
  return found.metadata.uid
}

async function observers(count: number): Promise<void> {
  await poll(
    `${count} observers`,
    async () => {
      const { status } = await read<{
        readonly status?: { readonly replicas?: number; readonly readyReplicas?: number }
      }>('zkobservers', 'readers')
      const isReady = status?.replicas === count && (status.readyReplicas ?? 0) === count
      return isReady ? true : undefined
    },
    2 * STEP_MS,
    500,
  )
}
