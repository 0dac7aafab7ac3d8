/**
 * What clients have seen, and whether an ensemble may have shown it to them (faults.md C3: I9, I20,
 * I21, I23, I25, I28, I30). Registers are znodes with a version each; every value is written once.
 */

/** One request of a worker. Places in time are counted, not measured. */
export interface Operation {
  readonly kind: 'write' | 'read'
  readonly worker: number
  readonly session: bigint
  readonly key: string
  /** Written, or found. */
  value: string
  /** Of a write: what it may replace; -1: anything. */
  readonly expected: number
  /** Of a read: it stood behind a sync on the same connection. */
  readonly isSynced: boolean
  readonly began: number
  /** Infinity: the answer never came. */
  ended: number
  outcome: 'unknown' | 'ok' | 'refused'
  version: number
  mzxid: bigint
  /** In the header of the reply. */
  zxid: bigint
}

/** A register when everything is over. */
export interface Final {
  readonly value: string
  readonly version: number
  readonly mzxid: bigint
}

export interface HistoryChecks {
  /** A sync is confirmed by a quorum: what follows it is not older than any acknowledged write. */
  readonly syncIsLinearizable: boolean
}

export const INITIAL = 'initial'
const MAX_REPORTED = 20

/** What is wrong with a history; empty when nothing is. */
export function judge(
  operations: readonly Operation[],
  finals: ReadonlyMap<string, Final>,
  checks: HistoryChecks,
): readonly string[] {
  const done = operations.filter(operation => operation.outcome === 'ok')
  const wrong = [
    ...checkValues(operations, finals),
    ...checkVersions(done, finals),
    ...checkWriteOrder(done),
    ...checkSessions(done),
    ...checkNothingLost(operations, finals),
    ...(checks.syncIsLinearizable ? checkSyncs(done) : []),
  ]
  return wrong.slice(0, MAX_REPORTED)
}

function describe(operation: Operation): string {
  const { kind, key, value, version, mzxid, began, ended, worker, session } = operation
  const place = `${began}..${ended} of worker ${worker}, session 0x${session.toString(16)}`
  return `${kind} ${key}=${value} version ${version} mzxid 0x${mzxid.toString(16)} (${place})`
}

/** What is found was written, and not by a write that was refused (I20, I30). */
function checkValues(
  operations: readonly Operation[],
  finals: ReadonlyMap<string, Final>,
): readonly string[] {
  const possible = new Set<string>()
  for (const { kind, outcome, key, value } of operations) {
    if (kind === 'write' && outcome !== 'refused') possible.add(`${key}=${value}`)
  }
  for (const key of finals.keys()) possible.add(`${key}=${INITIAL}`)
  const wrong: string[] = []
  for (const operation of operations) {
    if (operation.kind !== 'read' || operation.outcome !== 'ok') continue
    if (!possible.has(`${operation.key}=${operation.value}`)) {
      wrong.push(`nobody wrote this: ${describe(operation)}`)
    }
  }
  for (const [key, { value }] of finals) {
    if (!possible.has(`${key}=${value}`)) wrong.push(`nobody wrote the last ${key}=${value}`)
  }
  return wrong
}

/** A version has one value and one mzxid, and later versions have later mzxids (I3, I20, I26). */
function checkVersions(
  done: readonly Operation[],
  finals: ReadonlyMap<string, Final>,
): readonly string[] {
  const wrong: string[] = []
  for (const key of finals.keys()) {
    const known = new Map<number, { readonly value: string; readonly mzxid: bigint }>()
    const final = finals.get(key)
    if (final !== undefined) known.set(final.version, final)
    for (const operation of done) {
      if (operation.key !== key) continue
      const { version, value, mzxid, kind, expected } = operation
      const former = known.get(version)
      if (former === undefined) known.set(version, { value, mzxid })
      else if (former.value !== value || former.mzxid !== mzxid) {
        wrong.push(`was ${former.value} at 0x${former.mzxid.toString(16)}: ${describe(operation)}`)
      }
      if (kind === 'write' && expected >= 0 && version !== expected + 1) {
        wrong.push(`replaced another version than ${expected}: ${describe(operation)}`)
      }
    }
    const versions = [...known.entries()].sort(([a], [b]) => a - b)
    for (let i = 1; i < versions.length; i++) {
      const [before, after] = [versions[i - 1]!, versions[i]!]
      if (after[1].mzxid > before[1].mzxid) continue
      wrong.push(`versions ${before[0]} and ${after[0]} of ${key} have their zxids in other order`)
    }
  }
  return wrong
}

/** Whatever was written or seen before a write began has a smaller zxid (I20). */
function checkWriteOrder(done: readonly Operation[]): readonly string[] {
  const wrong: string[] = []
  const byEnd = [...done].sort((a, b) => a.ended - b.ended)
  const writes = done.filter(({ kind }) => kind === 'write').sort((a, b) => a.began - b.began)
  let newest: Operation | undefined
  let next = 0
  for (const write of writes) {
    for (; next < byEnd.length && byEnd[next]!.ended < write.began; next++) {
      if (newest === undefined || byEnd[next]!.mzxid > newest.mzxid) newest = byEnd[next]!
    }
    if (newest === undefined || newest.mzxid < write.mzxid) continue
    wrong.push(`${describe(write)} came after ${describe(newest)}`)
  }
  return wrong
}

/** A session never goes back: in zxids, in a register, behind its own write (I9, I21). */
function checkSessions(done: readonly Operation[]): readonly string[] {
  const wrong: string[] = []
  const newest = new Map<bigint, { zxid: bigint; readonly versions: Map<string, number> }>()
  for (const operation of [...done].sort((a, b) => a.began - b.began)) {
    const { session, zxid, key, version, kind } = operation
    let seen = newest.get(session)
    if (seen === undefined) newest.set(session, (seen = { zxid: 0n, versions: new Map() }))
    if (zxid < seen.zxid) {
      wrong.push(`its session has seen zxid 0x${seen.zxid.toString(16)}: ${describe(operation)}`)
    }
    const least = (seen.versions.get(key) ?? 0) + (kind === 'write' ? 1 : 0)
    if (version < least) wrong.push(`its session has seen more: ${describe(operation)}`)
    seen.zxid = zxid
    seen.versions.set(key, Math.max(version, seen.versions.get(key) ?? 0))
  }
  return wrong
}

/** Acknowledged writes are there at the end, and every version there is was asked for (I4). */
function checkNothingLost(
  operations: readonly Operation[],
  finals: ReadonlyMap<string, Final>,
): readonly string[] {
  const wrong: string[] = []
  for (const [key, final] of finals) {
    const writes = operations.filter(({ kind, key: of }) => kind === 'write' && of === key)
    const acknowledged = new Set(
      writes.filter(({ outcome }) => outcome === 'ok').map(({ version }) => version),
    )
    const unknown = writes.filter(({ outcome }) => outcome === 'unknown').length
    for (const version of acknowledged) {
      if (version > final.version)
        wrong.push(`${key}: version ${version} was acknowledged, is lost`)
    }
    if (acknowledged.size + unknown < final.version) {
      wrong.push(`${key}: version ${final.version}, but fewer writes were sent`)
    }
  }
  return wrong
}

/** A read behind a sync shows everything that was acknowledged or seen before the sync. */
function checkSyncs(done: readonly Operation[]): readonly string[] {
  const wrong: string[] = []
  const byEnd = [...done].sort((a, b) => a.ended - b.ended)
  const synced = done.filter(({ isSynced }) => isSynced).sort((a, b) => a.began - b.began)
  const newest = new Map<string, Operation>()
  let next = 0
  for (const read of synced) {
    for (; next < byEnd.length && byEnd[next]!.ended < read.began; next++) {
      const ended = byEnd[next]!
      if (ended.version >= (newest.get(ended.key)?.version ?? 0)) newest.set(ended.key, ended)
    }
    const before = newest.get(read.key)
    if (before === undefined || read.version >= before.version) continue
    wrong.push(`behind a sync: ${describe(read)} misses ${describe(before)}`)
  }
  return wrong
}

/** What a watcher of all ephemerals was told on one connection. */
export interface EphemeralEvent {
  readonly connection: number
  readonly path: string
  readonly isDeleted: boolean
  readonly zxid: bigint
}

/** An ephemeral comes once and goes once, by one transaction, whoever tells of it (I19, I23). */
export function judgeEphemerals(events: readonly EphemeralEvent[]): readonly string[] {
  const wrong: string[] = []
  const zxids = new Map<string, bigint>()
  const told = new Set<string>()
  for (const { connection, path, isDeleted, zxid } of events) {
    const what = `${path} ${isDeleted ? 'deleted' : 'created'}`
    const known = zxids.get(what)
    if (known === undefined) zxids.set(what, zxid)
    else if (known !== zxid)
      wrong.push(`${what} at 0x${known.toString(16)}, 0x${zxid.toString(16)}`)
    const once = `${connection} ${what}`
    if (told.has(once)) wrong.push(`${what}: told twice on connection ${connection}`)
    told.add(once)
  }
  for (const [what, created] of zxids) {
    if (!what.endsWith(' created')) continue
    const deleted = zxids.get(what.replace(/created$/, 'deleted'))
    if (deleted !== undefined && deleted <= created) wrong.push(`${what} after it was deleted`)
  }
  return wrong.slice(0, MAX_REPORTED)
}
