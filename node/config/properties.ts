/**
 * Java's properties syntax, which zoo.cfg and dynamic configuration files are written in
 * (operations.md 1). Keys and values come out trimmed; of duplicates the last one wins.
 */

export interface Properties {
  readonly entries: ReadonlyMap<string, string>
  /** Keys that occur more than once, each once. */
  readonly duplicates: readonly string[]
  /** Sentences about what is malformed, with the line; empty when all is well. */
  readonly problems: readonly string[]
}

/** Longest text that is taken for a configuration, in UTF-16 units. */
export const CONFIG_TEXT_MAX = 1_048_576

/** Never throws: what is malformed is told in `problems`. */
export function parseProperties(text: string): Properties {
  const entries = new Map<string, string>()
  const duplicates = new Set<string>()
  const problems: string[] = []
  if (text.length > CONFIG_TEXT_MAX) {
    problems.push(`the text has ${text.length} characters; valid are at most ${CONFIG_TEXT_MAX}`)
    return { entries, duplicates: [], problems }
  }
  for (const { line, number } of logicalLines(text)) {
    const keyEnd = endOfKey(line)
    const key = unescape(line.slice(0, keyEnd), number, problems).trim()
    const value = unescape(line.slice(startOfValue(line, keyEnd)), number, problems).trim()
    if (entries.has(key)) duplicates.add(key)
    entries.set(key, value)
  }
  return { entries, duplicates: [...duplicates], problems }
}

interface LogicalLine {
  readonly line: string
  /** Of its first natural line, from 1. */
  readonly number: number
  /** Natural lines that it consists of. */
  readonly count: number
}

/** Joins continuations; drops blank lines and comments. */
function logicalLines(text: string): LogicalLine[] {
  const lines: LogicalLine[] = []
  const natural = text.split(/\r\n|\r|\n/)
  for (let i = 0; i < natural.length; i++) {
    let line = natural[i]!.replace(/^[ \t\f]+/, '')
    // A comment never continues, however it ends.
    if (line === '' || line.startsWith('#') || line.startsWith('!')) continue
    const number = i + 1
    const parts: string[] = []
    while (continues(line)) {
      parts.push(line.slice(0, -1))
      line = (natural[++i] ?? '').replace(/^[ \t\f]+/, '')
    }
    parts.push(line)
    lines.push({ line: parts.join(''), number, count: i + 2 - number })
  }
  return lines
}

/** An odd number of backslashes at the end. */
function continues(line: string): boolean {
  let at = line.length
  while (at > 0 && line[at - 1] === '\\') at--
  return (line.length - at) % 2 === 1
}

function endOfKey(line: string): number {
  for (let i = 0; i < line.length; i++) {
    const unit = line[i]!
    if (unit === '\\') i++
    else if (unit === '=' || unit === ':' || isBlank(unit)) return i
  }
  return line.length
}

function startOfValue(line: string, keyEnd: number): number {
  let at = keyEnd
  while (at < line.length && isBlank(line[at]!)) at++
  if (line[at] === '=' || line[at] === ':') at++
  while (at < line.length && isBlank(line[at]!)) at++
  return at
}

function isBlank(unit: string): boolean {
  return unit === ' ' || unit === '\t' || unit === '\f'
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescape(text: string, number: number, problems: string[]): string {
  if (!text.includes('\\')) return text
  let out = ''
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '\\') {
      out += text[i]
      continue
    }
    const next = text[++i] ?? ''
    if (next !== 'u') {
      out += ESCAPES[next] ?? next
      continue
    }
    const digits = text.slice(i + 1, i + 5)
    if (/^[0-9a-fA-F]{4}$/.test(digits)) out += String.fromCharCode(Number.parseInt(digits, 16))
    // The digits are not repeated here: the line may hold a password.
    else problems.push(`line ${number}: valid are four hexadecimal digits after \\u`)
    i += 4
  }
  return out
}

/** The text with `hidden` in the place of the values of the keys that `isSecret` names. */
export function redactProperties(
  text: string,
  isSecret: (key: string) => boolean,
  hidden: string,
): string {
  const natural = text.split(/\r\n|\r|\n/)
  const gone = new Set<number>()
  for (const { line, number, count } of logicalLines(text)) {
    const key = unescape(line.slice(0, endOfKey(line)), number, []).trim()
    if (!isSecret(key)) continue
    natural[number - 1] = printProperty(key, hidden)
    for (let i = 1; i < count; i++) gone.add(number - 1 + i)
  }
  return natural.filter((_, i) => !gone.has(i)).join('\n')
}

/** One `key=value` line that reads back as the same key and value. */
export function printProperty(key: string, value: string): string {
  return `${escape(key, true)}=${escape(value, false)}`
}

function escape(text: string, isKey: boolean): string {
  let out = ''
  for (let i = 0; i < text.length; i++) {
    const unit = text[i]!
    const code = text.charCodeAt(i)
    if (unit === '\\') out += '\\\\'
    else if (code < 0x20 || code > 0x7e) out += `\\u${code.toString(16).padStart(4, '0')}`
    else if (unit === ' ' && (isKey || i === 0)) out += '\\ '
    else if ((isKey && (unit === '=' || unit === ':')) || (i === 0 && /[#!]/.test(unit))) {
      out += `\\${unit}`
    } else out += unit
  }
  return out
}
