/**
 * Where a member's configuration comes from: a file, arguments, the image's environment, a laptop.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from '../config/config.ts'
import { configFromEnvironment } from '../config/env.ts'
import { systemPropertiesOf } from '../config/jvm-flags.ts'
import { ConfigError, Findings } from '../config/problems.ts'
import { parseStartArguments, parseZooCfg } from '../config/zoo-cfg.ts'
import type { PreparedPod } from './pod.ts'

export interface MemberSettings {
  readonly config: Config
  /** Started with `npm start`: ports that are taken move on, and the terminal says where to. */
  readonly isLaptop: boolean
  /** Started with `--pod`. */
  readonly pod?: PreparedPod | undefined
}

export const EXIT_INVALID = 2

/** Ends the process with exit code 2 when the configuration is wrong, naming every problem. */
export function loadMemberConfig(
  args: readonly string[],
  environment: ReadonlyMap<string, string>,
): MemberSettings {
  try {
    return { config: read(args, environment), isLaptop: args[0] === '--laptop' }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(EXIT_INVALID)
  }
}

function read(args: readonly string[], environment: ReadonlyMap<string, string>): Config {
  const findings = new Findings()
  const systemProperties = systemPropertiesOf(environment, findings)
  findings.throwIfAny()
  const input = { systemProperties, readFile }
  const [first] = args
  if (first === undefined) return prepared(environment)
  if (first === '--laptop') {
    return parseZooCfg({ ...input, text: laptopText(args[1] ?? 'data'), path: undefined })
  }
  if (args.length > 1) return parseStartArguments(args, input)
  const path = resolve(first)
  const text = readFile(path)
  if (text === undefined)
    throw new ConfigError([`${path}: no such file; valid is a readable zoo.cfg`])
  return parseZooCfg({ ...input, text, path })
}

function laptopText(dataDir: string): string {
  return [
    'tickTime=2000',
    `dataDir=${resolve(dataDir).replaceAll('\\', '\\\\')}`,
    'clientPort=2181',
    'admin.serverAddress=127.0.0.1',
    'admin.serverPort=8080',
    '4lw.commands.whitelist=*',
    'autopurge.purgeInterval=1',
    'metricsProvider.className=org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
    'metricsProvider.httpHost=127.0.0.1',
    'metricsProvider.httpPort=7000',
    '',
  ].join('\n')
}

/** The environment of the image: writes what is missing, as its entry point does. */
function prepared(environment: ReadonlyMap<string, string>): Config {
  const { config, directories, files } = configFromEnvironment({ environment, readFile })
  for (const directory of directories) mkdirSync(directory, { recursive: true })
  for (const file of files) {
    mkdirSync(dirname(file.path), { recursive: true })
    writeFileSync(file.path, file.text)
  }
  return config
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
