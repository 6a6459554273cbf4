// A setting of a bucket, a document that is opaque here: u8 format 1 · its bytes.

import { corrupt } from './row-reader.ts'

const format = 1

export function encodeSetting(value: Uint8Array): Uint8Array<ArrayBuffer> {
  const row = new Uint8Array(1 + value.length)
  row[0] = format
  row.set(value, 1)
  return row
}

export function decodeSetting(row: Uint8Array): Uint8Array<ArrayBuffer> {
  if (row[0] !== format) throw corrupt(`format ${row[0]} of a setting of a bucket`)
  return new Uint8Array(row.subarray(1))
}
