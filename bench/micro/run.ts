/** Nanoseconds of CPU of the hot functions: `node bench/micro/run.ts [NAME…]`. Medians of seven runs. */

import { PendingChanges } from '../../node/pipeline/pending-changes.ts'
import { adler32 } from '../../node/storage/adler32.ts'
import { DataTree } from '../../node/tree/data-tree.ts'
import { CRC_START, crcUpdate } from '../../node/tree/digest.ts'
import { nodeDigest } from '../../node/tree/node-digest.ts'
import { hashBytes } from '../../node/tree/path-index.ts'
import { writeNodeData, writeNodeStat } from '../../node/tree/replies.ts'
import { copyOf } from '../../wire/byte-pool.ts'
import { sessionId, zxid } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { OPEN_ACL } from '../../wire/records/data.ts'
import { writeTxn } from '../../wire/records/txn.ts'
import { decodeUtf8, utf8Bytes } from '../../wire/utf8.ts'
import { Writer } from '../../wire/writer.ts'
import { median } from '../statistics.ts'

const RUNS = 7
const RUN_US = 60_000
const NODES = 65_536

const path = utf8Bytes('/app/services/node00')
const value = new Uint8Array(100).fill(0x78)
const entry = new Uint8Array(250).fill(0x79)
const out = new Writer(1 << 16)
const tree = new DataTree({
  extendedTypes: true,
  emulate353: false,
  digestEnabled: true,
  hashSeed: 1,
})
const paths = Array.from({ length: NODES }, (_, i) => `/node-${String(i).padStart(12, '0')}`)
const pathBytes = paths.map(utf8Bytes)
const ids = paths.map(text => tree.create(0, text, value, OPEN_ACL, 0, 0))
const changes = new PendingChanges(tree)

let counter = 0
let pendingZxid = 1n

/** Each is called again and again; what it returns keeps the compiler from leaving it out. */
const CASES: Readonly<Record<string, () => unknown>> = {
  'decode a path of 20 bytes': () => decodeUtf8(path, 0, path.length),
  'hash a path of 20 bytes': () => hashBytes(path, 0, path.length, counter++),
  'find one of 65,536 znodes by bytes': () => {
    const bytes = pathBytes[(counter = Math.imul(counter, 5) + 1) & (NODES - 1)]!
    return tree.findBytes(bytes, 0, bytes.length)
  },
  'write value and Stat of a znode': () => {
    out.clear()
    const id = ids[counter++ & (NODES - 1)]!
    writeNodeData(tree, out, id)
    writeNodeStat(tree, out, id)
    return out.length
  },
  'digest of a znode of 100 bytes': () => nodeDigest(tree, ids[counter++ & (NODES - 1)]!),
  'CRC-32 of 250 bytes': () => crcUpdate(CRC_START, entry, 0, entry.length),
  'Adler-32 of 250 bytes': () => adler32(1, entry, 0, entry.length),
  'copy 100 bytes from a chunk': () => copyOf(entry, 10, 110),
  'write a setData transaction': () => {
    out.clear()
    writeTxn(out, {
      clientId: sessionId(7n),
      cxid: 1,
      zxid: zxid(0x100000001n),
      timeMs: 1_700_000_000_000,
      body: { type: OpCode.setData, path: paths[0]!, data: value, version: 1 },
      digest: { version: 2, treeDigest: 1n },
    })
    return out.length
  },
  'pend and take back a setData': () => {
    changes.begin(zxid(pendingZxid++), 1_700_000_000_000)
    const node = changes.look(paths[counter++ & (NODES - 1)]!)
    if (node !== undefined) changes.setData(node, value)
    changes.undo()
    return changes.digest
  },
}

function nanoseconds(work: () => unknown): number {
  let sink: unknown
  for (let i = 0; i < 20_000; i++) sink = work()
  const runs: number[] = []
  for (let run = 0; run < RUNS; run++) {
    let calls = 0
    let tookUs = 0
    const before = process.cpuUsage()
    while (tookUs < RUN_US) {
      for (let i = 0; i < 1000; i++) sink = work()
      calls += 1000
      const { user, system } = process.cpuUsage(before)
      tookUs = user + system
    }
    runs.push((tookUs * 1000) / calls)
  }
  if (sink === undefined) throw new Error('a case that returns nothing may be left out')
  return median(runs)
}

const wanted = process.argv.slice(2)
for (const [name, work] of Object.entries(CASES)) {
  if (wanted.length > 0 && !wanted.some(word => name.includes(word))) continue
  process.stdout.write(`${nanoseconds(work).toFixed(0).padStart(7)} ns  ${name}\n`)
}
