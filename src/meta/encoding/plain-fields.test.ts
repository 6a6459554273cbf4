import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError } from '../../base/errors.ts'
import { decodeCluster, decodeLease } from './cluster-rows.ts'
import { hasFields } from './plain-fields.ts'
import type { Fields } from './plain-fields.ts'
import { encodePlainRow } from './plain-rows.ts'

interface Row {
  readonly name: string
  readonly count: number
  readonly bytes?: Uint8Array
  readonly list: readonly string[]
}

const fields: Fields<Row> = { name: 'string', count: 'number', bytes: 'bytes?', list: 'list' }
const row = { name: 'a', count: 1, list: [] }

describe('fields of plain data', () => {
  test('a row with all fields is one, with those that may be absent and with later ones too', () => {
    assert.ok(hasFields(row, fields))
    assert.ok(hasFields({ ...row, bytes: new Uint8Array(1), later: true }, fields))
    assert.ok(hasFields({ ...row, bytes: undefined }, fields))
  })

  test('a row that lacks a field, or has one of another kind, is none', () => {
    const wrong = [
      { name: 'a', count: 1 },
      { ...row, name: 1 },
      { ...row, bytes: 'text' },
      { ...row, list: {} },
    ]
    for (const value of wrong) assert.ok(!hasFields(value, fields), JSON.stringify(value))
  })

  test('what is no object is no row', () => {
    for (const value of [undefined, null, 1, 'a', [row], true]) assert.ok(!hasFields(value, fields))
  })

  test('a stored row that lacks a field is corrupt', () => {
    assert.deepEqual(decodeLease(encodePlainRow({ name: 'a', token: 1, renewals: 0 })), {
      name: 'a',
      token: 1,
      renewals: 0,
    })
    assert.throws(() => decodeLease(encodePlainRow({ name: 'a', token: 1 })), isCode('store-corrupt'))
  })

  test('a cluster row of another version is unsupported, whatever its other fields are', () => {
    assert.throws(() => decodeCluster(encodePlainRow({ formatVersion: 3 })), isCode('format-unsupported'))
    assert.throws(() => decodeCluster(encodePlainRow({ formatVersion: 1 })), isCode('format-unsupported'))
    assert.throws(() => decodeCluster(encodePlainRow({ formatVersion: 2 })), isCode('store-corrupt'))
  })
})

function isCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FrostError && error.code === code
}
