import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sessionId } from '../../wire/ids.ts'
import { FAKE_CONNECTION, FAKE_QUORUM, FAKE_VERSION, fakeView } from './fake-view.ts'
import {
  argumentBytesOf,
  handleFourLetterWord,
  isFourLetterWord,
  parseWhitelist,
} from './four-letter.ts'
import type { AdminView } from './view.ts'

const ALL = parseWhitelist('*', false)
const WORDS =
  'conf cons crst dirs dump envi gtmk hash isro mntr ruok srst srvr stat stmk wchc wchp wchs'
const ask = (word: string, view: AdminView = fakeView()): string =>
  handleFourLetterWord(word, view, ALL)

test('the words are the eighteen of 3.9', () => {
  const words = WORDS.split(' ')
  assert.equal(words.length, 18)
  for (const word of words) assert.ok(isFourLetterWord(word), word)
  assert.deepEqual([...ALL].sort(), words)
  assert.equal(isFourLetterWord('\0\0\0-'), false)
  assert.equal(argumentBytesOf('stmk'), 8)
  assert.equal(argumentBytesOf('srvr'), 0)
})

test('216: by default only srvr is executed', () => {
  const whitelist = parseWhitelist(undefined, false)
  assert.equal(
    handleFourLetterWord('ruok', fakeView(), whitelist),
    'ruok is not executed because it is not in the whitelist.\n',
  )
  assert.match(handleFourLetterWord('srvr', fakeView(), whitelist), /^Zookeeper version: /)
})

test('the whitelist is trimmed, knows the star, and has isro with read-only mode', () => {
  assert.deepEqual([...parseWhitelist(' ruok, mntr ,nope,', false)], ['srvr', 'ruok', 'mntr'])
  assert.deepEqual([...parseWhitelist('', true)], ['srvr', 'isro'])
})

test('217: ruok answers imok without a line end', () => {
  assert.equal(ask('ruok'), 'imok')
})

test('218: without a quorum most words say so, five answer', () => {
  const view = fakeView({ isServing: () => false })
  const refusal = 'This ZooKeeper instance is not currently serving requests\n'
  const answered = new Map([
    ['ruok', 'imok'],
    ['isro', 'null'],
    ['gtmk', '306'],
    ['stmk', '0'],
    ['envi', `Environment:\nzookeeper.version=${FAKE_VERSION}\njava.version=<NA>\n`],
  ])
  for (const word of WORDS.split(' ')) {
    assert.equal(ask(word, view), answered.get(word) ?? refusal, word)
  }
})

test('219: srvr has nine lines, on a leader ten', () => {
  const view = fakeView()
  for (const latencyMs of [3, 16, 9.9, 10]) view.stats.observeLatency(latencyMs)
  view.stats.packetsReceived = 4
  view.stats.packetsSent = 4
  const common = `Zookeeper version: ${FAKE_VERSION}
Latency min/avg/max: 3/9.5/16
Received: 4
Sent: 4
Connections: 2
Outstanding: 0
Zxid: 0x60000001a
`
  assert.equal(ask('srvr', view), `${common}Mode: standalone\nNode count: 8\n`)
  const leader = { ...view, mode: () => 'leader' as const }
  const sizes = 'Proposal sizes last/min/max: '
  assert.equal(ask('srvr', leader), `${common}Mode: leader\nNode count: 8\n${sizes}-1/-1/-1\n`)
  for (const sizeBytes of [323, 36, 48]) view.stats.proposal.observe(sizeBytes)
  assert.ok(ask('srvr', leader).endsWith(`${sizes}48/36/323\n`))
})

test('a read-only member says so in its second line', () => {
  const view = fakeView({ mode: () => 'read-only' })
  const line = 'READ-ONLY mode; serving only read-only clients'
  assert.equal(ask('srvr', view).split('\n')[1], line)
  assert.equal(ask('stat', view).split('\n')[1], line)
  assert.equal(ask('isro', view), 'ro')
  assert.equal(ask('isro'), 'rw')
})

test('224: stat lists connections in short, cons in full', () => {
  assert.equal(
    ask('stat').split('\n').slice(1, 6).join('\n'),
    `Clients:
 /127.0.0.1:43048[1](queued=0,recved=3,sent=3)
 /[0:0:0:0:0:0:0:1]:43178[0](queued=0,recved=1,sent=0)

Latency min/avg/max: 0/0.0/0`,
  )
  const facts =
    'sid=0x1000020c7ce0002,lop=GETD,est=1795350192582,to=10000,lcxid=0x2,lzxid=0x600000019,' +
    'lresp=2671173,llat=2,minlat=0,avglat=6,maxlat=12'
  assert.equal(
    ask('cons'),
    ` /127.0.0.1:43048[1](queued=0,recved=3,sent=3,${facts})
 /[0:0:0:0:0:0:0:1]:43178[0](queued=0,recved=1,sent=0)

`,
  )
})

test('a session id beyond the signed range is printed unsigned', () => {
  const connection = { ...FAKE_CONNECTION, sessionId: sessionId(-1n), lastCxid: -1 }
  const text = ask('cons', fakeView({ connections: () => [connection] }))
  assert.match(text, /sid=0xffffffffffffffff,lop=GETD,est=1795350192582,to=10000,lzxid=/)
})

const STANDALONE_CONF = `clientPort=31821
secureClientPort=-1
dataDir=/data/version-2
dataDirSize=335545122
dataLogDir=/datalog/version-2
dataLogSize=478
tickTime=1000
maxClientCnxns=60
minSessionTimeout=2000
maxSessionTimeout=20000
clientPortListenBacklog=-1
serverId=1
`

test('221: conf of a quorum ends with the membership and without a line end', () => {
  assert.equal(ask('conf'), STANDALONE_CONF)
  assert.equal(
    ask('conf', fakeView({ quorum: () => FAKE_QUORUM })),
    `${STANDALONE_CONF}initLimit=10
syncLimit=5
electionAlg=3
electionPort=33881
quorumPort=32881
peerType=0
membership: 
server.1=127.0.0.1:32881:33881:participant;127.0.0.1:31821
server.4=127.0.0.1:32884:33884:observer;127.0.0.1:31824
version=600000010`,
  )
})

const DUMP_TAIL = `ephemeral nodes dump:
Sessions with Ephemerals (1):
0x1000020c7ce0002:
\t/smp1795350192
Connections dump:
Connections Sets (1)/(2):
2 expire at Sun Nov 22 12:23:31 UTC 2026:
\tip: /127.0.0.1:43048 sessionId: 0x1000020c7ce0002
\tip: /[0:0:0:0:0:0:0:1]:43178 sessionId: 0x0
`

test('222: dump of the tracker that expires sessions', () => {
  assert.equal(
    ask('dump'),
    `SessionTracker dump:
Session Sets (1)/(1):
1 expire at Sun Nov 22 12:23:23 UTC 2026:
\t0x1000020c7ce0002
${DUMP_TAIL}`,
  )
})

test('222: dump of a learner lists global sessions by id, local ones before them', () => {
  const global = [
    { sessionId: sessionId(0x1000020c7ce0003n), timeoutMs: 10_000 },
    { sessionId: sessionId(0x1000020c7ce0002n), timeoutMs: 10_000 },
  ]
  const learner = (local: [] | undefined): AdminView =>
    fakeView({ sessions: () => ({ kind: 'learner', global, local }) })
  const lines = `Global Sessions(2):
0x1000020c7ce0002\t10000ms
0x1000020c7ce0003\t10000ms
${DUMP_TAIL}`
  assert.equal(ask('dump', learner(undefined)), `SessionTracker dump:\n${lines}`)
  const localSets = 'Local Session Sets (0)/(0):\n'
  assert.equal(ask('dump', learner([])), `SessionTracker dump:\n${localSets}${lines}`)
})

test('dump of a leader with local sessions names both kinds', () => {
  const view = fakeView({ sessions: () => ({ kind: 'expiring', global: [], local: [] }) })
  assert.match(ask('dump', view), /\nLocal Session Sets \(0\)\/\(0\):\nGlobal Session Sets \(0\)/)
})

test('223: watches in three forms, and none of them', () => {
  assert.equal(ask('wchs'), '1 connections watching 1 paths\nTotal watches:1\n')
  assert.equal(ask('wchc'), '0x1000020c7ce0002\n\t/\n\n')
  assert.equal(ask('wchp'), '/\n\t0x1000020c7ce0002\n\n')
  const empty = fakeView({ watchesBySession: () => new Map(), watchesByPath: () => new Map() })
  assert.equal(ask('wchc', empty), '\n')
  assert.equal(ask('wchp', empty), '\n')
})

test('dirs, hash and the trace mask', () => {
  assert.equal(ask('dirs'), 'datadir_size: 335545122\nlogdir_size: 478\n')
  assert.equal(ask('hash'), '80: -1\n')
  assert.equal(ask('hash', fakeView({ digests: () => [] })), '')
  const view = fakeView()
  assert.equal(handleFourLetterWord('stmk', view, ALL, 5n), '5')
  assert.equal(ask('gtmk', view), '5')
})

test('crst resets connections, srst the server and the metrics', () => {
  let resets = 0
  const view = fakeView({ resetConnectionStats: () => resets++ })
  assert.equal(ask('crst', view), 'Connection stats reset.\n')
  assert.equal(resets, 1)
  view.stats.packetsSent = 9
  view.metrics.commit_count.value = 9
  assert.equal(ask('srst', view), 'Server stats reset.\n')
  assert.deepEqual([view.stats.packetsSent, view.metrics.commit_count.value], [0, 0])
})

test('srst leaves the values of Prometheus alone', () => {
  const prometheus = { quantile: () => Number.NaN, processSamples: () => [] }
  const view = fakeView({ prometheus })
  view.stats.packetsSent = 9
  view.metrics.commit_count.value = 9
  ask('srst', view)
  assert.deepEqual([view.stats.packetsSent, view.metrics.commit_count.value], [0, 9])
})
