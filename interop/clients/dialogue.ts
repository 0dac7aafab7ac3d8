/** Talking to a program that reads commands from a terminal. */
import { type ChildProcess, spawn } from 'node:child_process'
import { within } from '../harness/wait.ts'

export class Dialogue {
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  #heard = ''
  #wake: (() => void) | undefined

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.#child = spawn(program, [...args], { env: { ...process.env, ...env } })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#exited = promise
    this.#child.once('close', () => {
      resolve()
      this.#wake?.()
    })
    this.#child.stdin?.on('error', () => {})
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#heard += text
        this.#wake?.()
      })
    }
  }

  /** Types one line. */
  say(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /**
   * Waits until what it has printed since the last call matches, forgets that and returns the
   * match.
   */
  async hear(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#heard)
      if (match !== null) {
        this.#heard = this.#heard.slice(match.index + match[0].length)
        return match
      }
      if (this.#child.exitCode !== null) {
        throw new Error(`it ended without saying ${pattern}: ${this.#heard.slice(-2000)}`)
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await within(promise, `${pattern} in ${JSON.stringify(this.#heard.slice(-2000))}`)
    }
  }

  /** Says one line, and waits for the answer. */
  async ask(line: string, answer: RegExp): Promise<RegExpExecArray> {
    this.say(line)
    return this.hear(answer)
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }
}
