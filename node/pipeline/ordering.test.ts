/** Random sessions against a member whose disk is as slow as it likes: client-protocol.md 3.5. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { TestRandom } from '../../base/test-random.ts'
import { ErrorCode } from '../../wire/errors.ts'
import { EventType, OpCode } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import { readTxn, type SingleTxn, type Txn } from '../../wire/records/txn.ts'
import { Database } from '../tree/database.ts'
import { Asker, checkMonotonic, checkRead, type Read, readsOf } from './test-asker.ts'
import type { TestClient } from './test-client.ts'
import { TestMember } from './test-member.ts'

/** Runs until `steps` are done; clients come, ask, are cut off, come back and expire. */
function run(seed: number, steps: number): { readonly member: TestMember; readonly all: Asker[] } {
  const random = new TestRandom(seed)
  const member = new TestMember()
  const all: Asker[] = []
  let open: Asker[] = []
  const enter = (client: TestClient): void => {
    const asker = new Asker(client)
    all.push(asker)
    open.push(asker)
  }
  for (let i = 0; i < 3; i++) enter(member.connect())
  for (let step = 0; step < steps; step++) {
    open = open.filter(asker => asker.client.isOpen)
    if (open.length === 0) enter(member.connect())
    const asker = random.pick(open)
    switch (random.int(24)) {
      case 0:
        if (random.oneIn(4)) asker.client.cut()
        break
      case 1:
        enter(member.connect())
        break
      case 2:
        member.advance(random.int(1500))
        break
      case 3: {
        const { session } = asker.client
        if (!random.oneIn(3) || session === undefined) break
        const again = member.open()
        again.reattach(session)
        if (again.isOpen) enter(again)
        break
      }
      case 4:
        if (!random.oneIn(4)) break
        asker.client.ask(OpCode.closeSession)
        asker.asked.push({ xid: 0, type: OpCode.closeSession, path: '', watch: false })
        break
      case 5:
      case 6:
      case 7:
        member.durable(random.int(4))
        break
      default:
        for (let i = random.int(4); i >= 0 && asker.client.isOpen; i--) asker.ask(random)
    }
  }
  member.settle()
  return { member, all }
}

test('replies come in the order of the requests, and time goes forward', () => {
  let looked = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const { member, all } = run(seed, 300)
      member.checkQuiet()
      for (const { client, asked } of all) {
        const answered = client.replies.filter(reply => reply.xid !== 0)
        const expected = asked.slice(0, answered.length)
        assert.deepEqual(
          answered.map(reply => reply.xid),
          expected.map(({ xid, type }, i) =>
            type === OpCode.closeSession ? answered[i]!.xid : xid,
          ),
        )
        // Whoever was not cut off is not left without an answer.
        if (client.isOpen) assert.equal(answered.length, asked.length)
        checkMonotonic(client.received)
        looked += answered.length
      }
    }),
    { numRuns: 40, endOnFailure: true },
  )
  assert.ok(looked > 5000, 'a check that looked at nothing has not passed')
})

test('what is in the log is what was served, with the digests that were promised', () => {
  let replayed = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      replayed += run(seed, 250).member.checkRecovery()
    }),
    { numRuns: 30, endOnFailure: true },
  )
  assert.ok(replayed > 2000, 'a check that looked at nothing has not passed')
})

/** Calls back after every transaction of the member's log, and once before. */
function replay(
  member: TestMember,
  after: (database: Database, txn: Txn | undefined) => void,
): void {
  const database = new Database(member.database.tree.options)
  after(database, undefined)
  for (const { bytes } of member.log.entries) {
    const txn = readTxn(new Reader(bytes))
    database.apply(txn)
    after(database, txn)
  }
}

test('a read shows the state of its zxid, no older and no newer one', () => {
  let looked = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const { member, all } = run(seed, 250)
      const reads = all.flatMap(readsOf)
      replay(member, database => {
        for (const read of reads) {
          if (read.zxid !== database.lastZxid) continue
          checkRead(database, read)
          looked++
        }
      })
    }),
    { numRuns: 30, endOnFailure: true },
  )
  assert.ok(looked > 2000, 'a check that looked at nothing has not passed')
})

/** What a transaction does to znodes, part by part. */
function changesOf({ body }: Txn): readonly (readonly [EventType, string])[] {
  const parts: readonly SingleTxn[] = body.type === OpCode.multi ? body.txns : [body]
  if (parts.some(({ type }) => type === OpCode.error)) return []
  return parts.flatMap((part): (readonly [EventType, string])[] => {
    if (part.type === OpCode.create) return [[EventType.nodeCreated, part.path]]
    if (part.type === OpCode.delete) return [[EventType.nodeDeleted, part.path]]
    if (part.type === OpCode.setData) return [[EventType.nodeDataChanged, part.path]]
    if (part.type !== OpCode.closeSession) return []
    return (part.paths ?? []).map(path => [EventType.nodeDeleted, path])
  })
}

/** One-shot watches of a client, as the reference has them. */
class NaiveClient {
  readonly data = new Set<string>()
  readonly child = new Set<string>()
  readonly events: string[] = []

  watch({ asked, err }: Read): void {
    if (!asked.watch) return
    if (asked.type === OpCode.exists) this.data.add(asked.path)
    else if (err === ErrorCode.ok && asked.type === OpCode.getData) this.data.add(asked.path)
    else if (err === ErrorCode.ok) this.child.add(asked.path)
  }

  see(type: EventType, path: string, zxid: bigint): void {
    const isWatched = this.data.delete(path)
    const isChildWatched = type === EventType.nodeDeleted && this.child.delete(path)
    if (isWatched || isChildWatched) this.events.push(`${type} ${path} ${zxid}`)
    if (type === EventType.nodeDataChanged) return
    const parent = path.lastIndexOf('/') === 0 ? '/' : path.slice(0, path.lastIndexOf('/'))
    if (!this.child.delete(parent)) return
    this.events.push(`${EventType.nodeChildrenChanged} ${parent} ${zxid}`)
  }
}

test('whoever watches is told of the first change, and of that one only', () => {
  let told = 0
  fc.assert(
    fc.property(fc.integer(), seed => {
      const { member, all } = run(seed, 250)
      const twins = all.map(asker => ({ asker, reads: readsOf(asker), naive: new NaiveClient() }))
      replay(member, ({ lastZxid }, txn) => {
        for (const { reads, naive } of twins) {
          for (const [type, path] of txn === undefined ? [] : changesOf(txn)) {
            naive.see(type, path, lastZxid)
          }
          for (const read of reads) if (read.zxid === lastZxid) naive.watch(read)
        }
      })
      for (const { asker, naive } of twins) {
        const { events, isOpen } = asker.client
        // Whoever was cut off has heard of what came before.
        assert.deepEqual(events, isOpen ? naive.events : naive.events.slice(0, events.length))
        told += events.length
      }
    }),
    { numRuns: 40, endOnFailure: true },
  )
  assert.ok(told > 500, 'a check that looked at nothing has not passed')
})
