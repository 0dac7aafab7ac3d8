import {
  choice,
  inert,
  jvm,
  type Key,
  list,
  path,
  property,
  refused,
  secret,
  text,
  truth,
  whole,
  yesNo,
} from '../key.ts'

const PACKAGE = 'org.apache.zookeeper.server.auth.'

/** The providers that exist, by class name. */
export const AUTH_PROVIDERS: readonly string[] = [
  `${PACKAGE}DigestAuthenticationProvider`,
  `${PACKAGE}IPAuthenticationProvider`,
  `${PACKAGE}X509AuthenticationProvider`,
  `${PACKAGE}SASLAuthenticationProvider`,
  `${PACKAGE}EnsembleAuthenticationProvider`,
]

/** Names of Java's digests and ours. */
export const DIGEST_NAMES: Readonly<
  Record<string, 'SHA1' | 'SHA256' | 'SHA384' | 'SHA512' | 'SHA3-256' | 'MD5'>
> = {
  SHA1: 'SHA1',
  'SHA-1': 'SHA1',
  SHA256: 'SHA256',
  'SHA-256': 'SHA256',
  SHA384: 'SHA384',
  'SHA-384': 'SHA384',
  SHA512: 'SHA512',
  'SHA-512': 'SHA512',
  'SHA3-256': 'SHA3-256',
  MD5: 'MD5',
}

const KERBEROS = 'Kerberos is not supported; clients authenticate with DIGEST-MD5.'

/** Who may do what. */
export const AUTH_KEYS: readonly Key[] = [
  property('authProvider.N', choice('', AUTH_PROVIDERS), 'A provider by class name; any suffix.'),
  property('DigestAuthenticationProvider.enabled', truth(true), 'The scheme digest.'),
  property(
    'DigestAuthenticationProvider.superDigest',
    secret(),
    '`super:<digest>`: who authenticates with it passes every check.',
  ),
  property(
    'DigestAuthenticationProvider.digestAlg',
    choice('SHA1', Object.keys(DIGEST_NAMES)),
    'Digest of the scheme digest; the same on all members.',
  ),
  property(
    'IPAuthenticationProvider.usexforwardedfor',
    truth(false),
    'The ip scheme of the AdminServer believes X-Forwarded-For.',
  ),
  property('X509AuthenticationProvider.superUser', text(), 'Distinguished name that is super.'),
  property('superUser', text(), 'SASL user that is super.'),
  property('superUser.N', text(), 'More of them; any suffix.'),
  property('SASLAuthenticationProvider.superPassword', secret(), 'Password of SASL user super.'),
  property('letAnySaslUserDoX', text(), 'SASL user name that every SASL user has too.'),
  property('sasl.serverconfig', text('Server'), 'Section of the JAAS file for clients.'),
  jvm('java.security.auth.login.config', path(), 'JAAS file with SASL users; absent: no SASL.'),
  property('allowSaslFailedClients', truth(false), 'A client may go on after its SASL failed.'),
  property('sessionRequireClientSASLAuth', truth(false), 'Sessions must authenticate with SASL.'),
  property('enforce.auth.enabled', truth(false), 'Sessions must authenticate.'),
  property('enforce.auth.schemes', list(), 'With one of these schemes.'),
  property(
    'ensembleAuthName',
    list(),
    'Names that clients may call this ensemble; absent: no such scheme.',
  ),
  property('skipACL', yesNo('no'), '`yes`: ACLs are not checked.'),
  property(
    'enableEagerACLCheck',
    truth(false),
    'The member that receives a write checks ACLs before it forwards it.',
  ),
  property('fips-mode', truth(true), 'DIGEST-MD5 is refused.'),
  property('audit.enable', truth(false), 'Write an audit log.'),
  refused(
    property(
      'audit.impl.class',
      text('org.apache.zookeeper.audit.Slf4jAuditLogger'),
      'Class that writes it.',
    ),
    'Java classes cannot be loaded here.',
  ),
  inert(
    property('kerberos.removeHostFromPrincipal', truth(false), 'Shorten principals.'),
    KERBEROS,
  ),
  inert(
    property('kerberos.removeRealmFromPrincipal', truth(false), 'Shorten principals.'),
    KERBEROS,
  ),
  inert(property('security.auth_to_local', text('DEFAULT'), 'Rules for principals.'), KERBEROS),
]

export const STORE_TYPES: readonly string[] = ['JKS', 'PEM', 'PKCS12', 'BCFKS']

function storeKeys(prefix: string, store: 'keyStore' | 'trustStore', what: string): Key[] {
  return [
    property(`${prefix}${store}.location`, path(), `${what}.`),
    property(`${prefix}${store}.password`, secret(), 'Its password.'),
    property(`${prefix}${store}.passwordPath`, path(), 'File with its password; wins.'),
    property(
      `${prefix}${store}.type`,
      choice('', ['', ...STORE_TYPES]),
      'Its type; empty: by file name (.jks .pem .p12 .pfx .bcfks).',
    ),
  ]
}

const REVOCATION = 'Revocation is not checked here, and starting without it would be unsafe.'

function tlsKeys(prefix: string, peers: string, isQuorum: boolean): Key[] {
  return [
    ...storeKeys(prefix, 'keyStore', 'Key and certificate of this member'),
    ...storeKeys(prefix, 'trustStore', `Authorities that certify ${peers}`),
    property(
      `${prefix}clientAuth`,
      choice('need', ['need', 'want', 'none']),
      'Whether the connecting side needs a certificate.',
    ),
    property(`${prefix}protocol`, text(), 'TLS version; absent: what the runtime offers.'),
    property(`${prefix}enabledProtocols`, list(), 'TLS versions that are accepted.'),
    property(`${prefix}ciphersuites`, list(), 'Cipher suites, by their names in Java or OpenSSL.'),
    property(
      `${prefix}hostnameVerification`,
      truth(true),
      'The certificate must name the host that was connected to.',
    ),
    property(
      `${prefix}clientHostnameVerification`,
      truth(isQuorum),
      'The certificate must name the host that connects; needs hostnameVerification.',
    ),
    property(
      `${prefix}allowReverseDnsLookup`,
      truth(isQuorum),
      'Names are looked up for addresses when host names are verified.',
    ),
    property(
      `${prefix}handshakeDetectionTimeoutMillis`,
      whole(5000, 'ms', { min: 1 }),
      'Time for the first byte on a port that accepts TLS and plaintext.',
    ),
    refused(property(`${prefix}crl`, truth(false), 'Certificate revocation lists.'), REVOCATION),
    refused(property(`${prefix}ocsp`, truth(false), 'Online certificate status.'), REVOCATION),
    refused(
      property(`${prefix}context.supplier.class`, text(), 'Class that makes the TLS context.'),
      'Java classes cannot be loaded here.',
    ),
    inert(
      property(`${prefix}sslProvider`, choice('JDK', ['JDK', 'OpenSSL']), 'Implementation of TLS.'),
      'TLS is OpenSSL here, whichever is named.',
    ),
  ]
}

/** Client port: `ssl.`; between members and for the AdminServer: `ssl.quorum.`. */
export const TLS_KEYS: readonly Key[] = [
  ...tlsKeys('ssl.', 'clients', false),
  property('ssl.authProvider', text('x509'), 'Scheme of the ids that certificates give.'),
  ...tlsKeys('ssl.quorum.', 'members', true),
]
