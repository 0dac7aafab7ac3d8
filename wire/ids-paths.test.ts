import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { ErrorCode, errorName } from './errors.ts'
import {
  counterOf,
  epochOf,
  fromWords,
  hex,
  hexDigits,
  highWord,
  lowWord,
  makeZxid,
  sessionId,
  zxid,
} from './ids.ts'
import {
  LIMITS_NAME,
  nameOf,
  parentOf,
  pathFault,
  quotaSubject,
  STATS_NAME,
  topNamespace,
} from './paths.ts'

const long = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n })

test('a zxid is its epoch and its counter', () => {
  const epoch = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
  fc.assert(
    fc.property(epoch, fc.integer({ min: 0, max: 2 ** 32 - 1 }), (epoch, counter) => {
      const id = makeZxid(epoch, counter)
      assert.equal(epochOf(id), epoch)
      assert.equal(counterOf(id), counter)
    }),
  )
  assert.equal(epochOf(zxid(-1n)), -1)
  assert.ok(makeZxid(2, 0) > makeZxid(1, 2 ** 32 - 1))
})

test('64 bits are two words and back, whatever their sign', () => {
  fc.assert(
    fc.property(long, value => {
      assert.equal(fromWords(highWord(value), lowWord(value)), value)
      assert.ok(Number.isInteger(highWord(value)) && (highWord(value) | 0) === highWord(value))
      assert.equal(BigInt.asIntN(64, BigInt(hex(value))), value)
    }),
  )
  assert.equal(hexDigits(-1n), 'ffffffffffffffff')
  assert.equal(hex(0n), '0x0')
})

test('ids are signed: a session of member 128 is negative', () => {
  assert.ok(sessionId(128n << 56n) < 0n)
  assert.equal(sessionId(0xffffffffffffffffn), -1n)
  assert.equal(zxid(1n << 64n), 0n)
})

/** client-protocol.md 9, written down a second time and more slowly. */
function isValidPath(path: string): boolean {
  if (path === '/') return true
  if (!path.startsWith('/') || path.endsWith('/')) return false
  const forbidden = [0, 0x1f, 0x7f, 0x9f, 0xd800, 0xf8ff, 0xfff0, 0xffff]
  for (let at = 0; at < path.length; at++) {
    const unit = path.charCodeAt(at)
    for (let i = 0; i < forbidden.length; i += 2) {
      if (unit >= forbidden[i]! && unit <= forbidden[i + 1]!) return false
    }
  }
  return path
    .slice(1)
    .split('/')
    .every(name => name !== '' && name !== '.' && name !== '..')
}

const unit = fc.oneof(
  fc.constantFrom('/', '/', '/', '.', 'a', 'b', '-', ' '),
  fc.integer({ min: 0, max: 0xffff }).map(String.fromCharCode),
  fc
    .constantFrom(0, 1, 0x1f, 0x20, 0x7e, 0x7f, 0x9f, 0xa0, 0xd7ff, 0xd800, 0xf8ff, 0xf900, 0xffef)
    .map(code => String.fromCharCode(code)),
)

test('paths are valid or not as the reference says', () => {
  let valid = 0
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 12 }), fc.boolean(), (text, rooted) => {
      const path = rooted ? `/${text}` : text
      assert.equal(pathFault(path) === undefined, isValidPath(path), JSON.stringify(path))
      if (isValidPath(path)) valid++
    }),
    { numRuns: 20_000 },
  )
  assert.ok(valid > 1000, 'a check that looked at nothing has not passed')
})

test('what is wrong with a path is said in words', () => {
  const table: readonly (readonly [string, RegExp])[] = [
    ['', /empty/],
    ['a', /does not start/],
    ['/a/', /ends with/],
    ['/a//b', /empty component/],
    ['/a/./b', /'\.'/],
    ['/..', /'\.\.'/],
    ['/a\u0001', /U\+0001 at 2/],
    ['/\u{1f600}', /U\+d83d/],
    ['/a\ufffd', /U\+fffd/],
  ]
  for (const [path, words] of table) assert.match(pathFault(path) ?? 'nothing', words)
  for (const path of ['/', '/a', '/...', '/.x', '/a b', '/ä/€', '/a/..b']) {
    assert.equal(pathFault(path), undefined)
  }
})

test('parents, names, namespaces and quota subjects', () => {
  assert.equal(parentOf('/a'), '')
  assert.equal(parentOf('/a/b'), '/a')
  assert.equal(nameOf('/a/b'), 'b')
  assert.equal(topNamespace('/'), '')
  assert.equal(topNamespace('/a'), 'a')
  assert.equal(topNamespace('/a/b/c'), 'a')
  assert.equal(quotaSubject('/zookeeper/quota/a/b/zookeeper_limits', LIMITS_NAME), '/a/b')
  assert.equal(quotaSubject('/zookeeper/quota/a/zookeeper_limits', STATS_NAME), undefined)
  assert.equal(quotaSubject('/a/zookeeper_limits', LIMITS_NAME), undefined)
})

test('errors have names and numbers of their own', () => {
  assert.equal(new Set(Object.values(ErrorCode)).size, Object.keys(ErrorCode).length)
  assert.equal(errorName(-101), 'noNode')
  assert.equal(errorName(-99), 'error -99')
})
