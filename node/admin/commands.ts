/** The AdminServer's commands (operations.md 9.3) and how a name becomes an answer. */

import { CLIENT_COMMANDS } from './client-commands.ts'
import type { Command, Query } from './command.ts'
import { type JsonMap, type JsonValue, printJson } from './json.ts'
import { OWN_COMMANDS } from './own-commands.ts'
import { QUORUM_COMMANDS } from './quorum-commands.ts'
import { SERVER_COMMANDS } from './server-commands.ts'
import type { AdminView } from './view.ts'

/** Commands with bodies, credentials and rate limits: their work is done by the HTTP side. */
export const DUTY_ALIASES: ReadonlyMap<string, 'snapshot' | 'restore'> = new Map([
  ['snapshot', 'snapshot'],
  ['snap', 'snapshot'],
  ['restore', 'restore'],
  ['rest', 'restore'],
])

const COMMANDS: readonly Command[] = [...SERVER_COMMANDS, ...CLIENT_COMMANDS, ...QUORUM_COMMANDS]

const BY_NAME: ReadonlyMap<string, Command> = new Map(
  COMMANDS.flatMap(each => [each.name, ...each.aliases].map(name => [name, each] as const)),
)

/** Primary names, sorted: the listing of `/commands`. */
export const COMMAND_NAMES: readonly string[] = [
  ...COMMANDS.map(each => each.name),
  'snapshot',
  'restore',
  ...OWN_COMMANDS.keys(),
].sort()

export const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests'

/** The command of that name or alias, restore and snapshot excepted. */
export function findCommand(name: string): Command | undefined {
  return BY_NAME.get(name)
}

/** The answer to `GET /commands/<name>`; every answer has the status 200. */
export function runCommand(name: string, view: AdminView, query: Query): JsonMap {
  const found = findCommand(name)
  if (found === undefined) return commandAnswer(name, [], `Unknown command: ${name}`)
  if (found.needsServer && !view.isServing()) return commandAnswer(found.name, [], NOT_SERVING)
  return commandAnswer(found.name, found.run(view, query), null)
}

/** The entries, then `command` and `error`; entries that tell an error of their own keep it. */
export function commandAnswer(
  name: string,
  entries: Iterable<readonly [string, JsonValue]>,
  error: string | null,
): JsonMap {
  const answer = new Map<string, JsonValue>(entries)
  answer.set('command', name)
  if (!answer.has('error')) answer.set('error', error)
  return answer
}

/** The answer as text. */
export function printAnswer(answer: JsonMap): string {
  return printJson(answer)
}
