/** Installs every peer into the cache: `node interop/peers/install.ts`. */
import { apachePeer } from './apache.ts'
import { cClient } from './c-client.ts'
import { curatorClassPath } from './curator.ts'
import { kazooPython } from './kazoo.ts'
import { nodeClientEntry } from './node-client.ts'

const peers: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['Apache ZooKeeper', apachePeer],
  ['Curator', curatorClassPath],
  ['kazoo', kazooPython],
  ['C client', cClient],
  ['node-zookeeper-client', nodeClientEntry],
]

// One after the other: the registries' clients lock their own caches.
for (const [name, install] of peers) {
  const startedMs = Date.now()
  await install()
  console.log(`${name}: ready after ${Date.now() - startedMs} ms`)
}
