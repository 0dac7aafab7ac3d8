/** Operation codes of requests and transactions (client-protocol.md 5, quorum-protocol.md 8.1). */
export const OpCode = {
  error: -1,
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getAcl: 6,
  setAcl: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTtl: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
} as const
export type OpCode = (typeof OpCode)[keyof typeof OpCode]

/** The xids that are not a client's counter (client-protocol.md 3.1). */
export const Xid = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const

/** `flags` of create requests. */
export const CreateMode = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  persistentWithTtl: 5,
  persistentSequentialWithTtl: 6,
} as const
export type CreateMode = (typeof CreateMode)[keyof typeof CreateMode]

/** Watch events (client-protocol.md 14.2). */
export const EventType = {
  nodeCreated: 1,
  nodeDeleted: 2,
  nodeDataChanged: 3,
  nodeChildrenChanged: 4,
} as const
export type EventType = (typeof EventType)[keyof typeof EventType]

/** `state` of every notification that a server sends. */
export const SYNC_CONNECTED = 3

/** `mode` of addWatch. */
export const AddWatchMode = { persistent: 0, persistentRecursive: 1 } as const

/** `type` of checkWatches and removeWatches. */
export const WatcherType = {
  children: 1,
  data: 2,
  any: 3,
  persistent: 4,
  persistentRecursive: 5,
} as const
export type WatcherType = (typeof WatcherType)[keyof typeof WatcherType]

export const Perms = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const
