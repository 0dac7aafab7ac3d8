import assert from 'node:assert/strict'
import { test } from 'node:test'
import { membership } from '../../sim/cluster.ts'
import { makeZxid, zxid } from '../../wire/ids.ts'
import { PacketType, packetName } from '../../wire/records/quorum.ts'
import { Core, DEFAULT_ZAB_OPTIONS } from './core.ts'
import { beginHistory, continueHistory } from './leader-sync.ts'
import { LearnerHandle } from './learner-handle.ts'

const BASE = zxid(0n)

/** A leader that has `count` transactions, the last `open` of them not committed. */
function leader(count: number, open: number, sliceCount: number, keep: number): Core {
  const options = { ...DEFAULT_ZAB_OPTIONS, me: 1, sliceCount, historyCount: keep }
  const state = { lastLogged: BASE, delivered: BASE, acceptedEpoch: 1, currentEpoch: 1 }
  const recent = { base: BASE, entries: [] }
  const config = membership(3, 0)
  const limits = { ...options, historyMaxBytes: 0 }
  const core = new Core(limits, { ...state, recent }, config, config)
  for (let i = 1; i <= count; i++) {
    core.history.append({ zxid: makeZxid(1, i), bytes: new Uint8Array(10) })
    if (i <= count - open) core.history.deliverNext()
  }
  return core
}

/** Names of the packets of one slice. */
function slice(core: Core, act: () => void): string[] {
  const effects = core.beginStep()
  act()
  return effects.flatMap(effect => (effect.do === 'send' ? [packetName(effect.packet.type)] : []))
}

function countOf(names: readonly string[], type: PacketType): number {
  return names.filter(name => name === packetName(type)).length
}

test('a long history goes in slices; what is open and NEWLEADER follow the last one at once', () => {
  const core = leader(1200, 3, 500, 5000)
  const handle = new LearnerHandle(7, 10)
  const max = core.history.delivered
  const first = slice(core, () => {
    beginHistory(core, handle, max)
    assert.ok(continueHistory(core, handle, max, 1))
  })
  assert.equal(first[0], 'DIFF')
  assert.equal(countOf(first, PacketType.proposal), 500)
  assert.equal(countOf(first, PacketType.commit), 500)
  assert.equal(handle.phase, 'catchingUp')
  // Meanwhile one more is committed: it belongs to the history now.
  core.history.deliverNext()
  const rest: string[][] = []
  while (handle.phase === 'catchingUp') {
    rest.push(
      slice(core, () => assert.ok(continueHistory(core, handle, core.history.delivered, 1))),
    )
  }
  assert.equal(rest.length, 2)
  const last = rest[1]!
  assert.equal(countOf(last, PacketType.commit), 1198 - 1000)
  assert.equal(countOf(last, PacketType.proposal), 1200 - 1000)
  assert.equal(last.at(-1), 'NEWLEADER')
  assert.equal(handle.phase, 'syncing')
})

test('a learner that is slower than history is forgotten begins anew', () => {
  const core = leader(40, 0, 10, 40)
  const handle = new LearnerHandle(7, 10)
  slice(core, () => {
    beginHistory(core, handle, core.history.delivered)
    assert.ok(continueHistory(core, handle, core.history.delivered, 1))
  })
  for (let i = 41; i <= 100; i++) {
    core.history.append({ zxid: makeZxid(1, i), bytes: new Uint8Array(10) })
    core.history.deliverNext()
  }
  const sent = slice(core, () => {
    assert.ok(!continueHistory(core, handle, core.history.delivered, 1), 'there would be a hole')
  })
  assert.deepEqual(sent, [])
})

test('a leader that is not established applies its tail before it sends a snapshot', () => {
  const core = leader(30, 5, 10, 10)
  const handle = new LearnerHandle(7, 10)
  const effects = core.beginStep()
  beginHistory(core, handle, core.history.last)
  assert.ok(continueHistory(core, handle, core.history.last, 2))
  const kinds = effects.map(effect => effect.do)
  assert.deepEqual(kinds, ['deliver', 'sendSnapshot', 'note', 'send'])
  const snapshot = effects[1]!
  assert.ok(snapshot.do === 'sendSnapshot' && snapshot.zxid === makeZxid(1, 30))
})
