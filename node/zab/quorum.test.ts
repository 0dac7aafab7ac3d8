import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { parseMembership } from '../../wire/config-string.ts'
import { isQuorum, isQuorumOfAll, type QuorumRule, quorumRule, weightIn } from './quorum.ts'

function ruleOf(text: string): QuorumRule {
  return quorumRule(parseMembership(text, false))
}

function lines(voters: number, observers: number): string {
  return Array.from({ length: voters + observers }, (_, i) => {
    return `server.${i + 1}=h${i + 1}:1:2:${i < voters ? 'participant' : 'observer'}`
  }).join('\n')
}

/** The dumb twin: lays the acks out and counts them one by one, as the reference words it. */
function isQuorumSlow(
  voters: number[],
  groups: number[][],
  weights: Map<number, number>,
  acks: Set<number>,
): boolean {
  if (groups.length === 0) {
    return voters.filter(id => acks.has(id)).length > Math.floor(voters.length / 2)
  }
  const weigh = (ids: number[]): number => ids.reduce((sum, id) => sum + (weights.get(id) ?? 1), 0)
  const counted = groups.filter(group => weigh(group) > 0)
  const won = counted.filter(group => {
    return weigh(group.filter(id => acks.has(id))) > weigh(group) / 2
  })
  return won.length > counted.length / 2
}

test('majorities agree with the dumb twin; observers never count', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 3 }),
      fc.uniqueArray(fc.integer({ min: 1, max: 12 })),
      (voters, observers, acked) => {
        const acks = new Set(acked)
        const ids = Array.from({ length: voters }, (_, i) => i + 1)
        const rule = ruleOf(lines(voters, observers))
        assert.equal(
          isQuorum(rule, id => acks.has(id)),
          isQuorumSlow(ids, [], new Map(), acks),
        )
      },
    ),
    { numRuns: 1000 },
  )
})

test('hierarchical quorums agree with the dumb twin', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 }), {
        minLength: 1,
        maxLength: 4,
      }),
      fc.uniqueArray(fc.integer({ min: 1, max: 12 })),
      (shape, acked) => {
        let next = 1
        const weights = new Map<number, number>()
        const groups = shape.map(members =>
          members.map(weight => {
            weights.set(next, weight)
            return next++
          }),
        )
        const ids = groups.flat()
        const text = [
          ...ids.map(id => `server.${id}=h${id}:1:2:participant`),
          ...groups.map((group, i) => `group.${i + 1}=${group.join(':')}`),
          ...ids.map(id => `weight.${id}=${weights.get(id)}`),
        ].join('\n')
        const acks = new Set(acked)
        const rule = ruleOf(text)
        assert.equal(
          isQuorum(rule, id => acks.has(id)),
          isQuorumSlow(ids, groups, weights, acks),
        )
        for (const id of ids) assert.equal(weightIn(rule, id), weights.get(id))
      },
    ),
    { numRuns: 1000 },
  )
})

test('two majorities of one configuration always share a member', () => {
  for (let voters = 1; voters <= 7; voters++) {
    const rule = ruleOf(lines(voters, 1))
    for (let set = 0; set < 1 << voters; set++) {
      const has = (id: number): boolean => (set & (1 << (id - 1))) !== 0
      if (isQuorum(rule, has)) assert.ok(!isQuorum(rule, id => !has(id)))
    }
  }
})

test('an open reconfig needs both configurations; nothing needs no configuration', () => {
  const old = ruleOf(lines(3, 0))
  const wide = ruleOf(lines(5, 0))
  assert.ok(isQuorumOfAll([old, wide], id => id <= 3))
  assert.ok(!isQuorumOfAll([old, wide], id => id <= 2))
  assert.ok(!isQuorumOfAll([old, wide], id => id >= 3))
  assert.ok(!isQuorumOfAll([], () => true))
})
