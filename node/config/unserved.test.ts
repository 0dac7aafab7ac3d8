import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unserved } from './unserved.ts'
import { parseZooCfg } from './zoo-cfg.ts'

function config(lines: string, properties: Readonly<Record<string, string>> = {}) {
  return parseZooCfg({
    text: `dataDir=/d\nclientPort=1\n${lines}`,
    path: undefined,
    systemProperties: new Map(Object.entries(properties)),
    readFile: path => (path === '/d/myid' ? '1' : undefined),
  })
}

test('an ordinary configuration asks for nothing that is missing', () => {
  assert.deepEqual(unserved(config('')), [])
})

test('SASL and TLS between members are refused, not ignored', () => {
  const jaas = config('', { 'java.security.auth.login.config': '/jaas' })
  assert.match(unserved(jaas).join(), /^java\.security\.auth\.login\.config: SASL/)
  const members =
    'initLimit=5\nsyncLimit=2\nserver.1=a:2888:3888\nserver.2=b:2888:3888\nserver.3=c:2888:3888\n'
  const quorum = config(`${members}sslQuorum=true\nssl.quorum.keyStore.location=/k.pem`)
  assert.match(unserved(quorum).join(), /^sslQuorum: TLS/)
})
