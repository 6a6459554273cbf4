import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { planRanges, rangesMax } from './ranges.ts'

/** `offset+length` of each part, or the kind of plan. */
function plan(header: string | undefined, sizeBytes = 1000): string {
  const ranges = planRanges(header, sizeBytes)
  if (ranges.kind !== 'parts') return ranges.kind
  return ranges.parts.map(({ offset, length }) => `${offset}+${length}`).join(' ')
}

describe('one range', () => {
  for (const [header, expected] of [
    ['bytes=0-0', '0+1'],
    ['bytes=999-999', '999+1'],
    ['bytes=999-', '999+1'],
    ['bytes=-1', '999+1'],
    ['bytes=-5000', '0+1000'],
    ['bytes=500-', '500+500'],
    ['bytes=10-99999999999999999999', '10+990'],
    ['BYTES= 1-2 ', '1+2'],
    ['bytes=,,1-2,', '1+2'],
    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=99999999999999999999-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
  ] as const) {
    test(`${header} of 1,000 bytes is ${expected}`, () => {
      assert.equal(plan(header), expected)
    })
  }
})

describe('a header that is not a range of bytes is ignored', () => {
  for (const header of [
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=,',
    'bytes=a-b',
    'bytes=5-4',
    'bytes=-',
    'bytes=--5',
    'bytes=1-2-3',
    'bytes=0x1-2',
    'bytes=1.5-2',
    'bytes=0-0,x',
    'lines=1-2',
    'bytes 0-1',
  ]) {
    test(JSON.stringify(header) ?? 'none', () => {
      assert.equal(plan(header), 'whole')
    })
  }
})

describe('several ranges', () => {
  test('stay in the order of the client where they do not touch', () => {
    assert.equal(plan('bytes=500-509,0-9'), '500+10 0+10')
  })

  test('are joined where they overlap or touch', () => {
    assert.equal(plan('bytes=0-9,10-19'), '0+20')
    assert.equal(plan('bytes=5-20,0-9,900-'), '0+21 900+100')
    assert.equal(plan('bytes=0-0,0-0,0-'), '0+1000')
  })

  test('that lie outside are left out', () => {
    assert.equal(plan('bytes=0-0,5000-6000'), '0+1')
    assert.equal(plan('bytes=5000-6000,-0'), 'unsatisfiable')
  })

  test('beyond the limit are ignored', () => {
    const ranges = (count: number): string =>
      `bytes=${Array.from({ length: count }, (_, index) => `${index * 10}-${index * 10}`).join()}`
    assert.equal(plan(ranges(rangesMax)).split(' ').length, rangesMax)
    assert.equal(plan(ranges(rangesMax + 1)), 'whole')
    assert.equal(plan(`bytes=0-0,${' '.repeat(100_000)}1-1`), 'whole')
  })
})

test('of an empty file every range is unsatisfiable but a suffix, which is all of it', () => {
  assert.equal(plan('bytes=0-', 0), 'unsatisfiable')
  assert.equal(plan('bytes=0-0', 0), 'unsatisfiable')
  assert.equal(plan('bytes=-5', 0), 'whole')
})

test('whatever the header, parts lie within the file, hold a byte each and do not overlap', () => {
  const number = fc.oneof(fc.nat(30), fc.bigInt({ min: 0n, max: 10n ** 25n }))
  const spec = fc.oneof(
    fc.tuple(number, number).map(([first, last]) => `${first}-${last}`),
    number.map((first) => `${first}-`),
    number.map((suffix) => `-${suffix}`),
    fc.constantFrom('', ' ', '1-1 '),
    fc.string({ maxLength: 5 }),
  )
  const header = fc.array(spec, { maxLength: 40 }).map((specs) => `bytes=${specs.join()}`)
  fc.assert(
    fc.property(header, fc.nat(25), (text, sizeBytes) => {
      const ranges = planRanges(text, sizeBytes)
      if (ranges.kind !== 'parts') return
      assert.ok(ranges.parts.length > 0)
      const taken = new Set<number>()
      for (const { offset, length } of ranges.parts) {
        assert.ok(length >= 1 && offset >= 0 && offset + length <= sizeBytes)
        for (let index = offset; index < offset + length; index++) {
          assert.ok(!taken.has(index))
          taken.add(index)
        }
      }
    }),
  )
})
