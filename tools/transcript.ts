/**
 * Transcripts: text files in which commands stand over a line of dashes and everything that
 * happened under it. `runTranscript` compares; with `--update-transcripts` among the arguments, or
 * UPDATE_TRANSCRIPTS=1, it rewrites the file. Commit a rewritten file only when the difference is
 * understood.
 *
 *   # why this is worth telling
 *   command argument
 *   ----
 *   what happened
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import process from 'node:process'

/** Carries out one command; returns what happened, a line each. */
export type Interpreter = (command: string) => readonly string[]

interface Block {
  /** Comment lines above the command. */
  readonly comments: readonly string[]
  readonly commands: readonly string[]
  readonly expected: readonly string[]
}

export function isUpdating(): boolean {
  return process.argv.includes('--update-transcripts') || process.env['UPDATE_TRANSCRIPTS'] === '1'
}

/** Runs all commands of `file`, in order. Throws when it holds none, or when one differs. */
export function runTranscript(file: string, interpret: Interpreter): void {
  const text = readFileSync(file, 'utf8')
  const blocks = parse(text)
  assert.ok(blocks.length > 0, `${file} has no command`)
  const seen = blocks.map(block => ({
    ...block,
    expected: block.commands.flatMap(command => interpret(command)),
  }))
  const actual = print(seen)
  if (actual === text) return
  if (isUpdating()) writeFileSync(file, actual)
  else assert.deepEqual(actual.split('\n'), text.split('\n'), file)
}

function parse(text: string): Block[] {
  const blocks: Block[] = []
  let comments: string[] = []
  let commands: string[] = []
  let expected: string[] | undefined
  const end = (): void => {
    if (commands.length > 0) blocks.push({ comments, commands, expected: expected ?? [] })
    comments = []
    commands = []
    expected = undefined
  }
  for (const line of [...text.split('\n'), '']) {
    if (line === '' && commands.length > 0) end()
    else if (line === '') continue
    else if (line === '----') expected = []
    else if (expected !== undefined) expected.push(line)
    else if (line.startsWith('#')) comments.push(line)
    else commands.push(line)
  }
  return blocks
}

function print(blocks: readonly Block[]): string {
  const parts = blocks.map(({ comments, commands, expected }) =>
    [...comments, ...commands, '----', ...(expected.length === 0 ? ['nothing'] : expected)].join(
      '\n',
    ),
  )
  return `${parts.join('\n\n')}\n`
}
