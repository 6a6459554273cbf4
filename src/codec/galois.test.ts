import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'

import { AssertionError } from '../base/assert.ts'
import { columnsMax } from '../base/scheme.ts'
import { inverse, invert, multiply, parityCoefficient, productTables, recoveryMatrix } from './galois.ts'

/** All selections of `size` of the numbers below `bound`. */
function* selections(bound: number, size: number, from = 0): Generator<readonly number[]> {
  if (size === 0) yield []
  for (let first = from; size > 0 && first < bound; first++) {
    for (const rest of selections(bound, size - 1, first + 1)) yield [first, ...rest]
  }
}

type Coefficient = (row: number, column: number) => number

/** Square submatrices of the upper left `rows` by `columns` corner that have no inverse; and how many were tried. */
function countSingular(rows: number, columns: number, coefficient: Coefficient): { singular: number; tried: number } {
  let singular = 0
  let tried = 0
  for (let size = 1; size <= Math.min(rows, columns); size++) {
    for (const chosenRows of selections(rows, size)) {
      for (const chosenColumns of selections(columns, size)) {
        tried++
        const minor = chosenRows.map((row) => Uint8Array.from(chosenColumns, (column) => coefficient(row, column)))
        if (!isRegular(minor)) singular++
      }
    }
  }
  return { singular, tried }
}

/** Elimination in place; not the code under test. */
function isRegular(matrix: readonly Uint8Array[]): boolean {
  const size = matrix.length
  const rows = [...matrix]
  for (let column = 0; column < size; column++) {
    const found = rows.findIndex((row, index) => index >= column && row[column] !== 0)
    if (found < 0) return false
    const pivot = rows[found] ?? new Uint8Array(0)
    rows[found] = rows[column] ?? new Uint8Array(0)
    rows[column] = pivot
    const scale = inverse(pivot[column] ?? 0)
    for (const row of rows.slice(column + 1)) {
      const factor = multiply(row[column] ?? 0, scale)
      for (let at = column; at < size; at++) row[at] = (row[at] ?? 0) ^ multiply(factor, pivot[at] ?? 0)
    }
  }
  return true
}

describe('the field', () => {
  test('products are those of polynomials modulo 0x11d', () => {
    for (let left = 0; left < 256; left++) {
      for (let right = 0; right < 256; right++) {
        let product = 0
        for (let bit = 7; bit >= 0; bit--) {
          product = (product << 1) ^ (product & 0x80 ? 0x11d : 0)
          if ((right >> bit) & 1) product ^= left
        }
        if (multiply(left, right) !== product) assert.fail(`${left} · ${right}`)
      }
    }
  })

  test('every value but zero has an inverse', () => {
    for (let value = 1; value < 256; value++) assert.equal(multiply(value, inverse(value)), 1)
    assert.throws(() => inverse(0), AssertionError)
  })

  test('the split tables hold every product', () => {
    const tables = productTables()
    for (let factor = 0; factor < 256; factor++) {
      for (let byte = 0; byte < 256; byte++) {
        const sum = (tables[factor * 32 + (byte & 15)] ?? 0) ^ (tables[factor * 32 + 16 + (byte >> 4)] ?? 0)
        if (sum !== multiply(factor, byte)) assert.fail(`${factor} · ${byte}`)
      }
    }
  })
})

describe('the parity matrix', () => {
  test('its first row and first column are ones', () => {
    for (let index = 0; index < columnsMax - 1; index++) {
      assert.equal(parityCoefficient(0, index), 1)
      assert.equal(parityCoefficient(index, 0), 1)
    }
  })

  test('all minors are regular for every k + m up to 16', () => {
    // A smaller scheme's matrix is a corner of a larger one's, so those with k + m = 16 hold them all.
    let all = 0
    for (let k = 1; k < columnsMax; k++) {
      const { singular, tried } = countSingular(columnsMax - k, k, parityCoefficient)
      assert.equal(singular, 0, `k = ${k}`)
      all += tried
    }
    // Each choice of k of the 16 pieces to decode from is one minor, the data alone being none: Σ (C(16, k) - 1).
    assert.equal(all, 2 ** 16 - 2 - (columnsMax - 1))
  })

  test('the check of minors finds a matrix that is not fit: plain powers', () => {
    // Rows of powers of 1, 2, 4, …: the mistake of early RAID implementations with three and more parities.
    const power: Coefficient = (row, column) => {
      let value = 1
      for (let times = 0; times < row * column; times++) value = multiply(value, 2)
      return value
    }
    assert.ok(countSingular(8, 8, power).singular > 0)
  })

  test('its values never change: files are stored with them', () => {
    const rows = [0, 1, 2, 3].map((row) => [0, 1, 2, 3, 4, 5].map((column) => parityCoefficient(row, column)))
    assert.deepEqual(rows, [
      [1, 1, 1, 1, 1, 1],
      [1, 130, 10, 21, 128, 55],
      [1, 10, 55, 218, 39, 247],
      [1, 21, 218, 180, 165, 126],
    ])
    const side = columnsMax - 1
    const all = Uint8Array.from({ length: side * side }, (_, at) => parityCoefficient(Math.floor(at / side), at % side))
    assert.equal(crc32(all), 0x879c_7c98)
  })
})

describe('recovery', () => {
  test('an inverted matrix times the matrix is one', () => {
    const matrix = [0, 1, 2, 3].map((row) => Uint8Array.from([0, 1, 2, 3], (column) => parityCoefficient(row, column)))
    const inverted = invert(matrix)
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < 4; column++) {
        let sum = 0
        for (let index = 0; index < 4; index++)
          sum ^= multiply(inverted[row]?.[index] ?? 0, matrix[index]?.[column] ?? 0)
        assert.equal(sum, row === column ? 1 : 0)
      }
    }
  })

  test('a piece that is a source comes from itself alone', () => {
    const matrix = recoveryMatrix({ dataColumns: 3, width: 3, sources: [1, 3, 4], wanted: [1, 3] })
    assert.deepEqual([...matrix], [1, 0, 0, 0, 1, 0])
  })

  test('too few sources, or one named twice, are a defect of the caller', () => {
    assert.throws(() => recoveryMatrix({ dataColumns: 3, width: 3, sources: [1, 3], wanted: [0] }), AssertionError)
    assert.throws(() => recoveryMatrix({ dataColumns: 3, width: 3, sources: [1, 1, 3], wanted: [0] }), AssertionError)
  })

  test('a data column past the width of a short stripe does not exist', () => {
    assert.throws(() => recoveryMatrix({ dataColumns: 3, width: 1, sources: [3], wanted: [1] }), AssertionError)
  })
})
