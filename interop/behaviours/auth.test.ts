/** behaviours.md 164-181: ACLs and authentication; x509 (182, 183) belongs to TLS. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { ErrorCode } from '../../wire/errors.ts'
import { Perms } from '../../wire/opcodes.ts'
import { acl, type Client, fails, OPEN, ok } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

const AUTH = [acl(31, 'auth', '')]
const SUPER = 'super:lK75jTNcA+U9vtVEw5vB51mj/w4='

suite('authentication', {}, item => {
  item('164: an unknown scheme is refused and closed', async ({ connect }) => {
    for (const scheme of ['foo', 'world', '']) {
      const client = await connect()
      const reply = await client.auth(scheme, 'x')
      fails(reply, ErrorCode.authFailed)
      assert.equal(reply.zxid, 0n)
      await client.raw.closed
    }
  })

  item('165: digest succeeds with any data but null', async ({ connect }) => {
    const client = await connect()
    for (const data of ['u:p', 'nocolon', '', ':', 'a:b:c']) ok(await client.auth('digest', data))
    ok(await client.auth('ip', null))
    fails(await client.auth('digest', null), ErrorCode.authFailed)
    await client.raw.closed
  })

  item('166: auth is stored as the digest id', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.auth('digest', 'u:p'))
    ok(await client.create(root, { acl: AUTH }))
    assert.deepEqual(ok(await client.getAcl(root)).acl, [acl(31, 'digest', digest('u:p'))])
  })

  item('167: auth without an id that proves something', async ({ connect, root }) => {
    fails(await (await connect()).create(root, { acl: AUTH }), ErrorCode.invalidAcl)
  })

  item('168: auth expands to every digest id', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.auth('digest', 'u:p'))
    ok(await client.auth('digest', 'v:q'))
    ok(await client.create(root, { acl: [acl(1, 'auth', ''), acl(2, 'auth', 'x')] }))
    const entries = (ok(await client.getAcl(root)).acl ?? []).map(
      entry => `${entry.perms} ${entry.scheme}:${entry.id}`,
    )
    const expected = [1, 2].flatMap(perms =>
      ['u:p', 'v:q'].map(text => `${perms} digest:${digest(text)}`),
    )
    // The order of the ids of a connection is unspecified; without ADMIN they are masked.
    assert.deepEqual(entries.map(mask).sort(), expected.map(mask).sort())
  })

  item('169: which ids are valid', async ({ connect, root }) => {
    const client = await connect()
    const bad = [
      ['world', 'other'],
      ['digest', 'nocolon'],
      ['digest', 'u:'],
      ['digest', 'a:b:c'],
      ['super', 'x'],
      ['super', ''],
      ['unknown', 'x'],
      ['', 'x'],
      ['ip', '300.1.1.1'],
      ['ip', '10.0.0.0/33'],
      ['ip', '10.0.0'],
      ['ip', '::1/129'],
      ['ip', ''],
    ] as const
    for (const [scheme, id] of bad) {
      const answer = await client.create(root, { acl: [acl(31, scheme, id)] })
      assert.equal(answer.err, ErrorCode.invalidAcl, `${scheme}:${id}`)
    }
    fails(await client.create(root, { acl: [acl(31, null, 'x')] }), ErrorCode.invalidAcl)
    const good = [
      ['world', 'anyone'],
      ['digest', ':h'],
      ['digest', 'a:b:'],
      ['digest', 'u:h'],
      ['ip', '10.0.0.0/8'],
      ['ip', '10.0.0.1'],
      ['ip', '::1'],
      ['ip', '::/0'],
    ] as const
    ok(await client.create(root))
    for (const [i, [scheme, id]] of good.entries()) {
      const answer = await client.create(`${root}/${i}`, { acl: [acl(31, scheme, id)] })
      assert.equal(answer.err, 0, `${scheme}:${id}`)
    }
  })

  item('170: an ip network', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { acl: [acl(31, 'ip', '127.0.0.0/8')] }))
    ok(await client.getData(root))
    ok(await client.setData(root, 'x'))
    ok(await client.create(`${root}/a`))
  })

  item('171: the hash of a digest id', async ({ connect, root }) => {
    const client = await connect()
    const id = 'user:tpUq/4Pn5A64fVZyQ0gOJ8ZWqkY='
    assert.equal(digest('user:password'), id)
    ok(await client.create(root, { acl: [acl(31, 'digest', id)] }))
    fails(await client.getData(root), ErrorCode.noAuth)
    ok(await client.auth('digest', 'user:password'))
    ok(await client.getData(root))
  })

  item('173: getACL masks digest ids without ADMIN', async ({ connect, root }) => {
    const [owner, other] = [await connect(), await connect()]
    ok(await owner.auth('digest', 'u:p'))
    const full = acl(31, 'digest', digest('u:p'))
    ok(await owner.create(root, { acl: [full, acl(1, 'world', 'anyone')] }))
    const masked = [acl(31, 'digest', 'u:x'), acl(1, 'world', 'anyone')]
    assert.deepEqual(ok(await other.getAcl(root)).acl, masked)
    assert.deepEqual(ok(await owner.getAcl(root)).acl, [full, acl(1, 'world', 'anyone')])
  })

  item('174: getACL needs READ or ADMIN', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const perms = [Perms.write | Perms.create | Perms.delete, Perms.read, Perms.admin]
    for (const [i, only] of perms.entries()) {
      ok(await client.create(`${root}/${i}`, { acl: [acl(only, 'world', 'anyone')] }))
    }
    fails(await client.getAcl(`${root}/0`), ErrorCode.noAuth)
    ok(await client.getAcl(`${root}/1`))
    ok(await client.getAcl(`${root}/2`))
  })

  item('175: setACL needs ADMIN, then the version', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    fails(await client.setAcl(root, OPEN, 5), ErrorCode.badVersion)
    assert.equal(ok(await client.setAcl(root, [acl(15, 'world', 'anyone')], 0)).aversion, 1)
    fails(await client.setAcl(root, OPEN, 5), ErrorCode.noAuth)
    fails(await client.setAcl(`${root}/missing`, OPEN), ErrorCode.noNode)
    fails(await client.setAcl(`${root}/missing`, []), ErrorCode.invalidAcl)
    fails(await client.setAcl(`${root}/`, []), ErrorCode.badArguments)
  })

  item('176: who needs what', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const foreign = [acl(31, 'ip', '10.0.0.0/8')]
    const path = `${root}/foreign`
    ok(await client.create(path))
    ok(await client.create(`${path}/child`))
    ok(await client.setAcl(path, foreign))
    fails(await client.getData(path), ErrorCode.noAuth)
    fails(await client.exists(path), ErrorCode.noAuth)
    fails(await client.getChildren(path), ErrorCode.noAuth)
    fails(await client.getChildren2(path), ErrorCode.noAuth)
    fails(await client.getAllChildrenNumber(path), ErrorCode.noAuth)
    fails(await client.getAcl(path), ErrorCode.noAuth)
    fails(await client.setData(path, 'x'), ErrorCode.noAuth)
    fails(await client.setAcl(path, OPEN), ErrorCode.noAuth)
    fails(await client.create(`${path}/other`), ErrorCode.noAuth)
    fails(await client.delete(`${path}/child`), ErrorCode.noAuth)
    ok(await client.setData(`${path}/child`, 'x'))
  })

  item('177: perms are stored as given', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    for (const perms of [0, 0xffff, -1]) {
      ok(await client.create(`${root}/${perms}`, { acl: [acl(perms, 'world', 'anyone')] }))
    }
    const wide = ok(await client.getAcl(`${root}/65535`)).acl
    assert.deepEqual(wide, [acl(0xffff, 'world', 'anyone')])
    fails(await client.getAcl(`${root}/0`), ErrorCode.noAuth)
    ok(await client.delete(`${root}/0`))
  })

  item('178: any match is enough', async ({ connect, root }) => {
    const [user, other] = [await connect(), await connect()]
    ok(await user.auth('digest', 'u:p'))
    const entries = [acl(1, 'world', 'anyone'), acl(3, 'digest', digest('u:p'))]
    ok(await user.create(root, { acl: entries }))
    ok(await user.setData(root, 'x'))
    fails(await other.setData(root, 'x'), ErrorCode.noAuth)
    ok(await other.getData(root))
  })

  item('179: auth ends with the connection', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.auth('digest', 'u:p'))
    ok(await client.create(root, { acl: AUTH }))
    const again = await connect(client.credentials)
    fails(await again.getData(root), ErrorCode.noAuth)
    ok(await again.auth('digest', 'u:p'))
    ok(await again.getData(root))
  })
})

suite('super', { cfg: { 'DigestAuthenticationProvider.superDigest': SUPER } }, item => {
  item("172: super reads and changes what is others'", async ({ connect, root }) => {
    const [owner, admin] = [await connect(), await connect()]
    ok(await owner.auth('digest', 'u:p'))
    ok(await owner.create(root, { acl: AUTH }))
    ok(await admin.auth('digest', 'super:wrong'))
    fails(await admin.getData(root), ErrorCode.noAuth)
    ok(await admin.auth('digest', 'super:secret'))
    ok(await admin.getData(root))
    ok(await admin.setAcl(root, OPEN))
    ok(await (await connect()).setData(root, 'x'))
    ok(await admin.setData('/zookeeper/config', 'x').then(restore(admin)))
    fails(await admin.delete('/zookeeper'), ErrorCode.badArguments)
  })
})

suite('skipACL', { cfg: { skipACL: 'yes' } }, item => {
  item('180: everything passes', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { acl: [acl(0, 'world', 'anyone')] }))
    ok(await client.getData(root))
    ok(await client.setData(root, 'x'))
    ok(await client.create(`${root}/a`))
    ok(await client.setAcl(root, OPEN))
  })
})

const ENFORCED = { 'enforce.auth.enabled': true, 'enforce.auth.schemes': 'digest' }

suite('enforced authentication', { cfg: ENFORCED }, item => {
  item('181: nothing but auth before auth', async ({ connect }) => {
    const early: readonly ((client: Client) => Promise<{ err: number; zxid: bigint }>)[] = [
      client => client.getData('/'),
      client => client.create('/t181'),
      client => client.ping(),
    ]
    for (const ask of early) {
      const client = await connect()
      const reply = await ask(client)
      assert.equal(reply.err, ErrorCode.sessionClosedRequireSaslAuth)
      assert.equal(reply.zxid, 0n)
      await client.raw.closed
    }
    const client = await connect()
    ok(await client.auth('digest', 'u:p'))
    ok(await client.getData('/'))
    ok(await client.ping())
  })
})

/** Puts /zookeeper/config back to what a standalone server has. */
function restore(admin: Client) {
  return async <T>(answer: T): Promise<T> => {
    await admin.setData('/zookeeper/config', '')
    return answer
  }
}

function digest(text: string): string {
  const hash = createHash('sha1').update(text).digest('base64')
  return `${text.split(':')[0]}:${hash}`
}

/** The hash of a digest id is shown only to those with ADMIN. */
function mask(entry: string): string {
  return entry.replace(/(digest:[^:]*):.*/, '$1:x')
}
