/** operations.md 12: what the audit log is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AuditEvent, formatAuditEvent } from '../../base/audit.ts'
import { OpCode } from '../../wire/opcodes.ts'
import * as proto from '../../wire/records/proto.ts'
import { utf8Bytes } from '../../wire/utf8.ts'
import { TestMember } from './test-member.ts'

const ACL = [{ perms: 31, scheme: 'world', id: 'anyone' }]

test('own clients: who changed what, once it is committed, refusals too', () => {
  const events: AuditEvent[] = []
  const audit = { isEnabled: true, record: (event: AuditEvent): number => events.push(event) }
  const member = new TestMember({ ports: { audit } })
  const client = member.connect()
  const lines = (): string[] =>
    events.splice(0).map(event => {
      const { session: _session, ...rest } = event
      return formatAuditEvent(rest).replaceAll('\t', ' ')
    })
  lines()
  client.ask(OpCode.auth, writer =>
    proto.authRequest.write(writer, { type: 0, scheme: 'digest', auth: utf8Bytes('bob:pw') }),
  )
  client.create('/a')
  assert.deepEqual(lines(), [])
  client.create('/e', null, 1)
  client.setData('/a', null)
  client.setData('/missing', null)
  client.ask(OpCode.setAcl, writer =>
    proto.setAclRequest.write(writer, { path: '/a', acl: ACL, version: -1 }),
  )
  client.read(OpCode.getData, '/a')
  client.delete('/a')
  member.settle()
  const who = 'user=127.0.0.1,bob ip=127.0.0.1'
  assert.deepEqual(lines(), [
    `${who} operation=create znode=/a znode_type=persistent result=success`,
    `${who} operation=create znode=/e znode_type=ephemeral result=success`,
    `${who} operation=setData znode=/a result=success`,
    `${who} operation=setData result=failure`,
    `${who} operation=setAcl znode=/a acl=world:anyone:cdrwa result=success`,
    `${who} operation=delete znode=/a result=success`,
  ])
  const part = (path: string): proto.MultiOp =>
    proto.multiOp(OpCode.create, proto.createRequest, { path, data: null, acl: ACL, flags: 0 })
  for (const paths of [
    ['/m', '/n'],
    ['/o', '/m'],
  ]) {
    client.ask(OpCode.multi, writer => proto.writeMulti(writer, paths.map(part)))
  }
  client.ask(OpCode.closeSession)
  member.settle()
  assert.deepEqual(lines(), [
    `${who} operation=create znode=/m znode_type=persistent result=success`,
    `${who} operation=create znode=/n znode_type=persistent result=success`,
    `${who} operation=multiOperation result=failure`,
    'operation=ephemeralZNodeDeletionOnSessionCloseOrExpire znode=/e result=success',
  ])
})
