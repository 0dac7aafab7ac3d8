/** Runs a member in this process: opens it, listens, and stops it on a signal. */
import { statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Audit } from '../../base/audit.ts'
import { NO_AUDIT } from '../../base/audit.ts'
import type { Log, LogLevel } from '../../base/ports.ts'
import type { Config } from '../config/config.ts'
import { unserved } from '../config/unserved.ts'
import type { ConfigFiles } from '../member/ports.ts'
import { Server } from '../server.ts'
import { StorageError } from '../storage/storage-error.ts'
import { AuditLog, plainSink } from './audit-log.ts'
import { ClientListener } from './client-listener.ts'
import { systemClock, systemRandom, systemTimers } from './clock.ts'
import { DynamicConfigFiles, NO_CONFIG_FILES } from './config-files.ts'
import { FileDisk } from './file-disk.ts'
import { zlibCompression } from './gzip.ts'
import { systemCrc32, systemHash } from './hash.ts'
import type { PodFacts } from './health-pages.ts'
import { HotSettings } from './hot-settings.ts'
import type { RunningServer } from './http-listen.ts'
import { LineLog, parseLogLevel } from './log.ts'
import { EXIT_INVALID, type MemberSettings } from './member-config.ts'
import { MemberNetwork } from './member-network.ts'
import { systemInfo, userName } from './system-info.ts'

/** Exit codes of the server process (operations.md 7.3). */
const EXIT_UNEXPECTED = 1
const EXIT_DATA_DIR = 3
const EXIT_ADMIN = 4
const EXIT_STORAGE = 10
const EXIT_ELECTION_PORT = 14

/** What `srvr` and friends call the protocol they speak. */
const PROTOCOL_VERSION = '3.9.6'

/** Ports tried one after the other on a laptop. */
const LAPTOP_PORTS = 100

export async function runMember(settings: MemberSettings, version: string): Promise<void> {
  const { config } = settings
  const log = makeLog()
  stopOnMistakes(log)
  for (const warning of config.warnings) log.warn('configuration', { warning })
  const refusals = unserved(config)
  if (refusals.length > 0) {
    for (const refusal of refusals) log.error('configuration refused', { reason: refusal })
    process.exit(EXIT_INVALID)
  }
  const audit = makeAudit(config)
  let exitCode = 0
  let stop = (): void => process.exit(exitCode)
  const server = await open(config, version, log, audit, error => {
    log.error('storage failed, the member stops', { error: error.message })
    exitCode = EXIT_STORAGE
    process.exit(EXIT_STORAGE)
  })
  const rim = await listen(settings, server, log, podFacts(settings, server, log))
  try {
    await server.serve()
  } catch (error) {
    log.error('the election port cannot be bound', { error: String(error) })
    process.exit(EXIT_ELECTION_PORT)
  }
  audit.record({ operation: 'serverStart', user: userName(), result: 'success' })
  stop = once(() => {
    audit.record({ operation: 'serverStop', user: userName(), result: 'invoked' })
    finish(server, rim, log).then(
      () => process.exit(exitCode),
      (error: unknown) => {
        log.error('stopping failed', { error: String(error) })
        process.exit(EXIT_UNEXPECTED)
      },
    )
  })
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  announce(settings, server, rim, log)
}

/** A broken invariant ends the member, with its reason in the log like any other end. */
function stopOnMistakes(log: Log): void {
  process.on('uncaughtException', error => {
    log.error('a mistake of ours, the member stops', { error: error.message, stack: error.stack })
    process.exit(EXIT_UNEXPECTED)
  })
}

/** Everything that listens. */
interface Rim {
  readonly clients: readonly ClientListener[]
  readonly http: readonly RunningServer[]
  readonly adminPort: number | undefined
  readonly metricsPort: number | undefined
}

function makeLog(): LineLog {
  return new LineLog({
    level: parseLogLevel(process.env['ZK_LOG_LEVEL'] ?? 'info') ?? 'info',
    isTerminal: process.stdout.isTTY,
    write: line => void process.stdout.write(line),
    wallMs: () => Date.now(),
    facts: {},
  })
}

/** In a pod some settings are re-read; which ones run is told on a page of the AdminServer. */
function podFacts({ pod }: MemberSettings, server: Server, log: LineLog): PodFacts | undefined {
  if (pod === undefined) return undefined
  const targets = {
    setLogLevel: (level: LogLevel): void => log.setLevel(level),
    setFourLetterWords: (words: string): void => server.allowFourLetterWords(words),
  }
  const settings = new HotSettings(pod.settingsPath, targets, log)
  settings.watch(systemTimers)
  return { id: pod.id, settings: () => settings.hash }
}

function makeAudit(config: Config): Audit {
  if (!config.audit.enabled) return NO_AUDIT
  return new AuditLog(
    systemClock,
    plainSink(line => void process.stdout.write(line)),
  )
}

async function open(
  config: Config,
  version: string,
  log: LineLog,
  audit: Audit,
  onFatal: (error: StorageError) => void,
): Promise<Server> {
  try {
    return await Server.open(config, {
      disk: new FileDisk(),
      compression: zlibCompression,
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      hash: systemHash,
      crc32: systemCrc32,
      log,
      audit,
      system: systemInfo(versionText(version), level => log.setLevel(level)),
      network: (quorum, newDatabase) => new MemberNetwork(config, quorum, newDatabase, log),
      configFiles: configFiles(config),
      onFatal,
    })
  } catch (error) {
    if (error instanceof StorageError) {
      log.error('the data directory cannot be loaded', { error: error.message })
      process.exit(error.kind === 'io' ? EXIT_DATA_DIR : EXIT_UNEXPECTED)
    }
    if (isSystemError(error)) {
      log.error('the data directory is not accessible', { error: error.message })
      process.exit(EXIT_DATA_DIR)
    }
    throw error
  }
}

function configFiles({ quorum, configPath, features }: Config): ConfigFiles {
  if (quorum === undefined || configPath === undefined || !features.reconfigEnabled) {
    return NO_CONFIG_FILES
  }
  return new DynamicConfigFiles(configPath, quorum)
}

/** `3.9.6-zkcluster-0.1.0, built on yyyy-MM-dd HH:mm UTC`: the form that monitors parse. */
function versionText(version: string): string {
  const built = statSync(fileURLToPath(import.meta.url)).mtime.toISOString()
  return `${PROTOCOL_VERSION}-zkcluster-${version}, built on ${built.slice(0, 16).replace('T', ' ')} UTC`
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string'
}

async function listen(
  settings: MemberSettings,
  server: Server,
  log: Log,
  pod: PodFacts | undefined,
): Promise<Rim> {
  const { config, isLaptop } = settings
  const { client, admin, metrics } = config
  const http: RunningServer[] = []
  let metricsPort: number | undefined
  if (metrics.provider === 'prometheus') {
    // Loaded only when asked for: it takes longer than everything else here.
    const { makePrometheusExporter, startPrometheusServer } = await import('./prometheus.ts')
    const exporter = await makePrometheusExporter(
      server.metrics,
      systemTimers,
      metrics.exportRuntimeInfo,
    )
    server.view.prometheus = exporter
    const running = await fromPort(isLaptop, metrics.address.port, port =>
      startPrometheusServer(exporter, metrics.address.host, port),
    )
    http.push(running)
    metricsPort = running.port
  }
  let adminPort: number | undefined
  if (admin.enabled) {
    const running = await startAdmin(settings, server, log, pod)
    http.push(running)
    adminPort = running.port
  }
  const clients: ClientListener[] = []
  const { plain } = client
  if (plain !== undefined) {
    const open = (port: number): Promise<ClientListener> =>
      ClientListener.listen(server, {
        host: plain.host,
        port,
        backlog: client.listenBacklog,
        keepAlive: client.tcpKeepAlive,
      })
    try {
      clients.push(await fromPort(isLaptop, plain.port, open))
    } catch (error) {
      log.error('the client port cannot be bound', { port: plain.port, error: String(error) })
      process.exit(EXIT_UNEXPECTED)
    }
  }
  return { clients, http, adminPort, metricsPort }
}

async function startAdmin(
  { config, isLaptop }: MemberSettings,
  server: Server,
  log: Log,
  pod: PodFacts | undefined,
): Promise<RunningServer> {
  const { admin } = config
  const { startAdminServer } = await import('./admin-server.ts')
  const { view } = server
  const options = { view, clock: systemClock, log, pod, commandUrl: admin.commandUrl }
  try {
    return await fromPort(isLaptop, admin.address.port, port =>
      startAdminServer(options, {
        host: admin.address.host,
        port,
        idleTimeoutMs: admin.idleTimeoutMs,
      }),
    )
  } catch (error) {
    log.error('the AdminServer cannot start', { port: admin.address.port, error: String(error) })
    process.exit(EXIT_ADMIN)
  }
}

/** Binds `port`; on a laptop the next free one. */
async function fromPort<T>(
  isLaptop: boolean,
  port: number,
  bind: (port: number) => Promise<T>,
): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      return await bind(port + tried)
    } catch (error) {
      const isTaken = isSystemError(error) && error.code === 'EADDRINUSE'
      if (!isLaptop || !isTaken || tried >= LAPTOP_PORTS) throw error
    }
  }
}

function announce({ isLaptop, config }: MemberSettings, server: Server, rim: Rim, log: Log): void {
  const port = rim.clients[0]?.port
  log.info('serving', {
    clientPort: port,
    adminPort: rim.adminPort,
    metricsPort: rim.metricsPort,
    zxid: server.pipeline.database.lastZxid,
    startMs: Math.round(performance.now()),
  })
  if (!isLaptop) return
  process.stdout.write(
    [
      '',
      `  ZooKeeper is serving on 127.0.0.1:${port}, its data is in ${config.dataDir}`,
      `  connect:  zkCli.sh -server 127.0.0.1:${port}`,
      `  admin:    http://127.0.0.1:${rim.adminPort}/commands`,
      `  metrics:  http://127.0.0.1:${rim.metricsPort}/metrics`,
      '  stop:     Ctrl-C',
      '',
      '',
    ].join('\n'),
  )
}

async function finish(server: Server, rim: Rim, log: Log): Promise<void> {
  log.info('stopping')
  for (const listener of rim.clients) listener.stopAccepting()
  await server.stop()
  for (const listener of rim.clients) await listener.drained()
  for (const running of rim.http) await running.close()
  log.info('stopped', { zxid: server.pipeline.database.lastZxid })
}

function once(callback: () => void): () => void {
  let called = false
  return () => {
    if (called) return
    called = true
    callback()
  }
}
