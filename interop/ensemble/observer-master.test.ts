/** Observers that hang on followers (`observerMasterPort`), ours and Apache's either way. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CreateMode } from '../../wire/opcodes.ts'
import { ok } from '../harness/client.ts'
import { fourLetter } from '../harness/four-letter.ts'
import { freePorts } from '../harness/ports.ts'
import { poll } from '../harness/wait.ts'
import { APACHE, Ensemble, type Member, type MemberPlan, OURS } from './ensemble.ts'
import { assertSameState } from './state.ts'

/** Shortest session: two ticks of 500 ms. */
const SHORT_SESSION_MS = 1000

void describe('observer masters', () => {
  for (const [voter, observer] of [
    [OURS, OURS],
    [OURS, APACHE],
    [APACHE, OURS],
  ] as const) {
    void test(`a follower of kind ${voter.kind} serves an observer of kind ${observer.kind}`, async () => {
      const [port] = await freePorts(1)
      assert.ok(port !== undefined)
      // One address for all here: 1 alone may have the port, and 3 is made to lead.
      const cfg = { observerMasterPort: port }
      const watching: MemberPlan = { ...observer, role: 'observer', cfg }
      const ensemble = await Ensemble.prepare([{ ...voter, cfg }, voter, voter, watching])
      try {
        await ensemble.startUnder(ensemble.member(3))
        await hangsOnFollower(ensemble)
      } catch (error) {
        ensemble.keep = true
        throw error
      } finally {
        await ensemble.stop()
      }
    })
  }
})

async function hangsOnFollower(ensemble: Ensemble): Promise<void> {
  const [master, observer] = [ensemble.member(1), ensemble.member(4)]
  await poll('the observer hangs on 1', async () => {
    const found = /observer_master_id\t(-?\d+)/.exec(await fourLetter(observer.port, 'mntr'))
    return found?.[1] === '1' ? true : undefined
  })
  assert.match(await fourLetter(master.port, 'mntr'), /zk_synced_observers\t1/)
  await keepsSessionAlive(observer, ensemble.member(2))
  await assertSameState(ensemble)
}

/** Writes, syncs and moves through the observer; what it hears of sessions reaches the leader. */
async function keepsSessionAlive(observer: Member, elsewhere: Member): Promise<void> {
  const client = await observer.connect({ timeOut: SHORT_SESSION_MS })
  ok(await client.create('/by-observer', { flags: CreateMode.ephemeral }))
  ok(await client.sync('/'))
  const since = Date.now()
  await poll('twice the time-out, with nothing but pings', async () => {
    ok(await client.ping())
    return Date.now() - since > 2 * client.session.timeOut ? true : undefined
  })
  const other = await elsewhere.connect()
  ok(await other.sync('/'))
  ok(await other.exists('/by-observer'))
  const moved = await observer.connect(client.credentials)
  assert.equal(moved.session.sessionId, client.session.sessionId)
  client.destroy()
  await moved.close()
  ok(await other.sync('/'))
  assert.equal((await other.exists('/by-observer')).err, -101)
  await other.close()
}
