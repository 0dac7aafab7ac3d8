/** Apache's members are replaced by ours one by one, under a client that goes on; and back. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CreateMode } from '../../wire/opcodes.ts'
import { Client, ok } from '../harness/client.ts'
import type { ServerKind } from '../harness/server.ts'
import { pause, within } from '../harness/wait.ts'
import { write } from '../storage/disk.ts'
import { APACHE, type Ensemble, type Member, withEnsemble } from './ensemble.ts'
import { assertSameState } from './state.ts'

const ANSWER_MS = 3000

/** A client that writes all the time, with one session, through whoever serves. */
class Traveller {
  readonly #ports: readonly number[]
  #client: Client | undefined
  #version = -1
  acknowledged = 0
  isStopped = false

  constructor(ports: readonly number[], client: Client) {
    this.#ports = ports
    this.#client = client
  }

  async run(): Promise<void> {
    const first = this.#client
    assert.ok(first !== undefined)
    const { sessionId } = first.session
    const knobs = first.credentials
    for (let i = 0; !this.isStopped; i++) {
      try {
        this.#client ??= await Client.connect(this.#ports[i % this.#ports.length] ?? 0, knobs)
        assert.equal(this.#client.session.sessionId, sessionId, 'the session lives')
        const sent = this.#client.setData('/travels', `${i}`)
        const { version } = ok(await within(sent, 'setData', ANSWER_MS))
        assert.ok(version > this.#version, 'no acknowledged write is lost')
        this.#version = version
        this.acknowledged++
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        this.#client?.destroy()
        this.#client = undefined
        await pause(20)
      }
      await pause(2)
    }
    this.#client?.destroy()
  }
}

async function replaceEach(ensemble: Ensemble, kind: ServerKind): Promise<void> {
  for (const id of await order(ensemble)) {
    const member: Member = ensemble.member(id)
    await member.server.terminate()
    await ensemble.replace(member, kind)
    await member.server.launch()
    await ensemble.awaitServing(ensemble.members)
  }
}

/** Who leads comes last. */
async function order(ensemble: Ensemble): Promise<readonly number[]> {
  const leader = await ensemble.leader()
  const ids = ensemble.members.map(({ id }) => id)
  return [...ids.filter(id => id !== leader.id), leader.id]
}

void describe('an ensemble of Apache moves to ours', () => {
  void test('member by member, and back', async () => {
    await withEnsemble([APACHE, APACHE, APACHE], {}, async ensemble => {
      const ports = ensemble.members.map(({ port }) => port)
      await write(ports[0]!)
      const client = await Client.connect(ports[0]!, { timeOut: 10_000 })
      ok(await client.create('/travels'))
      ok(await client.create('/travels-owner', { flags: CreateMode.ephemeral }))
      const traveller = new Traveller(ports, client)
      const travelling = traveller.run()
      for (const kind of ['ours', 'apache'] as const) {
        const before = traveller.acknowledged
        await Promise.race([replaceEach(ensemble, kind), travelling])
        assert.ok(ensemble.members.every(member => member.kind === kind))
        assert.ok(traveller.acknowledged > before, 'it went on')
        const reader = await ensemble.member(2).connect()
        ok(await reader.sync('/'))
        ok(await reader.exists('/travels-owner'))
        await reader.close()
      }
      traveller.isStopped = true
      await travelling
      await assertSameState(ensemble)
    })
  })
})
