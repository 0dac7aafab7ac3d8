import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdCompressSync } from 'node:zlib'
import { type Zxid, zxid } from '../../wire/ids.ts'
import { JuteError } from '../../wire/reader.ts'
import { OPEN_ACL } from '../../wire/records/data.ts'
import { PacketType, writeQuorumPacket } from '../../wire/records/quorum.ts'
import { Writer } from '../../wire/writer.ts'
import { TreeWriter } from '../storage/tree-stream.ts'
import { Database } from '../tree/database.ts'
import { type Arrival, QuorumReceiver, SNAPSHOT_SIGNATURE } from './quorum-receiver.ts'

const AT: Zxid = zxid(0x100000007n)

function emptyDatabase(): Database {
  return new Database({
    extendedTypes: true,
    emulate353: false,
    digestEnabled: true,
    hashSeed: 1,
  })
}

function filled(): Database {
  const database = emptyDatabase()
  database.tree.begin(AT, 1)
  for (let i = 0; i < 2000; i++) {
    database.tree.create(0, `/node-${i}`, new Uint8Array(i % 50), OPEN_ACL, 0, 0)
  }
  return database
}

/** DIFF, the snapshot in the form asked for, NEWLEADER. */
function stream(database: Database, isCompressed: boolean): Uint8Array {
  const out = new Writer()
  const type = isCompressed ? PacketType.compressedSnap : PacketType.snap
  writeQuorumPacket(out, { type: PacketType.ping, zxid: AT, data: null, authinfo: null })
  writeQuorumPacket(out, { type, zxid: AT, data: null, authinfo: null })
  const tree = new TreeWriter(database, 4096)
  for (let chunk = tree.next(); chunk !== null; chunk = tree.next()) {
    if (isCompressed) out.buffer(zstdCompressSync(chunk))
    else out.raw(chunk)
  }
  if (isCompressed) out.int(0)
  out.string(SNAPSHOT_SIGNATURE)
  writeQuorumPacket(out, { type: PacketType.newLeader, zxid: AT, data: null, authinfo: null })
  return out.copy()
}

function receive(bytes: Uint8Array, pieceBytes: number): Arrival[] {
  const receiver = new QuorumReceiver(1 << 20, emptyDatabase)
  const arrivals: Arrival[] = []
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    arrivals.push(...receiver.push(bytes.slice(at, at + pieceBytes)))
  }
  return arrivals.filter(arrival => arrival.kind !== 'progress')
}

for (const isCompressed of [false, true]) {
  test(`a snapshot between packets, in any pieces (compressed: ${isCompressed})`, () => {
    const database = filled()
    const bytes = stream(database, isCompressed)
    for (const pieceBytes of [1, 7, 1000, 65_536, bytes.length]) {
      const arrivals = receive(bytes, pieceBytes)
      assert.deepEqual(
        arrivals.map(arrival => arrival.kind),
        ['packets', 'snapshot', 'packets'],
      )
      const [, snapshot] = arrivals
      assert.ok(snapshot?.kind === 'snapshot')
      assert.equal(snapshot.zxid, AT)
      assert.equal(snapshot.database.tree.digest, database.tree.digest)
      assert.equal(snapshot.database.tree.nodeCount, database.tree.nodeCount)
    }
  })
}

test('compression saves most of the bytes', () => {
  const database = filled()
  assert.ok(stream(database, true).length * 3 < stream(database, false).length)
})

test('what is no snapshot ends in JuteError', () => {
  const bytes = stream(filled(), true)
  const damaged = bytes.slice()
  damaged.fill(0x55, 60, 90)
  assert.throws(() => receive(damaged, 1000), JuteError)
  const wrongEnd = stream(filled(), false)
  wrongEnd[wrongEnd.length - 25] = 0x21
  assert.throws(() => receive(wrongEnd, 1000), JuteError)
})
