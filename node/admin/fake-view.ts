/**
 * An AdminView of fixed answers for tests. It has one session with an ephemeral, a connection of it
 * and the asking connection; it does not count, expire or check anything by itself.
 */

import { type Metrics, makeMetrics } from '../../base/metrics.ts'
import { ServerStats } from '../../base/server-stats.ts'
import { type SessionId, sessionId, type Zxid, zxid } from '../../wire/ids.ts'
import { OpCode } from '../../wire/opcodes.ts'
import { connectGauges } from './gauges.ts'
import type { AdminView, ConnectionView, QuorumView, QuotaCounts, SnapshotDuties } from './view.ts'

export const FAKE_VERSION = '3.9.6-0123abc, built on 2026-09-03 19:29 UTC'
const SESSION: SessionId = sessionId(0x1000020c7ce0002n)
const ESTABLISHED_AT_MS = 1_795_350_192_582
const EXPIRES_AT_MS = 1_795_350_203_000

/** The connection of the session. */
export const FAKE_CONNECTION: ConnectionView = {
  remote: { address: '127.0.0.1', port: 43048 },
  secure: false,
  interestOps: 1,
  outstandingRequests: 0,
  packetsReceived: 3,
  packetsSent: 3,
  sessionId: SESSION,
  lastOperation: OpCode.getData,
  establishedAtMs: ESTABLISHED_AT_MS,
  sessionTimeoutMs: 10_000,
  lastCxid: 2,
  lastZxid: zxid(0x600000019n),
  lastResponseAtMs: 2_671_173.4,
  lastLatencyMs: 2,
  minLatencyMs: 0,
  maxLatencyMs: 12,
  averageLatencyMs: 6.3,
  expiresAtMs: EXPIRES_AT_MS + 8000,
}

/** The connection on which a four-letter word arrived. */
export const FAKE_ASKING_CONNECTION: ConnectionView = {
  ...FAKE_CONNECTION,
  remote: { address: '::1', port: 43178 },
  interestOps: 0,
  packetsReceived: 1,
  packetsSent: 0,
  sessionId: sessionId(0n),
  lastOperation: undefined,
  lastCxid: -1,
}

/** Member 1 of two voters and an observer, leading. */
export const FAKE_QUORUM: QuorumView = {
  peerId: 1,
  role: 'leading',
  phase: 'broadcast',
  isVoting: true,
  initLimit: 10,
  syncLimit: 5,
  electionAlgorithm: 3,
  isObserverByConfiguration: false,
  membership:
    'server.1=127.0.0.1:32881:33881:participant;127.0.0.1:31821\n' +
    'server.4=127.0.0.1:32884:33884:observer;127.0.0.1:31824\n' +
    'version=600000010',
  members: [
    {
      id: 1,
      isParticipant: true,
      quorumAddresses: [{ host: '127.0.0.1', port: 32881 }],
      electionAddresses: [{ host: '127.0.0.1', port: 33881 }],
      clientAddress: { host: '127.0.0.1', port: 31821 },
    },
    {
      id: 4,
      isParticipant: false,
      quorumAddresses: [{ host: '127.0.0.1', port: 32884 }],
      electionAddresses: [{ host: '127.0.0.1', port: 33884 }],
      clientAddress: { host: '127.0.0.1', port: 31824 },
    },
  ],
  leaderId: 1,
  leaderAddress: '127.0.0.1',
  observerMasterId: undefined,
  leader: {
    learners: 1,
    syncedFollowers: 0,
    syncedNonVotingFollowers: 0,
    syncedObservers: 1,
    pendingSyncs: 0,
    uptimeMs: 5000,
  },
  observers: [
    {
      remote: { address: '127.0.0.1', port: 40111 },
      sid: 4,
      establishedAtMs: ESTABLISHED_AT_MS,
      queuedPackets: 0,
      queuedPacketsBytes: 0,
      packetsReceived: 9,
      packetsSent: 12,
      requests: 2,
      lastZxid: zxid(0x600000019n),
    },
  ],
}

const FAKE_QUOTAS: QuotaCounts = {
  countLimit: new Map([['app', 10]]),
  bytesLimit: new Map(),
  countUsage: new Map(),
  bytesUsage: new Map(),
}

const FAKE_SNAPSHOTS: SnapshotDuties = {
  isSnapshotEnabled: true,
  isRestoreEnabled: true,
  isRestorable: true,
  rateLimiterIntervalMs: 300_000,
  take: () =>
    Promise.resolve({
      lastZxid: zxid(0x1an),
      sizeBytes: 3,
      async *read() {
        yield await Promise.resolve(new Uint8Array([1, 2]))
        yield new Uint8Array([3])
      },
    }),
  restore: async body => {
    let sizeBytes = 0
    for await (const chunk of body) sizeBytes += chunk.length
    if (sizeBytes === 0) throw new Error('empty snapshot')
    return zxid(BigInt(sizeBytes))
  },
}

/** A serving standalone member; `changes` replace single answers. */
export function fakeView(changes: Partial<AdminView> = {}): AdminView {
  const metrics: Metrics = makeMetrics()
  let traceMask = 306n
  const view: AdminView = {
    version: FAKE_VERSION,
    metrics,
    stats: new ServerStats(),
    prometheus: undefined,
    isServing: () => true,
    mode: () => 'standalone',
    uptimeMs: () => 1007,
    lastProcessedZxid: (): Zxid => zxid(0x60000001an),
    outstandingRequests: () => 0,
    treeCounts: () => ({
      nodeCount: 8,
      ephemeralCount: 1,
      watchCount: 1,
      approximateDataSizeBytes: 44,
    }),
    quotas: () => FAKE_QUOTAS,
    digests: () => [{ zxid: zxid(0x80n), digestVersion: 2, digest: 0xffff_ffff_ffff_ffffn }],
    sessions: () => ({
      kind: 'expiring',
      global: [
        { expiresAtMs: EXPIRES_AT_MS, expiresAtMonotonicMs: 1_024_000, sessionIds: [SESSION] },
      ],
      local: undefined,
    }),
    sessionCounts: () => ({ global: 1, local: 0 }),
    ephemerals: () => new Map([[SESSION, ['/smp1795350192']]]),
    watchesBySession: () => new Map([[SESSION, ['/']]]),
    watchesByPath: () => new Map([['/', [SESSION]]]),
    watchSummary: () => ({ connectionCount: 1, pathCount: 1, watchCount: 1 }),
    connections: () => [FAKE_CONNECTION, FAKE_ASKING_CONNECTION],
    connectionCounts: () => ({ alive: 2, dropProbability: 0, outstandingTlsHandshakes: 0 }),
    resetConnectionStats: () => {},
    configuration: () => ({
      clientPort: 31821,
      secureClientPort: -1,
      dataDir: '/data/version-2',
      dataLogDir: '/datalog/version-2',
      tickTimeMs: 1000,
      maxClientConnections: 60,
      minSessionTimeoutMs: 2000,
      maxSessionTimeoutMs: 20_000,
      clientPortListenBacklog: -1,
      serverId: 1,
    }),
    directorySizes: () => ({ dataDirBytes: 335_545_122, logDirBytes: 478 }),
    initialConfiguration: () => 'tickTime=1000\n',
    lastSnapshot: () => ({ zxid: zxid(0x1an), takenAtMs: 1_795_612_543_999 }),
    environment: () => [
      ['zookeeper.version', FAKE_VERSION],
      ['java.version', '<NA>'],
    ],
    systemProperties: () =>
      new Map([
        ['zookeeper.b', '2'],
        ['zookeeper.a', '1'],
      ]),
    fileDescriptors: () => ({ open: 60, max: 20_000 }),
    traceMask: () => traceMask,
    setTraceMask: mask => {
      traceMask = mask
    },
    quorum: () => undefined,
    handOver: () => null,
    setLogLevel: () => {},
    resetObserverConnectionStats: () => {},
    authorizeOnRoot: (scheme, auth) => {
      if (scheme !== 'digest' || !auth.includes(':')) return 'unauthenticated'
      return auth === 'nobody:x' ? 'denied' : 'authorized'
    },
    snapshots: FAKE_SNAPSHOTS,
    ...changes,
  }
  connectGauges(view.metrics, view)
  return view
}
