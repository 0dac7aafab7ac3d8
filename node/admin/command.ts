/** The shape of an AdminServer command; the tables are in the files of their topics. */

import { hostAndPort } from '../../base/java-format.ts'
import type { JsonValue } from './json.ts'
import type { AdminView, HostAndPort } from './view.ts'

/** Parameters of the query, the last of each name. */
export type Query = ReadonlyMap<string, string>

export interface Command {
  /** The primary name: what `command` says in the answer. */
  readonly name: string
  readonly aliases: readonly string[]
  /** False for what is answered before a quorum exists. */
  readonly needsServer: boolean
  /** Entries before `command` and `error`; an entry `error` takes the place of the latter. */
  readonly run: (view: AdminView, query: Query) => Iterable<readonly [string, JsonValue]>
}

/** A command whose answer is a literal: the keys in their written order. */
export function command(
  name: string,
  aliases: readonly string[],
  run: (view: AdminView, query: Query) => Readonly<Record<string, JsonValue>>,
  needsServer: boolean = true,
): Command {
  return { name, aliases, needsServer, run: (view, query) => Object.entries(run(view, query)) }
}

/** For commands that do something and have nothing to tell. */
export function done(): Readonly<Record<string, JsonValue>> {
  return {}
}

/** `host:port`, the host as it was configured. */
export function addressText(address: HostAndPort): string {
  return hostAndPort(address.host, address.port)
}
