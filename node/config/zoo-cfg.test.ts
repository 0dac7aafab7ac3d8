import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Config } from './config.ts'
import { describe } from './describe.ts'
import { KEYS } from './keys.ts'
import { ConfigError } from './problems.ts'
import { parseStartArguments, parseZooCfg } from './zoo-cfg.ts'

interface World {
  readonly properties?: Record<string, string>
  readonly files?: Record<string, string>
}

function parse(text: string, world: World = {}): Config {
  const files: Record<string, string> = { '/data/myid': '1\n', ...world.files }
  return parseZooCfg({
    text,
    path: '/conf/zoo.cfg',
    systemProperties: new Map(Object.entries(world.properties ?? {})),
    readFile: path => files[path],
  })
}

function problemsOf(text: string, world: World = {}): readonly string[] {
  try {
    parse(text, world)
  } catch (error) {
    ok(error instanceof ConfigError)
    return error.problems
  }
  return []
}

const BASE = 'dataDir=/data\nclientPort=2181\n'
const QUORUM = `dataDir=/data
tickTime=2000
initLimit=10
syncLimit=5
server.1=zk-0:2888:3888;2181
server.2=zk-1:2888:3888;2181
server.3=zk-2:2888:3888;2181
`

test('the least that works is a standalone member', () => {
  const config = parse(BASE)
  equal(config.quorum, undefined)
  equal(config.tickTimeMs, 3000)
  equal(config.dataLogDir, '/data')
  deepEqual(config.client.plain, { host: '0.0.0.0', port: 2181 })
  equal(config.sessions.minTimeoutMs, 6000)
  equal(config.sessions.maxTimeoutMs, 60000)
  deepEqual(config.client.fourLetterWords, ['srvr'])
  equal(config.limits.maxBufferBytes, 0xfffff)
  equal(config.limits.maxBufferExtraBytes, 0xfffff)
  equal(config.storage.preAllocSizeBytes, 64 * 1024 * 1024)
  deepEqual(config.warnings, [])
})

test('server lines make a quorum', () => {
  const config = parse(QUORUM)
  const quorum = config.quorum
  ok(quorum !== undefined)
  equal(quorum.serverId, 1)
  equal(quorum.role, 'participant')
  equal(quorum.membership.members.length, 3)
  equal(quorum.membershipIsStatic, true)
  equal(quorum.connectLimitTicks, 10)
  equal(quorum.election.handshakeTimeoutMs, 10000)
  equal(quorum.leader.maxTimeToWaitForEpochMs, 20000)
  deepEqual(config.client.plain, { host: '0.0.0.0', port: 2181 })
  deepEqual(config.warnings, [])
})

test('which mode: voters and standaloneEnabled decide', () => {
  const one = `${BASE}initLimit=1\nsyncLimit=1\nserver.1=h:1:2\n`
  equal(parse(one).quorum, undefined)
  equal(parse(`${one}standaloneEnabled=false`).quorum?.serverId, 1)
  equal(problemsOf(`${one}server.2=g:1:2:observer`).length, 1)
  equal(parse(`${one}server.2=g:1:2:observer\nstandaloneEnabled=false`).quorum?.serverId, 1)
  equal(problemsOf(`${BASE}standaloneEnabled=false`).length, 1)
  equal(problemsOf(`${BASE}server.2=g:1:2:observer`).length, 1)
})

test('standalone with one server line takes the client address of the line that myid names', () => {
  const text = 'dataDir=/data\nserver.1=localhost:2888:3888;127.0.0.1:2182'
  deepEqual(parse(text).client.plain, { host: '127.0.0.1', port: 2182 })
  const without = parse(text, { files: { '/data/myid': '2' } })
  equal(without.client.plain, undefined)
  ok(without.warnings.some(warning => warning.startsWith('no client can connect')))
})

test('zoo.cfg wins over system properties, which reach only properties', () => {
  const config = parse(`${BASE}snapCount=7\nmultiAddress.enabled=false`, {
    properties: {
      'zookeeper.snapCount': '9',
      'zookeeper.maxCnxns': '5',
      'zookeeper.tickTime': '1',
      'zookeeper.multiAddress.enabled': 'true',
      'zookeeper.multiAddress.reachabilityCheckTimeoutMs': '77',
      'java.net.preferIPv4Stack': 'true',
    },
  })
  equal(config.storage.snapCount, 7)
  equal(config.limits.maxConnections, 5)
  equal(config.tickTimeMs, 3000)
  deepEqual(config.warnings, [
    '-Dzookeeper.tickTime is read by nobody; tickTime belongs in zoo.cfg',
    'snapCount: zoo.cfg wins over -Dzookeeper.snapCount',
    'multiAddress.enabled: zoo.cfg wins over -Dzookeeper.multiAddress.enabled',
  ])
  equal(config.properties.get('zookeeper.snapCount'), '7')
  equal(config.properties.get('java.net.preferIPv4Stack'), 'true')
})

test('bare properties come from -D only', () => {
  const config = parse(`${BASE}readonlymode.enabled=true\njute.maxbuffer=1`, {
    properties: { 'jute.maxbuffer': '0x400000', snapCount: '5' },
  })
  equal(config.features.readOnlyMode, false)
  equal(config.limits.maxBufferBytes, 0x400000)
  equal(config.storage.snapCount, 100000)
  deepEqual(config.warnings, [
    '-DsnapCount is read by nobody; it is written -Dzookeeper.snapCount',
    'readonlymode.enabled in zoo.cfg is read by nobody; ' +
      'it is a property of the JVM: give -Dreadonlymode.enabled in SERVER_JVMFLAGS',
    'jute.maxbuffer in zoo.cfg is read by nobody; ' +
      'it is a property of the JVM: give -Djute.maxbuffer in SERVER_JVMFLAGS',
  ])
  const wrong = parse(BASE, {
    properties: { 'jute.maxbufer': '1', 'zookeeper.jute.maxbuffer': '1' },
  })
  deepEqual(wrong.warnings, [
    '-Djute.maxbufer is read by nobody; the nearest key is -Djute.maxbuffer',
    '-Dzookeeper.jute.maxbuffer is read by nobody; it is written -Djute.maxbuffer',
  ])
})

test('keys that nobody reads become properties, with the nearest key in a warning', () => {
  const config = parse(
    `${BASE}zookeeper.snapCount=5\nsnapCont=6\nmyOwn.key=7\nthrottledOpWaitTime=1`,
  )
  equal(config.storage.snapCount, 100000)
  equal(config.properties.get('zookeeper.zookeeper.snapCount'), '5')
  equal(config.properties.get('zookeeper.myOwn.key'), '7')
  deepEqual(config.warnings, [
    'zookeeper.snapCount in zoo.cfg is read by nobody; in zoo.cfg it is written snapCount',
    'snapCont in zoo.cfg is read by nobody; the nearest key is snapCount',
    'myOwn.key in zoo.cfg is read by nobody',
    'throttledOpWaitTime in zoo.cfg is read by nobody; the nearest key is throttled_op_wait_time',
  ])
})

test('keys without effect and duplicates are told, values below the least are raised', () => {
  const config = parse(
    `${BASE}clientPort=2182\nnio.numWorkerThreads=4\n` +
      'autopurge.snapRetainCount=1\ncommitLogCount=20',
  )
  equal(config.client.plain?.port, 2182)
  equal(config.storage.purge.retainCount, 3)
  equal(config.storage.commitLogCount, 500)
  deepEqual(config.warnings, [
    'clientPort occurs more than once; the last one wins',
    'nio.numWorkerThreads=4 changes nothing here. ' +
      'One thread serves all connections here, so there is no pool to size.',
    'commitLogCount=20 is raised to 500, the least that works',
    'autopurge.snapRetainCount=1 is raised to 3, the least that works',
  ])
})

test('booleans: explicit keys are strict, properties count as false with a warning', () => {
  equal(
    problemsOf(`${BASE}reconfigEnabled=yes`)[0],
    'reconfigEnabled=yes: valid are true and false',
  )
  equal(parse(`${BASE}reconfigEnabled=TRUE`).features.reconfigEnabled, true)
  const config = parse(`${BASE}digest.enabled=1`)
  equal(config.storage.digestEnabled, false)
  equal(config.warnings.length, 1)
  equal(problemsOf(`${BASE}forceSync=true`)[0], 'forceSync=true: valid are yes and no')
})

test('numbers', () => {
  equal(problemsOf(`${BASE}maxClientCnxns=0x10`).length, 1)
  equal(parse(`${BASE}maxCnxns=0x10`).limits.maxConnections, 16)
  equal(parse(`${BASE}maxCnxns=010`).limits.maxConnections, 8)
  equal(parse(`${BASE}maxCnxns=#f`).limits.maxConnections, 15)
  equal(parse(`${BASE}maxClientCnxns=+5`).limits.maxClientConnections, 5)
  equal(parse(`${BASE}snapSizeLimitInKb=-1`).storage.snapSizeLimitBytes, 0)
  equal(parse(`${BASE}snapSizeLimitInKb=4`).storage.snapSizeLimitBytes, 4096)
  equal(parse(`${BASE}autopurge.purgeInterval=24`).storage.purge.intervalMs, 86_400_000)
  equal(parse(`${BASE}snapshotSizeFactor=-1`).storage.snapshotSizeFactor, -1)
  for (const wrong of ['', 'x', '1.5', '3000000000', '-1', '1 2', '1_000']) {
    deepEqual(problemsOf(`${BASE}maxCnxns=${wrong}`), [
      `maxCnxns=${wrong}: valid is a whole number from 0 to 2147483647`,
    ])
  }
})

test('all problems are told at once', () => {
  const problems = problemsOf(
    'tickTime=0\nclientPortAddress=10.0.0.1\nelectionAlg=2\nssl.crl=true\nserver.1=a:1:1\n' +
      'admin.commandURL=x',
  )
  deepEqual(problems, [
    'ssl.crl=true: Revocation is not checked here, and starting without it would be unsafe. ' +
      'Valid is false',
    'server.1=a:1:1: quorum port and election port must differ; valid is ' +
      'host:quorumPort:electionPort[:participant|observer]' +
      '[|host:quorumPort:electionPort...][;[clientHost:]clientPort]',
    'tickTime=0: valid is a whole number from 1 to 2147483647',
    'electionAlg=2: valid are 3',
    'clientPortAddress=10.0.0.1: valid only together with clientPort',
    'dataDir is missing: valid is a directory',
    'admin.commandURL=x: valid is a path that starts with /',
  ])
})

test('the dynamic configuration file', () => {
  const path = '/conf/zoo.cfg.dynamic.10000000a'
  const text = `dataDir=/data\ninitLimit=10\nsyncLimit=5\ndynamicConfigFile=${path}\n`
  const lines = 'server.1=a:1:2:participant;0.0.0.0:2181\nserver.2=b:1:2\nserver.3=c:1:2'
  const next = `${lines}\nserver.4=d:1:2\nversion=10000000b`
  const files = { [path]: lines, '/conf/zoo.cfg.dynamic.next': next }
  const config = parse(text, { files })
  equal(config.quorum?.membership.version, 0x10000000an)
  equal(config.quorum?.membershipIsStatic, false)
  equal(config.quorum?.dynamicConfigPath, path)
  equal(config.quorum?.lastSeen?.version, 0x10000000bn)
  equal(config.quorum?.lastSeen?.members.length, 4)
  deepEqual(config.client.plain, { host: '0.0.0.0', port: 2181 })
  deepEqual(problemsOf(text), [`dynamicConfigFile=${path}: valid is a file that exists`])
  equal(problemsOf(`${text}server.1=a:1:2`, { files }).length, 1)
  equal(problemsOf(text, { files: { [path]: `${lines}\nversion=1` } }).length, 1)
  equal(problemsOf(text, { files: { [path]: `${lines}\nclientPort=1` } }).length, 1)
})

test('a dynamic file without a version in its name has version 0', () => {
  const path = '/conf/zoo.cfg.dynamic'
  const text = `dataDir=/data\ninitLimit=1\nsyncLimit=1\ndynamicConfigFile=${path}`
  const lines = 'server.1=a:1:2;2181\nserver.2=b:1:2\nserver.3=c:1:2'
  equal(parse(text, { files: { [path]: lines } }).quorum?.membership.version, 0n)
})

const SECRETS = ['hush-hush', 'super:c2VjcmV0']
const SECRET_LINES = `
ssl.keyStore.location=/k.jks
ssl.keyStore.password=hush-hush
ssl.quorum.trustStore.password=hush-hush
DigestAuthenticationProvider.superDigest=super:c2VjcmV0
SASLAuthenticationProvider.superPassword=hush-hush
ssl.keyStore.pasword=hush-hush
`

test('secrets are in the Config and nowhere else', () => {
  const config = parse(`${BASE}${SECRET_LINES}`, {
    properties: { 'zookeeper.ssl.trustStore.password': 'hush-hush', 'my.password': 'hush-hush' },
  })
  equal(config.tls.client.keyStore?.password?.reveal(), 'hush-hush')
  equal(config.auth.digest.superDigest?.reveal(), 'super:c2VjcmV0')
  const shown = [
    JSON.stringify(config),
    JSON.stringify([...config.properties]),
    JSON.stringify([...describe(config)]),
    String(config.tls.client.keyStore?.password),
    config.warnings.join('\n'),
  ].join('\n')
  ok(shown.includes('(hidden)'))
  for (const secret of SECRETS) ok(!shown.includes(secret), secret)
  const problems = problemsOf(`${SECRET_LINES}tickTime=x\nfips-mode=\\u00zz`, {
    properties: { 'zookeeper.ssl.trustStore.password': 'hush-hush' },
  }).join('\n')
  ok(problems.length > 0)
  for (const secret of SECRETS) ok(!problems.includes(secret), secret)
})

test('four-letter words', () => {
  const properties = { 'readonlymode.enabled': 'true' }
  deepEqual(
    parse(`${BASE}4lw.commands.whitelist=ruok , *`, { properties }).client.fourLetterWords,
    ['srvr', 'isro', 'ruok', '*'],
  )
})

test('describe names every field by its place', () => {
  const facts = describe(parse(QUORUM))
  equal(facts.get('client.plain.port'), '2181')
  equal(facts.get('quorum.membership.members.0.addresses.0.host'), 'zk-0')
  equal(facts.get('configText'), undefined)
  equal(facts.get('client.secure'), undefined)
})

test('the standalone form of the arguments', () => {
  const world = { systemProperties: new Map<string, string>(), readFile: () => undefined }
  const config = parseStartArguments(['2181', '/data', '500', '7'], world)
  deepEqual(config.client.plain, { host: '0.0.0.0', port: 2181 })
  equal(config.dataDir, '/data')
  equal(config.tickTimeMs, 500)
  equal(config.limits.maxClientConnections, 7)
  equal(config.configPath, undefined)
  throws(() => parseStartArguments(['2181'], world), ConfigError)
  throws(() => parseStartArguments(['x', '/data'], world), ConfigError)
})

test('whatever is written, ConfigError is all that is thrown', () => {
  const key = fc.oneof(
    fc.constantFrom(...KEYS.map(one => one.name.replace(/N$/, '1'))),
    fc.string(),
  )
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('true', '1', '-1', 'yes', 'a:1:2', 'a:1:2:observer;3', '/data', '1:2'),
  )
  const lines = fc.array(fc.tuple(key, value), { maxLength: 20 })
  let refused = 0
  let accepted = 0
  fc.assert(
    fc.property(lines, fc.array(fc.tuple(key, value)), fc.string(), (all, properties, file) => {
      const text = all.map(([name, value]) => `${name}=${value}`).join('\n')
      try {
        parse(`dataDir=/data\n${text}`, {
          properties: Object.fromEntries(properties),
          files: { '/data': file, '/conf/zoo.cfg.dynamic.next': file },
        })
        accepted++
      } catch (error) {
        ok(error instanceof ConfigError, String(error))
        ok(error.problems.length > 0)
        refused++
      }
    }),
    { numRuns: 500 },
  )
  ok(refused > 0 && accepted > 0)
})
