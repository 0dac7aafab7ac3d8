import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseMembership } from '../../wire/config-string.ts'
import { makeZxid } from '../../wire/ids.ts'
import { answerEpoch, EpochProposal, isAhead } from './epochs.ts'
import { quorumRule } from './quorum.ts'

const FIVE = quorumRule(
  parseMembership(
    [1, 2, 3, 4, 5].map(id => `server.${id}=h:1${id}:2${id}:participant`).join('\n'),
    false,
  ),
)

test('the epoch is above every accepted one of the quorum that decides it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 8 }), fc.nat(50)), { maxLength: 12 }),
      fc.nat(50),
      (offers, own) => {
        const proposal = new EpochProposal(1, own)
        const heard = new Map([[1, own]])
        for (const [id, accepted] of offers) {
          const wasDecided = proposal.decided
          const decides = proposal.offer(id, accepted, [FIVE])
          if (wasDecided !== undefined) {
            assert.equal(proposal.decided, wasDecided, 'a decided epoch stays')
            continue
          }
          heard.set(id, Math.max(accepted, heard.get(id) ?? 0))
          const voters = [...heard.keys()].filter(each => each <= 5).length
          assert.equal(decides, voters >= 3)
          if (decides) assert.equal(proposal.decided, Math.max(...heard.values()) + 1)
        }
      },
    ),
  )
})

test('a learner never goes back to an epoch below one it accepted', () => {
  assert.deepEqual(answerEpoch(4, 5), { kind: 'refuse' })
  assert.deepEqual(answerEpoch(5, 5), { kind: 'known' })
  assert.deepEqual(answerEpoch(6, 5), { kind: 'accept' })
  assert.deepEqual(answerEpoch(0x80000000, 5), { kind: 'refuse' })
})

test('the newer epoch outweighs the longer log', () => {
  const old = { currentEpoch: 1, lastZxid: makeZxid(1, 900) }
  const fresh = { currentEpoch: 2, lastZxid: makeZxid(1, 3) }
  assert.ok(isAhead(fresh, old))
  assert.ok(!isAhead(old, fresh))
  assert.ok(isAhead({ ...old, lastZxid: makeZxid(1, 901) }, old))
  assert.ok(!isAhead(old, old))
})
