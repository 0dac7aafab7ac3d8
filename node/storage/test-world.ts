/**
 * What the tests of this folder share. Timers of its own: `soon` is a microtask, time stands still.
 */
import type { Clock, Log, LogValue, Timers } from '../../base/ports.ts'
import { type SessionId, sessionId, type Zxid, zxid } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { OPEN_ACL } from '../../wire/records/data.ts'
import type { Txn, TxnBody } from '../../wire/records/txn.ts'
import { Database } from '../tree/database.ts'
import type { ByteSink, ByteSource, Compression } from './disk.ts'
import { dataDirs } from './file-names.ts'
import type { MemoryDisk } from './memory-disk.ts'
import type { RecoveryOptions } from './recovery.ts'

export const SESSION: SessionId = sessionId(0x1000010238a0000n)

export const frozenClock: Clock = { wallMs: () => 1_795_348_607_645, monotonicMs: () => 0 }

export const promptTimers: Timers = {
  after: () => ({ cancel: () => undefined }),
  every: () => ({ cancel: () => undefined }),
  soon: callback => {
    void Promise.resolve().then(callback)
  },
}

/** Keeps the events, so that a test can ask for one. */
export class RecordingLog implements Log {
  readonly events: string[] = []
  trace(event: string): void {
    this.#keep(event)
  }
  debug(event: string): void {
    this.#keep(event)
  }
  info(event: string): void {
    this.#keep(event)
  }
  warn(event: string, facts?: Readonly<Record<string, LogValue>>): void {
    this.#keep(event, facts)
  }
  error(event: string, facts?: Readonly<Record<string, LogValue>>): void {
    this.#keep(event, facts)
  }
  #keep(event: string, facts?: Readonly<Record<string, LogValue>>): void {
    const values = Object.values(facts ?? {}).map(String)
    this.events.push([event, ...values].join(' '))
  }
}

/** Where a test has no compressed snapshot. */
export const noCompression: Compression = {
  gzip: (into: ByteSink): ByteSink => into,
  gunzip: (from: ByteSource): ByteSource => from,
}

export function newDatabase(): Database {
  return new Database({
    digestEnabled: true,
    hashSeed: 7,
    extendedTypes: true,
    emulate353: false,
  })
}

export function recoveryOptions(
  disk: MemoryDisk,
  changes: Partial<RecoveryOptions> = {},
): RecoveryOptions {
  return {
    disk,
    dirs: dataDirs('/data'),
    compression: noCompression,
    timers: promptTimers,
    log: new RecordingLog(),
    newDatabase,
    autocreate: true,
    trustEmptySnapshot: false,
    snapshotMethod: 'plain',
    digestEnabled: true,
    ...changes,
  }
}

export function txnOf(id: Zxid, body: TxnBody, digest: bigint | null = null): Txn {
  const timeMs = 1_795_348_607_645 + Number(BigInt.asUintN(32, id))
  const treeDigest = digest === null ? null : { version: 2, treeDigest: digest }
  return { clientId: SESSION, cxid: 1, zxid: id, timeMs, body, digest: treeDigest }
}

/** A create of a persistent znode in epoch 1. */
export function createTxn(counter: number, path: string, data: Uint8Array | null = null): Txn {
  return txnOf(zxid(0x100000000n + BigInt(counter)), {
    type: OpCode.create,
    path,
    data,
    acl: OPEN_ACL,
    ephemeral: false,
    parentCVersion: counter,
    ttlMs: 0,
  })
}

/** Lets every promise that can resolve do so. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}
