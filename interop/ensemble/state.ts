/** What must be equal on all members once nothing is on its way. */
import assert from 'node:assert/strict'
import { Client, ok } from '../harness/client.ts'
import { fourLetter } from '../harness/four-letter.ts'
import { look } from '../storage/disk.ts'
import type { Ensemble, Member } from './ensemble.ts'

/** Members log the digest of every 128th transaction: so many writes make them log one more. */
const DIGEST_INTERVAL = 128

/**
 * Every member has applied what the leader had, every znode and Stat is the same everywhere, and
 * so is the digest of the tree. `members` default to those that run.
 */
export async function assertSameState(
  ensemble: Ensemble,
  members: readonly Member[] = ensemble.running,
): Promise<void> {
  const [first] = members
  const isSameConfig = !ensemble.isRouted
  assert.ok(first !== undefined && members.length > 1, 'there is something to compare')
  const since = await writeUntilDigest(first)
  for (const member of members) await syncWith(member)
  const pictures = await Promise.all(members.map(async member => picture(member, isSameConfig)))
  assert.ok((pictures[0]?.length ?? 0) > 3, 'the tree is not empty')
  members.forEach((member, i) => {
    assert.deepEqual(pictures[i], pictures[0], `trees of members ${member.id} and ${first.id}`)
  })
  await assertSameDigests(members, since)
}

/** The zxid before the writes. */
async function writeUntilDigest(member: Member): Promise<bigint> {
  const client = await Client.connect(member.port)
  const path = '/digest'
  const { zxid } = await client.create(path)
  const writes = Array.from({ length: DIGEST_INTERVAL }, () => client.setData(path, 'x'))
  for (const answer of await Promise.all(writes)) ok(answer)
  await client.close()
  return zxid
}

/** What a client of `member` reads from now on is not older than what was acknowledged before. */
export async function syncWith(member: Member): Promise<void> {
  const client = await Client.connect(member.port)
  ok(await client.sync('/'))
  await client.close()
}

/**
 * The tree without the Stat of the configuration, which every member writes by itself, and without
 * its text where members know each other by different addresses.
 */
async function picture(member: Member, isSameConfig: boolean): Promise<readonly string[]> {
  const lines = await look(member.port)
  return lines.map(line => {
    if (!line.startsWith('/zookeeper/config ')) return line
    return isSameConfig ? line.replace(/ \{.*/, '') : '/zookeeper/config'
  })
}

/** Earlier ones may differ: a snapshot that was sent while others wrote is ahead of its zxid. */
async function assertSameDigests(members: readonly Member[], since: bigint): Promise<void> {
  const logs = await Promise.all(members.map(async member => digests(member)))
  const common = [...(logs[0]?.keys() ?? [])]
    .filter(zxid => BigInt(`0x${zxid}`) > since)
    .filter(zxid => logs.every(log => log.has(zxid)))
  assert.ok(common.length > 0, 'members have digests of the same transactions')
  for (const zxid of common) {
    const values = logs.map(log => log.get(zxid))
    assert.deepEqual(
      values,
      values.map(() => values[0]),
      `digests of the tree at 0x${zxid}`,
    )
  }
}

/** By zxid, out of the word `hash`. */
async function digests(member: Member): Promise<ReadonlyMap<string, string>> {
  const text = await fourLetter(member.port, 'hash')
  return new Map(
    text
      .split('\n')
      .map(line => line.split(': '))
      .filter(parts => parts.length === 2)
      .map(([zxid = '', digest = '']) => [zxid, digest]),
  )
}
