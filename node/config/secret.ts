/**
 * A password or a credential from the configuration. It does not show itself in logs, errors or
 * JSON; whoever needs the text asks for it by name.
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  reveal(): string {
    return this.#text
  }

  toString(): string {
    return HIDDEN
  }

  toJSON(): string {
    return HIDDEN
  }
}

/** What stands in the place of a secret wherever settings are shown. */
export const HIDDEN = '(hidden)'
