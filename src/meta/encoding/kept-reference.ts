// Where a kept version lies, by its id: text bucket · text key · varint sequence.

import { RowReader } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

interface KeptReference {
  readonly bucket: string
  readonly key: string
  readonly sequence: number
}

const scratch = new RowWriter(128)

export function encodeKeptReference(bucket: string, key: string, sequence: number): Uint8Array<ArrayBuffer> {
  return scratch.clear().text(bucket).text(key).number(sequence).finish()
}

export function decodeKeptReference(bytes: Uint8Array): KeptReference {
  const reader = new RowReader(bytes)
  const reference = { bucket: reader.text(), key: reader.text(), sequence: reader.number() }
  reader.end()
  return reference
}
