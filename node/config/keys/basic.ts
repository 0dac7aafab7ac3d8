import {
  choice,
  inert,
  jvm,
  type Key,
  list,
  path,
  port,
  property,
  text,
  truth,
  whole,
  wholeOrMinus,
  yesNo,
  zooCfg,
} from '../key.ts'

const THREADS = 'One thread serves all connections here, so there is no pool to size.'

export const NIO_FACTORY = 'org.apache.zookeeper.server.NIOServerCnxnFactory'
export const NETTY_FACTORY = 'org.apache.zookeeper.server.NettyServerCnxnFactory'

/** Directories and ticks. */
export const BASIC_KEYS: readonly Key[] = [
  zooCfg('dataDir', path(), 'Directory of snapshots, epoch files and `myid`; required.'),
  zooCfg('dataLogDir', path(), 'Directory of transaction logs; absent: dataDir.'),
  zooCfg(
    'tickTime',
    whole(3000, 'ms', { min: 1 }),
    'Length of a tick: heartbeats, and the unit of initLimit, syncLimit and session timeouts.',
  ),
]

/** Where and how clients connect. */
export const CLIENT_KEYS: readonly Key[] = [
  zooCfg('clientPort', port(), 'Plaintext client port; absent or 0: none.'),
  zooCfg('clientPortAddress', text(), 'Address that clientPort listens on; absent: all.'),
  zooCfg('secureClientPort', port(), 'TLS client port; absent or 0: none.'),
  zooCfg('secureClientPortAddress', text(), 'Address that secureClientPort listens on.'),
  zooCfg(
    'clientPortListenBacklog',
    wholeOrMinus(-1),
    'Connections that may wait to be accepted; -1: the system decides.',
  ),
  property(
    'client.portUnification',
    truth(false),
    'The plaintext client port accepts TLS too, told apart by the first byte.',
  ),
  property(
    'client.certReload',
    truth(false),
    'Reload key and trust store of the client port when their files change.',
  ),
  property(
    'serverCnxnFactory',
    choice(NIO_FACTORY, [NIO_FACTORY, NETTY_FACTORY]),
    'Both values work with every port; `dump` lists connections with the first one only.',
  ),
  property('clientTcpKeepAlive', truth(false), 'TCP keep-alive on client connections.'),
  property('leaderServes', yesNo('yes'), '`no`: a leader takes no clients.'),
  property(
    'nio.sessionlessCnxnTimeout',
    whole(10000, 'ms', { min: 1 }),
    'A connection without a session is closed after this time.',
  ),
  property(
    '4lw.commands.whitelist',
    list('srvr'),
    'Four-letter words that are answered; `*`: all. `srvr` always is.',
  ),
  inert(property('nio.numSelectorThreads', whole(undefined), 'Threads that select.'), THREADS),
  inert(property('nio.numWorkerThreads', whole(undefined), 'Threads that read.'), THREADS),
  inert(
    property('nio.directBufferBytes', whole(65536, 'bytes'), 'Buffer for writes.'),
    'Replies are written from the buffers that they were made in.',
  ),
  inert(
    property('nio.shutdownTimeout', whole(5000, 'ms'), 'How long to wait for worker threads.'),
    THREADS,
  ),
  inert(
    property('netty.advancedFlowControl.enabled', truth(false), 'Reads stop while too much waits.'),
    'Reading from a connection always stops while too many of its requests wait.',
  ),
  inert(
    property(
      'netty.server.earlyDropSecureConnectionHandshakes',
      truth(false),
      'Drop TLS handshakes while the server is not serving.',
    ),
    'How many handshakes run at a time is limited by netty.server.outstandingHandshake.limit.',
  ),
]

/** Session timeouts and local sessions. */
export const SESSION_KEYS: readonly Key[] = [
  zooCfg('minSessionTimeout', wholeOrMinus(-1, 'ms'), 'Shortest timeout; -1: 2 ticks.'),
  zooCfg('maxSessionTimeout', wholeOrMinus(-1, 'ms'), 'Longest timeout; -1: 20 ticks.'),
  zooCfg('localSessionsEnabled', truth(false), 'New sessions are known to one member only.'),
  zooCfg(
    'localSessionsUpgradingEnabled',
    truth(false),
    'A local session becomes global when it creates an ephemeral node.',
  ),
  property(
    'closeSessionTxn.enabled',
    truth(true),
    'The transaction that closes a session lists the ephemeral nodes it deletes.',
  ),
]

/** What the member can do, apart from the defaults. */
export const FEATURE_KEYS: readonly Key[] = [
  zooCfg('standaloneEnabled', truth(true), '`true`: a single voter runs without a quorum.'),
  zooCfg('reconfigEnabled', truth(false), 'Members may be changed while the ensemble runs.'),
  property('extendedTypesEnabled', truth(false), 'TTL nodes; server ids up to 254.'),
  property('emulate353TTLNodes', truth(false), 'TTL nodes in the form of 3.5.3.'),
  jvm('readonlymode.enabled', truth(false), 'Serve reads while there is no quorum.'),
  jvm(
    'znode.container.checkIntervalMs',
    whole(60000, 'ms', { min: 1 }),
    'Time between two searches for containers and TTL nodes to delete.',
  ),
  jvm('znode.container.maxPerMinute', whole(10000, '', { min: 1 }), 'Most deletions a minute.'),
  jvm(
    'znode.container.maxNeverUsedIntervalMs',
    whole(0, 'ms'),
    'A container that never had a child is deleted after this time; 0: never.',
  ),
  zooCfg('jvm.pause.monitor', truth(false), 'Measure pauses of the process and log long ones.'),
  zooCfg('jvm.pause.sleep.time.ms', whole(500, 'ms', { min: 1 }), 'Time between measurements.'),
  zooCfg('jvm.pause.info-threshold.ms', whole(1000, 'ms'), 'Pauses from here on are logged.'),
  zooCfg('jvm.pause.warn-threshold.ms', whole(10000, 'ms'), 'Pauses from here on are warnings.'),
]
