/** The environment of the official image (operations.md 7.1) becomes files and a Config. */
import type { Config } from './config.ts'
import { myIdPath, type ReadFile } from './ensemble.ts'
import { systemPropertiesOf } from './jvm-flags.ts'
import { Findings, shown } from './problems.ts'
import { readConfig } from './zoo-cfg.ts'

export interface EnvironmentInput {
  readonly environment: ReadonlyMap<string, string>
  /** Files that exist: a zoo.cfg that is mounted, a myid of an earlier start. */
  readonly readFile: ReadFile
}

export interface EnvironmentSetup {
  readonly config: Config
  /** What must exist before the start: configuration, data, transaction logs, text logs. */
  readonly directories: readonly string[]
  /** Files that are missing and must be written before the start: zoo.cfg, myid. */
  readonly files: readonly NewFile[]
}

export interface NewFile {
  readonly path: string
  readonly text: string
}

/** A variable, its default and the key it is written as, in the order of the file. */
const VARIABLES: readonly (readonly [string, string, string])[] = [
  ['ZOO_DATA_DIR', '/data', 'dataDir'],
  ['ZOO_DATA_LOG_DIR', '/datalog', 'dataLogDir'],
  ['ZOO_TICK_TIME', '2000', 'tickTime'],
  ['ZOO_INIT_LIMIT', '5', 'initLimit'],
  ['ZOO_SYNC_LIMIT', '2', 'syncLimit'],
  ['ZOO_AUTOPURGE_SNAPRETAINCOUNT', '3', 'autopurge.snapRetainCount'],
  ['ZOO_AUTOPURGE_PURGEINTERVAL', '0', 'autopurge.purgeInterval'],
  ['ZOO_MAX_CLIENT_CNXNS', '60', 'maxClientCnxns'],
  ['ZOO_STANDALONE_ENABLED', 'true', 'standaloneEnabled'],
  ['ZOO_ADMINSERVER_ENABLED', 'true', 'admin.enableServer'],
]

const CONF_DIR = '/conf'
const LOG_DIR = '/logs'
const DATA_DIR = '/data'
const DATA_LOG_DIR = '/datalog'
const SERVERS = 'server.1=localhost:2888:3888;2181'
const SERVER_ID = '1'
const CLIENT_PORT = '2181'

/** Everything that is written into a generated zoo.cfg, and so ignored beside an existing one. */
const WRITTEN: readonly string[] = [
  ...VARIABLES.map(([name]) => name).filter(name => name !== 'ZOO_DATA_DIR'),
  'ZOO_SERVERS',
  'ZOO_4LW_COMMANDS_WHITELIST',
  'ZOO_CFG_EXTRA',
]

/**
 * What the image's entry point does, as data: an existing zoo.cfg or myid is taken as it is, a
 * missing one is made from the variables. Throws ConfigError with all problems.
 */
export function configFromEnvironment(input: EnvironmentInput): EnvironmentSetup {
  const findings = new Findings()
  const variable = (name: string, otherwise: string): string =>
    input.environment.get(name) || otherwise
  const path = `${variable('ZOO_CONF_DIR', CONF_DIR)}/zoo.cfg`
  const files: NewFile[] = []
  let text = input.readFile(path)
  if (text === undefined) {
    text = generate(variable)
    files.push({ path, text })
  } else {
    warnIgnored(path, input.environment, findings)
  }
  const dataDir = variable('ZOO_DATA_DIR', DATA_DIR)
  const id = serverId(input, dataDir, findings)
  if (id !== undefined) files.push(id)
  const { config } = readConfig(
    {
      text,
      path,
      systemProperties: systemPropertiesOf(input.environment, findings),
      readFile: wanted => files.find(file => file.path === wanted)?.text ?? input.readFile(wanted),
    },
    findings,
  )
  findings.throwIfAny()
  return {
    config: { ...config, warnings: [...new Set(findings.warnings)] },
    directories: [
      variable('ZOO_CONF_DIR', CONF_DIR),
      dataDir,
      variable('ZOO_DATA_LOG_DIR', DATA_LOG_DIR),
      variable('ZOO_LOG_DIR', LOG_DIR),
    ],
    files,
  }
}

function generate(variable: (name: string, otherwise: string) => string): string {
  const lines = VARIABLES.map(([name, otherwise, key]) => `${key}=${variable(name, otherwise)}`)
  lines.push(...serverLines(variable('ZOO_SERVERS', SERVERS)))
  const words = variable('ZOO_4LW_COMMANDS_WHITELIST', '')
  if (words !== '') lines.push(`4lw.commands.whitelist=${words}`)
  lines.push(...variable('ZOO_CFG_EXTRA', '').split(/\s+/).filter(Boolean))
  return `${lines.join('\n')}\n`
}

/**
 * Lines between blanks. The form of another image, `host:2888:3888::1` between commas or blanks, is
 * understood too; its clients connect to port 2181.
 */
function serverLines(text: string): string[] {
  if (/\bserver\.\d+\s*=/.test(text)) return text.split(/\s+/).filter(Boolean)
  return text
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((item, i) => {
      const match = /^(.*)::(\d+)$/.exec(item)
      const [address, id] = match === null ? [item, String(i + 1)] : [match[1]!, match[2]!]
      return `server.${id}=${address}${address.includes(';') ? '' : `;${CLIENT_PORT}`}`
    })
}

/**
 * The myid to write. One that exists stays; a variable that contradicts it is a mistake in the
 * deployment that would make two members one.
 */
function serverId(
  input: EnvironmentInput,
  dataDir: string,
  findings: Findings,
): NewFile | undefined {
  const path = myIdPath(dataDir)
  const existing = input.readFile(path)
  for (const name of ['ZOO_MY_ID', 'ZOO_SERVER_ID']) {
    const wanted = input.environment.get(name) || undefined
    if (wanted === undefined) continue
    if (existing === undefined) return { path, text: `${wanted}\n` }
    const found = existing.split(/\r?\n/)[0]!.trim()
    if (found !== wanted.trim()) {
      findings.problem(`${shown(name, wanted)}: ${path} says ${found}; valid is that number`)
    }
  }
  return existing === undefined ? { path, text: `${SERVER_ID}\n` } : undefined
}

function warnIgnored(
  path: string,
  environment: ReadonlyMap<string, string>,
  findings: Findings,
): void {
  const ignored = WRITTEN.filter(name => (environment.get(name) ?? '') !== '')
  if (ignored.length > 0) {
    findings.warn(`${path} exists and wins; not looked at: ${ignored.join(', ')}`)
  }
}
