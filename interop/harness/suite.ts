/** How a file of behaviours runs: the same tests against every kind of server, Apache first. */
import { after, before, describe, test } from 'node:test'
import { Client } from './client.ts'
import { type ConnectKnobs, RawClient } from './raw-client.ts'
import { Server, type ServerKind, type ServerOptions, serverKinds, startServer } from './server.ts'

/** What a test gets: the running server, clients that end with the test, a folder of its own. */
export interface Scene {
  readonly kind: ServerKind
  readonly server: Server
  /** A node made for this test alone: what it does below disturbs no other. */
  readonly root: string
  /** A new session, or the one that `knobs` names. */
  readonly connect: (knobs?: ConnectKnobs) => Promise<Client>
  /** A connection that has sent nothing. */
  readonly open: () => Promise<RawClient>
}

export type Behaviour = (scene: Scene) => Promise<void>

export interface SuiteOptions extends ServerOptions {
  /** Only these kinds, with the reason in the suite's name. */
  readonly only?: readonly ServerKind[]
  /** Tests may overlap: for those that wait for time to pass. */
  readonly concurrent?: boolean
}

/**
 * One server of each kind, started once, and `declare`'s tests against it. Test names begin with
 * the number of their item in behaviours.md: `NN: promise`.
 */
export function suite(
  name: string,
  options: SuiteOptions,
  declare: (item: (name: string, behaviour: Behaviour) => void) => void,
): void {
  for (const kind of serverKinds()) {
    if (options.only !== undefined && !options.only.includes(kind)) continue
    void describe(`${kind}: ${name}`, { concurrency: options.concurrent ?? false }, () => {
      let server: Server | undefined
      before(async () => {
        server = await startServer(kind, options)
      })
      after(async () => {
        await server?.stop()
      })
      declare((title, behaviour) => {
        void test(title, async () => {
          if (server === undefined) throw new Error(`${kind} is not running`)
          await runScene(server, title, behaviour)
        })
      })
    })
  }
}

async function runScene(server: Server, title: string, behaviour: Behaviour): Promise<void> {
  const connections: RawClient[] = []
  const scene: Scene = {
    kind: server.kind,
    server,
    root: `/t${title.replace(/:.*/, '')}`,
    connect: async knobs => {
      const client = await Client.connect(server.port, knobs)
      connections.push(client.raw)
      return client
    },
    open: async () => {
      const raw = await RawClient.open(server.port)
      connections.push(raw)
      return raw
    },
  }
  try {
    await behaviour(scene)
  } catch (error) {
    server.keep = true
    throw error
  } finally {
    for (const connection of connections) connection.destroy()
  }
}
