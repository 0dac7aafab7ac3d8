/** Data directories that one server writes and the other opens. */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { CreateMode } from '../../wire/opcodes.ts'
import { acl, Client, ok, op } from '../harness/client.ts'
import { type ServerKind, type ServerOptions, startServer } from '../harness/server.ts'
import { apachePeer } from '../peers/apache.ts'
import { run } from '../peers/command.ts'

/** What a client can see of a tree: one line per node, and what a write would continue from. */
export type Picture = readonly string[]

export interface Written {
  readonly picture: Picture
  readonly sessionId: bigint
  readonly passwd: Uint8Array | null
  readonly lastZxid: bigint
}

const OPTIONS: ServerOptions = { cfg: { extendedTypesEnabled: true } }

/** Starts `kind` over `dataDir`, lets `work` use it, and kills it. */
export async function over<T>(
  kind: ServerKind,
  dataDir: string,
  options: ServerOptions,
  work: (port: number, adminPort: number) => Promise<T>,
): Promise<T> {
  const cfg = { ...OPTIONS.cfg, ...options.cfg }
  const server = await startServer(kind, { ...options, cfg, dataDir })
  try {
    const result = await work(server.port, server.adminPort)
    const log = server.logTail(Number.MAX_SAFE_INTEGER)
    const mismatch = /.*digest.*(differs|not match).*/i.exec(log)
    if (mismatch !== null) throw new Error(`tree digests differ: ${mismatch[0]}`)
    return result
  } catch (error) {
    server.keep = true
    throw new Error(`over ${dataDir}:\n${server.logTail(15)}`, { cause: error })
  } finally {
    await server.stop()
  }
}

/** Every kind of node and transaction, below `/disk`; the session that owns ephemerals stays. */
export async function write(port: number): Promise<Written> {
  const client = await Client.connect(port, { timeOut: 30_000 })
  ok(await client.auth('digest', 'u:p'))
  ok(await client.create('/disk', { data: 'one' }))
  ok(await client.create('/disk/null', { data: null }))
  ok(await client.create('/disk/empty', { data: '' }))
  ok(await client.create('/disk/\u00e4\u20ac', { data: '\u00e4\u20ac' }))
  ok(await client.create('/disk/acl', { acl: [acl(31, 'auth', ''), acl(1, 'world', 'anyone')] }))
  ok(await client.create('/disk/big', { data: new Uint8Array(300_000).fill(7) }))
  ok(await client.create('/disk/ephemeral', { flags: CreateMode.ephemeral, data: 'e' }))
  ok(await client.createContainer('/disk/container', { data: 'c' }))
  ok(await client.createTtl('/disk/ttl', { ttl: 1_000_000n }))
  for (let i = 0; i < 5; i++) {
    ok(await client.create('/disk/s-', { flags: CreateMode.persistentSequential }))
  }
  ok(await client.delete('/disk/s-0000000011'))
  ok(await client.setData('/disk', 'two'))
  ok(await client.setAcl('/disk/null', [acl(31, 'ip', '127.0.0.0/8')]))
  ok(await client.multi([op.create('/disk/m'), op.setData('/disk/m', 'x'), op.check('/disk')]))
  ok(await client.multi([op.create('/disk/never'), op.check('/disk', 99)]))
  await client.delete('/disk/missing')
  ok(await client.create('/zookeeper/quota/disk'))
  ok(await client.create('/zookeeper/quota/disk/zookeeper_limits', { data: 'count=9,bytes=-1' }))
  ok(await client.create('/zookeeper/quota/disk/zookeeper_stats', { data: 'count=0,bytes=0' }))
  const closing = await Client.connect(port)
  ok(await closing.create('/disk/gone', { flags: CreateMode.ephemeral }))
  await closing.close()
  const { sessionId, passwd } = client.session
  const picture = await look(port)
  const lastZxid = (await client.ping()).zxid
  client.destroy()
  return { picture, sessionId, passwd, lastZxid }
}

/** Everything below `/`, as a client with the right to see it finds it. */
export async function look(port: number): Promise<Picture> {
  const client = await Client.connect(port)
  try {
    ok(await client.auth('digest', 'u:p'))
    const lines: string[] = []
    await lookAt(client, '/', lines)
    return lines
  } finally {
    await client.close()
  }
}

async function lookAt(client: Client, path: string, lines: string[]): Promise<void> {
  const { data, stat } = ok(await client.getData(path))
  const list = ok(await client.getAcl(path)).acl
  const bytes = data === null ? 'null' : Buffer.from(data).toString('hex').slice(0, 64)
  const facts = JSON.stringify({ stat, list }, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString(16) : value,
  )
  lines.push(`${path} ${bytes} ${facts}`)
  for (const name of ok(await client.getChildren(path))) {
    await lookAt(client, path === '/' ? `/${name}` : `${path}/${name}`, lines)
  }
}

/** Re-attaches the session that `write` left: it and its ephemerals have survived. */
export async function reattach(port: number, written: Written): Promise<void> {
  const { sessionId, passwd } = written
  const client = await Client.connect(port, { sessionId, passwd, timeOut: 30_000 })
  try {
    if (client.session.sessionId !== sessionId) throw new Error('the session is gone')
    if (ok(await client.exists('/disk/ephemeral')).ephemeralOwner !== sessionId) {
      throw new Error('the ephemeral has another owner')
    }
  } finally {
    client.destroy()
  }
}

/** Names of the files of a kind (`log` or `snapshot`) in a data directory, oldest first. */
export async function files(dataDir: string, kind: string): Promise<readonly string[]> {
  const names = await readdir(join(dataDir, 'version-2'))
  return names
    .filter(name => name.startsWith(`${kind}.`))
    .sort((a, b) => zxidOf(a) - zxidOf(b))
    .map(name => join(dataDir, 'version-2', name))
}

function zxidOf(name: string): number {
  return Number.parseInt(name.split('.')[1] ?? '', 16)
}

/** Runs one of Apache's own disk tools and returns what it prints. */
export async function apacheTool(main: string, ...args: readonly string[]): Promise<string> {
  const peer = await apachePeer()
  return run(
    'java',
    ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-cp', peer.classPath, main, ...args],
    {
      timeoutMs: 60_000,
    },
  )
}
