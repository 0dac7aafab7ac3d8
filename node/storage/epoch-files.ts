/** acceptedEpoch and currentEpoch (storage.md 2): decimal text without a newline. */
import { epochOf, type Zxid } from '../../wire/ids.ts'
import { decodeUtf8 } from '../../wire/utf8.ts'
import { type Disk, writeAtomically } from './disk.ts'
import { StorageError } from './storage-error.ts'

export const EPOCH_FILES = { accepted: 'acceptedEpoch', current: 'currentEpoch' } as const
export type EpochFile = (typeof EPOCH_FILES)[keyof typeof EPOCH_FILES]

/** Longer content is no epoch. */
const FILE_MAX_BYTES = 64

export interface Epochs {
  readonly accepted: number
  readonly current: number
  /**
   * Files that were missing and were written from the zxid: a member that lost them (faults.md
   * A11).
   */
  readonly recreated: readonly EpochFile[]
}

/** The epoch in the file's first line; undefined when it is missing. Rejects with StorageError. */
export async function readEpoch(
  disk: Disk,
  dir: string,
  name: string,
): Promise<number | undefined> {
  const path = `${dir}/${name}`
  const size = await disk.size(path)
  if (size === undefined) return undefined
  const bytes = await disk.read(path, 0, Math.min(size, FILE_MAX_BYTES))
  const text = decodeUtf8(bytes, 0, bytes.length).split('\n')[0]!.replace(/\r$/, '')
  const epoch = Number(text)
  if (!/^[+-]?\d+$/.test(text) || !Number.isSafeInteger(epoch)) {
    throw new StorageError('corrupt', path, undefined, `found ${text}, valid is a decimal epoch`)
  }
  return epoch
}

/**
 * Durable, directory entry included, when it resolves: only then the value in memory may change.
 */
export function writeEpoch(disk: Disk, dir: string, name: EpochFile, epoch: number): Promise<void> {
  const text = String(epoch)
  const bytes = Uint8Array.from(text, digit => digit.charCodeAt(0))
  return writeAtomically(disk, dir, name, bytes)
}

/**
 * Reads both files against the newest zxid of the loaded database and repairs what storage.md 2.3
 * allows. Rejects with StorageError when they contradict it.
 */
export async function loadEpochs(disk: Disk, dir: string, lastZxid: Zxid): Promise<Epochs> {
  const recreated: EpochFile[] = []
  const read = async (name: EpochFile): Promise<number> => {
    const epoch = await readEpoch(disk, dir, name)
    if (epoch !== undefined) return epoch
    recreated.push(name)
    await writeEpoch(disk, dir, name, epochOf(lastZxid))
    return epochOf(lastZxid)
  }
  let current = await read(EPOCH_FILES.current)
  const accepted = await read(EPOCH_FILES.accepted)
  if (epochOf(lastZxid) > current) {
    const isAccepted = !recreated.includes(EPOCH_FILES.accepted) && accepted >= epochOf(lastZxid)
    current = isAccepted
      ? await adoptHistory(disk, dir, lastZxid)
      : await adoptInterrupted(disk, dir, lastZxid, current)
  }
  if (accepted < current) {
    const what = `accepted epoch ${accepted} is less than the current epoch ${current}`
    throw new StorageError('corrupt', `${dir}/${EPOCH_FILES.accepted}`, undefined, what)
  }
  return { accepted, current, recreated }
}

/**
 * A crash while the member became level: the history of the new epoch is durable, currentEpoch,
 * which follows it (quorum-protocol.md 6.4, ZOOKEEPER-4643), is not. A transaction of that epoch
 * exists, so its leader was established by a quorum whose history up to there is now ours: the
 * member may say so, and has to, since a leader of Apache's would not start over such files either.
 */
async function adoptHistory(disk: Disk, dir: string, lastZxid: Zxid): Promise<number> {
  const epoch = epochOf(lastZxid)
  await writeEpoch(disk, dir, EPOCH_FILES.current, epoch)
  return epoch
}

/** A crash between the write of the new epoch and its rename: the value is in the .tmp file. */
async function adoptInterrupted(
  disk: Disk,
  dir: string,
  lastZxid: Zxid,
  current: number,
): Promise<number> {
  const name = EPOCH_FILES.current
  const interrupted = await readEpoch(disk, dir, `${name}.tmp`)
  if (interrupted === undefined || interrupted < epochOf(lastZxid)) {
    const what = `current epoch ${current} is older than the last zxid's, ${epochOf(lastZxid)}`
    throw new StorageError('corrupt', `${dir}/${name}`, undefined, what)
  }
  await writeEpoch(disk, dir, name, interrupted)
  return interrupted
}
