import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import {
  backupConfigPath,
  dynamicConfigPath,
  nextConfigPath,
  rewriteZooCfg,
} from './dynamic-files.ts'
import { parseZooCfg } from './zoo-cfg.ts'

const TEXT = `# comment
dataDir=/data
clientPort=2181
initLimit=10
syncLimit=5
peerType=participant
server.1=a:1:2;2181
server.2=b:1:2;2181
server.3=c:1:2;2181
X509AuthenticationProvider.superUser=CN=a\\\\,b
`

test('the names', () => {
  equal(backupConfigPath('/conf/zoo.cfg'), '/conf/zoo.cfg.bak')
  equal(dynamicConfigPath('/conf/zoo.cfg', 0x100000000n), '/conf/zoo.cfg.dynamic.100000000')
  equal(nextConfigPath('/conf/zoo.cfg'), '/conf/zoo.cfg.dynamic.next')
})

test('members leave zoo.cfg, everything else stays', () => {
  const path = '/conf/zoo.cfg.dynamic.100000000'
  equal(
    rewriteZooCfg(TEXT, path, true),
    `dataDir=/data
initLimit=10
syncLimit=5
X509AuthenticationProvider.superUser=CN=a\\\\,b
dynamicConfigFile=${path}
`,
  )
  equal(rewriteZooCfg(TEXT, path, false).includes('clientPort=2181\n'), true)
})

test('the rewritten file means the same, and rewriting it again repoints it', () => {
  const first = '/conf/zoo.cfg.dynamic.1'
  const second = '/conf/zoo.cfg.dynamic.2'
  const lines = 'server.1=a:1:2;2181\nserver.2=b:1:2;2181\nserver.3=c:1:2;2181'
  const text = rewriteZooCfg(rewriteZooCfg(TEXT, first, true), second, true)
  const files: Record<string, string> = { '/data/myid': '1', [second]: lines }
  const config = parseZooCfg({
    text,
    path: '/conf/zoo.cfg',
    systemProperties: new Map(),
    readFile: path => files[path],
  })
  equal(config.quorum?.membership.version, 2n)
  equal(config.client.plain?.port, 2181)
  equal(config.auth.x509.superUser, 'CN=a\\,b')
})
