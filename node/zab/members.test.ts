import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parseMembership } from '../../wire/config-string.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { PacketStream, PacketType } from '../../wire/records/quorum.ts'
import { configOfTxn, Members, parseConfig } from './members.ts'

const THREE = parseMembership(
  [1, 2, 3].map(id => `server.${id}=h${id}:1:2:participant`).join('\n'),
  false,
)
const FOUR = parseMembership(
  `${[1, 2, 4].map(id => `server.${id}=h${id}:1:2:participant`).join('\n')}
server.3=h3:1:2:observer\nversion=100000005`,
  false,
)

test('reconfigs of a captured connection are recognised, everything else is not', () => {
  const name = 'quorum-6-reconfig-as-follower-removed-leader.s2c.bin'
  const url = new URL(`../../wire/testdata/${name}`, import.meta.url)
  const stream = new PacketStream(1 << 20)
  stream.push(new Uint8Array(readFileSync(url)))
  let proposals = 0
  const versions: string[] = []
  for (let packet = stream.next(); packet !== undefined; packet = stream.next()) {
    if (packet.type !== PacketType.proposal) continue
    proposals++
    const config = configOfTxn(packet.data!)
    if (config === undefined) continue
    assert.equal(config.version, packet.zxid, 'the version is the zxid')
    versions.push(config.version.toString(16))
  }
  assert.ok(proposals > 3)
  assert.deepEqual(versions, ['100000003', '100000008', '10000000a'])
})

test('broken configurations are no configuration', () => {
  assert.equal(parseConfig('server.1=nonsense'), undefined)
  assert.equal(parseConfig(''), undefined)
  assert.equal(parseConfig('version=1'), undefined)
  assert.equal(configOfTxn(new Uint8Array(10)), undefined)
  const broken = new Uint8Array(40)
  new DataView(broken.buffer).setInt32(28, OpCode.reconfig)
  assert.equal(configOfTxn(broken), undefined)
})

test('while a newer configuration is seen, quorums are joint and votes of both are heard', () => {
  const members = new Members(THREE, THREE, true)
  assert.equal(members.rules.length, 1)
  assert.ok(members.see(FOUR))
  assert.equal(members.rules.length, 2)
  assert.deepEqual(members.voters, [1, 2, 3, 4])
  assert.ok(members.isVoter(4) && !members.isCommittedVoter(4))
  assert.equal(members.isObserver(3), false)
  assert.equal(members.activate(FOUR), 'members')
  assert.deepEqual(members.voters, [1, 2, 4])
  assert.equal(members.isObserver(3), true)
  assert.equal(members.isObserver(9), undefined)
  assert.equal(members.activate(THREE), 'nothing', 'versions only grow')
  assert.equal(members.activate({ ...FOUR, version: 0x200000001n }), 'version')
})

test('with reconfig disabled configurations from the wire change nothing (3829)', () => {
  const members = new Members(THREE, THREE, false)
  assert.ok(!members.see(FOUR))
  assert.equal(members.activate(FOUR), 'nothing')
  assert.deepEqual(members.voters, [1, 2, 3])
})
