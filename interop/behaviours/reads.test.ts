/** behaviours.md 78-98: reads and the Stat; 85 and 90 are about a fresh tree: fresh.test.ts. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { CreateMode, Perms } from '../../wire/opcodes.ts'
import { acl, fails, ok, op } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

const HIDDEN = [acl(Perms.all & ~Perms.read, 'world', 'anyone')]
const EPHEMERAL = { flags: CreateMode.ephemeral }

suite('reads', {}, item => {
  item('78: exists of a missing node leaves its watch', async ({ connect, root }) => {
    const client = await connect()
    fails(await client.exists(root, true), ErrorCode.noNode)
    ok(await client.create(root))
    assert.deepEqual(await client.eventTexts(), [`Created ${root}`])
  })

  item('79: exists without READ leaves no watch', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { acl: HIDDEN }))
    fails(await client.exists(root, true), ErrorCode.noAuth)
    ok(await client.setAcl(root, [acl(31, 'world', 'anyone')]))
    ok(await client.setData(root, 'x'))
    assert.deepEqual(await client.eventTexts(), [])
  })

  item('80: getData of a missing node leaves no watch', async ({ connect, root }) => {
    const client = await connect()
    fails(await client.getData(root, true), ErrorCode.noNode)
    ok(await client.create(root))
    assert.deepEqual(await client.eventTexts(), [])
  })

  item('81: no children is an empty vector', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    const answer = await client.getChildren(root)
    assert.deepEqual(ok(answer), [])
    assert.equal(Buffer.from(answer.body).toString('hex'), '00000000')
  })

  item('82: getChildren2 has names and Stat', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/b`))
    ok(await client.create(`${root}/a`))
    const { names, stat } = ok(await client.getChildren2(root))
    assert.deepEqual([...(names ?? [])].sort(), ['a', 'b'])
    assert.deepEqual(stat, ok(await client.exists(root)))
    assert.equal(stat.numChildren, 2)
  })

  item('83: the children of the root', async ({ connect }) => {
    const names = ok(await (await connect()).getChildren('/'))
    assert.ok(names.includes('zookeeper'))
    assert.ok(!names.includes(''))
  })

  item('84: the empty path is the root', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    assert.deepEqual(ok(await client.getData('')), ok(await client.getData('/')))
    assert.deepEqual(ok(await client.exists('')), ok(await client.exists('/')))
    assert.deepEqual(ok(await client.getChildren('')), ok(await client.getChildren('/')))
    fails(await client.getData(`${root}/`), ErrorCode.noNode)
    fails(await client.getData(root.slice(1)), ErrorCode.noNode)
  })

  item("86: getEphemerals has this session's, by prefix", async ({ connect, root }) => {
    const [client, other] = [await connect(), await connect()]
    ok(await client.create(root))
    for (const name of ['a', 'ab', 'b']) ok(await client.create(`${root}/${name}`, EPHEMERAL))
    ok(await other.create(`${root}/a-other`, EPHEMERAL))
    assert.deepEqual(ok(await client.getEphemerals(`${root}/a`)), [`${root}/a`, `${root}/ab`])
    const all = ['a', 'ab', 'b'].map(name => `${root}/${name}`)
    for (const prefix of [null, '', '/']) {
      assert.deepEqual(ok(await client.getEphemerals(prefix)), all)
    }
    assert.deepEqual(ok(await client.getEphemerals('/nothing')), [])
  })

  item('87: whoAmI', async ({ connect }) => {
    const client = await connect()
    const ip = { authScheme: 'ip', user: '127.0.0.1' }
    assert.deepEqual(ok(await client.whoAmI()), [ip])
    ok(await client.auth('digest', 'u:p'))
    const infos = [...ok(await client.whoAmI())]
    infos.sort((a, b) => ((a.authScheme ?? '') < (b.authScheme ?? '') ? -1 : 1))
    assert.deepEqual(infos, [{ authScheme: 'digest', user: 'u' }, ip])
  })

  item('88: sync echoes any string', async ({ connect }) => {
    const client = await connect()
    for (const path of ['/', '/missing', 'no path', '', null, '/a//b']) {
      assert.equal(ok(await client.sync(path)), path)
    }
  })
})

suite('Stat', {}, item => {
  item('91: right after create', async ({ connect, root }) => {
    const client = await connect()
    const created = await client.create2(root)
    const { stat } = ok(created)
    assert.equal(stat.czxid, created.zxid)
    assert.equal(stat.mzxid, created.zxid)
    assert.equal(stat.pzxid, created.zxid)
    assert.equal(stat.ctime, stat.mtime)
    assert.ok(Math.abs(stat.ctime - Date.now()) < 60_000)
    assert.deepEqual([stat.version, stat.cversion, stat.aversion], [0, 0, 0])
  })

  item('92: children move cversion and pzxid', async ({ connect, root }) => {
    const client = await connect()
    const { stat } = ok(await client.create2(root))
    const created = await client.create(`${root}/a`)
    const one = { ...stat, cversion: 1, pzxid: created.zxid, numChildren: 1 }
    assert.deepEqual(ok(await client.exists(root)), one)
    const deleted = await client.delete(`${root}/a`)
    const none = { ...stat, cversion: 2, pzxid: deleted.zxid, numChildren: 0 }
    assert.deepEqual(ok(await client.exists(root)), none)
  })

  item('93: setACL moves only aversion', async ({ connect, root }) => {
    const client = await connect()
    const { stat } = ok(await client.create2(root))
    const after = ok(await client.setAcl(root, [acl(31, 'ip', '127.0.0.1')]))
    assert.deepEqual(after, { ...stat, aversion: 1 })
    assert.deepEqual(ok(await client.exists(root)), after)
  })

  item('94: 10 children created and deleted make cversion 20', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    for (let i = 0; i < 10; i++) ok(await client.create(`${root}/${i}`))
    for (let i = 0; i < 10; i++) ok(await client.delete(`${root}/${i}`))
    assert.equal(ok(await client.exists(root)).cversion, 20)
  })

  item('95: nodes of one multi share their czxid', async ({ connect, root }) => {
    const client = await connect()
    const answer = await client.multi([op.create(root), op.create(`${root}/a`)])
    ok(answer)
    for (const path of [root, `${root}/a`]) {
      assert.equal(ok(await client.exists(path)).czxid, answer.zxid)
    }
  })

  item("96: a child's data changes nothing in the parent", async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root))
    ok(await client.create(`${root}/a`))
    const before = ok(await client.exists(root))
    ok(await client.setData(`${root}/a`, 'x'))
    assert.deepEqual(ok(await client.exists(root)), before)
  })

  item('97: everybody sees the owner of an ephemeral', async ({ connect, root }) => {
    const [owner, other] = [await connect(), await connect()]
    ok(await owner.create(root, EPHEMERAL))
    for (const client of [owner, other]) {
      assert.equal(ok(await client.exists(root)).ephemeralOwner, owner.session.sessionId)
    }
  })

  item('98: dataLength counts bytes, numChildren direct children', async ({ connect, root }) => {
    const client = await connect()
    ok(await client.create(root, { data: '\u00e4\u20ac' }))
    for (const path of ['a', 'b', 'a/c']) ok(await client.create(`${root}/${path}`))
    const stat = ok(await client.exists(root))
    assert.equal(stat.dataLength, 5)
    assert.equal(stat.numChildren, 2)
  })
})
