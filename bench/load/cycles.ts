/** Loads that connect and leave again: storm, and with an ephemeral znode in between. */
import { Client, type Faults } from './client.ts'
import { createFrame, createNumberedFrame } from './frames.ts'
import { type LoadOptions, type LoadResult, measure, Window } from './run-load.ts'
import type { Workload } from './workloads.ts'

const EPHEMERAL = 1

export async function runCycles(workload: Workload, options: LoadOptions): Promise<LoadResult> {
  const window = new Window()
  const nothing = new Uint8Array(0)
  await makeRoot(options, window.faults)
  const create = createNumberedFrame(options.root, nothing, EPHEMERAL)
  const state = { isStopped: false }
  let number = 0
  const cycle = async (): Promise<void> => {
    while (!state.isStopped) {
      const startedMs = performance.now()
      const { promise, resolve } = Promise.withResolvers<void>()
      const events = { answered: () => resolve() }
      const client = await Client.open(options.port, 0, events, window.faults)
      if (workload.kind === 'ephemeral') {
        client.send(create, startedMs, number++)
        await promise
      }
      await client.close()
      window.observe(startedMs, performance.now())
    }
  }
  const slots = Array.from({ length: workload.sessions }, cycle)
  const result = await measure(workload, options, window, () => {
    state.isStopped = true
  })
  await Promise.all(slots)
  return result
}

async function makeRoot(options: LoadOptions, faults: Faults): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const client = await Client.open(options.port, 0, { answered: () => resolve() }, faults)
  client.send(createFrame(options.root, new Uint8Array(0)), 0)
  await promise
  await client.close()
}
