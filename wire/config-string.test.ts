import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import {
  addLine,
  addressClash,
  ConfigStringError,
  completeMembership,
  emptyDraft,
  hasSameMembers,
  isSameMembership,
  type Member,
  type Membership,
  parseHostPort,
  parseMember,
  parseMembership,
  parseVersion,
  printDynamicFile,
  printMember,
  printMembership,
} from './config-string.ts'

// What Apache 3.9.6 wrote for an ensemble whose member 4 observes.
const APACHE = `server.1=127.0.0.1:22281:22381:participant;127.0.0.1:22181
server.2=127.0.0.1:22282:22382:participant;127.0.0.1:22182
server.3=127.0.0.1:22283:22383:participant;127.0.0.1:22183
server.4=127.0.0.1:22284:22384:observer;127.0.0.1:22184
version=100000003`

test('the text of Apache reads and prints as the same bytes', () => {
  const membership = parseMembership(APACHE, false)
  equal(printMembership(membership), APACHE)
  equal(membership.version, 0x100000003n)
  deepEqual(
    membership.members.map(member => member.role),
    ['participant', 'participant', 'participant', 'observer'],
  )
})

test('the dynamic file is sorted as text and has no version', () => {
  const membership = parseMembership('server.2=b:1:2\nserver.10=a:1:2\nversion=f', false)
  equal(printDynamicFile(membership), 'server.10=a:1:2:participant\nserver.2=b:1:2:participant')
})

test('the forms of a server line', () => {
  const forms: [string, string][] = [
    ['h:2888:3888', 'h:2888:3888:participant'],
    ['h:2888:3888:OBSERVER', 'h:2888:3888:observer'],
    ['h:2888:3888;2181', 'h:2888:3888:participant;0.0.0.0:2181'],
    ['h:2888:3888:observer;c:2181', 'h:2888:3888:observer;c:2181'],
    ['[2001:db8::1]:2888:3888;[::]:2181', '[2001:db8::1]:2888:3888:participant;[::]:2181'],
    ['b:1:2|a:3:4:observer', 'a:3:4|b:1:2:observer'],
    [' b:1:2 | a:3:4 ; 5 ', 'a:3:4|b:1:2:participant;0.0.0.0:5'],
  ]
  for (const [given, printed] of forms) equal(printMember(parseMember(1, given, true)), printed)
})

test('what a server line must not be is refused with key, value and the valid form', () => {
  const wrong = [
    '',
    'h',
    'h:1',
    ':1:2',
    'h:1:1',
    'h:1:x',
    'h:1:65536',
    'h:1:-2',
    'h:1:2:boss',
    'h:1:2:observer:x',
    'h:1:2;',
    'h:1:2;a:b:3',
    'h:1:2;3;4',
    'a:1:2:observer|b:3:4:participant',
    '2001:db8::1:2888:3888',
    '[2001:db8::1:2888:3888',
    '[::1]x:1:2',
    'a:1:2|',
  ]
  for (const value of wrong) {
    throws(
      () => parseMember(7, value, true),
      (error: unknown) =>
        error instanceof ConfigStringError && error.message.startsWith(`server.7=${value}: `),
      value,
    )
  }
  throws(() => parseMember(1, 'a:1:2|b:3:4', false), /multiAddress.enabled=true/)
})

test('a reconfig may separate members with commas', () => {
  const membership = parseMembership('server.1=a:1:2;3,server.2=b:1:2;3\n', false)
  equal(membership.members.length, 2)
  throws(() => parseMembership('server.1=a:1:2,nonsense', false), ConfigStringError)
  throws(() => parseMembership('clientPort=2181', false), ConfigStringError)
})

test('observers alone are no ensemble', () => {
  throws(() => parseMembership('server.1=a:1:2:observer', false), /no participant/)
})

test('groups: every participant in exactly one, weight 1 unless given', () => {
  const text = 'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2:observer\n'
  const membership = parseMembership(`${text}group.1=1:2\nweight.2=0`, false)
  deepEqual(
    [...membership.weights],
    [
      [1, 1],
      [2, 0],
    ],
  )
  throws(() => parseMembership(`${text}group.1=1`, false), /server.2 is in no group/)
  throws(() => parseMembership(`${text}group.1=1:2\ngroup.2=2`, false), /group 1 already/)
  throws(() => parseMembership(`${text}group.1=1:x`, false), ConfigStringError)
  throws(() => parseMembership(`${text}weight.1=-1`, false), ConfigStringError)
})

test('members print in the order of a Java HashMap', () => {
  const text = [1, 2, 15, 16, 17].map(id => `server.${id}=h${id}:1:2`).join('\n')
  const ids = [...printMembership(parseMembership(text, false)).matchAll(/server\.(\d+)/g)]
  deepEqual(
    ids.map(([, id]) => id),
    ['16', '1', '17', '2', '15'],
  )
})

test('versions are hexadecimal without 0x', () => {
  equal(parseVersion('1000000A'), 0x1000000an)
  for (const wrong of ['', '0x1', 'g', '11111111111111111']) {
    throws(() => parseVersion(wrong), ConfigStringError)
  }
})

test('addresses that two members claim', () => {
  const clash = (a: string, b: string): string | undefined =>
    addressClash(parseMember(1, a, true), parseMember(2, b, true))
  equal(clash('h:1:2;3', 'h:2:4;5'), 'h:2 of server.2 is an address of server.1 too')
  equal(clash('h:1:2;3', 'g:1:2;3'), undefined)
  equal(clash('127.0.0.1:1:2;3', '127.0.0.1:1:2;3'), undefined)
  equal(clash('h:1:2;0.0.0.0:3', 'g:1:2;0.0.0.0:3'), undefined)
  equal(clash('[::1]:1:2;[::]:3', '[::1]:1:2;[::]:3'), undefined)
})

test('same members and same membership', () => {
  const a = parseMembership('server.1=a:1:2\nversion=1', false)
  const b = parseMembership('server.1=a:1:2:participant\nversion=2', false)
  ok(hasSameMembers(a, b))
  ok(!isSameMembership(a, b))
  ok(isSameMembership(a, { ...b, version: 1n }))
  ok(!hasSameMembers(a, parseMembership('server.1=a:1:3', false)))
})

const host = fc.oneof(
  fc.constantFrom('localhost', 'zk-0.zk.ns.svc', '10.0.0.1'),
  fc.constantFrom('::1', '2001:db8::17', 'fe80::1%eth0'),
)
const ports = fc.uniqueArray(fc.integer({ min: 0, max: 65535 }), { minLength: 2, maxLength: 2 })
const address = fc.tuple(host, ports).map(([host, [quorumPort, electionPort]]) => ({
  host,
  quorumPort: quorumPort!,
  electionPort: electionPort!,
}))
const member: fc.Arbitrary<Omit<Member, 'id'>> = fc.record(
  {
    addresses: fc
      .uniqueArray(address, { minLength: 1, maxLength: 3, selector: a => a.host })
      .map(list => list.sort((a, b) => (a.host < b.host ? -1 : 1))),
    role: fc.constantFrom('participant', 'observer'),
    clientAddress: fc.option(
      fc.record({ host, port: fc.integer({ min: 0, max: 65535 }) }, { noNullPrototype: true }),
      {
        nil: undefined,
      },
    ),
  },
  { noNullPrototype: true },
)

const membership: fc.Arbitrary<Membership> = fc
  .record({
    ids: fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 20 }),
    members: fc.array(member, { minLength: 20, maxLength: 20 }),
    isHierarchical: fc.boolean(),
    weights: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 20, maxLength: 20 }),
    version: fc.bigInt({ min: 0n, max: (1n << 63n) - 1n }),
  })
  .map(({ ids, members, isHierarchical, weights, version }) => {
    const draft = emptyDraft()
    for (const [i, id] of ids.entries()) {
      const role = i === 0 ? 'participant' : members[i]!.role
      draft.members.set(id, { ...members[i]!, id, role })
      if (isHierarchical && role === 'participant') {
        draft.groups.set(id % 3, [...(draft.groups.get(id % 3) ?? []), id])
        draft.weights.set(id, weights[i]!)
      }
    }
    draft.version = version
    return completeMembership(draft)
  })

test('parse(print(x)) is x', () => {
  fc.assert(
    fc.property(membership, x => {
      deepEqual(parseMembership(printMembership(x), true), x)
      deepEqual(parseMembership(printDynamicFile(x), true), { ...x, version: 0n })
    }),
  )
})

test('random text throws nothing but ConfigStringError', () => {
  const piece = fc.constantFrom(
    'server.',
    '1',
    '=',
    ':',
    ';',
    '|',
    '[',
    ']',
    'a',
    'group.',
    ',',
    '\n',
  )
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 30 }).map(list => list.join('')),
  )
  let refused = 0
  fc.assert(
    fc.property(text, value => {
      try {
        parseMembership(value, true)
      } catch (error) {
        ok(error instanceof ConfigStringError)
        refused++
      }
    }),
  )
  ok(refused > 0)
})

test('host and port of a listener', () => {
  deepEqual(parseHostPort('2181'), { host: '0.0.0.0', port: 2181 })
  deepEqual(parseHostPort('[::1]:2181'), { host: '::1', port: 2181 })
  equal(parseHostPort('[::1]'), undefined)
  equal(parseHostPort('a:b:1'), undefined)
})

test('keys that are no part of a configuration are left to others', () => {
  equal(addLine(emptyDraft(), 'clientPort', '1', false), false)
  throws(() => addLine(emptyDraft(), 'server.x', 'h:1:2', false), ConfigStringError)
})
