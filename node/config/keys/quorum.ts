import {
  both,
  choice,
  inert,
  jvm,
  type Key,
  membershipLine,
  path,
  port,
  property,
  refused,
  text,
  truth,
  whole,
  wholeOrMinus,
  zooCfg,
} from '../key.ts'

/** Who belongs to the ensemble. */
export const MEMBERSHIP_KEYS: readonly Key[] = [
  zooCfg('server.N', membershipLine(), 'A member: its addresses, role and client address.'),
  zooCfg('group.N', membershipLine(), 'Members of a group of a hierarchical quorum: `1:2:3`.'),
  zooCfg('weight.N', membershipLine(), 'Weight of a member in its group.'),
  zooCfg('version', membershipLine(), 'Version of the configuration, hexadecimal.'),
  zooCfg(
    'dynamicConfigFile',
    path(),
    'File with the server, group and weight lines; zoo.cfg then has none.',
  ),
  zooCfg(
    'peerType',
    choice('participant', ['participant', 'observer']),
    'Role of this member; the role in its server line wins.',
  ),
  refused(
    zooCfg('oraclePath', path(), 'File of an oracle that decides when one of two members is away.'),
    'Oracle quorums are not supported: two sides could both be told to go on.',
  ),
]

const NO_QUEUE = 'Stages of the pipeline run one after the other on one thread.'
const ASYNCHRONOUS = 'Sending and closing never wait here.'

/** Links between members, elections, synchronisation. */
export const QUORUM_KEYS: readonly Key[] = [
  zooCfg('initLimit', whole(0, 'ticks'), 'Time for a learner to connect and sync; required.'),
  zooCfg('syncLimit', whole(0, 'ticks'), 'How far a learner may lag behind; required.'),
  zooCfg(
    'connectToLearnerMasterLimit',
    whole(0, 'ticks'),
    'Time for a learner to connect to the leader; 0: initLimit.',
  ),
  zooCfg('electionAlg', choice('3', ['3']), 'Fast leader election is the only one.'),
  zooCfg(
    'quorumListenOnAllIPs',
    truth(false),
    'Quorum and election ports listen on all addresses.',
  ),
  zooCfg('observerMasterPort', port(0), 'Followers accept observers on this port; 0: off.'),
  zooCfg('syncEnabled', truth(true), 'Observers keep transaction logs and snapshots.'),
  property('observer.syncEnabled', truth(true), 'The same; where it is given it wins.'),
  both('multiAddress.enabled', truth(false), 'Server lines may have several addresses.'),
  both(
    'multiAddress.reachabilityCheckTimeoutMs',
    whole(1000, 'ms', { min: 1 }),
    'How long an address may take to answer before another one is tried.',
  ),
  both(
    'multiAddress.reachabilityCheckEnabled',
    truth(true),
    'Look which of several addresses answer before one is chosen.',
  ),
  property('cnxTimeout', whole(5000, 'ms', { min: 1 }), 'Time to open an election connection.'),
  property(
    'quorumCnxnTimeoutMs',
    wholeOrMinus(-1, 'ms'),
    'Time for the first message of an election connection; -1: syncLimit.',
  ),
  property('tcpKeepAlive', truth(false), 'TCP keep-alive on election connections.'),
  property(
    'electionPortBindRetry',
    whole(3),
    'How often binding the election port is tried again, a second apart; 0: for ever.',
  ),
  property(
    'fastleader.minNotificationInterval',
    whole(200, 'ms', { min: 1 }),
    'First wait for votes; it doubles while none comes.',
  ),
  property(
    'fastleader.maxNotificationInterval',
    whole(60000, 'ms', { min: 1 }),
    'Longest wait for votes.',
  ),
  property(
    'leader.maxTimeToWaitForEpoch',
    wholeOrMinus(-1, 'ms'),
    'How long an elected leader waits for a quorum of followers; -1: initLimit.',
  ),
  property(
    'leader.maxConcurrentSnapSyncs',
    whole(10, '', { min: 1 }),
    'Learners that are sent a snapshot at a time.',
  ),
  property(
    'leader.maxConcurrentDiffSyncs',
    whole(100, '', { min: 1 }),
    'Learners that are sent transactions at a time.',
  ),
  property('forceSnapshotSync', truth(false), 'Learners always get a snapshot. For tests.'),
  property(
    'leaderConnectDelayDuringRetryMs',
    whole(100, 'ms'),
    'Time between attempts of a learner to connect to the leader.',
  ),
  property(
    'observer.pinned',
    truth(false),
    'An observer keeps its role although no configuration names it. Not a key of Apache.',
  ),
  property('observer.reconnectDelayMs', whole(0, 'ms'), 'Wait of an observer before reconnecting.'),
  property(
    'observer.election.DelayMs',
    whole(200, 'ms'),
    'Longest random wait of an observer before it looks for the leader again.',
  ),
  property(
    'observerMaster.sizeLimit',
    whole(33554432, 'bytes', { min: 1 }),
    'Transactions that an observer master keeps for its observers.',
  ),
  jvm('leader.nodelay', truth(true), 'TCP_NODELAY from leader to learners.'),
  jvm('follower.nodelay', truth(true), 'TCP_NODELAY from learner to leader.'),
  inert(property('leader.ackLoggingFrequency', whole(1000), 'Log every n-th ack.'), NO_QUEUE),
  ...['leader.closeSocketAsync', 'learner.closeSocketAsync', 'learner.asyncSending'].map(name =>
    inert(property(name, truth(false), 'Sends or closes on a thread of its own.'), ASYNCHRONOUS),
  ),
  inert(
    property(
      'follower.skipLearnerRequestToNextProcessor',
      truth(false),
      'Skip a stage for requests of observers.',
    ),
    NO_QUEUE,
  ),
  inert(
    property(
      'forward_learner_requests_to_commit_processor_disabled',
      truth(false),
      'Skip a stage for requests of learners.',
    ),
    NO_QUEUE,
  ),
  ...(
    [
      ['commitProcessor.numWorkerThreads', whole(undefined)],
      ['commitProcessor.maxReadBatchSize', wholeOrMinus(-1)],
      ['commitProcessor.maxCommitBatchSize', whole(1)],
      ['commitProcessor.shutdownTimeout', whole(5000, 'ms')],
    ] as const
  ).map(([name, value]) => inert(property(name, value, 'Tunes the commit processor.'), NO_QUEUE)),
  inert(
    property('messageTracker.Enabled', truth(false), 'Remember the last packets of each learner.'),
    'Packets are not remembered; what a link did last is in the log.',
  ),
  inert(
    property('messageTracker.BufferSize', whole(10), 'How many packets.'),
    'Packets are not remembered; what a link did last is in the log.',
  ),
]

const KERBEROS = 'Kerberos is not supported; members authenticate with DIGEST-MD5 or TLS.'

/** TLS and SASL between members. Stores are in the section on TLS. */
export const QUORUM_SECURITY_KEYS: readonly Key[] = [
  zooCfg('sslQuorum', truth(false), 'TLS between members.'),
  zooCfg('portUnification', truth(false), 'Quorum and election ports accept TLS and plaintext.'),
  zooCfg(
    'sslQuorumReloadCertFiles',
    truth(false),
    'Reload key and trust store of the quorum when their files change.',
  ),
  zooCfg('quorum.auth.enableSasl', truth(false), 'SASL between members.'),
  zooCfg(
    'quorum.auth.serverRequireSasl',
    truth(false),
    'Refuse members that do not authenticate; needs learnerRequireSasl.',
  ),
  zooCfg(
    'quorum.auth.learnerRequireSasl',
    truth(false),
    'Authenticate to other members; needs enableSasl.',
  ),
  zooCfg(
    'quorum.auth.server.saslLoginContext',
    text('QuorumServer'),
    'Section of the JAAS file for accepting members.',
  ),
  zooCfg(
    'quorum.auth.learner.saslLoginContext',
    text('QuorumLearner'),
    'Section of the JAAS file for connecting members.',
  ),
  inert(
    zooCfg('quorum.auth.kerberos.servicePrincipal', text('zkquorum/localhost'), 'Principal.'),
    KERBEROS,
  ),
  inert(
    zooCfg('quorum.cnxn.threads.size', whole(20), 'Threads that authenticate members.'),
    'One thread serves all connections here, so there is no pool to size.',
  ),
  inert(property('kerberos.canonicalizeHostNames', truth(false), 'Resolve principals.'), KERBEROS),
]
