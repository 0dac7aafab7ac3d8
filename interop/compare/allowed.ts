/**
 * Where our outcome may differ from Apache's, and why. Nothing else may. The same list, for people,
 * is in docs/compatibility.md.
 */
import type { Entry } from './transcript.ts'

export interface Allowed {
  readonly reason: string
  readonly applies: (apache: Entry, ours: Entry) => boolean
}

export const ALLOWED: readonly Allowed[] = [
  {
    reason:
      'Apache answers a multiRead that holds anything but reads with -5 and a body; we with -5',
    applies: (apache, ours) =>
      apache.step.includes('"multiRead"') &&
      withoutBody(apache.outcome[0]) === withoutBody(ours.outcome[0]),
  },
  {
    reason: 'Apache takes a null path in the watch operations; we refuse it: no node can have it',
    applies: (apache, ours) =>
      /"do":"(add|check|remove)Watch(es)?","path":null/.test(apache.step) &&
      (ours.outcome[0] ?? '').endsWith(' -5 '),
  },
]

/** Entries that differ, with the reason when there is an accepted one. */
export function differences(
  apache: readonly Entry[],
  ours: readonly Entry[],
): readonly { apache: Entry | undefined; ours: Entry | undefined; reason: string | undefined }[] {
  const found = []
  for (let i = 0; i < Math.max(apache.length, ours.length); i++) {
    const [left, right] = [apache[i], ours[i]]
    if (left !== undefined && right !== undefined) {
      if (JSON.stringify(left) === JSON.stringify(right)) continue
      const accepted = ALLOWED.find(allowed => allowed.applies(left, right))
      found.push({ apache: left, ours: right, reason: accepted?.reason })
    } else {
      found.push({ apache: left, ours: right, reason: undefined })
    }
  }
  return found
}

function withoutBody(outcome: string | undefined): string | undefined {
  return outcome?.replace(/^(\S+ \S+ -5) .*$/, '$1')
}
