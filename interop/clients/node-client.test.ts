/** node-zookeeper-client, the pure JavaScript client: create, watch, transaction, ephemerals. */
import assert from 'node:assert/strict'
import { suite } from '../harness/suite.ts'
import { within } from '../harness/wait.ts'
import { nodeClientEntry } from '../peers/node-client.ts'

/** What the test uses of the package, which brings no types. */
interface Library {
  readonly CreateMode: { readonly EPHEMERAL: number; readonly PERSISTENT_SEQUENTIAL: number }
  createClient(connect: string, options: object): Session
}

interface Event {
  readonly name: string
  readonly path: string
}

type Callback = (error: Error | null, ...values: unknown[]) => void

interface Session {
  once(event: string, listener: () => void): void
  connect(): void
  close(): void
  create(path: string, data: Buffer | null, ...rest: (number | Callback)[]): void
  exists(path: string, watcher: (event: Event) => void, callback: Callback): void
  getData(path: string, callback: Callback): void
  setData(path: string, data: Buffer, callback: Callback): void
  getChildren(path: string, watcher: (event: Event) => void, callback: Callback): void
  remove(path: string, callback: Callback): void
  transaction(): Transaction
}

interface Transaction {
  create(path: string, data: Buffer): this
  setData(path: string, data: Buffer): this
  remove(path: string): this
  commit(callback: Callback): void
}

suite('node-zookeeper-client', {}, item => {
  item(
    '238: node-zookeeper-client: create, watch, transaction and ephemerals',
    async ({ connect, server, root }) => {
      const module = (await import(await nodeClientEntry())) as { default: Library }
      const library = module.default
      const session = library.createClient(server.connectString, { sessionTimeout: 10_000 })
      const { promise: connected, resolve } = Promise.withResolvers<void>()
      session.once('connected', resolve)
      session.connect()
      await within(connected, 'connected')
      const events: string[] = []
      const note = (event: Event) => events.push(`${event.name} ${event.path}`)
      try {
        assert.equal(await call(done => session.create(root, Buffer.from('one'), done)), root)
        assert.deepEqual(await call(done => session.getData(root, done)), Buffer.from('one'))
        const { PERSISTENT_SEQUENTIAL, EPHEMERAL } = library.CreateMode
        const made = await call(done =>
          session.create(`${root}/s`, null, PERSISTENT_SEQUENTIAL, done),
        )
        assert.equal(made, `${root}/s0000000000`)
        await call(done => session.create(`${root}/e`, null, EPHEMERAL, done))
        await call(done => session.exists(`${root}/later`, note, done))
        const names = await call(done => session.getChildren(root, note, done))
        assert.deepEqual((names as string[]).sort(), ['e', 's0000000000'])
        const work = session.transaction()
        work.create(`${root}/later`, Buffer.from('x'))
        work.setData(root, Buffer.from('two'))
        work.remove(`${root}/s0000000000`)
        await call(done => work.commit(done))
        const failing = session.transaction()
        failing.create(`${root}/never`, Buffer.from('x'))
        failing.remove(`${root}/missing`)
        await assert.rejects(
          call(done => failing.commit(done)),
          /NO_NODE/,
        )
        assert.deepEqual(await call(done => session.getData(root, done)), Buffer.from('two'))
        assert.deepEqual(events, [`NODE_CREATED ${root}/later`, `NODE_CHILDREN_CHANGED ${root}`])
      } finally {
        session.close()
      }
      const other = await connect()
      await other.exists(`${root}/e`, true)
      assert.equal((await other.exists(`${root}/never`)).err, -101)
    },
  )
})

/** The first value that a callback is given. */
async function call(start: (done: Callback) => void): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  start((error, value) => {
    if (error === null || error === undefined) resolve(value)
    else reject(error)
  })
  return within(promise, 'callback of node-zookeeper-client')
}
