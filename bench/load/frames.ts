/** Request frames, made once; only their xid (and, for new znodes, a number) changes. */
import { OpCode } from '../../wire/opcodes.ts'
import { OPEN_ACL, writeAcl } from '../../wire/records/data.ts'
import { Writer } from '../../wire/writer.ts'

/** Where the xid of a frame stands: behind its length. */
const XID_AT = 4
const NUMBER_DIGITS = 10
const ZERO = 0x30

/** A whole frame, its length in front. */
export interface Frame {
  readonly bytes: Uint8Array
  /** Where the digits of a numbered path end; 0 when it has none. */
  readonly digitsEnd: number
}

function frame(type: number, body: (writer: Writer) => void, digitsEnd: number = 0): Frame {
  const writer = new Writer()
  const mark = writer.beginFrame()
  writer.int(0).int(type)
  body(writer)
  writer.endFrame(mark)
  return { bytes: writer.copy(), digitsEnd }
}

/** Appends the frame with this xid and, if its path has one, this number. */
export function append(
  out: Writer,
  { bytes, digitsEnd }: Frame,
  xid: number,
  number: number,
): void {
  const at = out.length
  out.raw(bytes)
  out.view.setInt32(at + XID_AT, xid)
  if (digitsEnd === 0) return
  let rest = number
  for (let digit = digitsEnd - 1; digit >= digitsEnd - NUMBER_DIGITS; digit--) {
    out.bytes[at + digit] = ZERO + (rest % 10)
    rest = Math.floor(rest / 10)
  }
}

/** Path of the n-th of numbered znodes: `frame`s for them take the number when they are sent. */
function numbered(parent: string): { readonly path: string; readonly digitsEnd: number } {
  const path = `${parent}/${'0'.repeat(NUMBER_DIGITS)}`
  // Length of the frame, xid, type, length of the path.
  return { path, digitsEnd: 16 + path.length }
}

export function getFrame(path: string, watch: boolean = false): Frame {
  return frame(OpCode.getData, out => out.string(path).boolean(watch))
}

export function existsFrame(path: string): Frame {
  return frame(OpCode.exists, out => out.string(path).boolean(false))
}

export function childrenFrame(path: string): Frame {
  return frame(OpCode.getChildren, out => out.string(path).boolean(false))
}

export function syncFrame(path: string): Frame {
  return frame(OpCode.sync, out => out.string(path))
}

export function setFrame(path: string, data: Uint8Array): Frame {
  return frame(OpCode.setData, out => out.string(path).buffer(data).int(-1))
}

/** `flags`: 0 persistent, 1 ephemeral. */
export function createFrame(path: string, data: Uint8Array, flags: number = 0): Frame {
  return frame(OpCode.create, out =>
    out.string(path).buffer(data).vector(OPEN_ACL, writeAcl).int(flags),
  )
}

/** A znode under `parent` whose name is a number. */
export function createNumberedFrame(parent: string, data: Uint8Array, flags: number = 0): Frame {
  const { path, digitsEnd } = numbered(parent)
  return { ...createFrame(path, data, flags), digitsEnd }
}

export function deleteNumberedFrame(parent: string): Frame {
  const { path, digitsEnd } = numbered(parent)
  return { ...frame(OpCode.delete, out => out.string(path).int(-1)), digitsEnd }
}

export function multiSetFrame(paths: readonly string[], data: Uint8Array): Frame {
  return frame(OpCode.multi, out => {
    for (const path of paths) {
      out.int(OpCode.setData).boolean(false).int(-1)
      out.string(path).buffer(data).int(-1)
    }
    out.int(-1).boolean(true).int(-1)
  })
}

/** `mode`: 0 persistent, 1 persistent and recursive. */
export function addWatchFrame(path: string, mode: number): Frame {
  return frame(OpCode.addWatch, out => out.string(path).int(mode))
}

export const PING: Frame = frame(OpCode.ping, () => undefined)
export const CLOSE: Frame = frame(OpCode.closeSession, () => undefined)

/** A ConnectRequest for a new session. */
export function connectFrame(timeoutMs: number): Uint8Array {
  const writer = new Writer()
  const mark = writer.beginFrame()
  writer.int(0).long(0n).int(timeoutMs).long(0n).buffer(new Uint8Array(16)).boolean(false)
  writer.endFrame(mark)
  return writer.copy()
}
