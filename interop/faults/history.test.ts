/** The checker is worth what it finds: each rule, broken once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Final, judge, judgeEphemerals, type Operation } from './history.ts'

/** A sound history of one register: two sessions, one unknown write, one refused write. */
function sound(): Operation[] {
  return [
    operation({ kind: 'write', value: 'a', began: 1, ended: 2, version: 1, mzxid: 11n }),
    operation({
      kind: 'read',
      value: 'a',
      began: 3,
      ended: 4,
      version: 1,
      mzxid: 11n,
      session: 2n,
    }),
    operation({
      kind: 'write',
      value: 'b',
      began: 5,
      ended: 8,
      version: 2,
      mzxid: 12n,
      expected: 1,
    }),
    operation({ kind: 'write', value: 'no', began: 6, ended: 7, outcome: 'refused', expected: 0 }),
    operation({ kind: 'write', value: 'c', began: 9, outcome: 'unknown', ended: Infinity }),
    operation({ kind: 'read', value: 'b', began: 10, ended: 12, version: 2, mzxid: 12n }),
    operation({
      kind: 'read',
      value: 'c',
      began: 13,
      ended: 14,
      version: 3,
      mzxid: 15n,
      isSynced: true,
      session: 2n,
    }),
    operation({ kind: 'write', value: 'd', began: 15, ended: 16, version: 4, mzxid: 16n }),
  ]
}

const FINALS: ReadonlyMap<string, Final> = new Map([['k', { value: 'd', version: 4, mzxid: 16n }]])
const CHECKS = { syncIsLinearizable: true }

function operation(fields: Partial<Operation>): Operation {
  const { version = -1, mzxid = 0n } = fields
  return {
    kind: 'read',
    worker: 0,
    session: 1n,
    key: 'k',
    value: '',
    expected: -1,
    isSynced: false,
    began: 0,
    ended: 0,
    outcome: 'ok',
    version,
    mzxid,
    zxid: mzxid,
    ...fields,
  }
}

/** The sound history with fields of one operation replaced. */
function broken(index: number, fields: Partial<Operation>): Operation[] {
  return sound().map((each, i) => (i === index ? { ...each, ...fields } : each))
}

const SABOTAGE: readonly (readonly [RegExp, Operation[], ReadonlyMap<string, Final>?])[] = [
  [/nobody wrote this/, broken(1, { value: 'x' })],
  [/nobody wrote this/, broken(5, { value: 'no' })],
  [/was a at/, broken(5, { version: 1 })],
  [/was d at 0x10/, broken(7, { mzxid: 17n, zxid: 17n })],
  [/replaced another version/, broken(2, { expected: 0 })],
  [/zxids in other order/, broken(6, { mzxid: 12n })],
  [/came after/, broken(0, { mzxid: 13n, zxid: 13n })],
  [/session has seen zxid/, broken(5, { zxid: 5n })],
  [/its session has seen more/, [...sound(), late({ version: 1, value: 'a', mzxid: 11n })]],
  [/acknowledged, is lost/, sound(), new Map([['k', { value: 'c', version: 3, mzxid: 15n }]])],
  [/fewer writes were sent/, sound(), new Map([['k', { value: 'd', version: 9, mzxid: 17n }]])],
  [/behind a sync/, broken(6, { version: 1, value: 'a', mzxid: 11n })],
]

function late(fields: Partial<Operation>): Operation {
  return operation({ kind: 'read', began: 17, ended: 18, zxid: 20n, session: 1n, ...fields })
}

void test('a sound history is sound', () => {
  assert.deepEqual(judge(sound(), FINALS, CHECKS), [])
})

for (const [finding, operations, finals = FINALS] of SABOTAGE) {
  void test(`finds: ${finding.source}`, () => {
    assert.match(judge(operations, finals, CHECKS).join('\n'), finding)
  })
}

void test('ephemerals: once, by one transaction, in order', () => {
  const created = { connection: 1, path: '/e/1', isDeleted: false, zxid: 5n }
  const deleted = { connection: 1, path: '/e/1', isDeleted: true, zxid: 7n }
  const elsewhere = { ...deleted, connection: 2 }
  assert.deepEqual(judgeEphemerals([created, deleted, elsewhere]), [])
  assert.match(judgeEphemerals([created, deleted, deleted]).join(), /told twice/)
  assert.match(judgeEphemerals([created, deleted, { ...elsewhere, zxid: 8n }]).join(), /0x7, 0x8/)
  assert.match(judgeEphemerals([{ ...created, zxid: 9n }, deleted]).join(), /after it was deleted/)
})
