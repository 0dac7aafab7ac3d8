import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { CONFIG_TEXT_MAX, parseProperties, printProperty, redactProperties } from './properties.ts'

function parse(text: string): Record<string, string> {
  const { entries, problems } = parseProperties(text)
  deepEqual(problems, [])
  return Object.fromEntries(entries)
}

test('separators, blanks and comments', () => {
  const text = [
    'a=1',
    '  b : 2  ',
    'c 3',
    'd',
    'e==5',
    'f = :6',
    '# g=7',
    '   ! h=8',
    '',
    '\t\f',
    'i=#9',
    'j=x y z',
  ].join('\n')
  deepEqual(parse(text), {
    a: '1',
    b: '2',
    c: '3',
    d: '',
    e: '=5',
    f: ':6',
    i: '#9',
    j: 'x y z',
  })
})

test('line ends of all kinds', () => {
  deepEqual(parse('a=1\r\nb=2\rc=3\n'), { a: '1', b: '2', c: '3' })
})

test('continuation: an odd number of backslashes; leading blanks of the next line go', () => {
  deepEqual(parse('a=1,\\\n    2,\\\r\n\t3\nb=x\\\\\nc=3'), { a: '1,2,3', b: 'x\\', c: '3' })
  deepEqual(parse('a=1\\\n# not a comment'), { a: '1# not a comment' })
  deepEqual(parse('# comment \\\na=1'), { a: '1' })
  deepEqual(parse('a=1\\'), { a: '1' })
})

test('escapes', () => {
  deepEqual(parse('a\\ b\\=c\\:d=\\t\\n\\u0041\\q\\\\'), { 'a b=c:d': 'Aq\\' })
  deepEqual(parse('p=C\\:\\\\data'), { p: 'C:\\data' })
})

test('of duplicates the last one wins, and they are named', () => {
  const { entries, duplicates } = parseProperties('a=1\na=2\nb=1\na=3')
  equal(entries.get('a'), '3')
  deepEqual(duplicates, ['a'])
})

test('a malformed escape is told with its line and without the text of the line', () => {
  const { problems } = parseProperties('a=1\npassword=hush\\u12g4\n')
  deepEqual(problems, ['line 2: valid are four hexadecimal digits after \\u'])
})

test('a text that is too long is refused', () => {
  equal(parseProperties('#'.repeat(CONFIG_TEXT_MAX)).problems.length, 0)
  equal(parseProperties('#'.repeat(CONFIG_TEXT_MAX + 1)).problems.length, 1)
})

test('what is printed reads back', () => {
  const trimmed = fc.string({ unit: 'grapheme' }).map(text => text.trim())
  fc.assert(
    fc.property(trimmed, trimmed, (key, value) => {
      deepEqual([...parseProperties(printProperty(key, value)).entries], [[key, value]])
    }),
  )
})

test('redaction hides the values of secrets, continued lines included, and nothing else', () => {
  const text = 'a=1\nssl.keyStore.password = one\\\n  two\n# note\nb=2'
  equal(
    redactProperties(text, key => key.endsWith('password'), '(hidden)'),
    'a=1\nssl.keyStore.password=(hidden)\n# note\nb=2',
  )
})

test('random text never throws', () => {
  const piece = fc.constantFrom('\\', '\\u', '\\u00', '\n', '\r', '=', ':', ' ', '#', 'a', '\f')
  const text = fc.oneof(
    fc.string(),
    fc.array(piece, { maxLength: 40 }).map(all => all.join('')),
  )
  let malformed = 0
  fc.assert(
    fc.property(text, value => {
      malformed += parseProperties(value).problems.length
    }),
  )
  ok(malformed > 0)
})
