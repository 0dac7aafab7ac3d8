/** The entrance: zoo.cfg and system properties in, one complete Config out. */
import { ANY_HOST, type HostPort, memberOf, votersOf } from '../../wire/config-string.ts'
import {
  buildAdmin,
  buildClient,
  buildFeatures,
  buildLimits,
  buildMetrics,
  buildSessions,
  buildStorage,
  buildThrottle,
} from './build.ts'
import { buildQuorum } from './build-quorum.ts'
import { buildAuth, buildTls } from './build-security.ts'
import type { Config, QuorumConfig } from './config.ts'
import { type Ensemble, type ReadFile, readEnsemble } from './ensemble.ts'
import { gather, isSecretName } from './gather.ts'
import { Findings } from './problems.ts'
import { parseProperties, redactProperties } from './properties.ts'
import { HIDDEN } from './secret.ts'
import { judgeUse, Settings } from './settings.ts'
import { resolveClientAddress, validate } from './validate.ts'

export interface ConfigInput {
  /** The content of zoo.cfg. */
  readonly text: string
  /** Its path, where dynamic configurations are written beside; undefined when there is no file. */
  readonly path: string | undefined
  /** What `-D` gave. */
  readonly systemProperties: ReadonlyMap<string, string>
  /** Dynamic configuration files and myid. */
  readonly readFile: ReadFile
}

/**
 * Reads a configuration with the rules of operations.md 1 to 5. Throws ConfigError with all
 * problems at once, and nothing else; what is odd but works is in `warnings` of the result.
 */
export function parseZooCfg(input: ConfigInput): Config {
  const findings = new Findings()
  const { config } = readConfig(input, findings)
  findings.throwIfAny()
  return { ...config, warnings: [...new Set(findings.warnings)] }
}

/** The same for tests: the findings stay with the caller, and so does the list of keys read. */
export function readConfig(
  input: ConfigInput,
  findings: Findings,
): { config: Config; settings: Settings } {
  const file = parseProperties(input.text)
  for (const problem of file.problems) findings.problem(`${input.path ?? 'zoo.cfg'}: ${problem}`)
  for (const key of file.duplicates)
    findings.warn(`${key} occurs more than once; the last one wins`)
  const { given, properties } = gather(file.entries, input.systemProperties, findings)
  judgeUse(given, findings)
  const settings = new Settings(given, findings)
  const dataDir = settings.path('dataDir') ?? ''
  const ensemble = readEnsemble(
    {
      entries: file.entries,
      configPath: input.path,
      dataDir,
      dynamicConfigPath: settings.path('dynamicConfigFile'),
      multiAddress: settings.boolean('multiAddress.enabled'),
      readFile: input.readFile,
    },
    findings,
  )
  const config = build(input, settings, ensemble, properties, findings)
  validate(config.config, config.quorum, ensemble, settings, findings)
  return { config: config.config, settings }
}

function build(
  input: ConfigInput,
  settings: Settings,
  ensemble: Ensemble,
  properties: ReadonlyMap<string, string>,
  findings: Findings,
): { config: Config; quorum: QuorumConfig } {
  const tickTimeMs = settings.ms('tickTime')
  const dataDir = settings.path('dataDir') ?? ''
  const quorum = buildQuorum(settings, ensemble, tickTimeMs)
  const features = buildFeatures(settings)
  const config: Config = {
    configPath: input.path,
    configText: redactProperties(input.text, isSecretName, HIDDEN),
    dataDir,
    dataLogDir: settings.path('dataLogDir') ?? dataDir,
    tickTimeMs,
    client: buildClient(
      settings,
      plainAddress(settings, ensemble, findings),
      listenAddress(settings, 'secureClientPort', findings),
    ),
    sessions: buildSessions(settings, tickTimeMs),
    storage: buildStorage(settings),
    limits: buildLimits(settings),
    throttle: buildThrottle(settings),
    auth: buildAuth(settings),
    admin: buildAdmin(settings),
    metrics: buildMetrics(settings),
    audit: { enabled: settings.boolean('audit.enable') },
    tls: {
      client: buildTls(settings, 'ssl.', 'client.certReload', findings),
      quorum: buildTls(settings, 'ssl.quorum.', 'sslQuorumReloadCertFiles', findings),
    },
    features,
    quorum: isDistributed(ensemble, features.standaloneEnabled) ? quorum : undefined,
    properties,
    warnings: [],
  }
  return { config, quorum }
}

/** More than one voter, or any when standalone is not allowed. */
function isDistributed(ensemble: Ensemble, standaloneEnabled: boolean): boolean {
  const voters = votersOf(ensemble.membership).length
  return voters > 1 || (voters === 1 && !standaloneEnabled)
}

/** The server line wins over clientPort and clientPortAddress; they must not contradict it. */
function plainAddress(
  settings: Settings,
  ensemble: Ensemble,
  findings: Findings,
): HostPort | undefined {
  const fromKeys = listenAddress(settings, 'clientPort', findings)
  if (ensemble.serverId === undefined) return fromKeys
  const line = memberOf(ensemble.membership, ensemble.serverId)?.clientAddress
  if (line === undefined) return fromKeys
  return resolveClientAddress(fromKeys, line, ensemble.serverId, findings)
}

function listenAddress(
  settings: Settings,
  portKey: 'clientPort' | 'secureClientPort',
  findings: Findings,
): HostPort | undefined {
  const port = settings.optionalInteger(portKey) ?? 0
  const host = settings.optionalText(`${portKey}Address`)
  if (port > 0) return { host: withoutBrackets(host ?? ANY_HOST), port }
  if (host !== undefined) {
    findings.problem(`${portKey}Address=${host}: valid only together with ${portKey}`)
  }
  return undefined
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}

/** `<clientPort> <dataDir> [tickTime] [maxClientCnxns]`: the standalone form of the arguments. */
export function parseStartArguments(
  args: readonly string[],
  input: Pick<ConfigInput, 'systemProperties' | 'readFile'>,
): Config {
  const findings = new Findings()
  if (args.length < 2 || args.length > 4) {
    findings.problem(
      `${args.length} arguments: valid are <zoo.cfg> or <clientPort> <dataDir> [tickTime] ` +
        '[maxClientCnxns]',
    )
    findings.throwIfAny()
  }
  const names = ['clientPort', 'dataDir', 'tickTime', 'maxClientCnxns']
  const text = args.map((value, i) => `${names[i]}=${value.replaceAll('\\', '\\\\')}`).join('\n')
  return parseZooCfg({ ...input, text, path: undefined })
}
