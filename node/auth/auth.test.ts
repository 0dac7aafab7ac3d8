/** Networks, ids, checks and fix-up: client-protocol.md 16, behaviours.md 164 to 180. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Hash } from '../../base/ports.ts'
import { Perms } from '../../wire/opcodes.ts'
import { type Acl, type Id, OPEN_ACL, type RawAcl } from '../../wire/records/data.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import { aclText, fixUpAcl, INVALID_ACL, maskDigests, mayAccess, UNREADABLE_ACL } from './acl.ts'
import { base64, beforeColon, digestId, isDigestId } from './digest.ts'
import { isInNetwork, javaAddress, parseAddress, parseNetwork } from './ip.ts'
import { Schemes } from './schemes.ts'

const hash: Hash = {
  digest: (algorithm, bytes) => createHash(algorithm).update(bytes).digest(),
}
const SUPER = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4='
const PEER = { address: '127.0.0.1' }

function schemes(more: Partial<ConstructorParameters<typeof Schemes>[0]> = {}): Schemes {
  return new Schemes({
    hash,
    digestEnabled: true,
    digestAlgorithm: 'SHA1',
    superDigest: SUPER,
    ensembleNames: [],
    skipAcl: false,
    ...more,
  })
}

function acl(perms: number, scheme: string, id: string): Acl {
  return { perms, id: { scheme, id } }
}

function raw(perms: number, scheme: string | null, id: string | null): RawAcl {
  return { perms, scheme, id }
}

const IP: Id = { scheme: 'ip', id: '127.0.0.1' }
const U: Id = { scheme: 'digest', id: 'u:hashU' }
const V: Id = { scheme: 'digest', id: 'v:hashV' }
const SUPER_ID: Id = { scheme: 'super', id: '' }

test('addresses: what is one and what is not', () => {
  const good: readonly (readonly [string, readonly number[]])[] = [
    ['127.0.0.1', [127, 0, 0, 1]],
    ['255.255.255.255', [255, 255, 255, 255]],
    ['::', Array.from({ length: 16 }, () => 0)],
    ['::1', [...Array.from({ length: 15 }, () => 0), 1]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['fe80::A', [0xfe, 0x80, ...Array.from({ length: 13 }, () => 0), 10]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
  ]
  for (const [text, bytes] of good) assert.deepEqual(parseAddress(text), Uint8Array.from(bytes))
  const bad = ['', '1.2.3', '1.2.3.4.5', '300.1.1.1', '1.2.3.x', '1.2.3.-4', '1..2.3', 'host']
  const bad6 = [':', ':::', '1:2:3', '1:2:3:4:5:6:7:8:9', '1::2::3', '12345::', 'g::', '::1%eth0']
  const more = ['::ffff:1.2.3.4', '1:2:3:4:5:6:7:8::', ' 1.2.3.4', '0x7f.0.0.1']
  for (const text of [...bad, ...bad6, ...more]) assert.equal(parseAddress(text), undefined, text)
})

test('networks: 300.1.1.1 and /33 are none, 10.0.0.0/8, ::1 and ::/0 are', () => {
  for (const text of ['10.0.0.0/8', '10.0.0.0/0', '10.0.0.0/32', '::1', '::/0', 'fe80::/128']) {
    assert.notEqual(parseNetwork(text), undefined, text)
  }
  for (const text of ['300.1.1.1', '10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/-1', '/8', '']) {
    assert.equal(parseNetwork(text), undefined, text)
  }
})

test('an address lies in a network when the first bits agree, bit by bit', () => {
  const octet = fc.nat(255)
  const quad = fc.tuple(octet, octet, octet, octet)
  fc.assert(
    fc.property(quad, quad, fc.nat(32), (address, other, bits) => {
      const bitText = (octets: readonly number[]): string =>
        octets
          .map(value => value.toString(2).padStart(8, '0'))
          .join('')
          .slice(0, bits)
      // Mostly near each other, so that both answers come up.
      const near = address.map((value, i) => (i * 8 + 8 <= bits ? value : other[i]!))
      const isIn = isInNetwork(near.join('.'), `${address.join('.')}/${bits}`)
      assert.equal(isIn, bitText(near) === bitText(address))
    }),
    { numRuns: 1000 },
  )
  assert.ok(isInNetwork('127.0.0.1', '127.0.0.0/8'))
  assert.ok(!isInNetwork('127.0.0.1', '10.0.0.0/8'))
  assert.ok(!isInNetwork('127.0.0.1', '::/0'))
  assert.ok(!isInNetwork('0:0:0:0:0:0:0:1', '0.0.0.0/0'))
  assert.ok(isInNetwork('0:0:0:0:0:0:0:1', '::1'))
  assert.ok(isInNetwork('fe80:0:0:0:0:0:0:7', 'fe80::/10'))
})

test('addresses are written as Java writes them', () => {
  assert.equal(javaAddress('127.0.0.1'), '127.0.0.1')
  assert.equal(javaAddress('::1'), '0:0:0:0:0:0:0:1')
  assert.equal(javaAddress('::ffff:10.0.0.7'), '10.0.0.7')
  assert.equal(javaAddress('FE80::0A%eth0'), 'fe80:0:0:0:0:0:0:a%eth0')
})

test('base64 is that of the platform', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 50 }), bytes => {
      assert.equal(base64(bytes), Buffer.from(bytes).toString('base64'))
    }),
  )
})

test('digest ids: the check values, and which are valid', () => {
  const id = (text: string): string => digestId(hash, 'SHA1', utf8Bytes(text))
  assert.equal(id('user:password'), 'user:tpUq/4Pn5A64fVZyQ0gOJ8ZWqkY=')
  assert.equal(id('super:secret'), SUPER)
  assert.equal(beforeColon(id('nocolon')), 'nocolon')
  assert.equal(beforeColon(id('')), '')
  for (const text of ['u:h', ':h', 'a:b:', 'a:b::']) assert.ok(isDigestId(text), text)
  for (const text of ['u', 'u:', 'a:b:c', '', ':', '::', 'a::c']) assert.ok(!isDigestId(text), text)
})

test('164, 165: who authenticates as what', () => {
  const all = schemes()
  for (const name of ['foo', 'world', 'auth', 'super', 'sasl', '']) {
    assert.equal(all.get(name), undefined, name)
  }
  const digest = all.get('digest')!
  assert.deepEqual(digest.authenticate(null, PEER), { outcome: 'failed' })
  const outcome = digest.authenticate(utf8Bytes('user:password'), PEER)
  assert.deepEqual(outcome, {
    outcome: 'ok',
    ids: [{ scheme: 'digest', id: 'user:tpUq/4Pn5A64fVZyQ0gOJ8ZWqkY=' }],
  })
  const asSuper = digest.authenticate(utf8Bytes('super:secret'), PEER)
  assert.deepEqual(asSuper, { outcome: 'ok', ids: [SUPER_ID, { scheme: 'digest', id: SUPER }] })
  const ip = all.get('ip')!
  assert.deepEqual(ip.authenticate(null, PEER), { outcome: 'ok', ids: [IP] })
  assert.equal(schemes({ digestEnabled: false }).get('digest'), undefined)
  const nobody = schemes({ superDigest: undefined }).get('digest')!
  const plain = nobody.authenticate(utf8Bytes('super:secret'), PEER)
  assert.deepEqual(plain, { outcome: 'ok', ids: [{ scheme: 'digest', id: SUPER }] })
})

test('the ensemble scheme sends away who means another ensemble', () => {
  const ensemble = schemes({ ensembleNames: ['blue', 'green'] }).get('ensemble')!
  for (const name of ['', 'blue', 'green']) {
    assert.deepEqual(ensemble.authenticate(utf8Bytes(name), PEER), { outcome: 'ok', ids: [] })
  }
  assert.deepEqual(ensemble.authenticate(utf8Bytes('red'), PEER), { outcome: 'wrongEnsemble' })
})

test('166 to 169, 177: what is stored of an ACL', () => {
  const all = schemes()
  const fix = (list: readonly RawAcl[] | null, ids: readonly Id[] = [IP]): unknown =>
    fixUpAcl(all, list, ids)
  assert.equal(fix(null), INVALID_ACL)
  assert.equal(fix([]), INVALID_ACL)
  assert.equal(fix([raw(31, 'world', 'anyone')]), OPEN_ACL)
  assert.deepEqual(fix([raw(31, 'auth', '')], [IP, U]), [acl(31, 'digest', U.id)])
  assert.equal(fix([raw(31, 'auth', '')]), INVALID_ACL)
  assert.equal(fix([raw(31, 'auth', '')], [IP, SUPER_ID]), INVALID_ACL)
  assert.deepEqual(fix([raw(1, 'auth', ''), raw(2, 'auth', 'x')], [IP, U, V]), [
    acl(1, 'digest', U.id),
    acl(1, 'digest', V.id),
    acl(2, 'digest', U.id),
    acl(2, 'digest', V.id),
  ])
  const twice = [raw(1, 'digest', 'u:h'), raw(1, 'digest', 'u:h'), raw(2, 'digest', 'u:h')]
  assert.deepEqual(fix(twice), [acl(1, 'digest', 'u:h'), acl(2, 'digest', 'u:h')])
  for (const perms of [0, 0xffff, -1]) {
    assert.deepEqual(fix([raw(perms, 'world', 'anyone')]), [acl(perms, 'world', 'anyone')])
  }
  for (const id of [':h', 'a:b:'])
    assert.deepEqual(fix([raw(1, 'digest', id)]), [acl(1, 'digest', id)])
  for (const id of ['10.0.0.0/8', '::1', '::/0']) {
    assert.deepEqual(fix([raw(1, 'ip', id)]), [acl(1, 'ip', id)])
  }
  const invalid: readonly (readonly [string | null, string | null])[] = [
    ['world', 'other'],
    ['digest', 'nocolon'],
    ['digest', 'u:'],
    ['digest', 'a:b:c'],
    ['super', ''],
    ['unknown', 'x'],
    ['ensemble', 'x'],
    ['ip', '300.1.1.1'],
    ['ip', '10.0.0.0/33'],
    [null, 'x'],
    [null, null],
  ]
  for (const [scheme, id] of invalid) {
    const list = [raw(31, 'world', 'anyone'), raw(1, scheme, id)]
    assert.equal(fix(list, [IP, U]), INVALID_ACL, `${scheme}:${id}`)
  }
  // Seen on Apache inside a multi: a null id of a scheme that exists is no invalid ACL.
  for (const scheme of ['world', 'digest', 'ip']) {
    assert.equal(fix([raw(1, scheme, null)]), UNREADABLE_ACL, scheme)
  }
})

/** client-protocol.md 16.3 in one sentence. */
function isAllowed(list: readonly Acl[], perm: number, ids: readonly Id[]): boolean {
  return (
    list.length === 0 ||
    ids.some(id => id.scheme === 'super') ||
    list.some(
      entry =>
        (entry.perms & perm) !== 0 &&
        ((entry.id.scheme === 'world' && entry.id.id === 'anyone') ||
          ids.some(
            id =>
              id.scheme === entry.id.scheme &&
              (id.scheme === 'digest'
                ? id.id === entry.id.id
                : id.scheme === 'ip' && isInNetwork(id.id, entry.id.id)),
          )),
    )
  )
}

test('170, 172, 176, 178: any entry that matches counts', () => {
  const all = schemes()
  const entry = fc.record(
    {
      perms: fc.nat(31),
      id: fc.constantFrom(
        { scheme: 'world', id: 'anyone' },
        U,
        V,
        { scheme: 'ip', id: '127.0.0.0/8' },
        { scheme: 'ip', id: '10.0.0.0/8' },
        { scheme: 'sasl', id: 'u' },
        { scheme: 'unknown', id: 'u' },
      ),
    },
    { noNullPrototype: true },
  )
  const ids = fc.subarray([IP, U, V, SUPER_ID, { scheme: 'unknown', id: 'u' }])
  const perm = fc.constantFrom(Perms.read, Perms.write, Perms.create, Perms.delete, Perms.admin)
  let allowed = 0
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 4 }), perm, ids, (list, asked, own) => {
      const is = mayAccess(all, list, asked, own)
      assert.equal(is, isAllowed(list, asked, own))
      if (is) allowed++
    }),
    { numRuns: 3000 },
  )
  assert.ok(allowed > 300 && allowed < 2900, 'a check that looked at nothing has not passed')
})

test('180: skipACL lets everything pass', () => {
  const closed = [acl(31, 'digest', 'u:x')]
  assert.ok(!mayAccess(schemes(), closed, Perms.read, [IP]))
  assert.ok(mayAccess(schemes({ skipAcl: true }), closed, Perms.read, [IP]))
})

test('173: digests are masked, other schemes are not', () => {
  assert.deepEqual(
    maskDigests([acl(1, 'digest', 'bob:2x4k='), acl(2, 'ip', '::1'), acl(4, 'digest', 'odd')]),
    [acl(1, 'digest', 'bob:x'), acl(2, 'ip', '::1'), acl(4, 'digest', 'odd')],
  )
})

test('an ACL as the audit log has it', () => {
  assert.equal(
    aclText([acl(31, 'world', 'anyone'), acl(1, 'digest', 'u:h'), acl(0, 'ip', '::1')]),
    'world:anyone:cdrwa,digest:u:h:r,ip:::1:',
  )
})

test('user names of ids, for whoAmI', () => {
  const all = schemes()
  assert.equal(all.userName(IP), '127.0.0.1')
  assert.equal(all.userName(U), 'u')
  assert.equal(all.userName(SUPER_ID), '')
})
