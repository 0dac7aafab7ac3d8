/** Numbers that the API, the planner and the manifests share. */

export const VOTERS_MAX = 9
/** Voter N of the StatefulSet has the id N + 1. */
export const VOTER_ID_OFFSET = 1
/**
 * Ids of observers: a pool has a block of 20, the first begins at 20. The last is 239: the low byte
 * of an id is the top byte of the session ids that the member makes, so ids above 255 could make
 * two members give the same session id.
 */
export const POOL_IDS = 20
export const POOL_FIRST_ID = 20
export const POOLS_MAX = 11

/** Longest name of a cluster or pool: `<name>-observers-<hash>` must fit into a label. */
export const NAME_MAX = 40

export const PORTS = {
  client: 2181,
  quorum: 2888,
  election: 3888,
  admin: 8080,
  metrics: 7000,
} as const

/**
 * Keys of zoo.cfg that the operator sets itself; a dot at the end means the whole family. All
 * others may stand in `spec.config`.
 */
export const REFUSED_CONFIG_KEYS: readonly string[] = [
  'dataDir',
  'dataLogDir',
  'clientPort',
  'clientPortAddress',
  'secureClientPort',
  'secureClientPortAddress',
  'server.',
  'group.',
  'weight.',
  'version',
  'dynamicConfigFile',
  'peerType',
  'standaloneEnabled',
  'reconfigEnabled',
  'skipACL',
  'db.autocreate',
  'datadir.autocreate',
  'observer.pinned',
  'admin.',
  'metricsProvider.',
  'quorumListenOnAllIPs',
  'DigestAuthenticationProvider.',
  'authProvider.',
  'superUser',
  'ssl.',
  'sslQuorum',
  'portUnification',
  'quorum.auth.',
]
