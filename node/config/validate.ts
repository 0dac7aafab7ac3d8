/** Rules between keys (operations.md 1): what each key may hold is in keys.ts. */
import {
  type HostPort,
  isAnyHost,
  memberOf,
  printHostPort,
  votersOf,
} from '../../wire/config-string.ts'
import type { Config, QuorumConfig } from './config.ts'
import { type Ensemble, myIdPath } from './ensemble.ts'
import type { Findings } from './problems.ts'
import type { Settings } from './settings.ts'
import { validateSecurity } from './validate-security.ts'

interface Facts {
  readonly config: Config
  /** Also when the member is standalone and Config has none. */
  readonly quorum: QuorumConfig
  readonly ensemble: Ensemble
  readonly settings: Settings
  readonly findings: Findings
}

type Rule = (facts: Facts) => void

const RULES: readonly Rule[] = [
  dataDirIsSet,
  sessionTimeoutsAreOrdered,
  localSessionsAreOn,
  someVoterExists,
  quorumLimitsAreSet,
  memberIsListed,
  roleIsTheLines,
  idFitsSessions,
  votersAreOdd,
  intervalsAreOrdered,
  portsAreDistinct,
  commandUrlIsPath,
  someClientMayConnect,
  dataIsSafe,
]

export function validate(
  config: Config,
  quorum: QuorumConfig,
  ensemble: Ensemble,
  settings: Settings,
  findings: Findings,
): void {
  const facts = { config, quorum, ensemble, settings, findings }
  for (const rule of RULES) rule(facts)
  validateSecurity(config, quorum, findings)
}

function dataDirIsSet({ config, findings }: Facts): void {
  if (config.dataDir === '') findings.problem('dataDir is missing: valid is a directory')
}

function sessionTimeoutsAreOrdered({ config, findings }: Facts): void {
  const { minTimeoutMs, maxTimeoutMs } = config.sessions
  if (minTimeoutMs > maxTimeoutMs) {
    findings.problem(
      `minSessionTimeout=${minTimeoutMs} with maxSessionTimeout=${maxTimeoutMs}: valid is ` +
        'a minimum that is not above the maximum',
    )
  }
  for (const [key, value] of [
    ['minSessionTimeout', minTimeoutMs],
    ['maxSessionTimeout', maxTimeoutMs],
  ] as const) {
    if (value < 0) findings.problem(`${key}=${value}: valid is -1, or a number of milliseconds`)
  }
}

function localSessionsAreOn({ config, findings }: Facts): void {
  if (config.sessions.localUpgradingEnabled && !config.sessions.localEnabled) {
    findings.warn('localSessionsUpgradingEnabled=true has no effect without localSessionsEnabled')
  }
}

function someVoterExists({ config, ensemble, findings }: Facts): void {
  const voters = votersOf(ensemble.membership).length
  const observers = ensemble.membership.members.length - voters
  // Lines that could not be read have been told about already.
  const areLinesRead = findings.problems.length === 0
  if (!config.features.standaloneEnabled && voters === 0 && areLinesRead) {
    findings.problem(
      'standaloneEnabled=false without server lines: valid is at least one server.N line ' +
        'of a participant',
    )
  }
  if (config.features.standaloneEnabled && voters === 1 && observers > 0) {
    findings.problem(
      `standaloneEnabled=true with one participant and ${observers} observers: valid are ` +
        'more participants, or standaloneEnabled=false',
    )
  }
}

function quorumLimitsAreSet({ config, findings }: Facts): void {
  if (config.quorum === undefined) return
  for (const [key, ticks] of [
    ['initLimit', config.quorum.initLimitTicks],
    ['syncLimit', config.quorum.syncLimitTicks],
  ] as const) {
    if (ticks === 0) findings.problem(`${key} is missing: valid is a number of ticks, 1 or more`)
  }
}

function memberIsListed({ config, ensemble, findings }: Facts): void {
  if (config.quorum === undefined || config.dataDir === '') return
  const path = myIdPath(config.dataDir)
  const ids = ensemble.membership.members.map(member => member.id).join(', ')
  if (ensemble.serverId === undefined) {
    findings.problem(`${path} is missing: valid is a file with one of the ids ${ids}`)
  } else if (memberOf(ensemble.membership, ensemble.serverId) === undefined) {
    findings.problem(`${path} says ${ensemble.serverId}: valid is an id of a server line: ${ids}`)
  }
}

function roleIsTheLines({ config, settings, findings }: Facts): void {
  if (config.quorum === undefined || !settings.has('peerType')) return
  const given = settings.choice('peerType')
  if (given !== config.quorum.role) {
    findings.warn(
      `peerType=${given} is overruled by the role ${config.quorum.role} in ` +
        `server.${config.quorum.serverId}`,
    )
  }
}

/** The top byte of a session id holds the server id. */
const SERVER_ID_MAX = 255
const SERVER_ID_MAX_EXTENDED = 254

function idFitsSessions({ config, findings }: Facts): void {
  if (config.quorum === undefined) return
  const { serverId } = config.quorum
  if (config.features.extendedTypes && serverId > SERVER_ID_MAX_EXTENDED) {
    findings.problem(
      `server id ${serverId} with extendedTypesEnabled=true: valid are ids up to ` +
        `${SERVER_ID_MAX_EXTENDED}`,
    )
  } else if (serverId > SERVER_ID_MAX) {
    findings.warn(
      `server id ${serverId}: ids up to ${SERVER_ID_MAX} give every member session ids of its own`,
    )
  }
}

function votersAreOdd({ config, ensemble, findings }: Facts): void {
  if (config.quorum === undefined) return
  const voters = votersOf(ensemble.membership).length
  if (voters === 2) {
    findings.warn('2 participants: the loss of either one stops the ensemble')
  } else if (voters % 2 === 0) {
    findings.warn(`${voters} participants bear no more losses than ${voters - 1}`)
  }
}

function intervalsAreOrdered({ quorum, findings }: Facts): void {
  const { minNotificationIntervalMs: min, maxNotificationIntervalMs: max } = quorum.election
  if (min > max) {
    findings.problem(
      `fastleader.minNotificationInterval=${min} with ` +
        `fastleader.maxNotificationInterval=${max}: valid is a minimum that is not above the ` +
        'maximum',
    )
  }
}

function portsAreDistinct({ config, findings }: Facts): void {
  const listeners: { what: string; address: HostPort }[] = []
  const add = (what: string, address: HostPort | undefined): void => {
    if (address !== undefined) listeners.push({ what, address })
  }
  add('the client port', config.client.plain)
  add('secureClientPort', config.client.secure)
  if (config.metrics.provider === 'prometheus') {
    add('metricsProvider.httpPort', config.metrics.address)
  }
  for (const [i, { what, address }] of listeners.entries()) {
    const other = listeners.slice(0, i).find(before => overlap(before.address, address))
    if (other !== undefined) {
      findings.problem(
        `${what} ${printHostPort(address)} is the address of ${other.what} too: valid are ` +
          'different ports',
      )
    }
  }
  quorumPortsAreFree(config, listeners, findings)
}

/** The ports of our own server line listen on its hosts or on all of them. */
function quorumPortsAreFree(
  config: Config,
  listeners: readonly { readonly what: string; readonly address: HostPort }[],
  findings: Findings,
): void {
  if (config.quorum === undefined) return
  const own = memberOf(config.quorum.membership, config.quorum.serverId)
  for (const { host, quorumPort, electionPort } of own?.addresses ?? []) {
    for (const port of [quorumPort, electionPort]) {
      const clash = listeners.find(({ address }) => overlap(address, { host, port }))
      if (clash !== undefined) {
        findings.problem(
          `${clash.what} ${printHostPort(clash.address)} is a port of server.${own?.id} ` +
            'too: valid are different ports',
        )
      }
    }
  }
}

function overlap(a: HostPort, b: HostPort): boolean {
  if (a.port !== b.port || a.port === 0) return false
  return a.host === b.host || isAnyHost(a.host) || isAnyHost(b.host)
}

function commandUrlIsPath({ config, findings }: Facts): void {
  if (!config.admin.commandUrl.startsWith('/')) {
    findings.problem(
      `admin.commandURL=${config.admin.commandUrl}: valid is a path that starts with /`,
    )
  }
}

function someClientMayConnect({ config, findings }: Facts): void {
  if (config.client.plain === undefined && config.client.secure === undefined) {
    findings.warn(
      'no client can connect: there is neither clientPort nor secureClientPort nor a ' +
        'client address in the server line of this member',
    )
  }
}

function dataIsSafe({ config, findings }: Facts): void {
  if (!config.storage.forceSync) {
    findings.warn('forceSync=no: acknowledged writes are lost when the machine loses power')
  }
  if (config.storage.trustEmptySnapshot) {
    findings.warn(
      'snapshot.trust.empty=true: a lost snapshot goes unnoticed; set it for one start ' +
        'after an upgrade from 3.4 only',
    )
  }
}

/**
 * The address for plaintext clients when a server line names one. `fromKeys` may agree with it, or
 * be the wildcard with the same port.
 */
export function resolveClientAddress(
  fromKeys: HostPort | undefined,
  line: HostPort,
  serverId: number,
  findings: Findings,
): HostPort {
  if (fromKeys === undefined) return line
  const agrees =
    fromKeys.port === line.port && (isAnyHost(fromKeys.host) || fromKeys.host === line.host)
  if (!agrees) {
    findings.problem(
      `clientPort and clientPortAddress say ${printHostPort(fromKeys)}, server.${serverId} ` +
        `says ${printHostPort(line)}: valid is the same address, or only one of them`,
    )
  }
  return line
}
