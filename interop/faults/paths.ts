/**
 * The network between members as a test can break it: every member reaches every other one through
 * a relay of its own, and each direction between two members can be held or cut.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Place, Route } from '../ensemble/ensemble.ts'
import { freePorts } from '../harness/ports.ts'

/** One connection through a relay: from the member that opened it, to the one that accepted. */
interface Relayed {
  readonly opener: Socket
  readonly acceptor: Socket
}

/** All connections that `from` opens to one port of `to`. */
class Relay {
  readonly from: number
  readonly to: number
  readonly port: number
  readonly #targetPort: number
  readonly #server: Server
  readonly #connections = new Set<Relayed>()
  readonly #isHeld: (from: number, to: number) => boolean

  constructor(
    from: number,
    to: number,
    port: number,
    targetPort: number,
    isHeld: (from: number, to: number) => boolean,
  ) {
    this.from = from
    this.to = to
    this.port = port
    this.#targetPort = targetPort
    this.#isHeld = isHeld
    const options = { noDelay: true, allowHalfOpen: true, pauseOnConnect: true }
    this.#server = createServer(options, opener => this.#accepted(opener))
  }

  async start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen(this.port, '127.0.0.1', resolve)
    return promise
  }

  stop(): void {
    this.#server.close()
    this.cut()
  }

  /** Ends all connections, as a reset does. */
  cut(): void {
    for (const { opener, acceptor } of this.#connections) {
      opener.destroy()
      acceptor.destroy()
    }
    this.#connections.clear()
  }

  /** What is held has changed. What was sent meanwhile arrives now, late. */
  refresh(): void {
    for (const relayed of this.#connections) this.#refresh(relayed)
  }

  #accepted(opener: Socket): void {
    const acceptor = connect({
      host: '127.0.0.1',
      port: this.#targetPort,
      noDelay: true,
      allowHalfOpen: true,
    })
    const relayed = { opener, acceptor }
    this.#connections.add(relayed)
    this.#carry(opener, acceptor, this.from, this.to, relayed)
    this.#carry(acceptor, opener, this.to, this.from, relayed)
    this.#refresh(relayed)
  }

  #carry(source: Socket, target: Socket, from: number, to: number, relayed: Relayed): void {
    source.on('data', (chunk: Buffer) => {
      if (target.write(chunk)) return
      source.pause()
      target.once('drain', () => this.#refresh(relayed))
    })
    source.on('end', () => target.end())
    source.on('error', () => source.destroy())
    source.on('close', () => {
      // Behind a held direction nobody hears of the end; `refresh` tells it.
      if (!this.#isHeld(from, to)) this.#end(relayed)
    })
  }

  #refresh(relayed: Relayed): void {
    const { opener, acceptor } = relayed
    const directions = [
      [opener, this.from, this.to],
      [acceptor, this.to, this.from],
    ] as const
    for (const [source, from, to] of directions) {
      if (this.#isHeld(from, to)) source.pause()
      else if (source.destroyed) this.#end(relayed)
      else source.resume()
    }
  }

  #end(relayed: Relayed): void {
    relayed.opener.destroy()
    relayed.acceptor.destroy()
    this.#connections.delete(relayed)
  }
}

export class Paths implements Route {
  readonly #relays: Relay[] = []
  readonly #held = new Set<string>()
  readonly #ports = new Map<string, { readonly quorum: number; readonly election: number }>()

  async prepare(places: readonly Place[]): Promise<void> {
    const ports = [...(await freePorts(places.length * (places.length - 1) * 2))]
    const isHeld = (from: number, to: number): boolean => this.#held.has(`${from}>${to}`)
    for (const from of places) {
      for (const to of places) {
        if (from === to) continue
        const quorum = ports.pop() ?? 0
        const election = ports.pop() ?? 0
        this.#ports.set(`${from.id}>${to.id}`, { quorum, election })
        this.#relays.push(
          new Relay(from.id, to.id, quorum, to.ports.quorum, isHeld),
          new Relay(from.id, to.id, election, to.ports.election, isHeld),
        )
      }
    }
    await Promise.all(this.#relays.map(async relay => relay.start()))
  }

  /** Where `from` finds `to`; a member knows its own true ports. */
  portsFor(from: number, to: Place): { readonly quorum: number; readonly election: number } {
    return this.#ports.get(`${from}>${to.id}`) ?? to.ports
  }

  /** What `from` sends does not arrive at `to`, on whichever connection. */
  hold(from: number, to: number): void {
    this.#held.add(`${from}>${to}`)
    this.#refresh()
  }

  /** Nothing passes between the two sides. */
  split(left: readonly number[], right: readonly number[]): void {
    for (const one of left) {
      for (const other of right) {
        this.#held.add(`${one}>${other}`)
        this.#held.add(`${other}>${one}`)
      }
    }
    this.#refresh()
  }

  /** Everything passes; `cut` ends the connections instead of delivering late what was sent. */
  heal(cut: boolean): void {
    if (cut) for (const relay of this.#relays) relay.cut()
    this.#held.clear()
    this.#refresh()
  }

  cutAll(): void {
    for (const relay of this.#relays) relay.cut()
  }

  stop(): void {
    for (const relay of this.#relays) relay.stop()
  }

  #refresh(): void {
    for (const relay of this.#relays) relay.refresh()
  }
}
