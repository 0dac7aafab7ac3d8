/** Times as Kubernetes writes them: `2026-11-25T14:05:59Z`. */
import { civilDate } from '../../base/java-format.ts'

const DAY_MS = 86_400_000

/** Milliseconds since 1970 as text, to the second. */
export function formatTime(ms: number): string {
  const days = Math.floor(ms / DAY_MS)
  const { year, month, day } = civilDate(days)
  const seconds = Math.floor((ms - days * DAY_MS) / 1000)
  const clock = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const date = [String(year).padStart(4, '0'), two(month), two(day)]
  return `${date.join('-')}T${clock.map(two).join(':')}Z`
}

/** Milliseconds since 1970; undefined when the text is no such time. Fractions are cut off. */
export function parseTime(text: string | undefined): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?Z$/.exec(text ?? '')
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map(Number)
  return daysOf(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000
}

/** The inverse of civilDate: years begin in March, so that the leap day is their last. */
function daysOf(year: number, month: number, day: number): number {
  const shifted = month <= 2 ? year - 1 : year
  const era = Math.floor(shifted / 400)
  const yearOfEra = shifted - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra =
    yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

function two(value: number): string {
  return String(value).padStart(2, '0')
}
