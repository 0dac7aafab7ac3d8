/**
 * One operator at a time, by a Lease. Whoever holds it renews it; whoever does not see it renewed
 * for as long as it lasts takes it over. Clocks are not compared: only what changes is watched.
 */
import type { Alarm, Clock, Log, Timers } from '../../base/ports.ts'
import { formatTime } from '../api/time.ts'
import { numberAt, textAt } from '../observe/read.ts'
import { type KubeApi, KubeError, type LiveObject } from '../ports/kube-api.ts'

export interface LeaseOptions {
  readonly kube: KubeApi
  readonly clock: Clock
  readonly timers: Timers
  readonly log: Log
  readonly namespace: string
  readonly name: string
  /** Who we are: the name of our pod. */
  readonly holder: string
  readonly durationMs: number
  readonly renewMs: number
  readonly onGained: () => void
  /** We may no longer act. The process should end. */
  readonly onLost: () => void
}

const LEASE = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' } as const

export class Lease {
  readonly #options: LeaseOptions
  #alarm: Alarm | undefined
  #isHeld = false
  #renewedMs = 0
  /** What others' last renewal looked like, and since when it has looked so. */
  #seen: { readonly renewal: string; readonly sinceMs: number } | undefined
  #isStopped = false

  constructor(options: LeaseOptions) {
    this.#options = options
  }

  get isHeld(): boolean {
    return this.#isHeld
  }

  start(): void {
    this.#next(0)
  }

  /** Gives the lease back, so that the next one need not wait. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#alarm?.cancel()
    if (!this.#isHeld) return
    this.#isHeld = false
    const found = await this.#read()
    if (found !== undefined && textAt(found, 'spec', 'holderIdentity') === this.#options.holder) {
      await this.#write(found, '')
    }
  }

  #next(ms: number): void {
    this.#alarm = this.#options.timers.after(ms, () => {
      this.#try().then(
        () => this.#again(),
        (error: unknown) => {
          this.#options.log.warn('lease', { error: String(error) })
          this.#again()
        },
      )
    })
  }

  #again(): void {
    if (this.#isStopped) return
    const { clock, durationMs, renewMs, onLost } = this.#options
    // Nobody may act on a lease that others may think has ended.
    if (this.#isHeld && clock.monotonicMs() - this.#renewedMs > durationMs - renewMs) {
      this.#isHeld = false
      this.#isStopped = true
      onLost()
      return
    }
    this.#next(renewMs)
  }

  async #try(): Promise<void> {
    const { kube, clock, namespace, name, holder, onGained } = this.#options
    const askedMs = clock.monotonicMs()
    const found = await this.#read()
    if (found === undefined) {
      await kube.apply({ ...LEASE, metadata: { name, namespace } })
      return
    }
    const owner = textAt(found, 'spec', 'holderIdentity') ?? ''
    if (owner !== holder && owner !== '' && !this.#hasEnded(found)) return
    try {
      await this.#write(found, holder)
    } catch (error) {
      if (error instanceof KubeError && error.reason === 'Conflict') return
      throw error
    }
    this.#renewedMs = askedMs
    if (this.#isHeld) return
    this.#isHeld = true
    this.#options.log.info('lease taken', { holder, before: owner })
    onGained()
  }

  #hasEnded(found: LiveObject): boolean {
    const { clock, durationMs } = this.#options
    const renewal = found.metadata.resourceVersion
    const nowMs = clock.monotonicMs()
    if (this.#seen?.renewal !== renewal) {
      this.#seen = { renewal, sinceMs: nowMs }
      return false
    }
    const seconds = numberAt(found, 'spec', 'leaseDurationSeconds')
    return nowMs - this.#seen.sinceMs > (seconds === undefined ? durationMs : seconds * 1000)
  }

  #read(): Promise<LiveObject | undefined> {
    const { kube, namespace, name } = this.#options
    return kube.get({ ...LEASE, namespace, name })
  }

  #write(found: LiveObject, holder: string): Promise<void> {
    const { kube, clock, namespace, name, durationMs } = this.#options
    const { uid, resourceVersion } = found.metadata
    const spec = {
      holderIdentity: holder,
      leaseDurationSeconds: Math.ceil(durationMs / 1000),
      renewTime: formatTime(clock.wallMs()).replace('Z', '.000000Z'),
    }
    return kube.patch({ ...LEASE, namespace, name }, { spec }, { uid, resourceVersion })
  }
}
