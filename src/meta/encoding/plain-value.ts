// A self-describing binary form of plain data: what commands, answers and seldom-read rows are made of. A name stands with each
// field, so a row can gain fields without a migration. Decoding gives exactly what was encoded; `undefined` fields are left out.
//
// tag u8, then: 0 undefined · 1 false · 2 true · 3 number, whole and not negative (varint) · 4 number (8 bytes, little-endian double)
// · 5 text (varint length, UTF-8) · 6 bytes (varint length) · 7 array (varint count, values) · 8 object (varint count, then name as
// text and value for each field)

import { assert } from '../../base/assert.ts'
import { RowReader, corrupt } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

export type PlainValue =
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | readonly PlainValue[]
  | { readonly [name: string]: PlainValue }

const depthMax = 16

const scratch = new RowWriter()

export function encodePlain(value: unknown): Uint8Array<ArrayBuffer> {
  const writer = scratch.clear()
  writePlain(writer, value, 0)
  return writer.finish()
}

/** @throws FrostError `store-corrupt`. */
export function decodePlain(bytes: Uint8Array): PlainValue {
  const reader = new RowReader(bytes)
  const value = readPlain(reader, 0)
  reader.end()
  return value
}

function writePlain(writer: RowWriter, value: unknown, depth: number): void {
  assert(depth <= depthMax, 'plain data is nested no deeper than 16')
  if (value === undefined) writer.byte(0)
  else if (typeof value === 'boolean') writer.byte(value ? 2 : 1)
  else if (typeof value === 'number') writeNumber(writer, value)
  else if (typeof value === 'string') writer.byte(5).text(value)
  else if (value instanceof Uint8Array) writer.byte(6).bytes(value)
  else if (Array.isArray(value)) {
    writer.byte(7).number(value.length)
    for (const item of value) writePlain(writer, item, depth + 1)
  } else writeObject(writer, value, depth)
}

function writeNumber(writer: RowWriter, value: number): void {
  if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) writer.byte(3).number(value)
  else {
    const double = Buffer.alloc(8)
    double.writeDoubleLE(value)
    writer.byte(4).fixed(double.toString('latin1'))
  }
}

function writeObject(writer: RowWriter, value: unknown, depth: number): void {
  assert(typeof value === 'object' && value !== null, 'plain data has no functions, symbols, big integers or null')
  const fields = Object.entries(value).filter(([, field]) => field !== undefined)
  writer.byte(8).number(fields.length)
  for (const [name, field] of fields) {
    writer.text(name)
    writePlain(writer, field, depth + 1)
  }
}

function readPlain(reader: RowReader, depth: number): PlainValue {
  if (depth > depthMax) throw corrupt('it is nested too deep')
  const tag = reader.byte()
  switch (tag) {
    case 0:
      return undefined
    case 1:
      return false
    case 2:
      return true
    case 3:
      return reader.number()
    case 4:
      return Buffer.from(reader.fixed(8), 'latin1').readDoubleLE()
    case 5:
      return reader.text()
    case 6:
      return reader.bytes()
    case 7:
      return readArray(reader, depth)
    case 8:
      return readObject(reader, depth)
    default:
      throw corrupt(`tag ${tag}`)
  }
}

function readArray(reader: RowReader, depth: number): PlainValue[] {
  const items: PlainValue[] = []
  for (let left = reader.number(); left > 0; left--) items.push(readPlain(reader, depth + 1))
  return items
}

function readObject(reader: RowReader, depth: number): Record<string, PlainValue> {
  const fields: [string, PlainValue][] = []
  for (let left = reader.number(); left > 0; left--) fields.push([reader.text(), readPlain(reader, depth + 1)])
  return Object.fromEntries(fields)
}
