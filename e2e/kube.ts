/** kubectl and helm as the tests use them. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { poll } from '../interop/harness/wait.ts'

const run = promisify(execFile)

const OUTPUT_MAX_BYTES: number = 32 << 20
const ASK_AGAIN_MS = 500

export const IMAGES: { readonly node: string; readonly operator: string; readonly load: string } = {
  node: process.env['E2E_NODE_IMAGE'] ?? 'localhost/zkcluster-node:e2e',
  operator: process.env['E2E_OPERATOR_IMAGE'] ?? 'localhost/zkcluster-operator:e2e',
  load: process.env['E2E_LOAD_IMAGE'] ?? 'localhost/zkcluster-load:e2e',
}

/** Rejects with what the program said. */
export async function command(program: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await run(program, args, { maxBuffer: OUTPUT_MAX_BYTES })
  return stdout
}

export async function kubectl(...args: readonly string[]): Promise<string> {
  return command('kubectl', ...args)
}

export async function read<T>(...args: readonly string[]): Promise<T> {
  return JSON.parse(await kubectl('get', ...args, '-o', 'json')) as T
}

export async function apply(manifest: object): Promise<void> {
  const child = run('kubectl', ['apply', '-f', '-'])
  child.child.stdin?.end(JSON.stringify(manifest))
  await child
}

export interface ClusterStatus {
  readonly voters?: number
  readonly observedGeneration?: number
  readonly conditions?: readonly {
    readonly type: string
    readonly status: string
    readonly reason: string
    readonly message: string
  }[]
}

export interface Cluster {
  readonly metadata: { readonly generation: number }
  readonly status?: ClusterStatus
}

export interface Pod {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly deletionTimestamp?: string
  }
  readonly spec: { readonly nodeName?: string }
  readonly status: { readonly phase: string; readonly podIP?: string }
}

export async function pods(selector: string): Promise<readonly Pod[]> {
  return (await read<{ readonly items: readonly Pod[] }>('pods', '-l', selector)).items
}

export function condition(cluster: Cluster, type: string): string | undefined {
  return cluster.status?.conditions?.find(each => each.type === type)?.status
}

/** Ready for the generation that is asked for, with so many voters. */
export async function settled(name: string, voters: number, timeoutMs: number): Promise<void> {
  let last: Cluster | undefined
  try {
    await poll(
      `${name} is ready with ${voters} voters`,
      async () => {
        last = await read<Cluster>('zk', name)
        const { status } = last
        const isCurrent = status?.observedGeneration === last.metadata.generation
        if (!isCurrent || status?.voters !== voters) return undefined
        return condition(last, 'Ready') === 'True' ? true : undefined
      },
      timeoutMs,
      ASK_AGAIN_MS,
    )
  } catch (error) {
    throw new Error(`${String(error)}: ${JSON.stringify(last?.status, null, 1)}`, { cause: error })
  }
}
