/** The loads that servers are judged by, under the names of performance.md section 1. */

export type Kind =
  | 'get'
  | 'exists'
  | 'children'
  | 'sync'
  | 'set'
  | 'create'
  | 'createdelete'
  | 'mixed'
  | 'multi'
  | 'ephemeral'
  | 'storm'
  | 'watch'
  | 'watchflood'

export interface Workload {
  readonly name: string
  readonly kind: Kind
  readonly sessions: number
  /** Requests in flight per session. */
  readonly depth: number
  readonly sizeBytes: number
  /** Znodes of each session; children of its parent for `children`. */
  readonly keys: number
  /** Requests per second of all sessions together; 0: as fast as they are answered. */
  readonly rate: number
  /** Share of reads in `mixed`. */
  readonly readPercent: number
  readonly watchMode: 'data' | 'persistent' | 'recursive'
  /** Part of `--quick`. */
  readonly isQuick: boolean
}

const DEFAULTS = {
  sessions: 16,
  depth: 16,
  sizeBytes: 100,
  keys: 16,
  rate: 0,
  readPercent: 90,
  watchMode: 'data',
  isQuick: false,
} as const satisfies Partial<Workload>

type Changes = Partial<Workload> & { readonly kind: Kind }

const TABLE: Readonly<Record<string, Changes>> = {
  'get-d1': { kind: 'get', depth: 1, isQuick: true },
  'get-d16': { kind: 'get', isQuick: true },
  'get-d64': { kind: 'get', depth: 64, isQuick: true },
  'get-1k': { kind: 'get', sizeBytes: 1000 },
  'get-10k': { kind: 'get', sizeBytes: 10_000 },
  'get-500s': { kind: 'get', sessions: 500, depth: 1 },
  'exists-d16': { kind: 'exists', isQuick: true },
  'children-16': { kind: 'children', isQuick: true },
  'children-1000': { kind: 'children', keys: 1000, depth: 1 },
  'sync-d16': { kind: 'sync' },
  'set-1x1': { kind: 'set', sessions: 1, depth: 1, isQuick: true },
  'set-d1': { kind: 'set', depth: 1 },
  'set-d16': { kind: 'set', isQuick: true },
  'set-d64': { kind: 'set', depth: 64, isQuick: true },
  'set-1k': { kind: 'set', sizeBytes: 1000 },
  'set-10k': { kind: 'set', sizeBytes: 10_000 },
  'create-d16': { kind: 'create', isQuick: true },
  'createdelete-d16': { kind: 'createdelete' },
  'mixed-90': { kind: 'mixed' },
  'mixed-50': { kind: 'mixed', readPercent: 50 },
  'multi-8': { kind: 'multi' },
  ephemeral: { kind: 'ephemeral', depth: 1 },
  storm: { kind: 'storm', depth: 1, isQuick: true },
  'watch-data-500': { kind: 'watch', sessions: 501 },
  'watch-persistent-500': { kind: 'watch', sessions: 501, watchMode: 'persistent', isQuick: true },
  'watch-recursive-500': { kind: 'watch', sessions: 501, watchMode: 'recursive' },
  'watchflood-50': { kind: 'watchflood', sessions: 51, watchMode: 'persistent', isQuick: true },
  'get-at-2000': { kind: 'get', sessions: 64, rate: 2000, isQuick: true },
  'set-at-500': { kind: 'set', sessions: 64, rate: 500, isQuick: true },
  'mixed-at-2000': { kind: 'mixed', sessions: 64, rate: 2000 },
}

export const WORKLOADS: readonly Workload[] = Object.entries(TABLE).map(([name, changes]) => ({
  ...DEFAULTS,
  name,
  ...changes,
}))
