/** Observers that hang on a follower instead of the leader, ours and Apache's on each other. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CreateMode } from '../../wire/opcodes.ts'
import { ok } from '../harness/client.ts'
import { fourLetter } from '../harness/four-letter.ts'
import { freePorts } from '../harness/ports.ts'
import type { ServerKind } from '../harness/server.ts'
import { poll } from '../harness/wait.ts'
import { write } from '../storage/disk.ts'
import { Ensemble, type Member, type MemberPlan } from './ensemble.ts'
import { rejoin, syncAndWrite, writeSome } from './faults.ts'
import { assertSameState } from './state.ts'

/** Shortest session: two ticks of 500 ms. */
const SHORT_SESSION_MS = 1000

const CASES: readonly {
  readonly master: ServerKind
  readonly leader: ServerKind
  readonly observer: ServerKind
}[] = [
  { master: 'ours', leader: 'ours', observer: 'ours' },
  { master: 'ours', leader: 'ours', observer: 'apache' },
  { master: 'ours', leader: 'apache', observer: 'ours' },
  { master: 'ours', leader: 'apache', observer: 'apache' },
  { master: 'apache', leader: 'ours', observer: 'ours' },
]

void describe('observer masters', () => {
  for (const { master, leader, observer } of CASES) {
    void test(`${observer}'s observer on ${master}'s follower of ${leader}'s leader`, async () => {
      const [observerMasterPort = 0] = await freePorts(1)
      // All addresses are one here, so only one member may have the port.
      const cfg = { observerMasterPort }
      const plans: readonly MemberPlan[] = [
        { kind: master, cfg },
        { kind: leader },
        { kind: observer, role: 'observer', cfg },
      ]
      const ensemble = await Ensemble.prepare(plans)
      try {
        await ensemble.startUnder(ensemble.member(2))
        await observe(ensemble, ensemble.member(3))
      } catch (error) {
        ensemble.keep = true
        throw error
      } finally {
        await ensemble.stop()
      }
    })
  }
})

/** What the observer hears of a session reaches the leader. */
async function staysAlive(observer: Member): Promise<void> {
  const client = await observer.connect({ timeOut: SHORT_SESSION_MS })
  const since = Date.now()
  await poll('twice the time-out, with nothing but pings', async () => {
    ok(await client.ping())
    return Date.now() - since > 2 * client.session.timeOut ? true : undefined
  })
  await client.close()
}

async function observe(ensemble: Ensemble, observer: Member): Promise<void> {
  assert.match(await fourLetter(ensemble.member(2).port, 'mntr'), /^zk_synced_observers\t0$/m)
  assert.match(await fourLetter(ensemble.member(1).port, 'mntr'), /^zk_synced_observers\t1$/m)
  await write(observer.port)
  await staysAlive(observer)
  const client = await observer.connect()
  ok(await client.create('/by-observer', { flags: CreateMode.ephemeral }))
  for (let i = 0; i < 50; i++) {
    ok(await client.sync('/'))
    ok(await client.setData('/by-observer', `${i}`))
  }
  await syncAndWrite(observer)
  // The session moves to the leader and back.
  const moved = await ensemble.member(2).connect(client.credentials)
  ok(await moved.setData('/by-observer', 'moved'))
  const back = await observer.connect(client.credentials)
  assert.equal(back.session.sessionId, client.session.sessionId)
  ok(await back.sync('/'))
  assert.equal(Buffer.from(ok(await back.getData('/by-observer')).data ?? []).toString(), 'moved')
  await back.close()
  await assertSameState(ensemble)
  await observer.server.kill()
  await writeSome(ensemble.member(1), '/observer-missed')
  await rejoin(ensemble, observer, 'diff')
  const master = ensemble.member(1)
  await master.server.kill()
  await master.server.launch()
  await ensemble.awaitServing()
  await writeSome(observer, '/after-master')
  await assertSameState(ensemble)
}
