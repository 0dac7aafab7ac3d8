/**
 * Commands that Apache does not have. They change something, so they want POST and the credentials
 * that snapshot and restore want.
 */
import type { Query } from './command.ts'
import type { AdminView } from './view.ts'

export interface Outcome {
  /** HTTP status: 200, 400 for a bad argument, 409 where it cannot be done now. */
  readonly status: number
  readonly error: string | null
}

const DONE: Outcome = { status: 200, error: null }
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const

export const OWN_COMMANDS: ReadonlyMap<string, (view: AdminView, query: Query) => Outcome> =
  new Map([
    ['hand_over', handOver],
    ['log_level', setLogLevel],
  ])

/** The leader passes the lead on: to `?to=N`, or to whoever is level. */
function handOver(view: AdminView, query: Query): Outcome {
  const text = query.get('to')
  const to = text === undefined ? undefined : Number(text)
  if (to !== undefined && !Number.isInteger(to)) {
    return { status: 400, error: `to=${text}: valid is the id of a voter` }
  }
  const error = view.handOver(to)
  return error === null ? DONE : { status: 409, error }
}

/** `?level=debug`, until the next start. */
function setLogLevel(view: AdminView, query: Query): Outcome {
  const text = query.get('level')
  const level = LEVELS.find(name => name === text)
  if (level === undefined) {
    return { status: 400, error: `level=${text ?? ''}: valid are ${LEVELS.join(', ')}` }
  }
  view.setLogLevel(level)
  return DONE
}
