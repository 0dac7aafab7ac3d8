/** The scripted sessions: every opcode and every error that a standalone member can give. */
import { AddWatchMode, CreateMode, WatcherType } from '../../wire/opcodes.ts'
import type { RawAcl } from '../../wire/records/data.ts'
import { acl } from '../harness/client.ts'
import type { PartStep, RequestStep, Step } from './steps.ts'
import type { Script } from './transcript.ts'

const READ_ONLY = [acl(1, 'world', 'anyone')]
const NOTHING = [acl(0, 'world', 'anyone')]
const AUTH = [acl(31, 'auth', '')]

/** A script whose steps are of session 0 unless they say otherwise. */
function script(name: string, steps: readonly (RequestStep | Step)[]): Script {
  return { name, steps: steps.map(step => ({ session: 0, ...step })) }
}

function create(path: string, flags: number = CreateMode.persistent): RequestStep {
  return { do: 'create', path, options: { flags, data: 'x' } }
}

function creates(): Script {
  const root = '/creates'
  const paths = ['/', '', 'a', 'a/b', null, root, `${root}/`, `${root}//b`, `${root}/.`]
  const more = [`${root}/..`, `${root}/...`, `${root}/\u0000`, `${root}/\u0001`, `${root}/\ue000`]
  const nulls = ['world', 'digest', 'ip', 'auth', 'sasl'].map(scheme => [acl(31, scheme, null)])
  const lists = [[], null, [acl(31, 'world', 'x')], [acl(31, null, 'x')], ...nulls]
  return script('creates', [
    create(root),
    ...[...paths, ...more].map((path): RequestStep => ({ do: 'create', path })),
    ...[...paths, ...more].map((path): RequestStep => ({ do: 'create2', path })),
    ...lists.map(
      (list): RequestStep => ({
        do: 'create',
        path: `${root}/acl`,
        options: { acl: list },
      }),
    ),
    ...Array.from({ length: 10 }, (_, i): RequestStep => create(`${root}/f${i - 1}-`, i - 1)),
    ...Array.from(
      { length: 8 },
      (_, flags): RequestStep => ({
        do: 'create2',
        path: `${root}/g${flags}-`,
        options: { flags, data: null },
      }),
    ),
    ...[0, 1, 2, 3, 4, 7].map(
      (flags): RequestStep => ({
        do: 'createContainer',
        path: `${root}/c${flags}`,
        options: { flags },
      }),
    ),
    { do: 'createTtl', path: `${root}/ttl` },
    create(`${root}/f1-/child`),
    create(`${root}/missing/child`),
    { do: 'getChildren2', path: root },
    { do: 'getEphemerals', path: root },
    { do: 'getEphemerals', path: null },
    { do: 'getAllChildrenNumber', path: root },
    { session: 0, do: 'close' },
    { do: 'getChildren2', path: root },
  ])
}

function writes(): Script {
  const root = '/writes'
  return script('writes', [
    create(root),
    create(`${root}/a`),
    create(`${root}/a/b`),
    { do: 'delete', path: `${root}/a`, version: 9 },
    { do: 'delete', path: `${root}/a` },
    { do: 'delete', path: `${root}/a/b`, version: -2 },
    { do: 'delete', path: `${root}/missing` },
    { do: 'delete', path: `${root}/missing/b` },
    ...['/', '', 'x', null, '/zookeeper', '/zookeeper/quota', '/zookeeper/config', '/a\u0000'].map(
      (path): RequestStep => ({ do: 'delete', path }),
    ),
    ...['', 'x', null, '/a//b', `${root}/`, '/zookeeper/config', `${root}/missing`].map(
      (path): RequestStep => ({ do: 'setData', path, data: 'y' }),
    ),
    { do: 'setData', path: root, data: null },
    { do: 'getData', path: root },
    { do: 'setData', path: root, data: '', version: 1 },
    { do: 'getData', path: root },
    { do: 'setData', path: root, data: 'z', version: 1 },
    { do: 'setData', path: '/', data: 'root' },
    { do: 'getData', path: '/' },
    { do: 'setData', path: '/', data: null },
    { do: 'delete', path: `${root}/a/b`, version: 0 },
    { do: 'exists', path: `${root}/a` },
    { do: 'exists', path: root },
  ])
}

function reads(): Script {
  const root = '/reads'
  const odd = [
    '',
    'x',
    null,
    `${root}/`,
    `${root}/missing`,
    '/a\u0000',
    '/zookeeper',
    '/zookeeper/config',
  ]
  const kinds = ['exists', 'getData', 'getChildren', 'getChildren2'] as const
  return script('reads', [
    create(root),
    ...kinds.flatMap(kind => odd.map((path): RequestStep => ({ do: kind, path, watch: false }))),
    ...odd.map((path): RequestStep => ({ do: 'getAcl', path })),
    ...odd.map((path): RequestStep => ({ do: 'sync', path })),
    ...[`${root}/missing`, null, root].map(
      (path): RequestStep => ({ do: 'getAllChildrenNumber', path }),
    ),
    { do: 'whoAmI' },
    { do: 'ping' },
    { do: 'ping', xid: 77 },
  ])
}

function acls(): Script {
  const root = '/acls'
  const valid = [
    acl(31, 'ip', '127.0.0.1'),
    acl(31, 'ip', '10.0.0.0/33'),
    acl(31, 'ip', '300.0.0.1'),
    acl(31, 'ip', '::1/128'),
    acl(31, 'digest', ':h'),
    acl(31, 'digest', 'a:b:'),
    acl(31, 'digest', 'a:b:c'),
    acl(31, 'digest', 'u:'),
    acl(31, 'sasl', 'bob'),
    acl(31, 'x509', 'CN=a'),
    acl(31, 'super', ''),
    acl(-1, 'world', 'anyone'),
    acl(0xffff, 'world', 'anyone'),
  ]
  return script('acls', [
    create(root),
    ...valid.flatMap((entry, i): RequestStep[] => [
      { do: 'create', path: `${root}/${i}`, options: { acl: [entry] } },
      { do: 'getAcl', path: `${root}/${i}` },
      { do: 'setAcl', path: `${root}/${i}`, acl: [entry, entry] },
    ]),
    { do: 'create', path: `${root}/auth`, options: { acl: AUTH } },
    { do: 'auth', scheme: 'digest', data: 'u:p' },
    { do: 'create', path: `${root}/auth`, options: { acl: [...AUTH, acl(1, 'auth', 'x')] } },
    { do: 'getAcl', path: `${root}/auth` },
    { session: 1, do: 'getAcl', path: `${root}/auth` },
    { session: 1, do: 'getData', path: `${root}/auth` },
    { session: 1, do: 'setData', path: `${root}/auth`, data: 'y', version: 8 },
    { session: 1, do: 'setAcl', path: `${root}/auth`, acl: READ_ONLY, version: 8 },
    { session: 1, do: 'create', path: `${root}/auth/a` },
    { do: 'create', path: `${root}/auth/a` },
    { session: 1, do: 'delete', path: `${root}/auth/a` },
    { session: 1, do: 'exists', path: `${root}/auth`, watch: true },
    { do: 'setAcl', path: `${root}/auth`, acl: READ_ONLY, version: 8 },
    { do: 'setAcl', path: `${root}/auth`, acl: [acl(17, 'world', 'anyone')], version: 0 },
    { session: 1, do: 'getAcl', path: `${root}/auth` },
    { do: 'create', path: `${root}/none`, options: { acl: NOTHING } },
    { do: 'getAcl', path: `${root}/none` },
    { do: 'delete', path: `${root}/none` },
    ...[`${root}/missing`, '', null, `${root}/`].map(
      (path): RequestStep => ({ do: 'setAcl', path, acl: READ_ONLY }),
    ),
    { do: 'setAcl', path: root, acl: [] },
    { do: 'setAcl', path: root, acl: null },
    { do: 'whoAmI' },
    { do: 'auth', scheme: 'ip', data: null },
    { do: 'auth', scheme: 'ensemble', data: 'x' },
    { do: 'auth', scheme: 'world', data: 'x' },
    { do: 'auth', scheme: 'digest', data: null },
    { do: 'auth', scheme: null, data: 'x' },
    { do: 'sasl', token: '' },
  ])
}

function watches(): Script {
  const root = '/watches'
  const { persistent, persistentRecursive } = AddWatchMode
  return script('watches', [
    create(root),
    { session: 1, do: 'exists', path: `${root}/a`, watch: true },
    { session: 1, do: 'getChildren', path: root, watch: true },
    { session: 2, do: 'addWatch', path: root, type: persistent },
    { session: 2, do: 'addWatch', path: '/', type: persistentRecursive },
    { session: 2, do: 'addWatch', path: null, type: persistent },
    { session: 2, do: 'addWatch', path: root, type: 2 },
    create(`${root}/a`),
    { session: 1, do: 'getData', path: `${root}/a`, watch: true },
    { session: 1, do: 'getChildren2', path: `${root}/a`, watch: true },
    { do: 'setData', path: `${root}/a`, data: 'y' },
    { session: 1, do: 'getData', path: `${root}/a`, watch: true },
    { do: 'delete', path: `${root}/a` },
    create(`${root}/e`, CreateMode.ephemeral),
    create(`${root}/e`, CreateMode.ephemeralSequential),
    ...Object.values(WatcherType).flatMap((type): Step[] => [
      { session: 2, do: 'checkWatches', path: root, type },
      { session: 2, do: 'checkWatches', path: '/', type },
      { session: 1, do: 'checkWatches', path: root, type },
    ]),
    { session: 2, do: 'checkWatches', path: root, type: 0 },
    { session: 2, do: 'removeWatches', path: root, type: 9 },
    { session: 2, do: 'removeWatches', path: root, type: WatcherType.data },
    { session: 2, do: 'removeWatches', path: root, type: WatcherType.persistent },
    { session: 2, do: 'removeWatches', path: root, type: WatcherType.any },
    { session: 0, do: 'close' },
    { session: 2, do: 'reattach' },
    { session: 2, do: 'setWatches', lists: { ago: 3, data: [root, `${root}/a`], child: [root] } },
    {
      session: 2,
      do: 'setWatches2',
      lists: { ago: 0, exist: [root, `${root}/b`], child: [root], persistentRecursive: [root] },
    },
    create(`${root}/b`),
    create(`${root}/b/c`),
    {
      do: 'multi',
      parts: [
        { do: 'delete', path: `${root}/b/c` },
        { do: 'delete', path: `${root}/b` },
      ],
    },
  ])
}

function multisAnswered(root: string): readonly (readonly PartStep[])[] {
  return [
    [],
    [
      { do: 'create', path: `${root}/a` },
      { do: 'create2', path: `${root}/b` },
    ],
    [
      { do: 'create', path: `${root}/c` },
      { do: 'delete', path: `${root}/missing` },
    ],
    [
      { do: 'check', path: `${root}/a`, version: 0 },
      { do: 'setData', path: `${root}/a`, data: 'x' },
    ],
    [
      { do: 'check', path: `${root}/a`, version: 0 },
      { do: 'setData', path: `${root}/a`, data: 'x' },
    ],
    [{ do: 'check', path: `${root}//a` }],
    [{ do: 'check', path: 'x' }],
    [
      { do: 'delete', path: `${root}/a` },
      { do: 'create', path: `${root}/a` },
    ],
    [
      { do: 'createContainer', path: `${root}/d` },
      { do: 'create', path: `${root}/d/e` },
    ],
    [{ do: 'create', path: `${root}/f`, options: { flags: CreateMode.container } }],
    [
      { do: 'create', path: `${root}/s`, options: { flags: 2 } },
      { do: 'create', path: `${root}/s`, options: { flags: 3 } },
    ],
    [{ do: 'create', path: `${root}/g`, options: { flags: 9 } }],
    [{ do: 'create', path: `${root}/g`, options: { acl: [] } }],
    [{ do: 'createTtl', path: `${root}/g` }],
    [
      { do: 'create', path: `${root}/g` },
      { do: 'getData', path: `${root}/a` },
    ],
    [
      { do: 'create', path: `${root}/g` },
      { do: 'other', type: 99 },
    ],
    [{ do: 'delete', path: '/zookeeper' }],
    [{ do: 'setData', path: '/zookeeper/config', data: 'x' }],
  ]
}

function multis(): Script {
  const root = '/multis'
  return script('multis', [
    create(root),
    ...[...multisAnswered(root), ...multisRefusedAsWhole(root)].map(
      (parts): RequestStep => ({ do: 'multi', parts }),
    ),
    {
      do: 'multiRead',
      parts: [
        { do: 'getData', path: `${root}/a` },
        { do: 'getChildren', path: `${root}/missing` },
        { do: 'getChildren', path: root },
        { do: 'getData', path: 'x' },
      ],
    },
    { do: 'multiRead', parts: [] },
    {
      do: 'multiRead',
      parts: [
        { do: 'getData', path: root },
        { do: 'setData', path: root, data: 'x' },
      ],
    },
    { do: 'multiRead', parts: [{ do: 'other', type: 3 }] },
    { do: 'getChildren2', path: root },
  ])
}

/** Parts that make Apache refuse the whole request, some before a zxid is taken, some after. */
function multisRefusedAsWhole(root: string): readonly (readonly PartStep[])[] {
  const path = `${root}/never`
  const part = (acl: RawAcl[] | null, flags: number = 0): PartStep => {
    return { do: 'create', path, options: { acl, flags } }
  }
  const ttl: PartStep = { do: 'create', path, options: { flags: 5 } }
  const read: PartStep = { do: 'getData', path: root }
  const entries = [
    acl(1, null, 'x'),
    ...['world', 'digest', 'ip', 'auth'].map(s => acl(1, s, null)),
  ]
  return [
    [part(null)],
    [part(null, 9)],
    [part(null, 5)],
    [part(null, 4)],
    [ttl, part(null)],
    [part(null), ttl],
    [{ do: 'delete', path: `${root}/missing` }, part(null)],
    [part(null), read],
    [read, part(null)],
    [read, { do: 'check', path: root }, part(null)],
    [part(null), { do: 'other', type: 99 }],
    [{ do: 'createContainer', path, options: { acl: null } }],
    [{ do: 'create2', path, options: { acl: null } }],
    [{ do: 'createTtl', path, options: { acl: null } }],
    ...entries.map(entry => [part([entry])]),
  ]
}

/** Bodies that are nothing, a lone null, and strings that never end, one opcode after the other. */
const BODIES = ['', 'ffffffff', '00000005', 'fffffff0', '7fffffff', '000000022f610000']
const OPCODES = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 14, 15, 16, 17, 18, 19, 21, 22, 100, 101, 102, 103, 104, 105, 106,
]
/** 20 closes in silence, the others are answered first. */
const UNKNOWN = [99, 0, -1, -2, 10, 13, 20, 23, 108, 1000]

function malformed(): readonly Script[] {
  return [...OPCODES, ...UNKNOWN].map(type =>
    script(`malformed ${type}`, [
      ...BODIES.map((body): RequestStep => ({ do: 'raw', type, body })),
      { do: 'exists', path: '/zookeeper' },
    ]),
  )
}

function reconfig(): Script {
  return script('reconfig', [
    { do: 'reconfig' },
    { do: 'reconfig', leaving: '3', curConfigId: 7n },
    { do: 'reconfig', members: 'nonsense' },
  ])
}

function sessions(): Script {
  const root = '/sessions'
  return script('sessions', [
    create(root),
    create(`${root}/e`, CreateMode.ephemeral),
    { session: 0, do: 'reattach' },
    { do: 'getEphemerals', path: '/' },
    { session: 1, do: 'reattach', wrongPassword: true },
    { session: 2, do: 'connect', withoutReadOnly: true },
    { session: 2, do: 'connect', timeOut: 1 },
    // Left behind, it would expire in the middle of a later script and take a zxid there.
    { session: 2, do: 'close' },
    { session: 2, do: 'connect', timeOut: 100_000_000 },
    {
      session: 0,
      do: 'burst',
      requests: [
        create(`${root}/n`, CreateMode.persistentSequential),
        { do: 'getChildren', path: root },
        create(`${root}/n`, CreateMode.persistentSequential),
        { do: 'delete', path: `${root}/e`, version: 3 },
        { do: 'exists', path: `${root}/e` },
        { do: 'delete', path: `${root}/e`, version: 0 },
        { do: 'exists', path: `${root}/e` },
        { do: 'delete', path: root },
        { do: 'multi', parts: [{ do: 'check', path: `${root}/e` }] },
        { do: 'getChildren2', path: root },
      ],
    },
    { session: 0, do: 'close' },
  ])
}

function quotas(): Script {
  const limits = '/zookeeper/quota/quotas'
  return script('quotas', [
    create('/quotas'),
    create(limits),
    { do: 'create', path: `${limits}/zookeeper_limits`, options: { data: 'count=2,bytes=3' } },
    { do: 'create', path: `${limits}/zookeeper_stats`, options: { data: 'anything' } },
    { do: 'getData', path: `${limits}/zookeeper_stats` },
    create('/quotas/a'),
    create('/quotas/b'),
    { do: 'setData', path: '/quotas/b', data: 'longer' },
    { do: 'getData', path: `${limits}/zookeeper_stats`, watch: true },
    { do: 'delete', path: '/quotas/a' },
    { do: 'getData', path: `${limits}/zookeeper_stats` },
    { do: 'delete', path: `${limits}/zookeeper_limits` },
    create('/quotas/c'),
    { do: 'getData', path: `${limits}/zookeeper_stats` },
    { do: 'getAllChildrenNumber', path: '/zookeeper' },
  ])
}

export const SCRIPTS: readonly Script[] = [
  creates(),
  writes(),
  reads(),
  acls(),
  watches(),
  multis(),
  ...malformed(),
  reconfig(),
  sessions(),
  quotas(),
]
