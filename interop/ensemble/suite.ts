/** Behaviours that take an ensemble: the same tests on one of Apache's and on one of ours. */
import { after, before, describe, test } from 'node:test'
import type { Client } from '../harness/client.ts'
import type { ConnectKnobs } from '../harness/raw-client.ts'
import { type ServerKind, serverKinds } from '../harness/server.ts'
import { Ensemble, type EnsembleOptions, type Member, type Settings } from './ensemble.ts'

/** What a test gets: two voters, neither of which is a quorum. */
export interface EnsembleScene {
  readonly kind: ServerKind
  readonly ensemble: Ensemble
  readonly leader: Member
  readonly follower: Member
  /** A node of this test alone. */
  readonly root: string
  /** A client that ends with the test. */
  readonly connect: (member: Member, knobs?: ConnectKnobs) => Promise<Client>
}

export type EnsembleBehaviour = (scene: EnsembleScene) => Promise<void>

export interface EnsembleSuiteOptions extends EnsembleOptions {
  /** Of members 1 and 2. */
  readonly own?: readonly [Settings, Settings]
}

/** Tests run in order; each may leave members stopped, and finds all of them running. */
export function ensembleSuite(
  name: string,
  options: EnsembleSuiteOptions,
  declare: (item: (name: string, behaviour: EnsembleBehaviour) => void) => void,
): void {
  for (const kind of serverKinds()) {
    void describe(`${kind}: ${name}`, () => {
      let ensemble: Ensemble | undefined
      before(async () => {
        const [first = {}, second = {}] = options.own ?? []
        const plans = [first, second].map(cfg => ({ kind, cfg }))
        ensemble = await Ensemble.start(plans, options)
      })
      after(async () => {
        await ensemble?.stop()
      })
      declare((title, behaviour) => {
        void test(title, async () => {
          if (ensemble === undefined) throw new Error(`${kind} is not running`)
          await runScene(ensemble, kind, title, behaviour)
        })
      })
    })
  }
}

async function runScene(
  ensemble: Ensemble,
  kind: ServerKind,
  title: string,
  behaviour: EnsembleBehaviour,
): Promise<void> {
  const clients: Client[] = []
  try {
    for (const member of ensemble.members) {
      member.server.resume()
      if (!member.server.isRunning) await member.server.launch()
    }
    const leader = await ensemble.awaitServing()
    const follower = ensemble.members.find(member => member !== leader)
    if (follower === undefined) throw new Error('nobody follows')
    await behaviour({
      kind,
      ensemble,
      leader,
      follower,
      root: `/t${title.replace(/:.*/, '')}`,
      connect: async (member, knobs) => {
        const client = await member.connect(knobs)
        clients.push(client)
        return client
      },
    })
  } catch (error) {
    ensemble.keep = true
    throw error
  } finally {
    for (const client of clients) client.destroy()
  }
}
