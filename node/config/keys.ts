/**
 * The one table of every configuration key (operations.md 2, 3, 4, 9.1 and 10, client-protocol.md
 * 20.2). docs/user/configuration.md is generated from it.
 */
import { familyPrefix, isFamily, type Key, type KeyTopic } from './key.ts'
import { ADMIN_KEYS, METRICS_KEYS } from './keys/admin.ts'
import { BASIC_KEYS, CLIENT_KEYS, FEATURE_KEYS, SESSION_KEYS } from './keys/basic.ts'
import { BOOKKEEPING_KEYS, LIMIT_KEYS, THROTTLE_KEYS } from './keys/limits.ts'
import { MEMBERSHIP_KEYS, QUORUM_KEYS, QUORUM_SECURITY_KEYS } from './keys/quorum.ts'
import { AUTH_KEYS, TLS_KEYS } from './keys/security.ts'
import { STORAGE_KEYS } from './keys/storage.ts'

export const KEY_TOPICS: readonly KeyTopic[] = [
  { title: 'Directories and ticks', keys: BASIC_KEYS },
  { title: 'Client connections', keys: CLIENT_KEYS },
  { title: 'Sessions', keys: SESSION_KEYS },
  { title: 'Logs and snapshots', keys: STORAGE_KEYS },
  { title: 'Limits', keys: LIMIT_KEYS },
  { title: 'Throttling', keys: THROTTLE_KEYS },
  { title: 'Members', keys: MEMBERSHIP_KEYS },
  { title: 'Quorum', keys: QUORUM_KEYS },
  { title: 'Security between members', keys: QUORUM_SECURITY_KEYS },
  { title: 'Authentication and authorisation', keys: AUTH_KEYS },
  { title: 'TLS', keys: TLS_KEYS },
  { title: 'AdminServer', keys: ADMIN_KEYS },
  { title: 'Metrics', keys: METRICS_KEYS },
  { title: 'Features', keys: FEATURE_KEYS },
  { title: 'Watches and statistics', keys: BOOKKEEPING_KEYS },
]

export const KEYS: readonly Key[] = KEY_TOPICS.flatMap(topic => topic.keys)

const BY_NAME: ReadonlyMap<string, Key> = new Map(KEYS.map(key => [key.name, key]))
const FAMILIES: readonly Key[] = KEYS.filter(isFamily)

/**
 * Names under which the documentation of 3.9 describes keys, though nobody reads them, and the
 * names that are read (operations.md 3, "Attention").
 */
export const DOCUMENTED_NAMES: ReadonlyMap<string, string> = new Map([
  ['connectionMaxTokens', 'connection_throttle_tokens'],
  ['requestThrottleLimit', 'request_throttle_max_requests'],
  ['throttledOpWaitTime', 'throttled_op_wait_time'],
  ['outstandingHandshake.limit', 'netty.server.outstandingHandshake.limit'],
  ['advancedFlowControlEnabled', 'netty.advancedFlowControl.enabled'],
  ['requestStaleLatencyCheck', 'request_stale_latency_check'],
  ['maxConcurrentSnapSyncs', 'leader.maxConcurrentSnapSyncs'],
  ['maxTimeToWaitForEpoch', 'leader.maxTimeToWaitForEpoch'],
])

/** The key that a name stands for: itself or its family. */
export function findKey(name: string): Key | undefined {
  const key = BY_NAME.get(name)
  if (key !== undefined) return key
  return FAMILIES.find(family => {
    const prefix = familyPrefix(family)
    return name.length > prefix.length && name.startsWith(prefix)
  })
}

/** The most edits between a name and the known key that a warning suggests. */
const SUGGESTION_EDITS_MAX = 4

/** The known key most like `name`, or undefined when none is near. */
export function nearestKey(name: string): Key | undefined {
  const documented = DOCUMENTED_NAMES.get(name)
  if (documented !== undefined) return BY_NAME.get(documented)
  const wanted = name.toLowerCase()
  // A short name is near to everything: a third of it is the most that may differ.
  let nearest = Math.min(SUGGESTION_EDITS_MAX, Math.floor(name.length / 3)) + 1
  let found: Key | undefined
  for (const key of KEYS) {
    const edits = editDistance(wanted, key.name.toLowerCase(), nearest)
    if (edits < nearest) {
      nearest = edits
      found = key
    }
  }
  return found
}

/** Levenshtein distance; `limit` when it is that or more. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replace = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replace, previous[j]! + 1, row[j - 1]! + 1))
    }
    previous = row
  }
  return Math.min(previous[b.length]!, limit)
}
