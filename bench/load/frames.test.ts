import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { OpCode } from '../../wire/opcodes.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import { append, createNumberedFrame, deleteNumberedFrame, type Frame, setFrame } from './frames.ts'

/** Length, xid, type and path of a frame as it is sent. */
function sent(frame: Frame, xid: number, number: number): readonly unknown[] {
  const out = new Writer()
  append(out, frame, xid, number)
  const reader = new Reader(out.copy())
  strictEqual(reader.int(), out.length - 4)
  return [reader.int(), reader.int(), reader.string()]
}

test('a frame is sent with its xid', () => {
  deepStrictEqual(sent(setFrame('/a', new Uint8Array(3)), 77, 0), [77, OpCode.setData, '/a'])
})

test('numbered frames have their number in the path', () => {
  const create = createNumberedFrame('/p', new Uint8Array(3))
  deepStrictEqual(sent(create, 1, 1_234_567_890), [1, OpCode.create, '/p/1234567890'])
  deepStrictEqual(sent(create, 2, 7), [2, OpCode.create, '/p/0000000007'])
  deepStrictEqual(sent(deleteNumberedFrame('/p'), 3, 7), [3, OpCode.delete, '/p/0000000007'])
})
