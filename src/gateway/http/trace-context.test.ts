import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { givenRequestId } from './request-names.ts'
import { parseTraceparent } from './trace-context.ts'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const span = '00f067aa0ba902b7'

test('a traceparent is taken apart', () => {
  assert.equal(parseTraceparent(`00-${trace}-${span}-01`), `${trace}${span}01`)
  assert.equal(parseTraceparent(`cc-${trace}-${span}-00-what-comes-later`), `${trace}${span}00`)
})

test('what is none is as if nothing had come', () => {
  const wrong = [
    undefined,
    [`00-${trace}-${span}-01`],
    '',
    `ff-${trace}-${span}-01`,
    `00-${trace}-${span}-01-x`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span}`,
    ` 00-${trace}-${span}-01`,
  ]
  for (const header of wrong) assert.equal(parseTraceparent(header), undefined, String(header))
})

test('whatever comes is a context of 50 hex digits or none', () => {
  const almost = fc.string().map((tail) => `01-${trace}-${span}-01${tail}`)
  fc.assert(
    fc.property(fc.oneof(fc.string(), almost), (header) => {
      const context = parseTraceparent(header)
      assert.ok(context === undefined || /^[0-9a-f]{50}$/.test(context))
    }),
  )
})

test('a request id of a client is taken where it can do no harm', () => {
  for (const id of ['a', '0190c8a6-7bf2-7cc4-a1d2-1b7f2a7a5c11', 'Root=1-67891233-abcdef', 'x'.repeat(64)])
    assert.equal(givenRequestId(id), id)
  for (const id of [undefined, '', 'x'.repeat(65), 'a b', 'a\n', '<script>', '"', 'é', ['a'], 'a,b'])
    assert.equal(givenRequestId(id), undefined, String(id))
})
