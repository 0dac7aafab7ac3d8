/** Smallest, largest and latest size of a message; -1 before the first (operations.md 8.2). */
export class SizeStats {
  lastBytes = -1
  minBytes = -1
  maxBytes = -1

  observe(sizeBytes: number): void {
    this.lastBytes = sizeBytes
    if (this.minBytes < 0 || sizeBytes < this.minBytes) this.minBytes = sizeBytes
    if (sizeBytes > this.maxBytes) this.maxBytes = sizeBytes
  }

  reset(): void {
    this.lastBytes = -1
    this.minBytes = -1
    this.maxBytes = -1
  }
}

/**
 * What a member counts about its clients, for srvr, stat and the gauges of the same names. Hot code
 * bumps the fields.
 */
export class ServerStats {
  packetsReceived = 0
  packetsSent = 0
  latencyCount = 0
  latencyTotalMs = 0
  latencyMinMs = 0
  latencyMaxMs = 0
  fsyncThresholdExceedCount = 0
  authFailedCount = 0
  nonMtlsRemoteConnectionCount = 0
  nonMtlsLocalConnectionCount = 0
  readonly clientResponse: SizeStats = new SizeStats()
  readonly proposal: SizeStats = new SizeStats()

  /** From the arrival of a request to its reply; fractions are dropped as Apache's clock does. */
  observeLatency(latencyMs: number): void {
    const whole = latencyMs > 0 ? Math.floor(latencyMs) : 0
    if (this.latencyCount === 0 || whole < this.latencyMinMs) this.latencyMinMs = whole
    if (whole > this.latencyMaxMs) this.latencyMaxMs = whole
    this.latencyCount++
    this.latencyTotalMs += whole
  }

  get latencyAverageMs(): number {
    return this.latencyCount === 0 ? 0 : this.latencyTotalMs / this.latencyCount
  }

  /** `srst`: packets, latencies, sizes and counts start again. */
  reset(): void {
    this.packetsReceived = 0
    this.packetsSent = 0
    this.latencyCount = 0
    this.latencyTotalMs = 0
    this.latencyMinMs = 0
    this.latencyMaxMs = 0
    this.fsyncThresholdExceedCount = 0
    this.authFailedCount = 0
    this.nonMtlsRemoteConnectionCount = 0
    this.nonMtlsLocalConnectionCount = 0
    this.clientResponse.reset()
    this.proposal.reset()
  }
}
