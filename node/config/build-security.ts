/** Settings become the topics of Config that decide who may do what. */
import { failInvariant } from '../../base/invariant.ts'
import type { AuthConfig, QuorumSaslConfig, StoreConfig, TlsConfig } from './config.ts'
import { DIGEST_NAMES } from './keys/security.ts'
import { type Findings, shown } from './problems.ts'
import type { Settings } from './settings.ts'

export function buildAuth(settings: Settings): AuthConfig {
  const saslRequired = settings.boolean('sessionRequireClientSASLAuth')
  const schemes = settings.list('enforce.auth.schemes')
  const superUser = settings.optionalText('superUser')
  const algorithm = settings.choice('DigestAuthenticationProvider.digestAlg')
  return {
    providers: settings
      .family('authProvider.N')
      .map(({ suffix, value }) => ({ key: suffix, className: value })),
    digest: {
      enabled: settings.boolean('DigestAuthenticationProvider.enabled'),
      superDigest: settings.secret('DigestAuthenticationProvider.superDigest'),
      algorithm:
        DIGEST_NAMES[algorithm] ?? failInvariant('every choice has a digest', { algorithm }),
    },
    ipUsesForwardedFor: settings.boolean('IPAuthenticationProvider.usexforwardedfor'),
    x509: {
      scheme: settings.text('ssl.authProvider'),
      superUser: settings.optionalText('X509AuthenticationProvider.superUser'),
    },
    sasl: {
      jaasPath: settings.path('java.security.auth.login.config'),
      serverSection: settings.text('sasl.serverconfig'),
      superUsers: [
        ...(superUser === undefined ? [] : [superUser]),
        ...settings.family('superUser.N').map(({ value }) => value),
      ],
      superPassword: settings.secret('SASLAuthenticationProvider.superPassword'),
      letAnySaslUserDoX: settings.optionalText('letAnySaslUserDoX'),
      allowFailedClients: settings.boolean('allowSaslFailedClients'),
    },
    enforce: {
      enabled: settings.boolean('enforce.auth.enabled') || saslRequired,
      schemes: saslRequired ? [...new Set([...schemes, 'sasl'])] : schemes,
    },
    ensembleNames: settings.list('ensembleAuthName'),
    skipAcl: settings.yes('skipACL'),
    eagerAclCheck: settings.boolean('enableEagerACLCheck'),
    fipsMode: settings.boolean('fips-mode'),
  }
}

/** `prefix` is `ssl.` or `ssl.quorum.`; `reloadKey` the key that makes its files reload. */
export function buildTls(
  settings: Settings,
  prefix: string,
  reloadKey: string,
  findings: Findings,
): TlsConfig {
  const clientAuth = settings.choice(`${prefix}clientAuth`)
  const hostnameVerification = settings.boolean(`${prefix}hostnameVerification`)
  return {
    keyStore: buildStore(settings, `${prefix}keyStore`, findings),
    trustStore: buildStore(settings, `${prefix}trustStore`, findings),
    clientAuth: clientAuth === 'want' || clientAuth === 'none' ? clientAuth : 'need',
    protocol: settings.optionalText(`${prefix}protocol`),
    enabledProtocols: settings.list(`${prefix}enabledProtocols`),
    cipherSuites: settings.list(`${prefix}ciphersuites`),
    hostnameVerification,
    // Switching the first off switches both off, as Apache does.
    clientHostnameVerification:
      settings.boolean(`${prefix}clientHostnameVerification`) && hostnameVerification,
    allowReverseDnsLookup: settings.boolean(`${prefix}allowReverseDnsLookup`),
    handshakeDetectionTimeoutMs: settings.ms(`${prefix}handshakeDetectionTimeoutMillis`),
    reloadCertFiles: settings.boolean(reloadKey),
  }
}

const TYPE_BY_ENDING: Readonly<Record<string, StoreConfig['type']>> = {
  jks: 'JKS',
  pem: 'PEM',
  p12: 'PKCS12',
  pfx: 'PKCS12',
  bcfks: 'BCFKS',
}

function buildStore(settings: Settings, name: string, findings: Findings): StoreConfig | undefined {
  const path = settings.path(`${name}.location`)
  const password = settings.secret(`${name}.password`)
  const passwordPath = settings.path(`${name}.passwordPath`)
  const named = settings.choice(`${name}.type`) as StoreConfig['type'] | ''
  if (path === undefined) return undefined
  const ending = path.slice(path.lastIndexOf('.') + 1).toLowerCase()
  const type = named === '' ? TYPE_BY_ENDING[ending] : named
  if (type === undefined) {
    findings.problem(
      `${shown(`${name}.location`, path)}: the file name does not tell the type; ` +
        `valid are names ending in .jks, .pem, .p12, .pfx or .bcfks, or ${name}.type`,
    )
  }
  return { path, password, passwordPath, type: type ?? 'PEM' }
}

export function buildQuorumSasl(settings: Settings): QuorumSaslConfig {
  return {
    enabled: settings.boolean('quorum.auth.enableSasl'),
    serverRequired: settings.boolean('quorum.auth.serverRequireSasl'),
    learnerRequired: settings.boolean('quorum.auth.learnerRequireSasl'),
    serverSection: settings.text('quorum.auth.server.saslLoginContext'),
    learnerSection: settings.text('quorum.auth.learner.saslLoginContext'),
  }
}
