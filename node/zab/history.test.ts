import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { makeZxid, type Zxid } from '../../wire/ids.ts'
import { History, isSuccessor } from './history.ts'
import type { Entry } from './inputs.ts'

const KEEP = 5

function entry(zxid: Zxid): Entry {
  return { zxid, bytes: new Uint8Array(0) }
}

/** The dumb twin: a list of everything and two marks. */
interface Twin {
  base: Zxid
  all: Zxid[]
  delivered: Zxid
}

function check(history: History, twin: Twin): void {
  const last = twin.all.at(-1) ?? twin.base
  assert.equal(history.last, last)
  assert.equal(history.delivered, twin.delivered)
  const undelivered = twin.all.filter(zxid => zxid > twin.delivered)
  assert.equal(history.undelivered, undelivered.length)
  assert.equal(history.nextToDeliver?.zxid, undelivered[0])
  const delivered = twin.all.filter(zxid => zxid <= twin.delivered)
  assert.ok(history.count - history.undelivered <= KEEP)
  const kept = twin.all.slice(twin.all.length - history.count)
  assert.deepEqual(
    Array.from({ length: history.count }, (_, i) => history.at(i).zxid),
    kept,
  )
  const before = twin.all[twin.all.length - history.count - 1] ?? twin.base
  assert.equal(history.base, before)
  for (const zxid of [...delivered, ...undelivered, twin.base]) {
    const known = zxid === history.base || kept.includes(zxid)
    assert.equal(history.has(zxid), known)
    if (known) assert.equal(history.indexAfter(zxid), kept.filter(k => k <= zxid).length)
  }
}

test('history agrees with a plain list through appends, deliveries and cuts', () => {
  const command = fc.oneof(
    { weight: 6, arbitrary: fc.constant('append') },
    { weight: 1, arbitrary: fc.constant('newEpoch') },
    { weight: 4, arbitrary: fc.constant('deliver') },
    { weight: 1, arbitrary: fc.constant('truncate') },
    { weight: 1, arbitrary: fc.constant('settle') },
  )
  let cuts = 0
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300 }), fc.nat(), (commands, chance) => {
      const history = new History({ count: KEEP, maxBytes: 0 }, makeZxid(1, 3))
      const twin: Twin = { base: makeZxid(1, 3), all: [], delivered: makeZxid(1, 3) }
      let number = chance
      for (const each of commands) {
        number = (number * 31 + 7) % 1009
        const last = history.last
        if (each === 'append' || each === 'newEpoch') {
          const next =
            each === 'append' ? ((last + 1n) as Zxid) : makeZxid(Number(last >> 32n) + 1, 1)
          history.append(entry(next))
          twin.all.push(next)
        } else if (each === 'deliver') {
          if (history.undelivered === 0) continue
          twin.delivered = history.deliverNext().zxid
        } else {
          // Cuts only where both ends are remembered: elsewhere history starts over.
          const first = history.count - history.undelivered
          const at = first + (number % (history.undelivered + 1))
          const log = at === 0 ? history.base : history.at(at - 1).zxid
          if (each === 'truncate') history.truncate(log, log)
          else history.settle(log, history.delivered)
          twin.all = twin.all.filter(zxid => zxid <= log)
          cuts++
        }
        check(history, twin)
      }
    }),
    { numRuns: 200 },
  )
  assert.ok(cuts > 100)
})

test('a hole is refused, whoever makes it', () => {
  const history = new History({ count: KEEP, maxBytes: 0 }, makeZxid(1, 3))
  assert.throws(() => history.append(entry(makeZxid(1, 5))), /no holes/)
  assert.throws(() => history.append(entry(makeZxid(1, 3))), /no holes/)
  assert.throws(() => history.append(entry(makeZxid(2, 2))), /no holes/)
  history.append(entry(makeZxid(2, 1)))
  assert.ok(!isSuccessor(makeZxid(2, 1), makeZxid(1, 4)))
})

test('what recovery read behind a hole is not offered to anybody', () => {
  const history = new History({ count: 100, maxBytes: 0 }, makeZxid(1, 0))
  const read = [1, 2, 5, 6].map(counter => entry(makeZxid(1, counter)))
  history.load(makeZxid(1, 0), read, makeZxid(1, 6))
  assert.equal(history.count, 2)
  assert.equal(history.base, makeZxid(1, 4))
  assert.ok(!history.has(makeZxid(1, 2)))
})

test('a cut below what is delivered takes the tree back; one that is not remembered starts over', () => {
  const history = new History({ count: 100, maxBytes: 0 }, makeZxid(1, 0))
  for (let i = 1; i <= 6; i++) history.append(entry(makeZxid(1, i)))
  history.deliverTo(makeZxid(1, 5))
  history.truncate(makeZxid(1, 4), makeZxid(1, 2))
  assert.equal(history.last, makeZxid(1, 4))
  assert.equal(history.delivered, makeZxid(1, 2))
  assert.equal(history.undelivered, 2)
  history.settle(makeZxid(1, 9), makeZxid(1, 9))
  assert.equal(history.count, 0)
  assert.equal(history.base, makeZxid(1, 9))
})

test('more is kept while it fits, and what is kept is zxid and bytes alone', () => {
  const history = new History({ count: 2, maxBytes: 10 * 500 }, makeZxid(1, 0))
  for (let i = 1; i <= 30; i++) {
    const request = { zxid: makeZxid(1, i), bytes: new Uint8Array(100), connection: 'large' }
    history.append(request)
    assert.equal(history.deliverNext(), request, 'the pipeline gets its own object back')
  }
  assert.equal(history.count, 10)
  assert.equal(history.base, makeZxid(1, 20))
  assert.ok(!('connection' in history.at(9)))
  history.truncate(makeZxid(1, 25), makeZxid(1, 25))
  for (let i = 26; i <= 60; i++) {
    history.append({ zxid: makeZxid(1, i), bytes: new Uint8Array(5000) })
    history.deliverNext()
  }
  assert.equal(history.count, 2, 'never fewer than the count')
})
