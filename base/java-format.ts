/** Numbers and dates as Java prints them: scripts parse what monitors print. */

/**
 * `Double.toString`: at least one digit after the point, scientific form from 1.0E7 and below
 * 0.001 (`0.0`, `1.3847552E7`, `NaN`).
 */
export function javaDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity'
  if (Object.is(value, -0)) return '-0.0'
  const size = Math.abs(value)
  if (size === 0) return '0.0'
  if (size >= 1e-3 && size < 1e7) {
    const text = String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  const [digits, exponent] = value.toExponential().split('e')
  const mantissa = digits!.includes('.') ? digits! : `${digits!}.0`
  return `${mantissa}E${Number(exponent)}`
}

/**
 * Averages have up to four decimals, a half goes to the even neighbour: `1.0455`, `14.5`, `0.0`.
 * The result is a number, to be printed by `javaDouble`.
 */
export function fourDecimals(value: number): number {
  const scaled = value * 10_000
  const floor = Math.floor(scaled)
  // Only an exact half may go to the even neighbour; a product that merely rounds to one may not.
  const isHalf = scaled - floor === 0.5 && (floor + 0.5) / 10_000 === value
  if (isHalf) return (floor % 2 === 0 ? floor : floor + 1) / 10_000
  return Math.round(scaled) / 10_000
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const
const MONTHS = [
  'Jan',
  'Feb',
  'Mar',
  'Apr',
  'May',
  'Jun',
  'Jul',
  'Aug',
  'Sep',
  'Oct',
  'Nov',
  'Dec',
] as const

const DAY_MS = 86_400_000

/** `Date.toString` in UTC: `Sun Nov 22 12:23:23 UTC 2026`. */
export function javaDate(wallMs: number): string {
  const days = Math.floor(wallMs / DAY_MS)
  const seconds = Math.floor((wallMs - days * DAY_MS) / 1000)
  const time = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(twoDigits).join(':')
  const { year, month, day } = civilDate(days)
  const weekday = DAYS[(((days + 4) % 7) + 7) % 7] // 1 January 1970 was a Thursday
  return `${weekday} ${MONTHS[month - 1]} ${twoDigits(day)} ${time} UTC ${year}`
}

/**
 * Days since 1970 to a date of the Gregorian calendar. Years are counted from March, so that the
 * leap day is the last of its year, in eras of 400 years of 146,097 days.
 */
export function civilDate(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const leapDays =
    Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leapDays) / 365)
  const dayOfYear =
    dayOfEra - 365 * yearOfEra - Math.floor(yearOfEra / 4) + Math.floor(yearOfEra / 100)
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

function twoDigits(value: number): string {
  return String(Math.floor(value)).padStart(2, '0')
}

/**
 * `Inet6Address` prints eight groups without leading zeros and without `::`; IPv4 is unchanged.
 * Anything else is returned as it came.
 */
export function javaAddress(address: string): string {
  if (!address.includes(':')) return address
  const plain = address.split('%')[0]!
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)
  if (mapped !== null) return mapped[1]!
  const [head, tail] = plain.split('::')
  const front = head === '' ? [] : head!.split(':')
  const back = tail === undefined || tail === '' ? [] : tail.split(':')
  const gap = plain.includes('::') ? Math.max(0, 8 - front.length - back.length) : 0
  return [...front, ...Array.from({ length: gap }, () => '0'), ...back]
    .map(group => group.replace(/^0+(?=.)/, '').toLowerCase())
    .join(':')
}

/**
 * `InetSocketAddress.toString` of a numeric address: `/127.0.0.1:2181`, `/[0:0:0:0:0:0:0:1]:2181`.
 */
export function javaSocketAddress(address: string, port: number): string {
  return `/${hostAndPort(address, port)}`
}

/** The form in JSON: without the slash. */
export function hostAndPort(address: string, port: number): string {
  const plain = javaAddress(address)
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}
