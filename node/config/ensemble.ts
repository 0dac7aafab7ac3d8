/** Server lines, the dynamic configuration file and myid: who is in the ensemble, and who am I. */

import {
  addLine,
  ConfigStringError,
  completeMembership,
  emptyDraft,
  type Membership,
  type MembershipDraft,
  PEER_ID_MAX,
  parseVersion,
} from '../../wire/config-string.ts'
import type { PeerId } from '../../wire/ids.ts'
import { nextConfigPath } from './dynamic-files.ts'
import { type Findings, shown } from './problems.ts'
import { parseProperties } from './properties.ts'

export interface Ensemble {
  readonly membership: Membership
  readonly lastSeen: Membership | undefined
  /** Undefined: there is no myid. */
  readonly serverId: PeerId | undefined
}

/** Returns the text of a file, or undefined when there is none. */
export type ReadFile = (path: string) => string | undefined

interface Sources {
  readonly entries: ReadonlyMap<string, string>
  readonly configPath: string | undefined
  readonly dataDir: string
  readonly dynamicConfigPath: string | undefined
  readonly multiAddress: boolean
  readonly readFile: ReadFile
}

/** Reads whatever of the ensemble the sources tell; what is wrong is told in `findings`. */
export function readEnsemble(sources: Sources, findings: Findings): Ensemble {
  const { dynamicConfigPath, configPath } = sources
  const membership =
    dynamicConfigPath === undefined
      ? readLines(membershipEntries(sources.entries), sources.multiAddress, 'zoo.cfg', findings)
      : readDynamic(sources, dynamicConfigPath, findings)
  return {
    membership: membership ?? NOBODY,
    lastSeen: configPath === undefined ? undefined : readLastSeen(sources, configPath, findings),
    serverId: readServerId(sources, findings),
  }
}

const NOBODY: Membership = completeMembership(emptyDraft())

function isMembershipKey(key: string): boolean {
  return /^(server|group|weight)\./.test(key)
}

function membershipEntries(entries: ReadonlyMap<string, string>): [string, string][] {
  return [...entries].filter(([key]) => isMembershipKey(key) || key === 'version')
}

function readDynamic(
  sources: Sources,
  dynamicConfigPath: string,
  findings: Findings,
): Membership | undefined {
  for (const key of sources.entries.keys()) {
    if (isMembershipKey(key)) {
      findings.problem(
        `${key} in zoo.cfg: with dynamicConfigFile=${dynamicConfigPath} it is valid only ` +
          'in that file',
      )
    }
  }
  const text = sources.readFile(dynamicConfigPath)
  if (text === undefined) {
    findings.problem(`dynamicConfigFile=${dynamicConfigPath}: valid is a file that exists`)
    return undefined
  }
  const entries = readEntries(text, dynamicConfigPath, findings)
  if (entries.delete('version')) {
    findings.problem(`version in ${dynamicConfigPath}: valid is a version in the file name only`)
  }
  const version = versionOfName(dynamicConfigPath)
  if (version !== undefined) entries.set('version', version)
  return readLines([...entries], sources.multiAddress, dynamicConfigPath, findings)
}

/** The hexadecimal suffix of `zoo.cfg.dynamic.100000000`; undefined when there is none. */
function versionOfName(path: string): string | undefined {
  const suffix = path.slice(path.lastIndexOf('.') + 1)
  return path.includes('.') && /^[0-9a-fA-F]{1,16}$/.test(suffix) ? suffix : undefined
}

function readLastSeen(
  sources: Sources,
  configPath: string,
  findings: Findings,
): Membership | undefined {
  const path = nextConfigPath(configPath)
  const text = sources.readFile(path)
  if (text === undefined) return undefined
  const entries = readEntries(text, path, findings)
  return readLines([...entries], sources.multiAddress, path, findings)
}

function readEntries(text: string, path: string, findings: Findings): Map<string, string> {
  const { entries, problems } = parseProperties(text)
  for (const problem of problems) findings.problem(`${path}: ${problem}`)
  return new Map(entries)
}

function readLines(
  entries: readonly [string, string][],
  multiAddress: boolean,
  where: string,
  findings: Findings,
): Membership | undefined {
  const draft = emptyDraft()
  let isWhole = true
  for (const [key, value] of entries) {
    isWhole = attempt(findings, () => takeLine(draft, key, value, multiAddress, where)) && isWhole
  }
  // Judging a part of the lines would tell about members that are missing only to us.
  if (!isWhole) return undefined
  let membership: Membership | undefined
  attempt(findings, () => {
    membership = completeMembership(draft)
  })
  return membership
}

function takeLine(
  draft: MembershipDraft,
  key: string,
  value: string,
  multiAddress: boolean,
  where: string,
): void {
  if (key === 'version') {
    draft.version = parseVersion(value)
  } else if (!isMembershipKey(key) || !addLine(draft, key, value, multiAddress)) {
    throw new ConfigStringError(
      `${key} in ${where}: valid are server.N, group.N and weight.N lines only`,
    )
  }
}

/** False when it throws ConfigStringError, which becomes a problem. */
function attempt(findings: Findings, action: () => void): boolean {
  try {
    action()
    return true
  } catch (error) {
    if (!(error instanceof ConfigStringError)) throw error
    findings.problem(error.message)
    return false
  }
}

/** Where a member's id stands. */
export function myIdPath(dataDir: string): string {
  return `${dataDir.replace(/(.)\/+$/, '$1')}/myid`
}

function readServerId(sources: Sources, findings: Findings): PeerId | undefined {
  if (sources.dataDir === '') return undefined
  const path = myIdPath(sources.dataDir)
  const text = sources.readFile(path)
  if (text === undefined) return undefined
  const line = text.split(/\r?\n/)[0]!.trim()
  if (/^\d{1,10}$/.test(line) && Number(line) <= PEER_ID_MAX) return Number(line)
  findings.problem(`${shown(path, line)}: valid is one line with a number from 0 to ${PEER_ID_MAX}`)
  return undefined
}
