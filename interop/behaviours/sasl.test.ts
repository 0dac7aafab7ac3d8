/** behaviours.md 186 and 187: a server without SASL; the rest of SASL is in sasl-digest.test.ts. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../../wire/errors.ts'
import { acl, fails, ok } from '../harness/client.ts'
import { suite } from '../harness/suite.ts'

suite('without SASL', {}, item => {
  item('186: op 102 is answered with a null token', async ({ connect }) => {
    const client = await connect()
    const answer = await client.sasl(new Uint8Array(0))
    assert.equal(ok(answer), null)
    assert.equal(answer.zxid, 0n)
    ok(await client.exists('/'))
  })

  item('187: ACLs of scheme sasl are invalid', async ({ connect, root }) => {
    const client = await connect()
    fails(await client.create(root, { acl: [acl(31, 'sasl', 'bob')] }), ErrorCode.invalidAcl)
  })
})
