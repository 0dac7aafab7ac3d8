/** The authority of a member that decides alone: what is durable is committed. */
import type { Zxid } from '../../wire/ids.ts'
import type { Pipeline, Proposals } from '../pipeline/pipeline.ts'
import type { WriteRequest } from '../pipeline/request.ts'
import type { LogWriter } from '../storage/log-writer.ts'
import type { SnapshotKeeper } from '../storage/snapshot-keeper.ts'

export class Standalone implements Proposals {
  readonly #log: LogWriter
  readonly #snapshots: SnapshotKeeper
  #pipeline: Pipeline | undefined = undefined

  /** `openLog` is given what to call once transactions are durable. */
  constructor(openLog: (onDurable: (upTo: Zxid) => void) => LogWriter, snapshots: SnapshotKeeper) {
    this.#log = openLog(upTo => this.#pipeline?.deliver(upTo))
    this.#snapshots = snapshots
  }

  connect(pipeline: Pipeline): void {
    this.#pipeline = pipeline
  }

  propose(request: WriteRequest): number {
    const sizeBytes = this.#log.append(request.txn)
    this.#snapshots.appended(sizeBytes)
    return sizeBytes
  }

  flush(): void {
    this.#log.flush()
  }

  roll(): void {
    this.#log.roll()
  }

  /** Everything on its way is durable and delivered. */
  stop(): Promise<void> {
    return this.#log.close()
  }
}
