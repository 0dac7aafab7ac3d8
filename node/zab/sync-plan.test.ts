import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { counterOf, epochOf, hex, makeZxid, type Zxid } from '../../wire/ids.ts'
import { History } from './history.ts'
import { planSync } from './sync-plan.ts'

/** Entries per epoch, from epoch 1 on: the whole history of a leader. */
const shape = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 5 })

function historyOf(
  counts: readonly number[],
  keep: number,
  undelivered: number,
): [History, Zxid[]] {
  const all = counts.flatMap((count, i) =>
    Array.from({ length: count }, (_, k) => makeZxid(i + 1, k + 1)),
  )
  const history = new History({ count: keep, maxBytes: 0 }, makeZxid(0, 0))
  const committed = all.slice(0, Math.max(0, all.length - undelivered))
  for (const zxid of all) {
    history.append({ zxid, bytes: new Uint8Array(0) })
    if (committed.includes(zxid)) history.deliverTo(zxid)
  }
  return [history, all]
}

/** What a learner with this log would have after following the plan; undefined for SNAP. */
function outcome(peerLog: Zxid[], history: History, max: Zxid): Zxid[] | undefined {
  const plan = planSync(peerLog.at(-1) ?? makeZxid(0, 0), history, max)
  if (plan.kind === 'snap') return undefined
  const kept = plan.kind === 'diff' ? peerLog : peerLog.filter(zxid => zxid <= plan.zxid)
  // TRUNC must name a place that the learner has.
  if (plan.kind === 'trunc' && plan.zxid !== 0n) assert.equal(kept.at(-1), plan.zxid)
  const sent: Zxid[] = []
  for (let i = plan.from; i < history.count; i++) sent.push(history.at(i).zxid)
  return [...kept, ...sent]
}

test('whoever follows the plan ends with exactly the history of the leader', () => {
  const seen = { diff: 0, trunc: 0, snap: 0 }
  fc.assert(
    fc.property(
      shape,
      fc.nat(12),
      fc.nat(3),
      fc.nat(30),
      fc.nat(3),
      (counts, keep, open, prefix, extra) => {
        const [history, all] = historyOf(counts, keep, open)
        const max = history.delivered
        // A learner has a prefix of the history, and perhaps a tail that was never committed: of
        // the epoch it followed last, as far as that one's leader proposed it.
        const common = all.slice(0, prefix)
        const last = common.at(-1)
        const next = all[common.length]
        const isTailPossible =
          last !== undefined && (next === undefined || epochOf(next) > epochOf(last))
        const tail = isTailPossible
          ? Array.from({ length: extra }, (_, i) => (last + BigInt(i + 1)) as Zxid)
          : []
        const peerLog = [...common, ...tail]
        const peer = peerLog.at(-1) ?? makeZxid(0, 0)
        seen[planSync(peer, history, max).kind]++
        const result = outcome(peerLog, history, max)
        if (result !== undefined) assert.deepEqual(result.map(hex), all.map(hex))
      },
    ),
    { numRuns: 3000 },
  )
  for (const kind of ['diff', 'trunc', 'snap'] as const) assert.ok(seen[kind] > 20, kind)
})

/** The dumb twin: the table of quorum-protocol.md 6.3, row by row, over plain lists. */
function planSlow(peer: Zxid, base: Zxid, cached: Zxid[], max: Zxid): string {
  const committed = cached.filter(zxid => zxid <= max)
  const isNewEpoch = counterOf(peer) === 0 && peer !== 0n
  if (peer === max) return `diff ${hex(peer)}`
  if (peer > max && !isNewEpoch) return `trunc ${hex(max)}`
  if (peer > max || peer < base) return 'snap'
  if (peer === base || committed.includes(peer) || isNewEpoch) return `diff ${hex(max)}`
  const before = committed.filter(zxid => zxid < peer).at(-1) ?? base
  const after = committed.find(zxid => zxid > peer)!
  return epochOf(after) === epochOf(peer) ? `trunc ${hex(before)}` : 'snap'
}

test('every branch agrees with the table, for every zxid a peer can name', () => {
  let compared = 0
  fc.assert(
    fc.property(shape, fc.nat(12), fc.nat(3), (counts, keep, open) => {
      const [history] = historyOf(counts, keep, open)
      const cached = Array.from({ length: history.count }, (_, i) => history.at(i).zxid)
      for (let epoch = 0; epoch <= counts.length + 1; epoch++) {
        for (let counter = 0; counter <= 7; counter++) {
          const peer = makeZxid(epoch, counter)
          const plan = planSync(peer, history, history.delivered)
          const text = plan.kind === 'snap' ? 'snap' : `${plan.kind} ${hex(plan.zxid)}`
          assert.equal(text, planSlow(peer, history.base, cached, history.delivered), hex(peer))
          compared++
        }
      }
    }),
    { numRuns: 300 },
  )
  assert.ok(compared > 10_000)
})

test('an empty learner gets a DIFF only from a leader that remembers everything (4352)', () => {
  const [whole] = historyOf([5], 100, 0)
  assert.equal(planSync(makeZxid(0, 0), whole, whole.delivered).kind, 'diff')
  const [part] = historyOf([5], 3, 0)
  assert.equal(planSync(makeZxid(0, 0), part, part.delivered).kind, 'snap')
  // A lost database reports -1.
  assert.equal(planSync(-1n as Zxid, whole, whole.delivered).kind, 'snap')
})
