/**
 * Hostile bytes for the client port: valid frames that were bent, lengths and counts that lie,
 * records that end too early, operations that do not exist, and noise.
 */
import type { TestRandom } from '../base/test-random.ts'
import { OpCode } from '../wire/opcodes.ts'
import type { RawAcl } from '../wire/records/data.ts'
import * as proto from '../wire/records/proto.ts'
import { Writer } from '../wire/writer.ts'

/** Numbers at which something changes sign, size or meaning. */
const WORDS = [
  0,
  1,
  -1,
  -2,
  -3,
  2,
  3,
  4,
  7,
  8,
  127,
  128,
  255,
  256,
  0xffff,
  0x10000,
  0xfffff,
  0x100000,
  0x1fffff,
  2 ** 31 - 1,
  -(2 ** 31),
  0x7fffff00,
  0x01010101,
  1000,
  16,
  100_000,
] as const

const PATHS = [
  '',
  '/',
  '//',
  '/h',
  '/h/a',
  '/h/b',
  '/h/a/b',
  '/h/',
  'h',
  '/h//a',
  '/h/.',
  '/h/..',
  '/zookeeper',
  '/zookeeper/config',
  '/zookeeper/quota',
  '/zookeeper/quota/h',
  '/zookeeper/quota/h/zookeeper_limits',
  '/zookeeper/quota/h/zookeeper_stats',
  '/h/\0',
  '/h/\u{1f600}',
  '/h/\ud800',
  '/h/ä€',
  '/h/\ufffd',
] as const

const SCHEMES = [
  'world',
  'digest',
  'ip',
  'auth',
  'super',
  'sasl',
  'x509',
  'ensemble',
  '',
  'foo',
] as const
const IDS = [
  'anyone',
  'u:h',
  '127.0.0.1',
  '10.0.0.0/8',
  '::/0',
  '',
  'a:b:c',
  '300.1.1.1/99',
] as const

const OPERATIONS: readonly number[] = Object.values(OpCode)

export class HostileInputs {
  readonly #random: TestRandom

  constructor(random: TestRandom) {
    this.#random = random
  }

  /** What a connection is to receive next; a fresh one has not sent its ConnectRequest. */
  next(isFresh: boolean): Uint8Array {
    const random = this.#random
    switch (random.int(12)) {
      case 0:
        return random.bytes(random.int(random.oneIn(10) ? 2000 : 60))
      case 1:
        return this.#withLyingLength(this.#body(isFresh))
      case 2:
        return this.#word()
      case 3:
        return this.#flood(isFresh)
      case 4:
      case 5:
        return frameOf(this.#body(isFresh))
      case 6:
        return frameOf(this.#truncated(this.#body(isFresh)))
      default:
        return frameOf(this.#bent(this.#body(isFresh)))
    }
  }

  /** A ConnectRequest that is answered. */
  connect(): Uint8Array {
    const writer = new Writer()
    proto.connectRequest.write(writer, {
      protocolVersion: 0,
      lastZxidSeen: 0n,
      timeOut: 10_000,
      sessionId: 0n,
      passwd: new Uint8Array(16),
      readOnly: false,
    })
    return frameOf(writer.copy())
  }

  #body(isFresh: boolean): Uint8Array {
    const random = this.#random
    const writer = new Writer()
    if (isFresh !== random.oneIn(10)) {
      proto.connectRequest.write(writer, {
        protocolVersion: random.pick(WORDS),
        lastZxidSeen: random.oneIn(3) ? this.#long() : 0n,
        timeOut: random.pick(WORDS),
        sessionId: random.oneIn(3) ? this.#long() : 0n,
        passwd: random.oneIn(3) ? this.#data() : new Uint8Array(16),
        readOnly: random.pick([true, false, undefined]),
      })
      return writer.copy()
    }
    const type = random.oneIn(12) ? random.pick(WORDS) : random.pick(OPERATIONS)
    writer.int(random.pick(WORDS)).int(type)
    this.#record(writer, type)
    return writer.copy()
  }

  #record(writer: Writer, type: number): void {
    const random = this.#random
    const path = this.#path()
    switch (type) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer:
      case OpCode.createTtl: {
        const flags = random.oneIn(8) ? random.pick(WORDS) : random.int(8)
        const request = { path, data: this.#data(), acl: this.#acl(), flags }
        proto.createRequest.write(writer, request)
        if (type === OpCode.createTtl) writer.long(this.#long())
        return
      }
      case OpCode.delete:
      case OpCode.check:
        proto.pathVersion.write(writer, { path, version: random.pick([-1, -1, 0, 1, -2]) })
        return
      case OpCode.setData:
        proto.setDataRequest.write(writer, { path, data: this.#data(), version: -1 })
        return
      case OpCode.setAcl:
        proto.setAclRequest.write(writer, { path, acl: this.#acl(), version: -1 })
        return
      case OpCode.multi:
      case OpCode.multiRead:
        this.#multi(writer, type)
        return
      case OpCode.setWatches:
      case OpCode.setWatches2:
        writer.long(this.#long())
        for (let i = 0; i < (type === OpCode.setWatches ? 3 : 5); i++) writer.strings(this.#paths())
        return
      case OpCode.addWatch:
      case OpCode.checkWatches:
      case OpCode.removeWatches:
        proto.pathType.write(writer, {
          path,
          type: random.oneIn(5) ? random.pick(WORDS) : random.int(6),
        })
        return
      case OpCode.auth: {
        const scheme = random.oneIn(9) ? null : random.pick(SCHEMES)
        proto.authRequest.write(writer, { type: 0, scheme, auth: this.#data() })
        return
      }
      case OpCode.sasl:
        writer.buffer(this.#data())
        return
      case OpCode.reconfig:
        writer.string(this.#path()).string(this.#path()).string(path).long(this.#long())
        return
      default:
        proto.pathWatch.write(writer, { path, watch: random.oneIn(2) })
    }
  }

  #multi(writer: Writer, type: number): void {
    const random = this.#random
    const inside =
      type === OpCode.multiRead
        ? [OpCode.getData, OpCode.getChildren]
        : [OpCode.create, OpCode.create2, OpCode.delete, OpCode.setData, OpCode.check]
    for (let i = random.int(random.oneIn(20) ? 400 : 5); i > 0; i--) {
      const part = random.oneIn(15) ? random.pick(OPERATIONS) : random.pick(inside)
      if (part === OpCode.multi || part === OpCode.multiRead) continue
      proto.multiHeader.write(writer, { type: part, done: false, err: -1 })
      this.#record(writer, part)
    }
    if (!random.oneIn(10)) proto.multiHeader.write(writer, proto.MULTI_END)
  }

  #path(): string | null {
    const random = this.#random
    if (random.oneIn(25)) return null
    if (random.oneIn(25)) return `/h/${'x'.repeat(random.int(5000))}`
    if (random.oneIn(4)) return `/h/${random.int(40)}`
    return random.pick(PATHS)
  }

  #paths(): string[] | null {
    const random = this.#random
    if (random.oneIn(10)) return null
    return Array.from({ length: random.int(5) }, () => this.#path() ?? '')
  }

  #acl(): RawAcl[] | null {
    const random = this.#random
    if (random.oneIn(20)) return null
    if (random.oneIn(2)) return [{ perms: 31, scheme: 'world', id: 'anyone' }]
    return Array.from({ length: random.int(4) }, () => ({
      perms: random.oneIn(4) ? random.pick(WORDS) : 31,
      scheme: random.oneIn(12) ? null : random.pick(SCHEMES),
      id: random.oneIn(12) ? null : random.pick(IDS),
    }))
  }

  #data(): Uint8Array | null {
    const random = this.#random
    if (random.oneIn(10)) return null
    return random.bytes(random.oneIn(30) ? random.int(3000) : random.int(20))
  }

  #long(): bigint {
    const random = this.#random
    return (BigInt(random.pick(WORDS)) << 32n) | BigInt(random.pick(WORDS) >>> 0)
  }

  /** A few bytes changed, words replaced, pieces taken out or doubled. */
  #bent(body: Uint8Array): Uint8Array {
    const random = this.#random
    let bytes: Uint8Array = body.slice()
    for (let i = random.between(1, 4); i > 0 && bytes.length >= 4; i--) {
      const at = random.int(bytes.length - 3)
      const view = new DataView(bytes.buffer, bytes.byteOffset)
      switch (random.int(5)) {
        case 0:
          bytes[at]! ^= 1 << random.int(8)
          break
        case 1:
          bytes[at] = random.int(256)
          break
        case 2:
          view.setInt32(at, random.pick(WORDS))
          break
        case 3:
          bytes = joined(bytes.subarray(0, at), bytes.subarray(at + random.between(1, 4)))
          break
        default:
          bytes = joined(bytes.subarray(0, at + 4), bytes.subarray(at))
      }
    }
    return bytes
  }

  #truncated(body: Uint8Array): Uint8Array {
    return body.slice(0, this.#random.int(body.length + 1))
  }

  #withLyingLength(body: Uint8Array): Uint8Array {
    const random = this.#random
    const claimed = random.oneIn(2) ? random.pick(WORDS) : body.length + random.between(-8, 8)
    return new Writer().int(claimed).raw(body).copy()
  }

  #word(): Uint8Array {
    const random = this.#random
    const word = random.pick(['ruok', 'srvr', 'stmk', 'mntr', 'kill', 'what', '\xff\xf4\xff\xfd'])
    const bytes = Uint8Array.from(word, character => character.charCodeAt(0))
    return random.oneIn(2) ? bytes : joined(bytes, random.bytes(random.int(20)))
  }

  /** Many small frames in one chunk. */
  #flood(isFresh: boolean): Uint8Array {
    const random = this.#random
    const writer = new Writer()
    for (let i = random.int(random.oneIn(20) ? 500 : 12); i > 0; i--) {
      writer.raw(frameOf(random.oneIn(6) ? this.#bent(this.#body(isFresh)) : this.#body(isFresh)))
    }
    return writer.copy()
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  return new Writer(first.length + second.length).raw(first).raw(second).copy()
}

export function frameOf(body: Uint8Array): Uint8Array {
  return new Writer(body.length + 4).buffer(body).copy()
}
