/** A member in a pod: its disk is prepared as node/config/pod.ts decides. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  hasLogVolume,
  type PodDisk,
  type PodStart,
  type PodWorld,
  planPodStart,
} from '../config/pod.ts'

const DATA = '/data'
const LOG = '/datalog'
const CONFIG = '/etc/zkcluster/config'
const ENSEMBLE = '/etc/zkcluster/ensemble'

/** On a log volume: it belongs to the data beside it. */
const LOG_MARK = 'zkcluster-member'

export interface PodPaths {
  readonly data: string
  readonly log: string
  /** Mount of the ConfigMap that never changes. */
  readonly config: string
  /** Mount of the ConfigMap that tells the present. */
  readonly ensemble: string
}

export const POD_PATHS: PodPaths = { data: DATA, log: LOG, config: CONFIG, ensemble: ENSEMBLE }

export interface PreparedPod {
  readonly id: number
  /** zoo.cfg to start with. */
  readonly configPath: string
  /** Settings that are re-read. */
  readonly settingsPath: string
}

const EXIT_INVALID = 2
const ASK_AGAIN_MS = 2000

/** Waits until the operator lets the member start. Ends the process when it never can. */
export async function preparePod(
  environment: ReadonlyMap<string, string>,
  paths: PodPaths = POD_PATHS,
): Promise<PreparedPod> {
  let said = ''
  // As process 1 nobody else would end us.
  const stop = (): void => process.exit(0)
  process.once('SIGTERM', stop)
  for (;;) {
    const world = readWorld(environment, paths)
    const hasLog = hasLogVolume(world)
    const start = planPodStart(world, readDisk(paths, hasLog))
    if (start.do === 'start') {
      process.off('SIGTERM', stop)
      return begin(start, paths, hasLog)
    }
    if (start.do === 'refuse') {
      process.stderr.write(`${start.why}\n`)
      process.exit(EXIT_INVALID)
    }
    if (start.why !== said) process.stdout.write(`${start.why}\n`)
    said = start.why
    await new Promise(resolve => setTimeout(resolve, ASK_AGAIN_MS))
  }
}

function readWorld(environment: ReadonlyMap<string, string>, paths: PodPaths): PodWorld {
  const text = (name: string): string => environment.get(name) ?? ''
  const until = read(join(paths.ensemble, 'first-start-until'))?.trim() ?? ''
  return {
    podName: text('POD_NAME'),
    firstId: Number(text('ZK_POD_FIRST_ID') || '1'),
    isVoter: text('ZK_POD_ROLE') !== 'observer',
    isPinned: text('ZK_POD_PINNED') === 'true',
    isEphemeral: text('ZK_POD_EPHEMERAL') === 'true',
    domain: text('ZK_POD_DOMAIN'),
    zooCfg: read(join(paths.config, 'zoo.cfg')) ?? '',
    members: read(join(paths.ensemble, 'members')) ?? '',
    firstStartUntil: /^\d+$/.test(until) ? Number(until) : undefined,
    wipe: read(join(paths.ensemble, 'wipe')) ?? '',
    nowSeconds: Math.floor(Date.now() / 1000),
  }
}

function readDisk(paths: PodPaths, hasLog: boolean): PodDisk {
  const myid = read(join(paths.data, 'myid'))
  return {
    myid,
    zooCfg: read(join(paths.data, 'conf', 'zoo.cfg')),
    hasData: hasFiles(join(paths.data, 'version-2')),
    isLogLost: hasLog && myid !== undefined && !existsSync(join(paths.log, LOG_MARK)),
    wipedAt: read(join(paths.data, 'conf', 'wiped-at'))?.trim(),
  }
}

function begin(
  start: Extract<PodStart, { do: 'start' }>,
  paths: PodPaths,
  hasLog: boolean,
): PreparedPod {
  const conf = join(paths.data, 'conf')
  if (start.wipe !== undefined) {
    process.stdout.write(`the disk is wiped: ${start.wipe.version}\n`)
    empty(paths.data)
    if (hasLog) empty(paths.log)
  }
  mkdirSync(conf, { recursive: true })
  if (start.wipe !== undefined) writeFileSync(join(conf, 'wiped-at'), `${start.wipe.version}\n`)
  const configPath = join(conf, 'zoo.cfg')
  writeFileSync(configPath, start.zooCfg)
  if (hasLog) writeFileSync(join(paths.log, LOG_MARK), `${start.id}\n`)
  if (start.initialize) {
    writeFileSync(join(hasLog ? paths.log : paths.data, 'initialize'), '')
  }
  // Last: a disk with an id is one that was prepared to the end.
  writeFileSync(join(paths.data, 'myid'), `${start.id}\n`)
  return { id: start.id, configPath, settingsPath: join(paths.ensemble, 'settings') }
}

/** The volume itself and what its file system keeps there stay. */
function empty(directory: string): void {
  for (const name of readdirSync(directory)) {
    if (name !== 'lost+found') rmSync(join(directory, name), { recursive: true })
  }
}

function hasFiles(directory: string): boolean {
  return existsSync(directory) && readdirSync(directory).length > 0
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}
