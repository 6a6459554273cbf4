import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { rowId } from '../../src/cli/bench/row.ts'
import { isForYardstick, select } from './selection.ts'

function ids(only: readonly string[]): readonly string[] {
  return select({ quick: false, only, seconds: undefined }).rows.map(rowId)
}

describe('selection of rows', () => {
  test('takes a short name, with the yardstick named beside it', () => {
    const selection = select({ quick: false, only: ['upload-large', 'floor'], seconds: 8 })
    assert.deepEqual(selection.rows.map(rowId), ['upload-256MiB-1'])
    assert.equal(selection.rows[0]?.secondsMax, 8)
    assert.deepEqual([...selection.yardsticks], ['floor'])
  })

  test('takes a whole id alone although others begin with it', () => {
    assert.deepEqual(ids(['upload-1KiB-1']), ['upload-1KiB-1'])
    assert.deepEqual(ids(['upload-1KiB']), ['upload-1KiB-1', 'upload-1KiB-16', 'upload-1KiB-64'])
  })

  test('puts uploads before what reads their files, whatever order was asked', () => {
    assert.deepEqual(ids(['download-small', 'upload-small']), ['upload-10KiB-64', 'download-10KiB-64'])
  })

  test('refuses a name that selects nothing', () => {
    assert.throws(() => ids(['upload-300MiB']), /names no row/)
  })

  test('covers every operation, size and number of clients when nothing is named', () => {
    const all = ids([])
    for (const operation of ['upload', 'download', 'range', 'delete']) {
      for (const size of ['256MiB', '1MiB', '10KiB', '1KiB']) {
        for (const clients of [1, 16, 64]) assert.ok(all.includes(`${operation}-${size}-${clients}`))
      }
    }
    assert.ok(all.includes('list-64'))
  })

  test('keeps what fills the disk of a yardstick from it', () => {
    const selection = select({ quick: false, only: [], seconds: undefined })
    const row = selection.rows.find((one) => rowId(one) === 'upload-256MiB-64')
    assert.ok(row !== undefined && !isForYardstick(row, 'nginx', selection))
  })
})
