import {
  choice,
  fraction,
  inert,
  type Key,
  property,
  truth,
  whole,
  wholeOrMinus,
  yesNo,
  zooCfg,
} from '../key.ts'

const BATCHES = 'A batch is whatever arrived while the disk was busy with the one before.'

/** Logs and snapshots. */
export const STORAGE_KEYS: readonly Key[] = [
  property(
    'snapCount',
    whole(100000, '', { raiseTo: 2 }),
    'Transactions between snapshots; the actual number is random, from half of it on.',
  ),
  property(
    'snapSizeLimitInKb',
    wholeOrMinus(4194304, 'KB'),
    'Log bytes between snapshots, random alike; 0 or less: no limit.',
  ),
  property(
    'txnLogSizeLimitInKb',
    wholeOrMinus(-1, 'KB'),
    'Size at which a new transaction log is begun; 0 or less: only with a snapshot.',
  ),
  property('preAllocSize', whole(65536, 'KB'), 'Space that a log takes ahead of its writes.'),
  property(
    'commitLogCount',
    whole(500, '', { raiseTo: 500 }),
    'Committed transactions kept in memory for learners that are slightly behind.',
  ),
  property(
    'snapshotSizeFactor',
    fraction(0.33, -1e9, 1e9),
    'A learner is sent transactions from disk up to this part of the snapshot size; below ' +
      '0: never.',
  ),
  property(
    'forceSync',
    yesNo('yes'),
    '`no`: acknowledge before the disk has it. Data can be lost.',
  ),
  property('fsync.warningthresholdms', whole(1000, 'ms'), 'Slower syncs are logged.'),
  property(
    'snapshot.compression.method',
    choice('', ['', 'gz', 'snappy']),
    'Compression of new snapshots; all three are read.',
  ),
  property(
    'snapshot.trust.empty',
    truth(false),
    'Start with transaction logs but without any snapshot. For upgrades from 3.4 only.',
  ),
  property(
    'serializeLastProcessedZxid.enabled',
    truth(true),
    'Snapshots name their zxid; needed by the snapshot and restore commands.',
  ),
  property(
    'datadir.autocreate',
    truth(true),
    'Create dataDir and dataLogDir when they are missing.',
  ),
  property(
    'db.autocreate',
    truth(true),
    '`false`: a member without data does not vote unless a file `initialize` is beside `myid`.',
  ),
  property('digest.enabled', truth(true), 'Digest of the whole tree with every transaction.'),
  zooCfg(
    'autopurge.snapRetainCount',
    whole(3, '', { raiseTo: 3 }),
    'Snapshots that stay when old ones are purged.',
  ),
  zooCfg('autopurge.purgeInterval', whole(0, 'hours'), 'Time between purges; 0: never.'),
  inert(property('flushDelay', whole(0, 'ms'), 'How long a write may wait for company.'), BATCHES),
  inert(
    property('maxWriteQueuePollTime', whole(undefined, 'ms'), 'How long to wait for a request.'),
    BATCHES,
  ),
  inert(property('maxBatchSize', whole(1000), 'Transactions under one sync.'), BATCHES),
]
