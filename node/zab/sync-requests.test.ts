import assert from 'node:assert/strict'
import { test } from 'node:test'
import { membership } from '../../sim/cluster.ts'
import { counterOf, makeZxid, type PeerId, zxid } from '../../wire/ids.ts'
import { packetName } from '../../wire/records/quorum.ts'
import { Broadcast } from './broadcast.ts'
import { Core, DEFAULT_ZAB_OPTIONS } from './core.ts'
import { LearnerHandle } from './learner-handle.ts'
import { SyncRequests } from './sync-requests.ts'

const BASE = zxid(0n)
const APACHE = 7
const OURS = 8

/** An established leader with a learner of Apache's on link 7 and one of ours on link 8. */
class Stage {
  readonly core: Core
  readonly syncs: SyncRequests
  readonly broadcast: Broadcast
  readonly #handles: Map<PeerId, LearnerHandle>
  #proposed = 0

  constructor() {
    const options = { ...DEFAULT_ZAB_OPTIONS, me: 1 }
    const recent = { base: BASE, entries: [] }
    const epochs = { acceptedEpoch: 1, currentEpoch: 1 }
    const config = membership(3, 0)
    const state = { lastLogged: BASE, delivered: BASE, ...epochs, recent }
    this.core = new Core(options, state, config, config)
    this.#handles = new Map()
    for (const [id, link, features] of [
      [2, APACHE, 0],
      [3, OURS, 1],
    ] as const) {
      const handle = new LearnerHandle(link, 10)
      handle.id = id
      handle.features = features
      handle.phase = 'upToDate'
      this.#handles.set(id, handle)
    }
    this.syncs = new SyncRequests(this.core, this.#handles)
    this.broadcast = new Broadcast(this.core, this.#handles, this.syncs, 1)
    this.broadcast.refresh()
  }

  /** What is sent to `link` during `act`, as `COMMIT 3`. */
  sent(link: number, act: () => void): string[] {
    const effects = this.core.beginStep()
    act()
    return effects.flatMap(effect => {
      if (effect.do !== 'send' || !effect.to.includes(link)) return []
      const { type, zxid: at } = effect.packet
      return [`${packetName(type)} ${counterOf(at)}`]
    })
  }

  propose(count: number): void {
    for (let i = 0; i < count; i++) {
      const entry = { zxid: makeZxid(1, ++this.#proposed), bytes: new Uint8Array(1) }
      this.broadcast.propose(entry, undefined)
    }
  }

  /** All that is proposed is durable on a quorum. */
  commit(): void {
    this.broadcast.onDurable(this.core.history.last)
    this.broadcast.onAck(this.#handles.get(3)!, this.core.history.last)
  }

  answerPing(): void {
    for (const handle of this.#handles.values()) handle.pingAnswered()
    this.syncs.onPingAnswer(this.broadcast.lastProposed)
  }
}

test("a sync of Apache's learner is answered at once when nothing is open", () => {
  const stage = new Stage()
  assert.deepEqual(
    stage.sent(APACHE, () => stage.syncs.add(1, APACHE, stage.broadcast.lastProposed)),
    ['SYNC 0'],
  )
})

test("a sync of Apache's learner is answered before the commits of later writes", () => {
  const stage = new Stage()
  const sent = stage.sent(APACHE, () => {
    stage.propose(2)
    stage.syncs.add(1, APACHE, stage.broadcast.lastProposed)
    stage.propose(2)
    stage.syncs.add(2, APACHE, stage.broadcast.lastProposed)
    stage.commit()
  })
  assert.deepEqual(
    sent.filter(text => !text.startsWith('PROPOSAL')),
    ['COMMIT 1', 'COMMIT 2', 'SYNC 0', 'COMMIT 3', 'COMMIT 4', 'SYNC 0'],
  )
})

test('a sync of our learner waits for a quorum that answers a ping', () => {
  const stage = new Stage()
  const { lastProposed } = stage.broadcast
  assert.deepEqual(
    stage.sent(OURS, () => stage.syncs.add(1, OURS, lastProposed)),
    ['PING 0'],
  )
  assert.deepEqual(
    stage.sent(OURS, () => stage.answerPing()),
    ['SYNC 0'],
  )
})

test('the answer for a learner of ours names the last transaction before the sync', () => {
  const stage = new Stage()
  const sent = stage.sent(OURS, () => {
    stage.propose(2)
    stage.syncs.add(1, OURS, stage.broadcast.lastProposed)
    stage.propose(1)
    stage.commit()
    stage.answerPing()
    stage.syncs.answer()
  })
  assert.deepEqual(sent.slice(-2), ['COMMIT 3', 'SYNC 2'])
})

test('syncs of a link that is gone are forgotten', () => {
  const stage = new Stage()
  const sent = stage.sent(APACHE, () => {
    stage.propose(1)
    stage.syncs.add(1, APACHE, stage.broadcast.lastProposed)
    stage.syncs.forget(APACHE)
    stage.commit()
  })
  assert.ok(!sent.includes('SYNC 0'))
})
