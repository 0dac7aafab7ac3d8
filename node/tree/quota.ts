import { LIMITS_NAME, QUOTA_PATH, quotaSubject, STATS_NAME } from '../../wire/paths.ts'
import { decodeUtf8, utf8Bytes } from '../../wire/utf8.ts'
import { Field } from './columns.ts'
import type { DataTree } from './data-tree.ts'

/** Usage or limits of a subtree; -1 is "no limit" (client-protocol.md 13.2). */
export interface QuotaNumbers {
  readonly count: number
  readonly bytes: number
  readonly countHardLimit: number
  readonly byteHardLimit: number
}

/**
 * `count=N,bytes=M` and, with hard limits, `=;byteHardLimit=X;countHardLimit=Y`. Undefined when
 * the text cannot be read.
 */
export function parseQuota(text: string): QuotaNumbers | undefined {
  const numbers = { count: -1, bytes: -1, countHardLimit: -1, byteHardLimit: -1 }
  for (const part of text.split(/[,;]+/)) {
    if (part === '') continue
    const [key, value, ...rest] = part.split('=')
    if (key === undefined || value === undefined || rest.some(piece => piece !== '')) {
      return undefined
    }
    const number = value === '' ? -1 : Number(value)
    if (!Number.isInteger(number)) return undefined
    if (Object.hasOwn(numbers, key)) numbers[key as keyof typeof numbers] = number
  }
  return numbers
}

export function printQuota(numbers: QuotaNumbers): string {
  const hard: string[] = []
  if (numbers.byteHardLimit >= 0) hard.push(`;byteHardLimit=${numbers.byteHardLimit}`)
  if (numbers.countHardLimit >= 0) hard.push(`;countHardLimit=${numbers.countHardLimit}`)
  const soft = `count=${numbers.count},bytes=${numbers.bytes}`
  return hard.length === 0 ? soft : `${soft}=${hard.join('')}`
}

/** Which limit a change would exceed. */
export interface QuotaExcess {
  readonly subject: string
  readonly what: 'count' | 'bytes'
  readonly hard: boolean
  readonly limit: number
  readonly usage: number
}

/** Which subtrees have a quota, and what they use (client-protocol.md 13). */
export class Quotas {
  readonly #tree: DataTree
  readonly #subjects = new Set<string>()

  constructor(tree: DataTree) {
    this.#tree = tree
  }

  get subjects(): Iterable<string> {
    return this.#subjects
  }

  /** The longest path with a quota at or above `path`; undefined when there is none. */
  subjectOf(path: string): string | undefined {
    if (this.#subjects.size === 0) return undefined
    let at = path
    while (at.length > 1) {
      if (this.#subjects.has(at)) return at
      at = at.slice(0, at.lastIndexOf('/'))
    }
    return undefined
  }

  limits(subject: string): QuotaNumbers | undefined {
    return this.#read(`${QUOTA_PATH}${subject}/${LIMITS_NAME}`)
  }

  usage(subject: string): QuotaNumbers | undefined {
    return this.#read(`${QUOTA_PATH}${subject}/${STATS_NAME}`)
  }

  /** Whether the subject has a limits znode, readable or not. */
  hasLimits(subject: string): boolean {
    return this.#tree.find(`${QUOTA_PATH}${subject}/${LIMITS_NAME}`) >= 0
  }

  /** A znode was created: it may be a quota, and it counts. */
  created(path: string, dataLength: number): void {
    const limited = quotaSubject(path, LIMITS_NAME)
    if (limited !== undefined) this.#subjects.add(limited)
    const counted = quotaSubject(path, STATS_NAME)
    if (counted !== undefined) this.#recount(counted)
    this.#charge(path, 1, dataLength)
  }

  deleted(path: string, dataLength: number): void {
    const limited = quotaSubject(path, LIMITS_NAME)
    if (limited !== undefined) this.#subjects.delete(limited)
    this.#charge(path, -1, -dataLength)
  }

  dataChanged(path: string, bytesDifference: number): void {
    if (bytesDifference !== 0) this.#charge(path, 0, bytesDifference)
  }

  /** After a load: every limits znode registers its path, and usage is counted anew. */
  rebuild(): void {
    this.#subjects.clear()
    const top = this.#tree.find(QUOTA_PATH)
    if (top < 0) return
    for (const path of descendants(this.#tree, top)) {
      const subject = quotaSubject(path, LIMITS_NAME)
      if (subject === undefined) continue
      this.#subjects.add(subject)
      this.#recount(subject)
    }
  }

  /**
   * What a change would exceed, by committed usage. Undefined: nothing. `'unreadable'`: the limits
   * cannot be parsed.
   */
  excess(
    subject: string,
    countDifference: number,
    bytesDifference: number,
  ): QuotaExcess | 'unreadable' | undefined {
    if (!this.hasLimits(subject)) return undefined
    const limits = this.limits(subject)
    if (limits === undefined) return 'unreadable'
    const usage = this.usage(subject)
    if (usage === undefined) return undefined
    return (
      (countDifference === 0
        ? undefined
        : over(
            subject,
            'count',
            limits.countHardLimit,
            limits.count,
            usage.count + countDifference,
          )) ??
      (bytesDifference === 0
        ? undefined
        : over(subject, 'bytes', limits.byteHardLimit, limits.bytes, usage.bytes + bytesDifference))
    )
  }

  #read(path: string): QuotaNumbers | undefined {
    const id = this.#tree.find(path)
    if (id < 0) return undefined
    const data = this.#tree.data(id)
    return data === null ? undefined : parseQuota(decodeUtf8(data, 0, data.length))
  }

  #charge(path: string, count: number, bytes: number): void {
    const subject = this.subjectOf(path)
    if (subject === undefined) return
    const usage = this.usage(subject)
    if (usage === undefined) return
    this.#store(subject, { ...usage, count: usage.count + count, bytes: usage.bytes + bytes })
  }

  #recount(subject: string): void {
    const top = this.#tree.find(subject)
    let count = 0
    let bytes = 0
    if (top >= 0) {
      for (const id of subtree(this.#tree, top)) {
        count++
        bytes += Math.max(0, this.#tree.columns.get(id, Field.dataLength))
      }
    }
    this.#store(subject, { count, bytes, countHardLimit: -1, byteHardLimit: -1 })
  }

  #store(subject: string, usage: QuotaNumbers): void {
    const id = this.#tree.find(`${QUOTA_PATH}${subject}/${STATS_NAME}`)
    if (id >= 0) this.#tree.replaceData(id, utf8Bytes(printQuota(usage)))
  }
}

/** A hard limit, where there is one, counts alone (client-protocol.md 13.4). */
function over(
  subject: string,
  what: 'count' | 'bytes',
  hardLimit: number,
  softLimit: number,
  usage: number,
): QuotaExcess | undefined {
  const hard = hardLimit >= 0
  const limit = hard ? hardLimit : softLimit
  return limit >= 0 && usage > limit ? { subject, what, hard, limit, usage } : undefined
}

function* subtree(tree: DataTree, top: number): Generator<number> {
  yield top
  for (
    let child = tree.znodes.firstChild(top);
    child >= 0;
    child = tree.znodes.nextSibling(child)
  ) {
    yield* subtree(tree, child)
  }
}

function* descendants(tree: DataTree, top: number): Generator<string> {
  for (const id of subtree(tree, top)) if (id !== top) yield tree.path(id)
}
