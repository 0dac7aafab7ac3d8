/**
 * The same sessions on Apache and on ours, reply by reply and event by event.
 *
 * `ZKCLUSTER_SEEDS=N` plays N random scripts instead of 8, `ZKCLUSTER_FIRST_SEED=S` starts at
 * another one. `ZKCLUSTER_COMPARE=apache,apache` compares Apache with itself: what differs then
 * does not belong into a transcript.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { type ServerKind, startServer } from '../harness/server.ts'
import { differences } from './allowed.ts'
import { randomScript } from './random.ts'
import { SCRIPTS } from './scripts.ts'
import { NAMED_OPCODES, type RequestStep } from './steps.ts'
import { type Entry, play, type Script, TIMEOUT_MS } from './transcript.ts'

const SEEDS = Number(process.env['ZKCLUSTER_SEEDS'] ?? 8)
const FIRST_SEED = Number(process.env['ZKCLUSTER_FIRST_SEED'] ?? 1)
const PAIR = (process.env['ZKCLUSTER_COMPARE'] ?? 'apache,ours').split(',') as ServerKind[]

const random = Array.from({ length: SEEDS }, (_, i) => randomScript(FIRST_SEED + i))
const scripts: readonly Script[] = [...SCRIPTS, ...random]

/** One server after the other: each plays every script over the tree that the others left. */
async function playAll(kind: ServerKind): Promise<Map<string, readonly Entry[] | Error>> {
  const transcripts = new Map<string, readonly Entry[] | Error>()
  const cfg = { tickTime: TIMEOUT_MS / 20, minSessionTimeout: 4000, maxClientCnxns: 0 }
  // Long runs: a reaped container would take a zxid, each server at its own moment.
  const jvm = { 'znode.container.checkIntervalMs': 3_600_000 }
  const server = await startServer(kind, { cfg, jvm })
  try {
    for (const script of scripts) {
      transcripts.set(script.name, await play(script, server.port).catch(failure))
    }
    if ([...transcripts.values()].some(result => result instanceof Error)) server.keep = true
  } finally {
    await server.stop()
  }
  return transcripts
}

function failure(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

void describe(`${PAIR.join(' and ')} answer alike`, () => {
  let left = new Map<string, readonly Entry[] | Error>()
  let right = new Map<string, readonly Entry[] | Error>()

  before(async () => {
    left = await playAll(PAIR[0] ?? 'apache')
    right = await playAll(PAIR[1] ?? 'ours')
  })

  for (const script of scripts) {
    void test(script.name, () => {
      const [apache, ours] = [left.get(script.name), right.get(script.name)]
      if (!Array.isArray(apache)) throw new Error('no transcript of the first', { cause: apache })
      if (!Array.isArray(ours)) throw new Error('no transcript of the second', { cause: ours })
      assert.equal(apache.length, script.steps.length)
      const found = differences(apache, ours).filter(({ reason }) => reason === undefined)
      // One difference often causes those behind it: the first is the one to look at.
      const first = found[0]
      assert.equal(
        found.length,
        0,
        `${found.length} of ${apache.length} steps differ; the first:\n` +
          `${first?.apache?.step}\n${PAIR[0]}:\n  ${first?.apache?.outcome.join('\n  ')}\n` +
          `${PAIR[1]}:\n  ${first?.ours?.outcome.join('\n  ')}`,
      )
    })
  }
})

void test('the scripts use every opcode that a client can send', () => {
  const used = new Set<string>()
  const note = (request: RequestStep) => used.add(request.do)
  for (const { steps } of SCRIPTS) {
    for (const step of steps) {
      if (step.do === 'burst') step.requests.forEach(note)
      else used.add(step.do)
    }
  }
  for (const name of Object.keys(NAMED_OPCODES)) assert.ok(used.has(name), `${name} is not used`)
})
