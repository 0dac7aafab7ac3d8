import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { TestRandom } from '../../base/test-random.ts'
import { textAt } from '../observe/read.ts'
import { KubeError } from '../ports/kube-api.ts'
import { Lease } from './lease.ts'
import { TestKube } from './test-kube.ts'

const silent = (): void => {}
const LOG = { trace: silent, debug: silent, info: silent, warn: silent, error: silent }

/** Alarms are kept, and called by hand. */
class Hand {
  readonly kube: TestKube = new TestKube(new TestRandom(1))
  readonly heard: string[] = []
  nowMs = 0
  readonly #next = new Map<string, () => void>()

  lease(holder: string): Lease {
    const lease = new Lease({
      kube: this.kube,
      clock: { wallMs: () => this.nowMs, monotonicMs: () => this.nowMs },
      timers: {
        after: (_ms, callback) => {
          this.#next.set(holder, callback)
          return { cancel: () => this.#next.delete(holder) }
        },
        every: () => ({ cancel: silent }),
        soon: silent,
      },
      log: LOG,
      namespace: 'zk-system',
      name: 'operator',
      holder,
      durationMs: 15_000,
      renewMs: 4000,
      onGained: () => this.heard.push(`${holder} gained`),
      onLost: () => this.heard.push(`${holder} lost`),
    })
    lease.start()
    return lease
  }

  /** `holder` looks at the lease once. */
  async look(holder: string): Promise<void> {
    const callback = this.#next.get(holder)
    this.#next.delete(holder)
    callback?.()
    for (let i = 0; i < 30; i++) await Promise.resolve()
  }

  holder(): string | undefined {
    return textAt(this.kube.find('Lease', 'operator'), 'spec', 'holderIdentity')
  }
}

test('one of two holds the lease as long as it renews it', async () => {
  const hand = new Hand()
  hand.lease('a')
  hand.lease('b')
  await hand.look('a')
  for (let i = 0; i < 10; i++) {
    await hand.look('a')
    await hand.look('b')
    hand.nowMs += 4000
  }
  deepEqual(hand.heard, ['a gained'])
  equal(hand.holder(), 'a')
})

test('a lease that is not renewed goes to the other, and the first one knows', async () => {
  const hand = new Hand()
  hand.lease('a')
  hand.lease('b')
  await hand.look('a')
  await hand.look('a')
  await hand.look('b')
  hand.nowMs += 12_000
  await hand.look('b')
  equal(hand.holder(), 'a')
  // The first cannot reach the API server: it gives up before the other takes over.
  hand.kube.onCall = () => {
    throw new KubeError('Unavailable', 'no answer')
  }
  await hand.look('a')
  deepEqual(hand.heard, ['a gained', 'a lost'])
  hand.kube.onCall = silent
  hand.nowMs += 4000
  await hand.look('b')
  deepEqual(hand.heard, ['a gained', 'a lost', 'b gained'])
})

test('whoever stops gives the lease back', async () => {
  const hand = new Hand()
  const first = hand.lease('a')
  hand.lease('b')
  await hand.look('a')
  await hand.look('a')
  await hand.look('b')
  await first.stop()
  await hand.look('b')
  deepEqual(hand.heard, ['a gained', 'b gained'])
})
