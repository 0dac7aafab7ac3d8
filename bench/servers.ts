/** The two servers of a comparison: the same zoo.cfg, data on disk, every write synced. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePorts } from '../interop/harness/ports.ts'
import { apachePeer } from '../interop/peers/apache.ts'
import { run } from '../interop/peers/command.ts'

export type Kind = 'apache' | 'ours'

/** What bin/zkServer.sh of Apache gives its JVM. */
const JVM_ARGUMENTS = ['-Xmx1000m', '-Dzookeeper.4lw.commands.whitelist=*']
const MAIN_CLASS = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
const START_LIMIT_MS = 120_000
const STOP_LIMIT_MS = 20_000
const PROBE_EVERY_MS = 5
const PROBE_LIMIT_MS = 5000

const REPOSITORY = join(import.meta.dirname, '..')
/** As in interop: JavaScript built elsewhere, so that nobody builds meanwhile. */
const BUILT_ELSEWHERE = process.env['ZKCLUSTER_ENTRY']
const ENTRY = BUILT_ELSEWHERE ?? join(REPOSITORY, 'dist', 'node', 'main.js')

/** Builds our server, unless ZKCLUSTER_ENTRY names one. */
export async function build(): Promise<void> {
  if (BUILT_ELSEWHERE !== undefined) return
  await run('npm', ['run', 'build', '--silent'], { cwd: REPOSITORY })
}

export class BenchServer {
  readonly kind: Kind
  readonly port: number
  readonly folder: string
  #child: ChildProcess | undefined = undefined

  private constructor(kind: Kind, port: number, folder: string) {
    this.kind = kind
    this.port = port
    this.folder = folder
  }

  /** Writes the configuration; `start` starts the process. */
  static async make(kind: Kind, work: string): Promise<BenchServer> {
    const [port, adminPort] = await freePorts(2)
    const folder = join(work, kind)
    mkdirSync(folder, { recursive: true })
    writeFileSync(
      join(folder, 'zoo.cfg'),
      [
        'tickTime=2000',
        'initLimit=10',
        'syncLimit=5',
        `dataDir=${join(folder, 'data')}`,
        `clientPort=${port}`,
        'clientPortAddress=127.0.0.1',
        'maxClientCnxns=0',
        '4lw.commands.whitelist=*',
        'admin.serverAddress=127.0.0.1',
        `admin.serverPort=${adminPort}`,
        '',
      ].join('\n'),
    )
    return new BenchServer(kind, port!, folder)
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error(`${this.kind} is not running`)
    return pid
  }

  /** Returns the milliseconds from exec to the first answer. */
  async start(): Promise<number> {
    const [program, args] = await this.#command()
    const log = openSync(join(this.folder, 'server.log'), 'a')
    const startedMs = performance.now()
    const child = spawn(program, args, { cwd: this.folder, stdio: ['ignore', log, log] })
    closeSync(log)
    this.#child = child
    running.add(child)
    child.once('exit', () => running.delete(child))
    while (!(await this.#isServing())) {
      if (child.exitCode !== null || performance.now() - startedMs > START_LIMIT_MS) {
        throw new Error(`${this.kind} did not start:\n${this.#logTail()}`)
      }
      await new Promise(resolve => setTimeout(resolve, PROBE_EVERY_MS))
    }
    return performance.now() - startedMs
  }

  /** SIGTERM, and waits for the end of the process. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const limit = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
    child.once('exit', () => {
      clearTimeout(limit)
      resolve()
    })
    child.kill('SIGTERM')
    await promise
  }

  /** Stops it and removes its data. */
  async remove(): Promise<void> {
    await this.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** The answer to a four-letter word; '' when there is none. */
  word(word: string): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>()
    let text = ''
    const socket = connect({ port: this.port, host: '127.0.0.1' }, () => socket.write(word))
    socket.setTimeout(PROBE_LIMIT_MS, () => socket.destroy())
    socket.setEncoding('latin1')
    socket.on('data', more => (text += String(more)))
    socket.on('error', () => resolve(''))
    socket.on('close', () => resolve(text))
    return promise
  }

  async #isServing(): Promise<boolean> {
    return (await this.word('srvr')).includes('Mode:')
  }

  #logTail(): string {
    return readFileSync(join(this.folder, 'server.log'), 'utf8').split('\n').slice(-20).join('\n')
  }

  async #command(): Promise<readonly [string, readonly string[]]> {
    const config = join(this.folder, 'zoo.cfg')
    if (this.kind === 'ours') return [process.execPath, [ENTRY, config]]
    const { classPath } = await apachePeer()
    return ['java', [...JVM_ARGUMENTS, '-cp', classPath, MAIN_CLASS, config]]
  }
}

/** What must not outlive this program. */
const running = new Set<ChildProcess>()

process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(1))
}
