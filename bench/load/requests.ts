/** What each session sends, by the kind of load. */
import type { Client } from './client.ts'
import {
  childrenFrame,
  createFrame,
  createNumberedFrame,
  deleteNumberedFrame,
  existsFrame,
  type Frame,
  getFrame,
  multiSetFrame,
  setFrame,
  syncFrame,
} from './frames.ts'
import type { Workload } from './workloads.ts'

export interface Requests {
  /** Makes the znodes of session `index`; sent by one helper, all at once. */
  readonly setUp: (helper: Client, index: number) => void
  /** Adds the next request of a session to its output. */
  readonly next: (client: Client, nowMs: number) => void
}

const OPERATIONS_PER_MULTI = 8

export function makeRequests(workload: Workload, root: string): Requests {
  const { kind, keys, sizeBytes } = workload
  const data = new Uint8Array(sizeBytes).fill(0x78)
  const parents = Array.from({ length: workload.sessions }, (_, i) => `${root}/s${i}`)
  const hasKeys = kind !== 'create' && kind !== 'createdelete'
  const setUp = (helper: Client, index: number): void => {
    const nowMs = performance.now()
    if (index === 0) helper.add(createFrame(root, NOTHING), nowMs)
    helper.add(createFrame(parents[index]!, NOTHING), nowMs)
    if (!hasKeys) return
    for (let key = 0; key < keys; key++) {
      helper.add(
        createFrame(`${parents[index]!}/k${key}`, kind === 'children' ? NOTHING : data),
        nowMs,
      )
    }
  }
  return { setUp, next: nextOf(workload, parents, data) }
}

const NOTHING: Uint8Array = new Uint8Array(0)

function nextOf(
  workload: Workload,
  parents: readonly string[],
  data: Uint8Array,
): Requests['next'] {
  const { kind, keys } = workload
  const perKey = (make: (path: string) => Frame): Frame[][] =>
    parents.map(parent => Array.from({ length: keys }, (_, key) => make(`${parent}/k${key}`)))
  const perSession = (make: (path: string) => Frame): Frame[][] =>
    parents.map(parent => [make(parent)])
  switch (kind) {
    case 'get':
      return inTurn(perKey(path => getFrame(path)))
    case 'exists':
      return inTurn(perKey(existsFrame))
    case 'set':
      return inTurn(perKey(path => setFrame(path, data)))
    case 'children':
      return inTurn(perSession(childrenFrame))
    case 'sync':
      return inTurn(perSession(syncFrame))
    case 'multi':
      return inTurn(
        parents.map(parent => [
          multiSetFrame(
            Array.from({ length: OPERATIONS_PER_MULTI }, (_, i) => `${parent}/k${i}`),
            data,
          ),
        ]),
      )
    case 'mixed':
      return mixed(
        perKey(path => getFrame(path)),
        perKey(path => setFrame(path, data)),
        workload.readPercent,
      )
    case 'create':
    case 'createdelete':
      return creating(parents, data, kind === 'createdelete')
    default:
      throw new Error(`${workload.name} is not made of requests in a row`)
  }
}

function inTurn(frames: readonly (readonly Frame[])[]): Requests['next'] {
  return (client, nowMs) => {
    const own = frames[client.index]!
    client.add(own[client.counter++ % own.length]!, nowMs)
  }
}

function mixed(
  reads: readonly (readonly Frame[])[],
  writes: readonly (readonly Frame[])[],
  readPercent: number,
): Requests['next'] {
  let state = 1
  return (client, nowMs) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const isRead = (state >>> 8) % 100 < readPercent
    const own = (isRead ? reads : writes)[client.index]!
    client.add(own[client.counter++ % own.length]!, nowMs)
  }
}

function creating(
  parents: readonly string[],
  data: Uint8Array,
  deletesToo: boolean,
): Requests['next'] {
  const creates = parents.map(parent => createNumberedFrame(parent, data))
  const deletes = parents.map(deleteNumberedFrame)
  return (client, nowMs) => {
    const count = client.counter++
    if (!deletesToo) client.add(creates[client.index]!, nowMs, count)
    else if (count % 2 === 0) client.add(creates[client.index]!, nowMs, count)
    else client.add(deletes[client.index]!, nowMs, count - 1)
  }
}
