/**
 * The part of Java's command line that means something here: `-Dname=value` of JVMFLAGS and
 * SERVER_JVMFLAGS, which is how many people set system properties.
 */
import type { Findings } from './problems.ts'

/** Variables that size or watch a Java process, and what to do instead. */
const JAVA_ONLY: readonly (readonly [string, string])[] = [
  ['ZK_SERVER_HEAP', 'it sizes a Java heap; limit the memory of the process or its container'],
  ['JMXPORT', 'there is no JMX; read the metrics from the AdminServer or Prometheus'],
]

/**
 * System properties of the environment. SERVER_JVMFLAGS come first, as in zkServer.sh: of
 * duplicates the last one wins. `ZOO_DATADIR_AUTOCREATE_DISABLE=1` counts too (operations.md 7.2).
 */
export function systemPropertiesOf(
  environment: ReadonlyMap<string, string>,
  findings: Findings,
): ReadonlyMap<string, string> {
  const properties = new Map<string, string>()
  if (environment.get('ZOO_DATADIR_AUTOCREATE_DISABLE') === '1') {
    properties.set('zookeeper.datadir.autocreate', 'false')
  }
  for (const variable of ['SERVER_JVMFLAGS', 'JVMFLAGS']) {
    takeFlags(variable, environment.get(variable) ?? '', properties, findings)
  }
  for (const [variable, advice] of JAVA_ONLY) {
    if ((environment.get(variable) ?? '') !== '') findings.warn(`${variable} is ignored: ${advice}`)
  }
  return properties
}

function takeFlags(
  variable: string,
  text: string,
  properties: Map<string, string>,
  findings: Findings,
): void {
  const words = splitWords(text)
  if (words === undefined) {
    // The text is not shown: passwords are given like this.
    findings.problem(
      `${variable}: a quotation mark is not closed; valid are words and "quoted words"`,
    )
    return
  }
  for (const word of words) {
    const match = /^-D([^=]+)(?:=(.*))?$/s.exec(word)
    if (match !== null) properties.set(match[1]!, match[2] ?? '')
    else findings.warn(`${variable}: ${word.split(/[=:]/)[0]} is meant for Java and ignored`)
  }
}

/** Words between blanks; quotation marks of both kinds group. Undefined: one is not closed. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = []
  let word = ''
  let isInWord = false
  let quote = ''
  for (const unit of text) {
    if (quote !== '') {
      if (unit === quote) quote = ''
      else word += unit
    } else if (unit === '"' || unit === "'") {
      quote = unit
      isInWord = true
    } else if (/\s/.test(unit)) {
      if (isInWord) words.push(word)
      word = ''
      isInWord = false
    } else {
      word += unit
      isInWord = true
    }
  }
  if (quote !== '') return undefined
  if (isInWord) words.push(word)
  return words
}
