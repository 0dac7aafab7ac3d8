/** client-protocol.md 10.4. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Alarm, Timers } from '../../base/ports.ts'
import { CreateMode, OpCode } from '../../wire/opcodes.ts'
import * as proto from '../../wire/records/proto.ts'
import { Reaper } from './reaper.ts'
import type { TestClient } from './test-client.ts'
import { TestMember } from './test-member.ts'

const ACL = [{ perms: 31, scheme: 'world', id: 'anyone' }]

/** Calls back when the test says so. */
class HandTimers implements Timers {
  readonly periodic: (() => void)[] = []
  readonly later: { readonly ms: number; readonly callback: () => void }[] = []

  after(ms: number, callback: () => void): Alarm {
    const entry = { ms, callback }
    this.later.push(entry)
    return {
      cancel: () => {
        const at = this.later.indexOf(entry)
        if (at >= 0) this.later.splice(at, 1)
      },
    }
  }

  every(_ms: number, callback: () => void): Alarm {
    this.periodic.push(callback)
    return { cancel: () => this.periodic.splice(this.periodic.indexOf(callback), 1) }
  }

  soon(callback: () => void): void {
    callback()
  }

  look(): void {
    for (const callback of this.periodic) callback()
  }
}

function world(maxPerMinute: number): {
  readonly member: TestMember
  readonly client: TestClient
  readonly timers: HandTimers
  readonly reaper: Reaper
} {
  const member = new TestMember()
  const timers = new HandTimers()
  const options = { checkIntervalMs: 60_000, maxPerMinute, maxNeverUsedMs: 0 }
  const reaper = new Reaper(member.pipeline, timers, options)
  return { member, client: member.connect(), timers, reaper }
}

function createContainer(client: TestClient, path: string): void {
  client.ask(OpCode.createContainer, writer =>
    proto.createRequest.write(writer, { path, data: null, acl: ACL, flags: CreateMode.container }),
  )
}

/** A container that had a child once. */
function used(client: TestClient, path: string): void {
  createContainer(client, path)
  client.create(`${path}/x`)
  client.delete(`${path}/x`)
  client.member.settle()
}

test('196, 197, 199: a container that was used goes and is told of, an unused one stays', () => {
  const { member, client, timers } = world(10_000)
  used(client, '/used')
  createContainer(client, '/unused')
  client.read(OpCode.exists, '/used', true)
  member.settle()
  timers.look()
  assert.notEqual(member.database.tree.find('/used'), -1)
  member.settle()
  assert.equal(member.database.tree.find('/used'), -1)
  assert.notEqual(member.database.tree.find('/unused'), -1)
  assert.equal(client.events[0]?.startsWith('2 /used '), true)
  member.checkQuiet()
  member.checkRecovery()
})

test('198: a TTL znode goes when nothing was written for so long', () => {
  const { member, client, timers } = world(10_000)
  client.ask(OpCode.createTtl, writer => {
    proto.createRequest.write(writer, { path: '/t', data: null, acl: ACL, flags: 5 })
    writer.long(1000n)
  })
  member.settle()
  const look = (): boolean => {
    timers.look()
    member.settle()
    return member.database.tree.find('/t') >= 0
  }
  member.clock.nowMs += 900
  client.setData('/t', null)
  member.settle()
  member.clock.nowMs += 900
  assert.ok(look())
  member.clock.nowMs += 101
  assert.ok(!look())
})

test('what changed since it was due is looked at again', () => {
  const { member, client, timers } = world(10_000)
  used(client, '/c')
  client.create('/c/again')
  timers.look()
  client.create('/c/more')
  member.settle()
  assert.equal(client.last.err, 0)
  assert.notEqual(member.database.tree.find('/c'), -1)
  member.checkRecovery()
})

test('deletions are spread over time, and end with the reaper', () => {
  const { member, client, timers, reaper } = world(600)
  for (let i = 0; i < 5; i++) used(client, `/c${i}`)
  timers.look()
  member.settle()
  const left = (): number =>
    member.database.tree.childNames(0).filter(name => name.startsWith('c')).length
  assert.equal(left(), 4)
  const [next] = timers.later.splice(0)
  assert.ok(next !== undefined && next.ms >= 100)
  next.callback()
  member.settle()
  assert.equal(left(), 3)
  reaper.stop()
  assert.equal(timers.later.length, 0)
  timers.look()
  member.settle()
  assert.equal(left(), 3)
})
