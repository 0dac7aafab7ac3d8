/** Records of Jute's data module (client-protocol.md 1.4). */
import type { Reader } from '../reader.ts'
import type { Writer } from '../writer.ts'

export interface Id {
  readonly scheme: string
  readonly id: string
}

export interface Acl {
  readonly perms: number
  readonly id: Id
}

/** Fields in the order of the wire; 68 bytes. */
export interface Stat {
  readonly czxid: bigint
  readonly mzxid: bigint
  readonly ctime: number
  readonly mtime: number
  readonly version: number
  readonly cversion: number
  readonly aversion: number
  readonly ephemeralOwner: bigint
  readonly dataLength: number
  readonly numChildren: number
  readonly pzxid: bigint
}

export const STAT_BYTES = 68

export const OPEN_ACL: readonly Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }]
export const READ_ONLY_ACL: readonly Acl[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }]

/** An ACL as it came from a client: scheme and id may be null until they have been checked. */
export interface RawAcl {
  readonly perms: number
  readonly scheme: string | null
  readonly id: string | null
}

export function readRawAcl(reader: Reader): RawAcl {
  return { perms: reader.int(), scheme: reader.string(), id: reader.string() }
}

export function readId(reader: Reader): Id {
  return { scheme: reader.text(), id: reader.text() }
}

export function writeId(writer: Writer, id: Id): void {
  writer.string(id.scheme).string(id.id)
}

export function readAcl(reader: Reader): Acl {
  return { perms: reader.int(), id: readId(reader) }
}

export function writeAcl(writer: Writer, acl: Acl): void {
  writer.int(acl.perms)
  writeId(writer, acl.id)
}

export function readStat(reader: Reader): Stat {
  return {
    czxid: reader.long(),
    mzxid: reader.long(),
    ctime: reader.longAsNumber(),
    mtime: reader.longAsNumber(),
    version: reader.int(),
    cversion: reader.int(),
    aversion: reader.int(),
    ephemeralOwner: reader.long(),
    dataLength: reader.int(),
    numChildren: reader.int(),
    pzxid: reader.long(),
  }
}

export function writeStat(writer: Writer, stat: Stat): void {
  writer
    .long(stat.czxid)
    .long(stat.mzxid)
    .longFromNumber(stat.ctime)
    .longFromNumber(stat.mtime)
    .int(stat.version)
    .int(stat.cversion)
    .int(stat.aversion)
    .long(stat.ephemeralOwner)
    .int(stat.dataLength)
    .int(stat.numChildren)
    .long(stat.pzxid)
}
