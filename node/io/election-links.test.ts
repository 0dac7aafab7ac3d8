/** Who calls whom on the election port. */
import { equal } from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { type Membership, parseMembership } from '../../wire/config-string.ts'
import type { PeerId } from '../../wire/ids.ts'
import type { NetworkEvents } from '../member/ports.ts'
import { ElectionLinks } from './election-links.ts'

const NOTHING = (): void => {}
const QUIET = { debug: NOTHING, info: NOTHING, warn: NOTHING, error: NOTHING } as never

async function freePort(): Promise<number> {
  const server = createServer()
  const { promise, resolve } = Promise.withResolvers<number>()
  server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  const port = await promise
  await new Promise(done => server.close(done))
  return port
}

function members(ports: Readonly<Record<number, number>>): Membership {
  const lines = Object.entries(ports).map(
    ([id, port]) => `server.${id}=127.0.0.1:1:${port}:participant`,
  )
  return parseMembership([...lines, 'version=100000001'].join('\n'), false)
}

function links(me: PeerId, membership: Membership): ElectionLinks {
  const options = {
    me,
    listenOnAllIps: false,
    connectTimeoutMs: 5000,
    handshakeTimeoutMs: 5000,
    portBindRetries: 1,
    log: QUIET,
  }
  return new ElectionLinks(options, membership)
}

test('a larger id calls back a smaller one that no configuration lists', async () => {
  const [small, large] = [await freePort(), await freePort()]
  const two = links(2, members({ 2: small, 3: large }))
  const three = links(3, members({ 3: large }))
  const heard = Promise.withResolvers<PeerId>()
  const silent = {
    onPeerUp: NOTHING,
    onPeerDown: NOTHING,
    onNotification: NOTHING,
  } as unknown as NetworkEvents
  const listening = { ...silent, onNotification: (from: PeerId) => heard.resolve(from) }
  await two.start(silent)
  await three.start(listening)
  // It has learned that it left, before it ever reached the other.
  two.reconfigure(members({ 3: large }))
  two.notify(3, new Uint8Array([1]))
  equal(await heard.promise, 2)
  two.stop()
  three.stop()
})
