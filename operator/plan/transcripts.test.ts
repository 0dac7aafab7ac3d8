/**
 * The planner's decisions as stories: plan/testdata/*.txt. Each line is a decision that differs from
 * the one before, `rule: sentence`; what only waits begins with dots.
 */
import { ok } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runTranscript } from '../../tools/transcript.ts'
import { isObject } from '../api/defaults.ts'
import type { JsonObject } from '../api/manifest.ts'
import { TestWorld } from '../controller/test-world.ts'
import { listAt, textAt } from '../observe/read.ts'
import { whyOf } from './steps.ts'

const SEED = 3
const LOOKS_MAX = 600

class Story {
  #world: TestWorld | undefined

  async tell(command: string): Promise<readonly string[]> {
    const [verb = '', ...rest] = command.split(' ')
    const argument = rest.join(' ')
    switch (verb) {
      case 'cluster':
        this.#world = new TestWorld(SEED, parse(argument))
        return []
      case 'edit':
        this.#here.edit(parse(argument))
        return []
      case 'run':
        return this.#run(argument === '' ? LOOKS_MAX : Number(argument))
      case 'kill':
        this.#here.deletePod(argument)
        return []
      case 'lose-disk':
        this.#here.loseDisk(Number(argument))
        return []
      case 'conditions':
        return this.#conditions()
      default:
        throw new Error(`${verb}: valid are cluster, edit, run, kill, lose-disk, conditions`)
    }
  }

  get #here(): TestWorld {
    if (this.#world === undefined) throw new Error('a story begins with "cluster"')
    return this.#world
  }

  /** Until nothing is left to do, or for so many looks. */
  async #run(looks: number): Promise<readonly string[]> {
    const lines: string[] = []
    for (let i = 0; i < looks; i++) {
      this.#here.tick()
      await this.#here.reconcile()
      const { step, rule, gate } = this.#here.plan
      const line = step.step === 'wait' ? `... ${whyOf(step)}` : `${rule}: ${whyOf(step)}`
      if (line !== lines[lines.length - 1]) lines.push(line)
      if (step.step === 'settled' && gate.isSettled) break
    }
    return lines
  }

  #conditions(): readonly string[] {
    return listAt(this.#here.cluster, 'status', 'conditions').flatMap(condition =>
      isObject(condition)
        ? [
            `${textAt(condition, 'type')} ${textAt(condition, 'status')}: ${textAt(condition, 'message')}`,
          ]
        : [],
    )
  }
}

function parse(text: string): JsonObject {
  return text === '' ? {} : (JSON.parse(text) as JsonObject)
}

/** What stands before the dashes of each block, comments apart. */
function commandsOf(text: string): readonly string[] {
  const blocks = text.split(/\n\n+/)
  return blocks.flatMap(block => {
    const lines = block.split('\n').filter(line => line !== '' && !line.startsWith('#'))
    const end = lines.indexOf('----')
    return end < 0 ? lines : lines.slice(0, end)
  })
}

const FILES = globSync(fileURLToPath(new URL('testdata/*.txt', import.meta.url))).sort()

for (const file of FILES) {
  test(`transcript ${file.slice(file.lastIndexOf('/') + 1)}`, async () => {
    // The runner is synchronous, the world is not: the answers are found first.
    const story = new Story()
    const answers = new Map<number, readonly string[]>()
    const commands: string[] = []
    commands.push(...commandsOf(readFileSync(file, 'utf8')))
    for (const [i, command] of commands.entries()) answers.set(i, await story.tell(command))
    let at = 0
    runTranscript(file, () => answers.get(at++) ?? [])
  })
}

test('there are transcripts', () => {
  ok(FILES.length >= 4, 'a check that looked at nothing has not passed')
})
