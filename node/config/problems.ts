/**
 * A configuration that a member cannot start with. All problems are told at once, each in one
 * sentence that names the key, the value (never a secret) and what would be valid.
 */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** Longest value that is repeated in a message; the rest is cut. */
const SHOWN_VALUE_MAX = 200

/** What is found while a configuration is read. */
export class Findings {
  readonly problems: string[] = []
  readonly warnings: string[] = []

  problem(sentence: string): void {
    this.problems.push(sentence)
  }

  warn(sentence: string): void {
    this.warnings.push(sentence)
  }

  /** Throws ConfigError when there is any problem. */
  throwIfAny(): void {
    if (this.problems.length > 0) throw new ConfigError([...new Set(this.problems)])
  }
}

/** `key=value` for a message. */
export function shown(key: string, value: string): string {
  const cut = value.length > SHOWN_VALUE_MAX ? `${value.slice(0, SHOWN_VALUE_MAX)}...` : value
  return `${key}=${cut}`
}
