import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { Config } from './config.ts'
import { ConfigError } from './problems.ts'
import { parseZooCfg } from './zoo-cfg.ts'

const BASE = 'dataDir=/data\nclientPort=2181\n'
const LIMITS = 'dataDir=/data\ninitLimit=10\nsyncLimit=5\n'
const THREE = 'server.1=a:2888:3888;2181\nserver.2=b:2888:3888;2181\nserver.3=c:2888:3888;2181\n'

type Outcome = { readonly problems: readonly string[]; readonly warnings: readonly string[] }

function judge(text: string, myId: string | null = '1'): Outcome & { config?: Config } {
  try {
    const config = parseZooCfg({
      text,
      path: '/conf/zoo.cfg',
      systemProperties: new Map(),
      readFile: path => (path === '/data/myid' ? (myId ?? undefined) : undefined),
    })
    return { problems: [], warnings: config.warnings, config }
  } catch (error) {
    ok(error instanceof ConfigError)
    return { problems: error.problems, warnings: [] }
  }
}

/** Text, and the one problem that it must have. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['clientPort=2181', /^dataDir is missing/],
  [`${BASE}minSessionTimeout=9000\nmaxSessionTimeout=8000`, /^minSessionTimeout=9000 with max/],
  [`${BASE}minSessionTimeout=-3`, /^minSessionTimeout=-3: valid is -1/],
  [`${BASE}secureClientPortAddress=h`, /^secureClientPortAddress=h: valid only together/],
  [`dataDir=/data\nsyncLimit=5\n${THREE}`, /^initLimit is missing/],
  [`dataDir=/data\ninitLimit=5\n${THREE}`, /^syncLimit is missing/],
  [`${LIMITS}${THREE}clientPort=2182`, /^clientPort and clientPortAddress say 0.0.0.0:2182/],
  [`${LIMITS}${THREE}clientPort=2181\nclientPortAddress=h`, /say h:2181, server.1 says/],
  [`${BASE}quorum.auth.serverRequireSasl=true`, /valid only with quorum.auth.learnerRequireSasl/],
  [`${BASE}quorum.auth.learnerRequireSasl=true`, /valid only with quorum.auth.enableSasl/],
  [`${BASE}secureClientPort=2281`, /^secureClientPort: valid only with ssl.keyStore.location/],
  [`${BASE}sslQuorum=true`, /^sslQuorum=true: valid only with ssl.quorum.keyStore.location/],
  [`${BASE}portUnification=true`, /^portUnification=true: valid only with ssl.quorum/],
  [`${BASE}client.portUnification=true`, /^client.portUnification=true: valid only with ssl.key/],
  [`${BASE}admin.forceHttps=true`, /^admin.forceHttps=true: valid only with ssl.quorum/],
  [`${BASE}ssl.keyStore.location=/k.txt`, /^ssl.keyStore.location=\/k.txt: the file name/],
  [`${BASE}secureClientPort=2181\nssl.keyStore.location=/k.pem`, /is the address of the client/],
  [`${LIMITS}${THREE}clientPort=2181\nsecureClientPort=3888\nssl.keyStore.location=/k.pem`, /^sec/],
  [`${BASE}enforce.auth.enabled=true`, /^enforce.auth.enabled=true: valid only with enforce/],
  [`${BASE}enforce.auth.enabled=true\nenforce.auth.schemes=sasl`, /names sasl, which no provider/],
  [`${BASE}sessionRequireClientSASLAuth=true`, /names sasl, which no provider/],
  [`${BASE}authProvider.1=com.example.Own`, /^authProvider.1=com.example.Own: valid are org/],
  [`${BASE}oraclePath=/o`, /^oraclePath=\/o: Oracle quorums are not supported/],
  [`${BASE}audit.impl.class=com.example.Own`, /Valid is org.apache.zookeeper.audit.Slf4j/],
  [`${BASE}metricsProvider.className=com.example.Own`, /^metricsProvider.className=com/],
  [`${BASE}snapshot.compression.method=zstd`, /valid are gz, snappy$/],
  [`${BASE}fastleader.minNotificationInterval=70000`, /^fastleader.minNotificationInterval=7/],
  [`${BASE}server.x=h:1:2`, /^server.x: "x" is not an id/],
  [`${LIMITS}${THREE}weight.1=2`, /^server.1 is in no group.N line/],
]

test('each of these has exactly one problem', () => {
  ok(REFUSED.length > 0)
  for (const [text, expected] of REFUSED) {
    const { problems } = judge(text)
    equal(problems.length, 1, `${text}\n${problems.join('\n')}`)
    match(problems[0]!, expected)
  }
})

test('myid must name a server line', () => {
  deepEqual(judge(LIMITS + THREE, null).problems.length, 1)
  equal(
    judge(LIMITS + THREE, '').problems[0],
    '/data/myid=: valid is one line with a number from 0 to 2147483647',
  )
  equal(
    judge(LIMITS + THREE, '7\n').problems[0],
    '/data/myid says 7: valid is an id of a server line: 1, 2, 3',
  )
  equal(judge(LIMITS + THREE, '2 \r\nx').config?.quorum?.serverId, 2)
  deepEqual(judge(BASE, null).problems, [])
})

/** Text, and the one warning that it must have. */
const WARNED: readonly (readonly [string, RegExp])[] = [
  [`${LIMITS}${THREE}peerType=observer`, /^peerType=observer is overruled by the role participant/],
  [`${LIMITS}server.1=a:1:2;3\nserver.2=b:1:2;3`, /^2 participants/],
  [`${LIMITS}${THREE}server.4=d:1:2;3`, /^4 participants bear no more losses than 3/],
  [`${BASE}localSessionsUpgradingEnabled=true`, /^localSessionsUpgradingEnabled=true has no/],
  ['dataDir=/data', /^no client can connect/],
  [`${BASE}forceSync=no`, /^forceSync=no: acknowledged writes are lost/],
  [`${BASE}skipACL=yes`, /^skipACL=yes/],
  [`${BASE}snapshot.trust.empty=true`, /^snapshot.trust.empty=true/],
  [`${BASE}quorum.auth.enableSasl=true`, /fips-mode=true: DIGEST-MD5 is refused/],
  [`${BASE}DigestAuthenticationProvider.superDigest=abc`, /superDigest has no colon/],
  [`${BASE}enforce.auth.enabled=true\nenforce.auth.schemes=ip`, /names ip, which every/],
  [`${BASE}secureClientPort=1\nssl.keyStore.location=/k.pem`, /without ssl.trustStore.location/],
]

test('each of these works with exactly one warning', () => {
  ok(WARNED.length > 0)
  for (const [text, expected] of WARNED) {
    const { problems, warnings } = judge(text)
    deepEqual(problems, [], text)
    equal(warnings.length, 1, `${text}\n${warnings.join('\n')}`)
    match(warnings[0]!, expected)
  }
})

test('each of these is all right', () => {
  const fine = [
    `${LIMITS}${THREE}clientPort=2181`,
    `${LIMITS}${THREE}peerType=participant`,
    `${LIMITS}${THREE}server.4=d:2888:3888:observer;2181`,
    `${LIMITS}${THREE}group.1=1\ngroup.2=2:3\nweight.3=2`,
    `${BASE}secureClientPort=2281\nssl.keyStore.location=/k.p12\nssl.clientAuth=None`,
    `${BASE}enforce.auth.enabled=true\nenforce.auth.schemes=digest`,
    `${BASE}sessionRequireClientSASLAuth=true\n` +
      'authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
    `${BASE}serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory`,
    `${BASE}admin.enableServer=false\nadmin.forceHttps=true`,
    `${BASE}clientPortAddress=[::1]`,
    `${BASE}ssl.crl=FALSE`,
  ]
  for (const text of fine) {
    const { problems, warnings } = judge(text)
    deepEqual([problems, warnings], [[], []], text)
  }
})

test('several addresses need their switch', () => {
  const lines = 'server.1=a:1:2|b:1:2;3\nserver.2=c:1:2;3\nserver.3=d:1:2;3\n'
  equal(judge(LIMITS + lines).problems.length, 1)
  const { config } = judge(`${LIMITS}${lines}multiAddress.enabled=true`)
  equal(config?.quorum?.membership.members[0]?.addresses.length, 2)
})

test('server ids and extended types', () => {
  const lines = 'server.255=a:1:2;3\nserver.2=b:1:2;3\nserver.3=c:1:2;3\n'
  deepEqual(judge(LIMITS + lines, '255').problems, [])
  equal(judge(`${LIMITS}${lines}extendedTypesEnabled=true`, '255').problems.length, 1)
  deepEqual(judge(`${LIMITS}${lines}extendedTypesEnabled=true`, '2').problems, [])
})

test('host name verification of clients goes with that of servers', () => {
  const tls = judge(`${BASE}ssl.quorum.hostnameVerification=false`).config?.tls
  equal(tls?.quorum.clientHostnameVerification, false)
  equal(judge(BASE).config?.tls.quorum.clientHostnameVerification, true)
})

test('client address, IPv6', () => {
  deepEqual(judge(`${BASE}clientPortAddress=[::1]`).config?.client.plain, {
    host: '::1',
    port: 2181,
  })
})
