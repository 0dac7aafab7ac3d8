/**
 * What went wrong with a file:
 * io: the system refused (full disk, EIO); corrupt: the bytes contradict themselves;
 * gap: transactions are missing; missing: a file that must be there is not;
 * misplaced: a file is in the wrong directory; truncate: the history cannot be cut where asked.
 */
export type StorageErrorKind = 'io' | 'corrupt' | 'gap' | 'missing' | 'misplaced' | 'truncate'

/** Damage or refusal on disk. Nothing may be acknowledged on top of it (faults.md R9). */
export class StorageError extends Error {
  readonly kind: StorageErrorKind
  readonly file: string
  /** Byte offset in `file`; undefined when the whole file is meant. */
  readonly offset: number | undefined

  constructor(kind: StorageErrorKind, file: string, offset: number | undefined, what: string) {
    super(offset === undefined ? `${what}: ${file}` : `${what}: ${file} at byte ${offset}`)
    this.name = 'StorageError'
    this.kind = kind
    this.file = file
    this.offset = offset
  }
}

/** The refusal of the system as a StorageError; one that already is one stays as it is. */
export function ioError(file: string, offset: number | undefined, cause: unknown): StorageError {
  if (cause instanceof StorageError) return cause
  return new StorageError(
    'io',
    file,
    offset,
    cause instanceof Error ? cause.message : String(cause),
  )
}
