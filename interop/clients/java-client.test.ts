/** behaviours.md 238 and 239: Apache's Java client over a connection that breaks, and Curator. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite } from '../harness/suite.ts'
import { apachePeer } from '../peers/apache.ts'
import { run } from '../peers/command.ts'
import { curatorClassPath, needJavaCompiler } from '../peers/curator.ts'
import { Dialogue } from './dialogue.ts'
import { Proxy } from './proxy.ts'

const JVM = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-cp']

function source(name: string): string {
  return join(import.meta.dirname, `${name}.java`)
}

suite('Java client', {}, item => {
  item('238: create2, watches, a broken connection, setWatches2', async ({ server }) => {
    await needJavaCompiler()
    const peer = await apachePeer()
    const proxy = await Proxy.start(server.port)
    const args = [...JVM, peer.classPath, source('JavaClientScenarios')]
    const program = new Dialogue(
      'java',
      [...args, `127.0.0.1:${proxy.port}`, server.connectString],
      {},
    )
    try {
      await program.hear(/^break$/m)
      proxy.cut()
      await program.hear(/^ok$/m)
    } finally {
      proxy.stop()
      await program.end()
    }
  })

  item('239: Curator', async ({ server }) => {
    await needJavaCompiler()
    const args = [...JVM, await curatorClassPath(), source('CuratorScenarios')]
    const output = await run('java', [...args, server.connectString], { timeoutMs: 90_000 })
    assert.deepEqual(
      output.trim().split('\n'),
      ['creates', 'latch', 'mutex', 'watcher', 'cache'].map(name => `ok ${name}`),
    )
  })
})
