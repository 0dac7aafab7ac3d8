import type { ConnectionThrottleOptions } from './connection-throttle.ts'

/** What the pipeline needs to know of the configuration. */
export interface PipelineOptions {
  readonly tickTimeMs: number
  readonly minSessionTimeoutMs: number
  readonly maxSessionTimeoutMs: number
  /** Longest frame a client may send (jute.maxbuffer). */
  readonly maxBufferBytes: number
  /** Longest field inside a frame. */
  readonly maxFieldBytes: number
  readonly globalOutstandingLimit: number
  /** 0: unlimited. Per address and listener. */
  readonly maxClientConnections: number
  /** 0: unlimited. Per listener. */
  readonly maxConnections: number
  readonly enforceQuota: boolean
  readonly extendedTypes: boolean
  readonly reconfigEnabled: boolean
  /** An ensemble may not shrink to one voter by reconfig. */
  readonly standaloneEnabled: boolean
  readonly closeSessionTxn: boolean
  readonly digestEnabled: boolean
  /** Requests that waited longer than this are answered -127; 0: off. */
  readonly throttledOpWaitMs: number
  readonly requestThrottleMax: number
  /** Requests that waited too long for their turn may be dropped with their connection. */
  readonly dropStaleRequests: boolean
  /** Too long: longer than their session lives. */
  readonly staleLatencyCheck: boolean
  readonly largeRequestThresholdBytes: number
  readonly largeRequestMaxBytes: number
  /** Writes are looked at by the member that takes them, before the leader sees them. */
  readonly eagerAclCheck: boolean
  /** Undefined: no scheme is demanded. */
  readonly enforcedSchemes: readonly string[] | undefined
  readonly connectionThrottle: ConnectionThrottleOptions
  readonly serverId: number
  /** New sessions are known to their member alone. */
  readonly localSessions: boolean
  /** A local session becomes global when it creates an ephemeral znode. */
  readonly localSessionsUpgrading: boolean
  /** It decides alone: no ensemble is configured. */
  readonly isStandalone: boolean
}

/** Replies waiting for a client that does not read: reading from it stops at this many bytes. */
export const UNREAD_REPLIES_PAUSE_BYTES: number = 1 << 20
/** A client for which this much waits (notifications, mostly) is disconnected. */
export const UNREAD_REPLIES_MAX_BYTES: number = 64 << 20
/** Ids that one connection may gather: each costs a comparison at every check of an ACL. */
export const AUTH_IDS_MAX: number = 1000
/** A multiRead may ask for the same large value as often as its frame has room for. */
export const MULTI_READ_REPLY_MAX_BYTES: number = 64 << 20
/** Bytes that may pile up on a connection that is not being read. */
export const UNREAD_REQUESTS_PAUSE_BYTES: number = 1 << 20
