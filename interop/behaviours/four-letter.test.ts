/** behaviours.md 216, 217, 219, 220 and 223-226; 218, 221 and 222 need an ensemble. */
import assert from 'node:assert/strict'
import { fails, ok } from '../harness/client.ts'
import { fourLetter } from '../harness/four-letter.ts'
import { suite } from '../harness/suite.ts'

const SRVR_LINES = [
  /^Zookeeper version: \S+, built on .+$/,
  /^Latency min\/avg\/max: \d+\/\d+\.\d+\/\d+$/,
  /^Received: \d+$/,
  /^Sent: \d+$/,
  /^Connections: \d+$/,
  /^Outstanding: \d+$/,
  /^Zxid: 0x[0-9a-f]+$/,
  /^Mode: standalone$/,
  /^Node count: \d+$/,
  /^$/,
]

suite('four-letter words', {}, item => {
  item('217: ruok', async ({ server }) => {
    assert.equal(await fourLetter(server.port, 'ruok'), 'imok')
    assert.equal(await fourLetter(server.port, 'ruok\n'), 'imok')
  })

  item('219: srvr has nine lines in order', async ({ connect, server, root }) => {
    const client = await connect()
    const created = await client.create(root)
    const lines = (await fourLetter(server.port, 'srvr')).split('\n')
    assert.equal(lines.length, SRVR_LINES.length)
    for (const [i, line] of lines.entries()) assert.match(line, SRVR_LINES[i] ?? /$never/)
    assert.equal(lines[6], `Zxid: 0x${created.zxid.toString(16)}`)
    const nodes = ok(await client.getAllChildrenNumber('/')) + 2
    assert.equal(lines[8], `Node count: ${nodes}`)
  })

  item('220: mntr is names, tabs and values', async ({ connect, server }) => {
    const client = await connect()
    const lines = (await fourLetter(server.port, 'mntr')).split('\n')
    assert.equal(lines.pop(), '')
    for (const line of lines) assert.match(line, /^zk_[^\t]+\t[^\t]*$/)
    const values = new Map(lines.map(line => line.split('\t') as [string, string]))
    assert.match(values.get('zk_version') ?? '', /built on/)
    assert.equal(values.get('zk_server_state'), 'standalone')
    const nodes = ok(await client.getAllChildrenNumber('/')) + 2
    assert.equal(values.get('zk_znode_count'), `${nodes}`)
  })

  item('223: wchs counts the data table', async ({ connect, server, root }) => {
    const [one, two] = [await connect(), await connect()]
    ok(await one.create(root))
    ok(await one.getData(root, true))
    ok(await two.getData(root, true))
    ok(await two.exists('/', true))
    ok(await two.getChildren(root, true))
    assert.equal(
      await fourLetter(server.port, 'wchs'),
      '2 connections watching 2 paths\nTotal watches:3\n',
    )
    const hex = (id: bigint) => `0x${BigInt.asUintN(64, id).toString(16)}`
    const byPath = await fourLetter(server.port, 'wchp')
    assert.ok(byPath.startsWith('/\n\t') || byPath.startsWith(`${root}\n\t`))
    assert.ok(byPath.includes(`/\n\t${hex(two.session.sessionId)}\n`))
    assert.ok(byPath.endsWith('\n\n'))
    const bySession = await fourLetter(server.port, 'wchc')
    assert.ok(bySession.includes(`${hex(one.session.sessionId)}\n\t${root}\n`))
    assert.ok(bySession.endsWith('\n\n'))
  })

  item('224: stat and cons list the connections', async ({ connect, server }) => {
    const client = await connect({ timeOut: 10_000 })
    ok(await client.getData('/'))
    const stat = await fourLetter(server.port, 'stat')
    assert.match(
      stat,
      /^Zookeeper version: .*\nClients:\n( \/127\.0\.0\.1:\d+\[\d\]\(queued=\d+,recved=\d+,sent=\d+\)\n)+\nLatency min/,
    )
    const cons = await fourLetter(server.port, 'cons')
    const sid = client.session.sessionId.toString(16)
    const line = cons.split('\n').find(text => text.includes(`sid=0x${sid},`))
    assert.match(
      line ?? '',
      /^ \/127\.0\.0\.1:\d+\[1\]\(queued=0,recved=\d+,sent=\d+,sid=0x[0-9a-f]+,lop=GETD,est=\d+,to=10000,lcxid=0x[0-9a-f]+,lzxid=0x[0-9a-f]+,lresp=\d+,llat=\d+,minlat=\d+,avglat=\d+,maxlat=\d+\)$/,
    )
    assert.ok(cons.endsWith('\n\n'))
  })

  item('226: a word inside a session is a length', async ({ connect }) => {
    const client = await connect()
    client.raw.send(Buffer.from('ruok'))
    await client.raw.closed
    assert.equal(client.raw.notifications.length, 0)
  })

  item('225: isro', async ({ server }) => {
    assert.equal(await fourLetter(server.port, 'isro'), 'rw')
  })

  item('221: conf of a standalone server', async ({ server }) => {
    const conf = await fourLetter(server.port, 'conf')
    assert.match(conf, new RegExp(`^clientPort=${server.port}\\nsecureClientPort=-1\\ndataDir=`))
    assert.ok(conf.endsWith('serverId=0\n'))
    assert.ok(conf.includes('\ntickTime=2000\nmaxClientCnxns=60\nminSessionTimeout=4000\n'))
  })

  item('222: dump of a standalone server', async ({ connect, server, root }) => {
    const client = await connect()
    ok(await client.create(root, { flags: 1 }))
    const dump = await fourLetter(server.port, 'dump')
    assert.match(dump, /^SessionTracker dump:\nSession Sets \(\d+\)\/\(\d+\):\n/)
    const id = `0x${client.session.sessionId.toString(16)}`
    assert.match(dump, new RegExp(`\\d+ expire at .*:\\n(\\t0x[0-9a-f]+\\n)*\\t${id}\\n`))
    assert.ok(dump.includes(`Sessions with Ephemerals (1):\n${id}:\n\t${root}\n`))
  })
})

suite('default whitelist', { cfg: { '4lw.commands.whitelist': null } }, item => {
  item('216: srvr alone is allowed', async ({ connect, server }) => {
    assert.match(await fourLetter(server.port, 'srvr'), /^Zookeeper version/)
    for (const word of ['ruok', 'mntr', 'isro', 'envi']) {
      assert.equal(
        await fourLetter(server.port, word),
        `${word} is not executed because it is not in the whitelist.\n`,
      )
    }
    assert.equal(await fourLetter(server.port, 'nope'), '')
    fails(await (await connect()).exists('/t216'), -101)
  })
})

suite('read-only mode allowed', {
  cfg: { '4lw.commands.whitelist': null },
  jvm: { 'readonlymode.enabled': true },
}, item => {
  item('225: isro joins the whitelist', async ({ server }) => {
    assert.equal(await fourLetter(server.port, 'isro'), 'rw')
  })
})
