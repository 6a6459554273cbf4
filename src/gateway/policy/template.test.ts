/* oxlint-disable eslint/no-template-curly-in-string -- they are variables of policies */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { Template } from './template.ts'

const wild = { wildcards: true, variables: true }

/** What the matcher must equal: every way to read each star is tried. */
function matchesNaively(pattern: readonly string[], text: readonly string[]): boolean {
  const [first, ...rest] = pattern
  if (first === undefined) return text.length === 0
  if (first === '*') return text.some((_, at) => matchesNaively(rest, text.slice(at))) || matchesNaively(rest, [])
  const [next, ...others] = text
  return next !== undefined && (first === '?' || first === next) && matchesNaively(rest, others)
}

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '😀', '\u{10000}'), maxLength: 10 })
const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '😀', '*', '?'), maxLength: 10 })

test('a pattern matches what the naive matcher says it does', () => {
  fc.assert(
    fc.property(patterns, letters, (pattern, text) => {
      const found = new Template(pattern, wild).matches(text, () => undefined)
      assert.equal(found, matchesNaively(Array.from(pattern), Array.from(text)), `${pattern} on ${text}`)
    }),
    { numRuns: 5_000 },
  )
})

test('the worst of patterns ends', () => {
  const text = 'a'.repeat(8_000)
  for (const pattern of ['*a'.repeat(4_000), `${'a?'.repeat(500)}*`.repeat(10), `*${'a'.repeat(4_000)}?b*`])
    assert.equal(
      new Template(`${pattern}c`, wild).matches(text, () => undefined),
      false,
    )
})

test('a variable stands for text, in which nothing is a wildcard', () => {
  const template = new Template('home/${aws:username}/*', wild)
  assert.ok(template.matches('home/a*/x', () => 'a*'))
  assert.ok(!template.matches('home/ab/x', () => 'a*'))
  assert.ok(!template.matches('home//x', () => undefined))
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      assert.ok(new Template('${aws:username}', wild).matches(value, () => value))
      assert.ok(!new Template('${aws:username}', wild).matches(`${value}x`, () => value))
    }),
  )
})

test('names of variables have no case, defaults stand where nothing is known, and escapes for themselves', () => {
  const names: string[] = []
  const tagged = new Template("${aws:PrincipalTag/Team, 'none'}", wild)
  assert.ok(tagged.matches('none', (name) => (names.push(name), undefined)))
  assert.deepEqual(names, ['aws:principaltag/team'])
  assert.ok(tagged.matches('blue', () => 'blue'))
  const escaped = new Template('${*}${?}${$}{x}', wild)
  assert.ok(escaped.matches('*?${x}', () => 'never'))
  assert.ok(!escaped.matches('ab${x}', () => 'never'))
})

test('without variables, as in policies of 2008, ${…} is text', () => {
  assert.ok(new Template('${aws:username}', { ...wild, variables: false }).matches('${aws:username}', () => 'a'))
})

test('an opening without an end is text', () => {
  assert.ok(new Template('a${b', wild).matches('a${b', () => 'x'))
})
