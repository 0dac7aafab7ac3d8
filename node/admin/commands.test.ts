import assert from 'node:assert/strict'
import { test } from 'node:test'
import { COMMAND_NAMES, DUTY_ALIASES, findCommand, printAnswer, runCommand } from './commands.ts'
import { FAKE_CONNECTION, FAKE_QUORUM, FAKE_VERSION, fakeView } from './fake-view.ts'
import { JsonDouble, printJson } from './json.ts'
import type { AdminView } from './view.ts'

function ask(name: string, view: AdminView = fakeView(), query: [string, string][] = []): string {
  return printAnswer(runCommand(name, view, new Map(query)))
}

function keysOf(name: string, view: AdminView = fakeView()): string[] {
  return [...runCommand(name, view, new Map()).keys()]
}

test('the commands are those that Apache 3.9.6 lists, and our own', () => {
  const listed =
    'configuration connection_stat_reset connections dirs dump environment get_trace_mask hand_over hash ' +
    'initial_configuration is_read_only last_snapshot leader log_level monitor ' +
    'observer_connection_stat_reset observers restore ruok server_stats set_trace_mask snapshot ' +
    'stat_reset stats system_properties voting_view watch_summary watches watches_by_path zabstate'
  assert.deepEqual(COMMAND_NAMES, listed.split(' '))
})

test('229: aliases answer as the primary name', () => {
  const aliases =
    'crst conf config cons env envi gtmk stmk icfg isro lsnp lead mntr orst obsr srvr stat srst ' +
    'sysp wchc wchp wchs'
  for (const alias of aliases.split(' ')) {
    const { name } = findCommand(alias)!
    assert.notEqual(name, alias)
    assert.equal(ask(alias), ask(name))
    assert.equal(runCommand(alias, fakeView(), new Map()).get('command'), name)
  }
  assert.equal(DUTY_ALIASES.get('snap'), 'snapshot')
})

test('227, 228: ruok, and a name that no command has', () => {
  assert.equal(ask('ruok'), '{\n  "command" : "ruok",\n  "error" : null\n}')
  assert.equal(
    ask('nosuch'),
    '{\n  "command" : "nosuch",\n  "error" : "Unknown command: nosuch"\n}',
  )
})

test('without a quorum only what needs no server is answered', () => {
  const view = fakeView({ isServing: () => false })
  const error = 'This ZooKeeper instance is not currently serving requests'
  const answered = COMMAND_NAMES.filter(
    name =>
      findCommand(name) !== undefined && runCommand(name, view, new Map()).get('error') !== error,
  )
  assert.deepEqual(answered, [
    'environment',
    'get_trace_mask',
    'set_trace_mask',
    'system_properties',
  ])
})

test('objects and arrays are printed as Jackson prints them', () => {
  const inner = new Map([['remote', '::1']])
  const value = new Map<string, Parameters<typeof printJson>[0]>([
    ['none', []],
    ['nothing', new Map()],
    ['list', [1n, 72_057_594_037_927_936n]],
    ['objects', [inner, inner]],
    ['double', new JsonDouble(0)],
    ['nan', new JsonDouble(Number.NaN)],
    ['text', 'a"b\n'],
  ])
  assert.equal(
    printJson(value),
    `{
  "none" : [ ],
  "nothing" : { },
  "list" : [ 1, 72057594037927936 ],
  "objects" : [ {
    "remote" : "::1"
  }, {
    "remote" : "::1"
  } ],
  "double" : 0.0,
  "nan" : "NaN",
  "text" : "a\\"b\\n"
}`,
  )
})

test('connections in full, and in short in stats', () => {
  const view = fakeView({
    connections: () => [FAKE_CONNECTION, { ...FAKE_CONNECTION, secure: true }],
  })
  const answer = JSON.parse(ask('connections', view))
  assert.equal(answer.secure_connections.length, 1)
  assert.deepEqual(answer.connections, [
    {
      remote_socket_address: '127.0.0.1:43048',
      interest_ops: 1,
      outstanding_requests: 0,
      packets_received: 3,
      packets_sent: 3,
      session_id: Number(FAKE_CONNECTION.sessionId),
      last_operation: 'GETD',
      established: 1_795_350_192_582,
      session_timeout: 10_000,
      last_cxid: 2,
      last_zxid: 25_769_803_801,
      last_response_time: 2_671_173,
      last_latency: 2,
      min_latency: 0,
      avg_latency: 6,
      max_latency: 12,
    },
  ])
  assert.equal(Object.keys(JSON.parse(ask('stats', view)).connections[0]).length, 5)
})

test('server_stats has proposal sizes on a leader only', () => {
  const keys = ['version', 'read_only', 'server_stats', 'client_response', 'node_count']
  assert.deepEqual(keysOf('srvr'), [...keys, 'command', 'error'])
  const leader = fakeView({ mode: () => 'leader' })
  assert.deepEqual(keysOf('srvr', leader), [
    ...keys.toSpliced(4, 0, 'proposal_stats'),
    'command',
    'error',
  ])
  assert.match(ask('srvr'), /\n {4}"avg_latency" : 0\.0,\n/)
  assert.match(ask('srvr'), /\n {4}"last_processed_zxid" : 25769803802,\n/)
})

test('session ids are decimal, dump is empty on a learner', () => {
  assert.equal(
    ask('dump'),
    `{
  "expiry_time_to_session_ids" : {
    "1024000" : [ 72057734829047810 ]
  },
  "session_id_to_ephemeral_paths" : {
    "72057734829047810" : [ "/smp1795350192" ]
  },
  "command" : "dump",
  "error" : null
}`,
  )
  const learner = fakeView({ sessions: () => ({ kind: 'learner', global: [], local: undefined }) })
  assert.match(ask('dump', learner), /"expiry_time_to_session_ids" : \{ \}/)
})

test('the trace mask is a long or an error', () => {
  const view = fakeView()
  assert.match(ask('stmk', view, [['traceMask', '5']]), /"tracemask" : 5,/)
  assert.match(ask('gtmk', view), /"tracemask" : 5,/)
  for (const bad of ['', '0x5', '9223372036854775808']) {
    assert.equal(
      ask('stmk', view, [['traceMask', bad]]),
      '{\n  "error" : "setTraceMask requires long traceMask argument",\n  "command" : "set_trace_mask"\n}',
    )
  }
})

test('last_snapshot tells a zxid without 0x and seconds', () => {
  assert.match(ask('lsnp'), /"zxid" : "1a",\n {2}"timestamp" : 1795612543,/)
  const never = fakeView({ lastSnapshot: () => undefined })
  assert.match(ask('lsnp', never), /"zxid" : "ffffffffffffffff",\n {2}"timestamp" : -1,/)
})

test('230: zabstate in a quorum and alone', () => {
  assert.deepEqual(keysOf('zabstate'), ['voting', 'zabstate', 'command', 'error'])
  const answer = JSON.parse(ask('zabstate', fakeView({ quorum: () => FAKE_QUORUM })))
  const { quorum_address: address, ...rest } = answer
  assert.equal(rest.voting, true)
  assert.equal(rest.zabstate, 'broadcast')
  assert.deepEqual([rest.zab_epoch, rest.zab_counter, rest.last_zxid], [6, 26, '0x60000001a'])
  assert.deepEqual(address, {
    empty: false,
    all_addresses: ['127.0.0.1:32881'],
    wildcard_addresses: ['0.0.0.0:32881'],
    all_ports: [32881],
    all_host_strings: ['127.0.0.1'],
    reachable_address: '127.0.0.1:32881',
    all_reachable_addresses: ['127.0.0.1:32881'],
    all_reachable_addresses_or_all: ['127.0.0.1:32881'],
    reachable_or_one: '127.0.0.1:32881',
    one: '127.0.0.1:32881',
  })
})

test('leader, observers and voters', () => {
  const view = fakeView({ quorum: () => FAKE_QUORUM })
  assert.match(ask('leader'), /^\{\n {2}"error" : "server is not initialized",/)
  assert.match(ask('leader', view), /"is_leader" : true,\n {2}"leader_id" : 1,/)
  assert.deepEqual(Object.keys(JSON.parse(ask('voting_view', view)).current_config), ['1'])
  const observers = JSON.parse(ask('observers', view))
  assert.equal(observers.synced_observers, 1)
  assert.equal(observers.observers[0].last_zxid, 25_769_803_801)
})

test('monitor has the state and all metrics without zk_', () => {
  const answer = JSON.parse(ask('monitor'))
  assert.equal(answer.version, FAKE_VERSION)
  assert.equal(answer.znode_count, 8)
  assert.equal(answer.p99_readlatency, 0)
  assert.match(ask('monitor'), /"avg_latency" : 0\.0,/)
})

test('system properties are sorted', () => {
  assert.deepEqual(keysOf('sysp'), ['zookeeper.a', 'zookeeper.b', 'command', 'error'])
})

test('digests have their zxid, value and version in this order', () => {
  assert.match(
    ask('hash'),
    /"digests" : \[ \{\n {4}"zxid" : 128,\n {4}"digest" : -1,\n {4}"digest_version" : 2\n {2}\} \],/,
  )
})
