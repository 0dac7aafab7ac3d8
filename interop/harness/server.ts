/** Servers under test: Apache's and ours, started the same way from the same configuration. */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apachePeer } from '../peers/apache.ts'
import { fourLetter } from './four-letter.ts'
import { freePorts } from './ports.ts'
import { poll, within } from './wait.ts'

export type ServerKind = 'apache' | 'ours'

const KINDS: readonly ServerKind[] = ['apache', 'ours']

/** Both, or those that `ZKCLUSTER_SERVERS` (a comma list) names. */
export function serverKinds(): readonly ServerKind[] {
  const wanted = process.env['ZKCLUSTER_SERVERS']?.split(',')
  if (wanted === undefined) return KINDS
  for (const name of wanted) {
    if (!KINDS.some(kind => kind === name)) {
      throw new Error(`ZKCLUSTER_SERVERS names ${name}; valid are ${KINDS.join(',')}`)
    }
  }
  return KINDS.filter(kind => wanted.includes(kind))
}

export interface ServerOptions {
  /** Lines of zoo.cfg, over the defaults below; null leaves a default out. */
  readonly cfg?: Readonly<Record<string, string | number | boolean | null>>
  /** System properties. */
  readonly jvm?: Readonly<Record<string, string | number | boolean>>
  /** Written to `myid` before the start; `cfg` has the server lines. */
  readonly myid?: number
  /** Start over these files instead of an empty folder; they are not removed at the end. */
  readonly dataDir?: string
  /** zoo.cfg is written at the first start only: a reconfigured member has rewritten it. */
  readonly keepConfig?: boolean
}

const START_MS = 30_000
/** A server that accepts but does not answer yet is asked again. */
const PROBE_MS = 1000
const STOP_MS = 10_000

const DEFAULTS = {
  tickTime: 2000,
  clientPortAddress: '127.0.0.1',
  'admin.enableServer': false,
  '4lw.commands.whitelist': '*',
  // Small, so that a start does not write 64 MiB of zeros; in KB.
  preAllocSize: 64,
  // What survives a power cut is tested elsewhere.
  forceSync: 'no',
} as const

/** One server process and its folder. */
export class Server {
  readonly kind: ServerKind
  readonly folder: string
  readonly dataDir: string
  readonly port: number
  readonly adminPort: number
  /** Set by a test that failed: the folder with log and data stays. */
  keep: boolean
  readonly #options: ServerOptions
  #child: ChildProcess | undefined
  #exited: Promise<void>

  constructor(kind: ServerKind, options: ServerOptions, port: number, adminPort: number) {
    this.kind = kind
    this.port = port
    this.adminPort = adminPort
    this.keep = process.env['ZKCLUSTER_KEEP'] !== undefined
    this.folder = mkdtempSync(join(tmpdir(), `zkcluster-${kind}-`))
    this.dataDir = options.dataDir ?? join(this.folder, 'data')
    this.#options = options
    this.#exited = Promise.resolve()
  }

  get configFile(): string {
    return join(this.folder, 'zoo.cfg')
  }

  get connectString(): string {
    return `127.0.0.1:${this.port}`
  }

  /** Starts the process and returns once it serves. Throws with the end of its log. */
  async start(): Promise<void> {
    await this.launch()
    const child = this.#child
    if (child === undefined) throw new Error(`${this.kind} is not running`)
    try {
      await poll(
        `${this.kind} serves on ${this.port}`,
        async () => ((await this.#serves(child)) ? true : undefined),
        START_MS,
        50,
      )
    } catch (error) {
      this.keep = true
      this.killNow()
      throw new Error(`${this.kind} did not start; ${this.folder}\n${this.logTail()}`, {
        cause: error,
      })
    }
  }

  /** Starts the process and does not wait: a member of an ensemble serves when a quorum runs. */
  async launch(): Promise<void> {
    const isWritten = existsSync(this.configFile)
    if (!isWritten || this.#options.keepConfig !== true) this.#writeConfig()
    const [program, args, env] = await this.#command()
    const log = openSync(join(this.folder, 'server.log'), 'a')
    const child = spawn(program, args, {
      cwd: this.kind === 'ours' ? REPOSITORY : this.folder,
      env: { ...process.env, ...env },
      // A group of its own: whatever it starts ends with it.
      detached: true,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    const { promise, resolve } = Promise.withResolvers<void>()
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
    this.#child = child
    this.#exited = promise
    running.add(this)
  }

  get isRunning(): boolean {
    const child = this.#child
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null
  }

  /** What the process ended with; undefined while it runs. */
  get exitCode(): number | undefined {
    return this.#child?.exitCode ?? undefined
  }

  /** SIGSTOP: the process and its connections are there and nothing moves. */
  async suspend(): Promise<void> {
    this.#signal('SIGSTOP')
    await poll(`${this.kind} is stopped`, async () => {
      if (!this.isRunning) throw new Error(`${this.kind} ended by itself\n${this.logTail()}`)
      // The state comes after the program's name, which may hold spaces and brackets.
      const state = readFileSync(`/proc/${this.pid}/stat`, 'utf8').split(') ').at(-1)
      return state?.startsWith('T') === true ? true : undefined
    })
  }

  resume(): void {
    this.#signal('SIGCONT')
  }

  /** kill -9 of the process group, and waits for the end. */
  async kill(): Promise<void> {
    this.killNow()
    await within(this.#exited, `${this.kind} is gone`, STOP_MS)
  }

  /** SIGTERM, and waits for the end. */
  async terminate(): Promise<void> {
    this.#signal('SIGTERM')
    await within(this.#exited, `${this.kind} ends on SIGTERM`, STOP_MS)
    running.delete(this)
  }

  /** Ends the process and removes the folder, unless it is to be kept. */
  async stop(): Promise<void> {
    await this.kill()
    if (this.keep) console.error(`${this.kind}: log and data stay in ${this.folder}`)
    else rmSync(this.folder, { recursive: true, force: true })
  }

  killNow(): void {
    this.#signal('SIGKILL')
    running.delete(this)
  }

  /** The last lines that the process printed. */
  logTail(lines: number = 40): string {
    const log = readFileSync(join(this.folder, 'server.log'), 'utf8')
    return log.split('\n').slice(-lines).join('\n')
  }

  get pid(): number {
    const pid = this.#child?.pid
    if (pid === undefined) throw new Error(`${this.kind} is not running`)
    return pid
  }

  #signal(signal: NodeJS.Signals): void {
    const child = this.#child
    if (child?.pid === undefined || !this.isRunning) return
    try {
      process.kill(-child.pid, signal)
    } catch (error) {
      // It ended by itself in the meantime.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  async #serves(child: ChildProcess): Promise<boolean> {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`process ended with ${child.exitCode ?? child.signalCode}`)
    }
    try {
      return (await fourLetter(this.port, 'srvr', PROBE_MS)).startsWith('Zookeeper version')
    } catch {
      return false // not listening yet
    }
  }

  #writeConfig(): void {
    const cfg: Record<string, string | number | boolean | null> = {
      ...DEFAULTS,
      dataDir: this.dataDir,
      clientPort: this.port,
      'admin.serverPort': this.adminPort,
      ...this.#options.cfg,
    }
    const lines = Object.entries(cfg)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(this.configFile, lines.join(''))
    const { myid } = this.#options
    if (myid === undefined) return
    mkdirSync(this.dataDir, { recursive: true })
    writeFileSync(join(this.dataDir, 'myid'), `${myid}\n`)
  }

  async #command(): Promise<readonly [string, string[], Record<string, string>]> {
    const flags = Object.entries(this.#options.jvm ?? {}).map(([key, value]) => `-D${key}=${value}`)
    if (this.kind === 'ours') {
      const entry = process.env['ZKCLUSTER_ENTRY'] ?? join(REPOSITORY, 'node', 'main.ts')
      const loader = entry.endsWith('.ts') ? ['--import', 'tsx'] : []
      return [process.execPath, [...loader, entry, this.configFile], { JVMFLAGS: flags.join(' ') }]
    }
    const peer = await apachePeer()
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
    const args = [...JVM_ARGUMENTS, ...flags, '-cp', peer.classPath, main, this.configFile]
    return ['java', args, {}]
  }
}

const REPOSITORY = join(import.meta.dirname, '..', '..')
const JVM_ARGUMENTS = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']

/** Starts a server with free ports; the caller stops it. */
export async function startServer(kind: ServerKind, options: ServerOptions = {}): Promise<Server> {
  const [port, adminPort] = await freePorts(2)
  if (port === undefined || adminPort === undefined) throw new Error('no free ports')
  const server = new Server(kind, options, port, adminPort)
  await server.start()
  return server
}

/** What must not outlive the test process. */
const running = new Set<Server>()

function killAll(): void {
  for (const server of running) server.killNow()
}

process.once('exit', killAll)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    killAll()
    process.exit(1)
  })
}
