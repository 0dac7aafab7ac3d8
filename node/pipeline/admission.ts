import type { Connection, Listener } from './connection.ts'
import type { PipelineOptions } from './options.ts'

/** Connections per listener and per address of it (client-protocol.md 18.4). */
export class Admission {
  readonly #options: Pick<PipelineOptions, 'maxClientConnections' | 'maxConnections'>
  readonly #total = new Map<Listener, number>()
  readonly #byAddress = new Map<Listener, Map<string, number>>()

  constructor(options: Pick<PipelineOptions, 'maxClientConnections' | 'maxConnections'>) {
    this.#options = options
  }

  /** Why a connection may not come in; undefined when it may. */
  refusal(listener: Listener, address: string): string | undefined {
    const { maxClientConnections, maxConnections } = this.#options
    const total = this.#total.get(listener) ?? 0
    if (maxConnections > 0 && total >= maxConnections) {
      return `maxCnxns=${maxConnections} reached`
    }
    const own = this.#byAddress.get(listener)?.get(address) ?? 0
    if (maxClientConnections > 0 && own >= maxClientConnections) {
      return `maxClientCnxns=${maxClientConnections} reached by ${address}`
    }
    return undefined
  }

  entered({ listener, remote }: Connection): void {
    this.#total.set(listener, (this.#total.get(listener) ?? 0) + 1)
    let addresses = this.#byAddress.get(listener)
    if (addresses === undefined) this.#byAddress.set(listener, (addresses = new Map()))
    addresses.set(remote.address, (addresses.get(remote.address) ?? 0) + 1)
  }

  left({ listener, remote }: Connection): void {
    const addresses = this.#byAddress.get(listener)
    const own = addresses?.get(remote.address)
    if (addresses === undefined || own === undefined) return
    this.#total.set(listener, (this.#total.get(listener) ?? 1) - 1)
    if (own > 1) addresses.set(remote.address, own - 1)
    else addresses.delete(remote.address)
  }
}
