/** What must hold did not: the member stops rather than guess. */
export class InvariantError extends Error {
  readonly facts: object | undefined

  constructor(what: string, facts?: object) {
    super(facts === undefined ? what : `${what} ${describe(facts)}`)
    this.name = 'InvariantError'
    this.facts = facts
  }
}

/**
 * Assert what must hold, in production too. `what` is a constant text and states the fact that was
 * violated; on hot paths call `failInvariant` in the failing branch instead, so that neither the
 * closure nor the facts are built while all is well.
 */
export function invariant(ok: boolean, what: string, facts?: () => object): asserts ok {
  if (!ok) failInvariant(what, facts?.())
}

/** Throws InvariantError. */
export function failInvariant(what: string, facts?: object): never {
  throw new InvariantError(what, facts)
}

/** Exhaustiveness: a value that the compiler proved impossible has arrived. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable value ${String(value)}`)
}

function describe(facts: object): string {
  return JSON.stringify(facts, (_key, value: unknown) =>
    typeof value === 'bigint' ? `0x${BigInt.asUintN(64, value).toString(16)}` : value,
  )
}
