// The field GF(2^8) and the matrix of the code (docs/design/coding.md).
//
// Bytes are polynomials over GF(2) modulo x^8 + x^4 + x^3 + x^2 + 1 (0x11d), whose root 2 generates all non-zero bytes.
// Parity row i, data column j: g(i, j) = r(i) · c(j) / (x(i) + y(j)), with y(j) = j and x(i) = 16 + i, all different, so
// that every square submatrix of 1 / (x + y) is a Cauchy matrix and regular; r and c scale rows and columns so that row 0
// and column 0 are all ones, which changes no determinant from or to zero. One 15 by 15 matrix serves every scheme: k+m
// takes its upper left m by k corner. Row 0 all ones makes the first parity a plain XOR, and column 0 all ones makes a
// stripe of one chunk m + 1 identical pieces: small files are replicated by the same code.

import { assert, defined } from '../base/assert.ts'
import { columnsMax } from '../base/scheme.ts'

const fieldPolynomial = 0x11d
const exponentials = new Uint8Array(510)
const logarithms = new Uint8Array(256)
for (let exponent = 0, power = 1; exponent < 255; exponent++) {
  exponentials[exponent] = power
  exponentials[exponent + 255] = power
  logarithms[power] = exponent
  power = power << 1
  if (power >= 256) power ^= fieldPolynomial
}

export function multiply(left: number, right: number): number {
  if (left === 0 || right === 0) return 0
  return exponentials[(logarithms[left] ?? 0) + (logarithms[right] ?? 0)] ?? 0
}

export function inverse(value: number): number {
  assert(value !== 0, 'zero has no inverse')
  return exponentials[255 - (logarithms[value] ?? 0)] ?? 0
}

const side = columnsMax - 1

function cauchy(row: number, column: number): number {
  return inverse((columnsMax + row) ^ column)
}

/** Row-major, 15 by 15. */
const parityMatrix = new Uint8Array(side * side)
for (let row = 0; row < side; row++) {
  for (let column = 0; column < side; column++) {
    // Column j times 1 / cauchy(0, j) makes row 0 ones; then row i times the inverse of its first entry.
    const scaled = multiply(cauchy(row, column), inverse(cauchy(0, column)))
    const first = multiply(cauchy(row, 0), inverse(cauchy(0, 0)))
    parityMatrix[row * side + column] = multiply(scaled, inverse(first))
  }
}

/** The factor of data column `column` in parity row `row`. */
export function parityCoefficient(row: number, column: number): number {
  return defined(parityMatrix[row * side + column], `parity row ${row}, column ${column}`)
}

/** Split tables of all 256 factors: at 32·f the products f·0 … f·15, then f·0x00, f·0x10 … f·0xf0. */
export function productTables(): Uint8Array {
  const tables = new Uint8Array(256 * 32)
  for (let factor = 0; factor < 256; factor++) {
    for (let half = 0; half < 16; half++) {
      tables[factor * 32 + half] = multiply(factor, half)
      tables[factor * 32 + 16 + half] = multiply(factor, half << 4)
    }
  }
  return tables
}

/**
 * The factors with which the pieces of `sources` make the piece of each column in `wanted`: row-major, `wanted.length` by
 * `sources.length`. Columns 0 to `width - 1` are data, columns from `dataColumns` on parity (`width` < `dataColumns` in a
 * short stripe). `sources` holds `width` different columns, all of which exist.
 */
export function recoveryMatrix(stripe: {
  readonly dataColumns: number
  readonly width: number
  readonly sources: readonly number[]
  readonly wanted: readonly number[]
}): Uint8Array {
  const { dataColumns, width, sources, wanted } = stripe
  assert(sources.length === width, `${sources.length} sources of a stripe of ${width}`)
  const inverted = invert(sources.map((column) => generatorRow(dataColumns, width, column)))
  const matrix = new Uint8Array(wanted.length * width)
  for (const [row, column] of wanted.entries()) {
    const generator = generatorRow(dataColumns, width, column)
    for (let source = 0; source < width; source++) {
      let sum = 0
      for (let data = 0; data < width; data++) {
        sum ^= multiply(generator[data] ?? 0, inverted[data]?.[source] ?? 0)
      }
      matrix[row * width + source] = sum
    }
  }
  return matrix
}

/** How a column comes from the data of a stripe. */
function generatorRow(dataColumns: number, width: number, column: number): Uint8Array {
  const row = new Uint8Array(width)
  if (column < dataColumns) {
    assert(column < width, `column ${column} of a stripe of ${width}`)
    row[column] = 1
    return row
  }
  for (let data = 0; data < width; data++) row[data] = parityCoefficient(column - dataColumns, data)
  return row
}

/** Gauss-Jordan. A singular matrix is a defect: of the code (excluded by test) or of the caller (a source named twice). */
export function invert(matrix: readonly Uint8Array[]): readonly Uint8Array[] {
  const size = matrix.length
  const left = matrix.map((row) => Uint8Array.from(row))
  const right = matrix.map((_, index) => {
    const row = new Uint8Array(size)
    row[index] = 1
    return row
  })
  for (let column = 0; column < size; column++) {
    const pivot = left.findIndex((row, index) => index >= column && row[column] !== 0)
    assert(pivot >= 0, 'the matrix is singular')
    swap(left, pivot, column)
    swap(right, pivot, column)
    const pivotLeft = defined(left[column], 'pivot row')
    const pivotRight = defined(right[column], 'pivot row')
    const factor = inverse(pivotLeft[column] ?? 0)
    scale(pivotLeft, factor)
    scale(pivotRight, factor)
    for (let row = 0; row < size; row++) {
      const target = defined(left[row], 'row')
      const times = target[column] ?? 0
      if (row === column || times === 0) continue
      addScaled(target, pivotLeft, times)
      addScaled(defined(right[row], 'row'), pivotRight, times)
    }
  }
  return right
}

function swap(rows: Uint8Array[], first: number, second: number): void {
  const kept = defined(rows[first], 'row')
  rows[first] = defined(rows[second], 'row')
  rows[second] = kept
}

function scale(row: Uint8Array, factor: number): void {
  for (let index = 0; index < row.length; index++) row[index] = multiply(row[index] ?? 0, factor)
}

function addScaled(target: Uint8Array, source: Uint8Array, factor: number): void {
  for (let index = 0; index < target.length; index++) {
    target[index] = (target[index] ?? 0) ^ multiply(source[index] ?? 0, factor)
  }
}
