import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { FrostError, errorCode } from '../../base/errors.ts'
import { guardDocument, readGuard, readRow, rowDocument } from './documents.ts'
import type { Guard } from './row-server.ts'

const guard: Guard = {
  number: 7,
  commit: 'a.1',
  state: 'open',
  instances: new Map([['a', { number: 7, session: 'ab'.repeat(16) }]]),
}

test('a guard and a row are read as they were written', () => {
  assert.deepEqual(readGuard(guardDocument(guard)), guard)
  const [key, row] = readRow({ ...rowDocument('k\0\xff', Uint8Array.of(1, 2, 3)) })
  assert.equal(key, 'k\0\xff')
  assert.deepEqual(new Uint8Array(row), Uint8Array.of(1, 2, 3))
})

test('a document of a newer format is refused, with the remedy', () => {
  const newer = { ...guardDocument(guard), format: 2 }
  assert.throws(() => readGuard(newer), /format 2/)
  assert.throws(
    () => readGuard(newer),
    (error) => errorCode(error) === 'format-unsupported',
  )
})

test('a row that is damaged, or under a wrong key, is an error', () => {
  const document = rowDocument('k', Uint8Array.of(1, 2, 3))
  assert.throws(() => readRow({ ...document, _id: 'l' }), /damaged/)
  document.v[1] = 9
  assert.throws(() => readRow({ ...document }), /damaged/)
})

test('whatever a document holds, it is read or refused', () => {
  const anything = fc.anything({ withDate: true, withTypedArray: true })
  const object = fc.dictionary(
    fc.constantFrom('_id', 'v', 'format', 'number', 'commit', 'state', 'instances'),
    anything,
  )
  fc.assert(
    fc.property(object, fc.boolean(), (document, hasFormat) => {
      const given = hasFormat ? { ...document, format: 1 } : document
      for (const read of [readGuard, readRow]) {
        try {
          read(given)
        } catch (error) {
          assert.ok(error instanceof FrostError)
        }
      }
    }),
  )
})
