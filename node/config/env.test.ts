import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { configFromEnvironment, type EnvironmentSetup } from './env.ts'
import { splitWords, systemPropertiesOf } from './jvm-flags.ts'
import { ConfigError, Findings } from './problems.ts'

function setup(
  environment: Record<string, string>,
  files: Record<string, string> = {},
): EnvironmentSetup {
  return configFromEnvironment({
    environment: new Map(Object.entries(environment)),
    readFile: path => files[path],
  })
}

function problemsOf(
  environment: Record<string, string>,
  files: Record<string, string> = {},
): readonly string[] {
  try {
    setup(environment, files)
  } catch (error) {
    ok(error instanceof ConfigError)
    return error.problems
  }
  return []
}

test('an empty environment is the standalone member of the image', () => {
  const { config, files, directories } = setup({})
  deepEqual(files, [
    {
      path: '/conf/zoo.cfg',
      text: `dataDir=/data
dataLogDir=/datalog
tickTime=2000
initLimit=5
syncLimit=2
autopurge.snapRetainCount=3
autopurge.purgeInterval=0
maxClientCnxns=60
standaloneEnabled=true
admin.enableServer=true
server.1=localhost:2888:3888;2181
`,
    },
    { path: '/data/myid', text: '1\n' },
  ])
  deepEqual(directories, ['/conf', '/data', '/datalog', '/logs'])
  equal(config.quorum, undefined)
  equal(config.configPath, '/conf/zoo.cfg')
  deepEqual(config.client.plain, { host: '0.0.0.0', port: 2181 })
  deepEqual(config.warnings, [])
})

const THREE = 'server.1=zk1:2888:3888;2181 server.2=zk2:2888:3888;2181 server.3=zk3:2888:3888;2181'

test('an ensemble of the image', () => {
  const { config, files } = setup({
    ZOO_MY_ID: '2',
    ZOO_SERVERS: THREE,
    ZOO_CONF_DIR: '/c',
    ZOO_DATA_DIR: '/d',
    ZOO_4LW_COMMANDS_WHITELIST: 'mntr, ruok',
    ZOO_CFG_EXTRA: 'metricsProvider.httpPort=7001 snapCount=7',
    ZOO_TICK_TIME: '',
  })
  equal(config.quorum?.serverId, 2)
  equal(config.tickTimeMs, 2000)
  equal(config.metrics.address.port, 7001)
  equal(config.storage.snapCount, 7)
  deepEqual(config.client.fourLetterWords, ['srvr', 'mntr', 'ruok'])
  deepEqual(
    files.map(({ path }) => path),
    ['/c/zoo.cfg', '/d/myid'],
  )
})

test('the server list of the other image', () => {
  const { config, files } = setup({
    ZOO_SERVER_ID: '3',
    ZOO_SERVERS: 'zk1:2888:3888::1,zk2:2888:3888::2 zk3:2888:3888::3',
  })
  equal(config.quorum?.serverId, 3)
  ok(files[0]?.text.includes('\nserver.3=zk3:2888:3888;2181\n'))
})

test('a mounted zoo.cfg wins; the variables beside it are named', () => {
  const text = 'dataDir=/data\nclientPort=2183\n'
  const { config, files } = setup(
    { ZOO_TICK_TIME: '1', ZOO_SERVERS: THREE },
    { '/conf/zoo.cfg': text },
  )
  equal(config.client.plain?.port, 2183)
  deepEqual(
    files.map(({ path }) => path),
    ['/data/myid'],
  )
  deepEqual(config.warnings, [
    '/conf/zoo.cfg exists and wins; not looked at: ZOO_TICK_TIME, ZOO_SERVERS',
  ])
})

test('an existing myid stays, and must not be contradicted', () => {
  const { config, files } = setup({ ZOO_SERVERS: THREE }, { '/data/myid': '3\n' })
  equal(config.quorum?.serverId, 3)
  equal(files.length, 1)
  deepEqual(problemsOf({ ZOO_SERVERS: THREE, ZOO_MY_ID: '2' }, { '/data/myid': '3\n' }), [
    'ZOO_MY_ID=2: /data/myid says 3; valid is that number',
  ])
})

test('wrong variables are told as the keys that they become', () => {
  deepEqual(problemsOf({ ZOO_TICK_TIME: 'x', ZOO_ADMINSERVER_ENABLED: '1' }), [
    'tickTime=x: valid is a whole number from 1 to 2147483647',
  ])
})

test('-D in JVMFLAGS and SERVER_JVMFLAGS', () => {
  const findings = new Findings()
  const properties = systemPropertiesOf(
    new Map([
      ['SERVER_JVMFLAGS', '-Dzookeeper.snapCount=1 -Dzookeeper.a="b c" -Dflag'],
      ['JVMFLAGS', "  -Dzookeeper.snapCount=2 '-Dzookeeper.d=e f' -Xmx512m -Dx=y=z -Dq="],
      ['ZK_SERVER_HEAP', '1000'],
      ['ZOO_DATADIR_AUTOCREATE_DISABLE', '1'],
    ]),
    findings,
  )
  deepEqual(
    [...properties],
    [
      ['zookeeper.datadir.autocreate', 'false'],
      ['zookeeper.snapCount', '2'],
      ['zookeeper.a', 'b c'],
      ['flag', ''],
      ['zookeeper.d', 'e f'],
      ['x', 'y=z'],
      ['q', ''],
    ],
  )
  deepEqual(findings.warnings, [
    'JVMFLAGS: -Xmx512m is meant for Java and ignored',
    'ZK_SERVER_HEAP is ignored: it sizes a Java heap; ' +
      'limit the memory of the process or its container',
  ])
})

test('properties of the environment reach the configuration', () => {
  const { config } = setup({
    SERVER_JVMFLAGS: '-Djute.maxbuffer=4194304 -Dreadonlymode.enabled=true',
  })
  equal(config.limits.maxBufferBytes, 4194304)
  equal(config.features.readOnlyMode, true)
})

test('a quotation mark that is not closed is a problem that does not show the text', () => {
  deepEqual(problemsOf({ JVMFLAGS: '-Dzookeeper.x="hush' }), [
    'JVMFLAGS: a quotation mark is not closed; valid are words and "quoted words"',
  ])
  equal(splitWords('a "b'), undefined)
  deepEqual(splitWords(` a "" b'c d'e `), ['a', '', 'bc de'])
})
