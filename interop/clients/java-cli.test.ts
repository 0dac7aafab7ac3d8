/** behaviours.md 238 and 243: Apache's command line and Java client, scripted. */
import assert from 'node:assert/strict'
import { suite } from '../harness/suite.ts'
import { apachePeer } from '../peers/apache.ts'
import { run } from '../peers/command.ts'

/** What is typed, and the lines that must come back, in this order. */
const SESSION: readonly (readonly [string, readonly string[]])[] = [
  ['create /cli one', []],
  ['get /cli', ['one']],
  ['set -s /cli two', ['cZxid = 0x2', 'mZxid = 0x3', 'dataVersion = 1', 'dataLength = 3']],
  ['get /cli', ['two']],
  ['create -e /cli/e x', []],
  ['create -s /cli/s- x', []],
  ['create -c /container', []],
  ['ls /cli', ['[e, s-0000000001]']],
  ['ls -R /', ['/', '/cli/s-0000000001', '/zookeeper/quota']],
  ['getAllChildrenNumber /', ['7']],
  ['getEphemerals /cli', ['[/cli/e]']],
  ['whoami', ['ip: 127.0.0.1']],
  ['addauth digest u:p', []],
  ['whoami', ['digest: u']],
  ['setAcl /cli auth::cdrwa', []],
  ['getAcl /cli', ["'digest,'u:Jq7wMyA/w2Vd5WIDAKdu4OIIFEQ=", ': cdrwa']],
  ['setquota -n 5 /cli', []],
  ['listquota /cli', ['Output stat for /cli count=3,bytes=5']],
  ['delquota /cli', []],
  ['sync /', ['Sync is OK']],
  ['stat /cli', ['numChildren = 2']],
  ['removewatches /cli', []],
  ['deleteall /cli', []],
  ['delete /container', []],
  ['ls /', ['[zookeeper]']],
  ['config', []],
  ['quit', []],
]

suite('Java command line', {}, item => {
  item('243: ls -R, getAllChildrenNumber and the rest of zkCli', async ({ server }) => {
    const peer = await apachePeer()
    const output = await run(
      'java',
      [
        '-Xmx128m',
        '-XX:TieredStopAtLevel=1',
        '-cp',
        peer.classPath,
        'org.apache.zookeeper.ZooKeeperMain',
        '-waitforconnection',
        '-server',
        server.connectString,
      ],
      { input: SESSION.map(([line]) => `${line}\n`).join(''), timeoutMs: 60_000 },
    )
    const lines = output.split('\n').map(line => line.trim())
    let at = 0
    for (const [command, expected] of SESSION) {
      for (const line of expected) {
        const found = lines.indexOf(line, at)
        assert.ok(found >= 0, `${command}: no line ${JSON.stringify(line)} in\n${output}`)
        at = found + 1
      }
    }
  })
})
