import {
  fraction,
  INTEGER_MAX,
  inert,
  jvm,
  type Key,
  property,
  truth,
  whole,
  wholeOrMinus,
  zooCfg,
} from '../key.ts'

const NO_CACHE = 'Replies are made from the tree each time; there is no cache to size.'

/** How much of everything. */
export const LIMIT_KEYS: readonly Key[] = [
  jvm(
    'jute.maxbuffer',
    whole(1048575, 'bytes', { min: 1 }),
    'Longest request; 0x and octal forms are understood.',
  ),
  property(
    'jute.maxbuffer.extrasize',
    whole(undefined, 'bytes', { raiseTo: 1024 }),
    'Allowance on top for records between servers and on disk; absent: jute.maxbuffer.',
  ),
  zooCfg(
    'maxClientCnxns',
    whole(60),
    'Connections of one client address to one port; 0: no limit.',
  ),
  property('maxCnxns', whole(0), 'Connections of one port; 0: no limit.'),
  property(
    'globalOutstandingLimit',
    whole(1000, '', { min: 1 }),
    'Requests in process, divided by the number of other voters.',
  ),
  property(
    'netty.server.outstandingHandshake.limit',
    wholeOrMinus(-1),
    'TLS handshakes at a time; -1: no limit.',
  ),
  property('enforceQuota', truth(false), 'Refuse what exceeds a quota instead of logging it.'),
  property(
    'largeRequestThreshold',
    wholeOrMinus(-1, 'bytes'),
    'Requests longer than this count as large; -1: none does.',
  ),
  property(
    'largeRequestMaxBytes',
    whole(104857600, 'bytes', { min: 1 }),
    'Sum of the large requests in process; a connection that would exceed it is closed.',
  ),
  inert(property('maxResponseCacheSize', wholeOrMinus(400), 'Cached getData replies.'), NO_CACHE),
  inert(
    property('maxGetChildrenResponseCacheSize', wholeOrMinus(400), 'Cached getChildren replies.'),
    NO_CACHE,
  ),
  inert(
    property('intBufferStartingSizeBytes', whole(1024, 'bytes'), 'First size of a reply buffer.'),
    'Replies of a connection share buffers that are kept.',
  ),
]

const WEIGHT = whole(undefined, '', { min: 1 })

/** Requests and connections that come too fast. */
export const THROTTLE_KEYS: readonly Key[] = [
  property('request_throttle_max_requests', whole(0), 'Requests in process; more wait. 0: off.'),
  inert(
    property(
      'request_throttle_stall_time',
      whole(100, 'ms', { min: 1 }),
      'How long a request waits before it tries again.',
    ),
    'A waiting request goes on as soon as there is room for it.',
  ),
  property(
    'request_throttle_drop_stale',
    truth(true),
    'Waiting requests that are stale are dropped.',
  ),
  inert(
    property(
      'request_stale_connection_check',
      truth(true),
      'A request is stale when its connection is closed.',
    ),
    'A connection that closes takes its waiting request with it.',
  ),
  property(
    'request_stale_latency_check',
    truth(false),
    'A request is stale when it is older than its session timeout.',
  ),
  property(
    'throttled_op_wait_time',
    whole(0, 'ms'),
    'Requests that waited longer are answered with ThrottledOp; 0: off.',
  ),
  property('connection_throttle_tokens', whole(0), 'Tokens for new connections; 0: off.'),
  property('connection_throttle_fill_time', whole(1, 'ms', { min: 1 }), 'Time between refills.'),
  property('connection_throttle_fill_count', whole(1, '', { min: 1 }), 'Tokens of a refill.'),
  property(
    'connection_throttle_freeze_time',
    wholeOrMinus(-1, 'ms'),
    'Time between changes of the drop probability; -1: no early drop.',
  ),
  property('connection_throttle_drop_increase', fraction(0.02), 'Step up of the probability.'),
  property('connection_throttle_drop_decrease', fraction(0.002), 'Step down of the probability.'),
  property(
    'connection_throttle_decrease_ratio',
    fraction(0),
    'Share of free tokens above which the probability goes down.',
  ),
  property(
    'connection_throttle_weight_enabled',
    truth(false),
    'Connections cost tokens by the kind of their session.',
  ),
  property(
    'connection_throttle_global_session_weight',
    { ...WEIGHT, default: '3' },
    'Tokens for a new global session.',
  ),
  property(
    'connection_throttle_local_session_weight',
    { ...WEIGHT, default: '1' },
    'Tokens for a new local session.',
  ),
  property(
    'connection_throttle_renew_session_weight',
    { ...WEIGHT, default: '2' },
    'Tokens for a session that comes back.',
  ),
  inert(
    property(
      'request_throttler.shutdownTimeout',
      whole(10000, 'ms', { max: INTEGER_MAX }),
      'How long a stopping server waits for requests in process.',
    ),
    'Requests in process end with the turn of the event loop that they run in.',
  ),
]

const STATISTICS = 'Statistics per request path are not kept.'

/** Watches and request paths: how Apache keeps them. */
export const BOOKKEEPING_KEYS: readonly Key[] = [
  inert(
    property(
      'watchManagerName',
      {
        type: { kind: 'text' },
        default: 'org.apache.zookeeper.server.watch.WatchManager',
        unit: '',
      },
      'Class that keeps watches.',
    ),
    'There is one way to keep watches here; it has all modes.',
  ),
  ...(
    [
      ['watcherCleanThreadsNum', whole(2)],
      ['watcherCleanThreshold', whole(1000)],
      ['watcherCleanIntervalInSeconds', whole(600, 's')],
      ['maxInProcessingDeadWatchers', wholeOrMinus(-1)],
      ['bitHashCacheSize', whole(10)],
    ] as const
  ).map(([name, value]) =>
    inert(
      property(name, value, 'Tunes WatchManagerOptimized.'),
      'Watches of a closed connection are removed at once.',
    ),
  ),
  inert(
    property(
      'pathStats.enabled',
      truth(false),
      'Count requests by path and log the most frequent.',
    ),
    STATISTICS,
  ),
  ...(
    [
      ['pathStats.slotCapacity', whole(60)],
      ['pathStats.slotDuration', whole(15, 's')],
      ['pathStats.maxDepth', whole(6)],
      ['pathStats.sampleRate', fraction(0.1)],
      ['pathStats.initialDelay', whole(5)],
      ['pathStats.delay', whole(5)],
      ['pathStats.topPathMax', whole(20)],
    ] as const
  ).map(([name, value]) =>
    inert(property(name, value, 'Tunes the statistics per request path.'), STATISTICS),
  ),
]
