/** Rules between keys that decide who may do what. */
import type { Config, QuorumConfig } from './config.ts'
import type { Findings } from './problems.ts'

export function validateSecurity(config: Config, quorum: QuorumConfig, findings: Findings): void {
  quorumSaslFlags(quorum, findings)
  fipsMode(config, quorum, findings)
  keyStores(config, quorum, findings)
  enforcedSchemes(config, findings)
  openDoors(config, findings)
}

function quorumSaslFlags(quorum: QuorumConfig, findings: Findings): void {
  const { enabled, serverRequired, learnerRequired } = quorum.sasl
  if (serverRequired && !(learnerRequired && enabled)) {
    findings.problem(
      'quorum.auth.serverRequireSasl=true: valid only with ' +
        'quorum.auth.learnerRequireSasl=true and quorum.auth.enableSasl=true',
    )
  } else if (learnerRequired && !enabled) {
    findings.problem(
      'quorum.auth.learnerRequireSasl=true: valid only with quorum.auth.enableSasl=true',
    )
  }
}

function fipsMode(config: Config, quorum: QuorumConfig, findings: Findings): void {
  if (!config.auth.fipsMode) return
  if (quorum.sasl.enabled) {
    findings.warn(
      'quorum.auth.enableSasl=true with fips-mode=true: DIGEST-MD5 is refused, so members ' +
        'that require SASL do not find each other; set fips-mode=false',
    )
  }
  if (config.auth.sasl.jaasPath !== undefined) {
    findings.warn(
      'java.security.auth.login.config with fips-mode=true: clients cannot use DIGEST-MD5; ' +
        'set fips-mode=false',
    )
  }
}

/** A TLS port without a key would refuse everybody. */
function keyStores(config: Config, quorum: QuorumConfig, findings: Findings): void {
  const { client, quorum: peer } = config.tls
  const needsClient: [boolean, string][] = [
    [config.client.secure !== undefined, 'secureClientPort'],
    [config.client.portUnification, 'client.portUnification=true'],
  ]
  const needsPeer: [boolean, string][] = [
    [quorum.tls.enabled, 'sslQuorum=true'],
    [quorum.tls.portUnification, 'portUnification=true'],
    [config.admin.enabled && config.admin.portUnification, 'admin.portUnification=true'],
    [config.admin.enabled && config.admin.forceHttps, 'admin.forceHttps=true'],
  ]
  for (const [needed, why] of needsClient) {
    if (needed) requireStores(client, 'ssl.', why, findings)
  }
  for (const [needed, why] of needsPeer) {
    if (needed) requireStores(peer, 'ssl.quorum.', why, findings)
  }
}

function requireStores(
  tls: Config['tls']['client'],
  prefix: string,
  why: string,
  findings: Findings,
): void {
  if (tls.keyStore === undefined) {
    findings.problem(`${why}: valid only with ${prefix}keyStore.location`)
  }
  if (tls.trustStore === undefined && tls.clientAuth !== 'none') {
    findings.warn(
      `${why} without ${prefix}trustStore.location: certificates of all authorities that ` +
        'the runtime trusts are accepted',
    )
  }
}

const PROVIDER_SCHEMES: readonly (readonly [string, string])[] = [
  ['X509AuthenticationProvider', 'x509'],
  ['SASLAuthenticationProvider', 'sasl'],
  ['EnsembleAuthenticationProvider', 'ensemble'],
]

/** Schemes that some provider of this configuration answers for. */
function availableSchemes(config: Config): ReadonlySet<string> {
  const schemes = new Set(['ip'])
  if (config.auth.digest.enabled) schemes.add('digest')
  if (config.client.secure !== undefined || config.client.portUnification) {
    schemes.add(config.auth.x509.scheme)
  }
  if (config.auth.sasl.jaasPath !== undefined) schemes.add('sasl')
  for (const { className } of config.auth.providers) {
    for (const [ending, scheme] of PROVIDER_SCHEMES) {
      if (className.endsWith(`.${ending}`)) schemes.add(scheme)
    }
  }
  return schemes
}

function enforcedSchemes(config: Config, findings: Findings): void {
  const { enabled, schemes } = config.auth.enforce
  if (!enabled) return
  if (schemes.length === 0) {
    findings.problem('enforce.auth.enabled=true: valid only with enforce.auth.schemes')
  }
  const available = availableSchemes(config)
  for (const scheme of schemes) {
    if (!available.has(scheme)) {
      findings.problem(
        `enforce.auth.schemes names ${scheme}, which no provider answers for: ` +
          `valid are ${[...available].join(', ')}`,
      )
    }
  }
  if (schemes.includes('ip')) {
    findings.warn('enforce.auth.schemes names ip, which every connection has: all are let in')
  }
}

function openDoors(config: Config, findings: Findings): void {
  if (config.auth.skipAcl) findings.warn('skipACL=yes: every client may do everything')
  const superDigest = config.auth.digest.superDigest
  if (superDigest !== undefined && !superDigest.reveal().includes(':')) {
    findings.warn(
      'DigestAuthenticationProvider.superDigest has no colon: nobody is super; valid is ' +
        'super:<base64 of the digest of super:password>',
    )
  }
}
