/**
 * behaviours.md 184, 185 and 188: SASL with DIGEST-MD5 (client-protocol.md 17). Ours does not serve
 * SASL (docs/compatibility.md): these run on Apache alone and say what ours has to answer.
 */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { ErrorCode } from '../../wire/errors.ts'
import { Reader } from '../../wire/reader.ts'
import { saslToken } from '../../wire/records/proto.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import { acl, type Client, fails, ok } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

const DIGEST_URI = 'zookeeper/zk-sasl-md5'
const REALM = 'zk-sasl-md5'

const folder = mkdtempSync(join(tmpdir(), 'zkcluster-jaas-'))
after(() => rmSync(folder, { recursive: true }))
const jaas = join(folder, 'jaas.conf')
writeFileSync(
  jaas,
  `Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  user_bob="secret"
  user_eve="other";
};
`,
)

const PROVIDER = {
  'authProvider.1': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
}
const OPTIONS = {
  jvm: { 'java.security.auth.login.config': jaas },
  only: ['apache'],
} as const

suite('SASL DIGEST-MD5', { cfg: { ...PROVIDER, 'fips-mode': false }, ...OPTIONS }, item => {
  item('184: the right password', async ({ connect, root }) => {
    const [client, other] = [await connect(), await connect()]
    const challenge = await ask(client)
    assert.match(
      challenge,
      /^realm="zk-sasl-md5",nonce="[A-Za-z0-9+/=]{40}",charset=utf-8,algorithm=md5-sess$/,
    )
    const answer = respond(challenge, 'bob', 'secret')
    const last = ok(await client.sasl(utf8Bytes(answer.token)))
    assert.equal(Buffer.from(last ?? []).toString(), `rspauth=${answer.rspauth}`)
    ok(await client.create(root, { acl: [acl(31, 'sasl', 'bob')] }))
    ok(await client.getData(root))
    fails(await other.getData(root), ErrorCode.noAuth)
    const users = ok(await client.whoAmI()).map(info => `${info.authScheme}:${info.user}`)
    assert.deepEqual(users.sort(byText), ['ip:127.0.0.1', 'sasl:bob'])
    ok(await client.create(`${root}-auth`, { acl: [acl(31, 'auth', '')] }))
    assert.deepEqual(ok(await client.getAcl(`${root}-auth`)).acl, [acl(31, 'sasl', 'bob')])
  })

  item('185: the wrong password', async ({ connect }) => {
    const wrong = [
      ['bob', 'other'],
      ['mallory', 'secret'],
    ] as const
    for (const [user, password] of wrong) {
      const client = await connect()
      const { token } = respond(await ask(client), user, password)
      const reply = await client.raw.call(102, w => saslToken.write(w, { token: utf8Bytes(token) }))
      assert.equal(reply.err, ErrorCode.authFailed)
      assert.equal(saslToken.read(new Reader(reply.body)).token, null)
      assert.equal(reply.body.length, 4)
      await client.raw.closed
    }
  })
})

suite('SASL DIGEST-MD5 in FIPS mode, the default', { cfg: PROVIDER, ...OPTIONS }, item => {
  item('188: DIGEST-MD5 is refused', async ({ connect }) => {
    const client = await connect()
    const reply = await client.raw.call(102, w => saslToken.write(w, { token: new Uint8Array(0) }))
    assert.equal(reply.err, ErrorCode.authFailed)
    assert.equal(saslToken.read(new Reader(reply.body)).token, null)
    await client.raw.closed
  })
})

async function ask(client: Client): Promise<string> {
  return Buffer.from(ok(await client.sasl(new Uint8Array(0))) ?? []).toString()
}

/** The client's token, and what the server has to answer. */
function respond(
  challenge: string,
  user: string,
  password: string,
): { token: string; rspauth: string } {
  const nonce = /nonce="([^"]+)"/.exec(challenge)?.[1] ?? ''
  const cnonce = randomBytes(15).toString('base64')
  const secret = md5(`${user}:${REALM}:${password}`)
  const a1 = md5(Buffer.concat([secret, Buffer.from(`:${nonce}:${cnonce}`)])).toString('hex')
  const value = (a2: string) => {
    const hash = md5(a2).toString('hex')
    return md5(`${a1}:${nonce}:00000001:${cnonce}:auth:${hash}`).toString('hex')
  }
  const response = value(`AUTHENTICATE:${DIGEST_URI}`)
  const token =
    `charset=utf-8,username="${user}",realm="${REALM}",nonce="${nonce}",nc=00000001,` +
    `cnonce="${cnonce}",digest-uri="${DIGEST_URI}",maxbuf=65536,response=${response},qop=auth`
  return { token, rspauth: value(`:${DIGEST_URI}`) }
}

function md5(data: string | Uint8Array): Buffer {
  return createHash('md5').update(data).digest()
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1
}
