import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { errorCode } from '../../base/errors.ts'
import { booleanParameter, integerParameter, parseQuery } from './query.ts'

function codeOf(action: () => unknown): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return errorCode(error) ?? 'not a FrostError'
  }
}

describe('parseQuery', () => {
  test('gives the parameters decoded, and empty text for one without a value', () => {
    assert.deepEqual(
      [...parseQuery('a=1&b+c=d%3De&&flag&g=')],
      [
        ['a', '1'],
        ['b c', 'd=e'],
        ['flag', ''],
        ['g', ''],
      ],
    )
  })

  test('refuses a parameter that is given twice, also where it is spelt in two ways', () => {
    assert.equal(
      codeOf(() => parseQuery('filename=a&filename=a')),
      'bad-request',
    )
    assert.equal(
      codeOf(() => parseQuery('filename=a&%66ilename=b')),
      'bad-request',
    )
  })

  test('calls a badly encoded name a wrong name, and anything else a bad request', () => {
    assert.equal(
      codeOf(() => parseQuery('filename=%FF')),
      'name-invalid',
    )
    assert.equal(
      codeOf(() => parseQuery('bucket=%FF')),
      'bad-request',
    )
    assert.equal(
      codeOf(() => parseQuery('%FF=1')),
      'bad-request',
    )
  })

  test('refuses more parameters than any call has', () => {
    const many = Array.from({ length: 33 }, (_, index) => `p${index}=1`).join('&')
    assert.equal(
      codeOf(() => parseQuery(many)),
      'bad-request',
    )
  })

  test('gives back what URLSearchParams wrote', () => {
    const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => value.isWellFormed())
    fc.assert(
      fc.property(fc.dictionary(text, text, { maxKeys: 5, noNullPrototype: true }), (parameters) => {
        const parsed = parseQuery(new URLSearchParams(parameters).toString())
        assert.deepEqual(Object.fromEntries(parsed), parameters)
      }),
    )
  })

  test('never throws anything but a FrostError', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (raw) => codeOf(() => parseQuery(raw)) !== 'not a FrostError'),
    )
  })
})

describe('integerParameter', () => {
  test('takes whole numbers within the range', () => {
    assert.equal(integerParameter(parseQuery('limit=1000'), 'limit', { min: 1, max: 1000 }), 1000)
    assert.equal(integerParameter(parseQuery('after=-1'), 'after', { min: -1, max: 9 }), -1)
    assert.equal(integerParameter(parseQuery(''), 'limit', { min: 1, max: 1000 }), undefined)
  })

  for (const bad of ['', '0', '1001', '-5', '1.5', '1e2', '0x10', '%201', '01', 'NaN', '99999999999999999999', '-0']) {
    test(`refuses ${JSON.stringify(bad)}`, () => {
      const query = parseQuery(`limit=${bad}`)
      assert.equal(
        codeOf(() => integerParameter(query, 'limit', { min: 1, max: 1000 })),
        'bad-request',
      )
    })
  }
})

describe('booleanParameter', () => {
  test('is true or false, and false where it is not given', () => {
    assert.equal(booleanParameter(parseQuery('details=true'), 'details'), true)
    assert.equal(booleanParameter(parseQuery('details=false'), 'details'), false)
    assert.equal(booleanParameter(parseQuery(''), 'details'), false)
    assert.equal(
      codeOf(() => booleanParameter(parseQuery('details=1'), 'details')),
      'bad-request',
    )
  })
})
