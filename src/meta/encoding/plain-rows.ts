// Rows that are seldom read or written stand as plain data with the names of their fields (plain-value.ts), behind a byte that
// says their format. A field added later is absent in older rows; what an older version does not know it keeps.

import { hasFields } from './plain-fields.ts'
import type { Fields } from './plain-fields.ts'
import { decodePlain, encodePlain } from './plain-value.ts'
import { RowReader, corrupt } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

const format = 1

const scratch = new RowWriter()

export function encodePlainRow(row: object): Uint8Array<ArrayBuffer> {
  return scratch.clear().byte(format).bytes(encodePlain(row)).finish()
}

/** @throws FrostError `store-corrupt`: it is no row, or lacks one of the fields. */
export function decodePlainRow<Row extends object>(bytes: Uint8Array, fields: Fields<Row>): Row {
  const reader = new RowReader(bytes)
  const found = reader.byte()
  if (found !== format) throw corrupt(`format ${found}`)
  const row: unknown = decodePlain(reader.bytes())
  reader.end()
  if (!hasFields<Row>(row, fields)) throw corrupt('a row lacks a field')
  return row
}

/** Numbers one after the other, as many as the reader asks for. */
export function encodeNumbers(numbers: readonly number[]): Uint8Array<ArrayBuffer> {
  const writer = scratch.clear()
  for (const number of numbers) writer.number(number)
  return writer.finish()
}

/** The numbers; where there is no row, or it is shorter, 0. */
export function decodeNumbers(bytes: Uint8Array | undefined, count: number): readonly number[] {
  const numbers = Array.from({ length: count }, () => 0)
  if (bytes === undefined) return numbers
  const reader = new RowReader(bytes)
  for (let index = 0; index < count && !reader.isAtEnd; index++) numbers[index] = reader.number()
  return numbers
}
