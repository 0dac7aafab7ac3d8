import type { Random } from '../../base/ports.ts'

/** connection_throttle_* (client-protocol.md 18.5). */
export interface ConnectionThrottleOptions {
  /** 0: off. */
  readonly tokens: number
  readonly fillTimeMs: number
  readonly fillCount: number
  /** -1: no early drop. */
  readonly freezeTimeMs: number
  readonly dropIncrease: number
  readonly dropDecrease: number
  readonly decreaseRatio: number
  readonly weightEnabled: boolean
  readonly globalSessionWeight: number
  readonly localSessionWeight: number
  readonly renewSessionWeight: number
}

/** What a ConnectRequest asks for. */
export type WantedSession = 'global' | 'local' | 'renewed'

/**
 * A bucket of tokens for ConnectRequests, refilled with time, and a probability of refusing early
 * that rises while the bucket is empty (CoDel's cousin BLUE).
 */
export class ConnectionThrottle {
  readonly #options: ConnectionThrottleOptions
  readonly #random: Random
  #tokens: number
  #filledAtMs: number
  #frozenUntilMs = 0
  #dropProbability = 0

  constructor(options: ConnectionThrottleOptions, random: Random, nowMs: number) {
    this.#options = options
    this.#random = random
    this.#tokens = options.tokens
    this.#filledAtMs = nowMs
  }

  get dropProbability(): number {
    return this.#dropProbability
  }

  /** Tokens missing to a full bucket. */
  get deficit(): number {
    return this.#options.tokens - this.#tokens
  }

  /** Whether a connection may go on; takes its tokens. */
  admit(wanted: WantedSession, nowMs: number): boolean {
    const { tokens, weightEnabled } = this.#options
    if (tokens <= 0) return true
    const weight = weightEnabled ? this.#weightOf(wanted) : 1
    this.#refill(nowMs)
    this.#adjust(nowMs)
    if (this.#random.int(DICE) < this.#dropProbability * DICE) return false
    if (this.#tokens < weight) return false
    this.#tokens -= weight
    return true
  }

  #weightOf(wanted: WantedSession): number {
    const { globalSessionWeight, localSessionWeight, renewSessionWeight } = this.#options
    if (wanted === 'renewed') return renewSessionWeight
    return wanted === 'local' ? localSessionWeight : globalSessionWeight
  }

  #refill(nowMs: number): void {
    const { fillTimeMs, fillCount, tokens } = this.#options
    const steps = Math.floor((nowMs - this.#filledAtMs) / Math.max(1, fillTimeMs))
    if (steps <= 0) return
    this.#filledAtMs += steps * Math.max(1, fillTimeMs)
    this.#tokens = Math.min(tokens, this.#tokens + steps * fillCount)
  }

  #adjust(nowMs: number): void {
    const { freezeTimeMs, dropIncrease, dropDecrease, decreaseRatio, tokens } = this.#options
    if (freezeTimeMs < 0 || nowMs < this.#frozenUntilMs) return
    const before = this.#dropProbability
    if (this.#tokens <= 0) this.#dropProbability = Math.min(1, before + dropIncrease)
    else if (this.#tokens > tokens * decreaseRatio) {
      this.#dropProbability = Math.max(0, before - dropDecrease)
    }
    if (this.#dropProbability !== before) this.#frozenUntilMs = nowMs + freezeTimeMs
  }
}

const DICE = 1_000_000
