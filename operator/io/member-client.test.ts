/** The operator's questions and orders, to an ensemble of real processes on this machine. */
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { parseMembership } from '../../wire/config-string.ts'
import type { MemberAnswer } from '../ports/ensemble-api.ts'
import { AS, ensemble, HOST, isSettled, until } from './test-members.ts'

test('members describe themselves, pass the lead on and change the ensemble', async t => {
  const members = await ensemble(t, [{}, {}, {}])
  const answers = await until(members, isSettled)
  deepEqual(
    answers.map(answer => answer.id),
    [1, 2, 3],
  )
  equal(answers.filter(answer => answer.role === 'leader').length, 1)
  ok(answers.every(answer => answer.isVoting && answer.zxid >= 0n))
  match(answers[0]?.version ?? '', /^3\.9\./)
  const before = parseMembership(answers[0]?.membership ?? '', true)
  equal(before.members.length, 3)
  ok(before.version > 0n)

  const leader = members.find(member => answers[member.id - 1]?.role === 'leader')!
  const heir = members.find(member => member !== leader)!
  equal(await heir.client.handOver(HOST, AS, undefined), 'this member does not lead')
  equal(await leader.client.handOver(HOST, AS, heir.id), undefined)
  const after = await until(
    members,
    found => isSettled(found) && found[heir.id - 1]?.role === 'leader',
  )

  const victim = members.find(member => member !== heir)!
  const version = parseMembership(after[0]?.membership ?? '', true).version
  const removal = { joining: [], leaving: [victim.id], ifVersion: version }
  const stale = { ...removal, ifVersion: version - 1n }
  deepEqual(await heir.client.reconfig(HOST, AS, stale), { ok: false, reason: 'badVersion' })
  deepEqual(await heir.client.reconfig(HOST, AS, removal), { ok: true })
  const others = members.filter(member => member !== victim)
  const shrunk = await until(others, isSettled)
  const now = parseMembership(shrunk[0]?.membership ?? '', true)
  equal(now.members.length, 2)
  const addition = { joining: [victim.line], leaving: [], ifVersion: now.version }
  deepEqual(await heir.client.reconfig(HOST, AS, addition), { ok: true })
  await until(members, isSettled)

  victim.process.kill('SIGKILL')
  await until(members, found => found[victim.id - 1] === undefined)
})

test('a pinned observer stays one although no configuration names it', async t => {
  const extra = ['peerType=observer', 'observer.pinned=true']
  const members = await ensemble(t, [{}, { role: 'observer', isListed: false, extra }])
  const [leader, observer] = members
  ok(leader !== undefined && observer !== undefined)
  const isThere = (answers: readonly (MemberAnswer | undefined)[]): boolean =>
    answers.every(answer => answer?.isServing)
  const answers = await until(members, isThere)
  equal(answers[1]?.role, 'observer')
  const before = parseMembership(answers[1]?.membership ?? '', true)
  deepEqual(
    before.members.map(member => member.id),
    [1],
  )
  // A new configuration that does not name it either changes nothing for it.
  const joining = ['server.9=127.0.0.1:1:2:observer;127.0.0.1:3']
  const change = { joining, leaving: [], ifVersion: before.version }
  deepEqual(await leader.client.reconfig(HOST, AS, change), { ok: true })
  const after = await until(members, found => {
    const version = parseMembership(found[1]?.membership ?? 'version=0', true).version
    return isThere(found) && version > before.version
  })
  equal(after[1]?.role, 'observer')
  equal(after[1]?.isVoting, false)
})
