import { createReadStream, readdirSync, readFileSync, statSync } from 'node:fs'
import os from 'node:os'
import type { LogLevel } from '../../base/ports.ts'
import type { SystemInfo } from '../admin/member-view.ts'

const MEGABYTE: number = 1024 * 1024

/** What this process and machine say of themselves; keys as Apache's `envi` has them. */
export function systemInfo(version: string, setLogLevel: (level: LogLevel) => void): SystemInfo {
  return {
    version,
    environment: () => environment(version),
    fileDescriptors: () => ({ open: openDescriptors(), max: maxDescriptors() }),
    directoryBytes,
    setLogLevel,
    readFile: path => createReadStream(path),
    fileBytes: path => statSync(path).size,
  }
}

function environment(version: string): readonly (readonly [string, string])[] {
  const { heapUsed, heapTotal } = process.memoryUsage()
  const megabytes = (bytes: number): string => `${Math.floor(bytes / MEGABYTE)}MB`
  return [
    ['zookeeper.version', version],
    ['host.name', os.hostname()],
    ['java.version', `Node.js ${process.version}`],
    ['java.vendor', 'Node.js'],
    ['java.home', process.execPath],
    ['java.class.path', process.argv[1] ?? ''],
    ['java.library.path', ''],
    ['java.io.tmpdir', os.tmpdir()],
    ['java.compiler', `v8 ${process.versions.v8}`],
    ['os.name', os.type()],
    ['os.arch', os.arch() === 'x64' ? 'amd64' : os.arch()],
    ['os.version', os.release()],
    ['user.name', userName()],
    ['user.home', os.homedir()],
    ['user.dir', process.cwd()],
    ['os.memory.free', megabytes(heapTotal - heapUsed)],
    ['os.memory.max', megabytes(process.constrainedMemory() || os.totalmem())],
    ['os.memory.total', megabytes(heapTotal)],
  ]
}

/** A container may run as a number that has no name. */
export function userName(): string {
  try {
    return os.userInfo().username
  } catch {
    return String(process.getuid?.() ?? '?')
  }
}

function openDescriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}

function maxDescriptors(): number | undefined {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8')
    const match = /^Max open files\s+(\d+)/m.exec(limits)
    return match === null ? undefined : Number(match[1])
  } catch {
    return undefined
  }
}

function directoryBytes(dir: string): number {
  let names: string[]
  try {
    names = readdirSync(dir)
  } catch {
    return 0
  }
  let total = 0
  for (const name of names)
    total += statSync(`${dir}/${name}`, { throwIfNoEntry: false })?.size ?? 0
  return total
}
