/**
 * `npm start`: an ensemble on one machine, each member a process of its own, for trying things out.
 * A member that dies is started again, so `kill -9` shows what an ensemble is for.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join, resolve } from 'node:path'

export interface LaptopOptions {
  readonly voters: number
  readonly observers: number
  readonly dataDir: string
}

interface LaptopMember {
  readonly id: number
  readonly dir: string
  readonly clientPort: number
  readonly adminPort: number
  readonly metricsPort: number
  process: ChildProcess | undefined
  state: string
}

const FIRST_PORTS = { client: 2181, admin: 8081, metrics: 7001, quorum: 2888, election: 3888 }
const PORT_BLOCKS = 50
const RESTART_MS = 1000
const POLL_MS = 500
const ANSWER_MS = 400

export async function runLaptop(options: LaptopOptions): Promise<void> {
  const members = await prepare(options)
  let isStopping = false
  const start = (member: LaptopMember): void => {
    const child = launch(member)
    member.process = child
    child.once('exit', (code, signal) => {
      member.process = undefined
      if (isStopping) return
      say(`member ${member.id} ended (${signal ?? `exit code ${code}`}), it is started again`)
      setTimeout(() => {
        if (!isStopping) start(member)
      }, RESTART_MS)
    })
  }
  for (const member of members) start(member)
  introduce(members, options)
  const watch = setInterval(() => void report(members), POLL_MS)
  const stop = (): void => {
    if (isStopping) return
    isStopping = true
    clearInterval(watch)
    const running = members.filter(member => member.process !== undefined)
    let left = running.length
    if (left === 0) process.exit(0)
    for (const { process: child } of running) {
      child?.once('exit', () => {
        left--
        if (left === 0) process.exit(0)
      })
      child?.kill('SIGTERM')
    }
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

function say(line: string): void {
  process.stdout.write(`  ${line}\n`)
}

/** Directories and configurations; what is there already keeps its data. */
async function prepare({ voters, observers, dataDir }: LaptopOptions): Promise<LaptopMember[]> {
  const count = voters + observers
  const offset = await freeOffset(count)
  const port = (first: number, i: number): number => first + offset * 10 + i
  const lines = Array.from({ length: count }, (_, i) => {
    const quorum = port(FIRST_PORTS.quorum, i)
    const election = port(FIRST_PORTS.election, i)
    const role = i < voters ? 'participant' : 'observer'
    const client = port(FIRST_PORTS.client, i)
    return `server.${i + 1}=127.0.0.1:${quorum}:${election}:${role};127.0.0.1:${client}`
  })
  return Array.from({ length: count }, (_, i) => {
    const dir = resolve(join(dataDir, `member-${i + 1}`))
    const member: LaptopMember = {
      id: i + 1,
      dir,
      clientPort: port(FIRST_PORTS.client, i),
      adminPort: port(FIRST_PORTS.admin, i),
      metricsPort: port(FIRST_PORTS.metrics, i),
      process: undefined,
      state: 'starting',
    }
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'myid'), `${member.id}\n`)
    writeFileSync(join(dir, 'zoo.cfg'), zooCfg(member, lines))
    return member
  })
}

function zooCfg(member: LaptopMember, serverLines: readonly string[]): string {
  return [
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    'standaloneEnabled=false',
    `dataDir=${member.dir.replaceAll('\\', '\\\\')}`,
    '4lw.commands.whitelist=*',
    'admin.serverAddress=127.0.0.1',
    `admin.serverPort=${member.adminPort}`,
    'autopurge.purgeInterval=1',
    'metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
    'metricsProvider.httpHost=127.0.0.1',
    `metricsProvider.httpPort=${member.metricsPort}`,
    ...serverLines,
    '',
  ].join('\n')
}

/** All members' ports move together to where all of them are free. */
async function freeOffset(count: number): Promise<number> {
  for (let offset = 0; offset < PORT_BLOCKS; offset++) {
    let isFree = true
    for (const first of Object.values(FIRST_PORTS)) {
      for (let i = 0; i < count && isFree; i++) isFree = await isPortFree(first + offset * 10 + i)
    }
    if (isFree) return offset
  }
  throw new Error(`no ${count} free ports from ${FIRST_PORTS.client} on`)
}

function isPortFree(port: number): Promise<boolean> {
  return new Promise(done => {
    const server = createServer()
    server.once('error', () => done(false))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      server.close(() => done(true))
    })
  })
}

function launch(member: LaptopMember): ChildProcess {
  const main = process.argv[1] ?? ''
  const child = spawn(process.execPath, [...process.execArgv, main, join(member.dir, 'zoo.cfg')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = createWriteStream(join(member.dir, 'member.log'), { flags: 'a' })
  child.stdout?.pipe(log)
  child.stderr?.pipe(log)
  return child
}

function introduce(members: readonly LaptopMember[], options: LaptopOptions): void {
  const hosts = members.map(member => `127.0.0.1:${member.clientPort}`).join(',')
  const [first] = members
  say('')
  say(`${options.voters} voters and ${options.observers} observers are starting,`)
  say(`their data and logs are in ${resolve(options.dataDir)}`)
  say('')
  say(`connect:  zkCli.sh -server ${hosts}`)
  say(`admin:    http://127.0.0.1:${first?.adminPort}/commands (one port more for each member)`)
  say(`metrics:  http://127.0.0.1:${first?.metricsPort}/metrics (likewise)`)
  say('stop:     Ctrl-C')
  say('')
}

let lastReport = ''

/** Says who is what, whenever that changes. */
async function report(members: readonly LaptopMember[]): Promise<void> {
  await Promise.all(
    members.map(async member => {
      member.state = await modeOf(member.clientPort)
    }),
  )
  const line = members
    .map(({ id, state, process: child }) => {
      return `${id} ${state} (pid ${child?.pid ?? '-'})`
    })
    .join(', ')
  if (line === lastReport) return
  lastReport = line
  say(line)
}

/** `leads`, `follows` …, out of `srvr`. */
function modeOf(port: number): Promise<string> {
  return new Promise(done => {
    let text = ''
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.end('srvr'))
    socket.setTimeout(ANSWER_MS, () => socket.destroy())
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => {
      text += chunk
    })
    socket.on('error', () => done('is down'))
    socket.on('close', () => done(MODES[/Mode: (\S+)/.exec(text)?.[1] ?? ''] ?? 'is looking'))
  })
}

const MODES: Readonly<Record<string, string>> = {
  leader: 'leads',
  follower: 'follows',
  observer: 'observes',
  standalone: 'serves alone',
}
