// Rows of multipart uploads. An upload is a plain row. A part has the form of a version (version-encoding.ts), of which it is a piece:
// its id stands for the version's, its number for the sequence.

import type { MultipartRow, PartRow } from '../contract/multipart-metadata.ts'
import { readUint32 } from './key-parts.ts'
import { tables } from './keys.ts'
import type { Fields } from './plain-fields.ts'
import { decodePlainRow, encodePlainRow } from './plain-rows.ts'
import { corrupt } from './row-reader.ts'
import { decodeVersion, encodeVersion } from './version-encoding.ts'
import type { ByteString } from '../../ports/key-value.ts'

export interface StoredMultipart extends MultipartRow {
  /** Its parts are being given back. */
  readonly aborting?: true
}

const fields: Fields<StoredMultipart> = {
  bucket: 'string',
  key: 'string',
  upload: 'string',
  createdMs: 'number',
  initiator: 'string?',
  template: 'object',
  checksum: 'object?',
  completed: 'object?',
  aborting: 'boolean?',
}

const partNumberAt = tables.part.length + 26

export function encodeMultipart(row: StoredMultipart): Uint8Array<ArrayBuffer> {
  return encodePlainRow(row)
}

export function decodeMultipart(bytes: Uint8Array): StoredMultipart {
  return decodePlainRow(bytes, fields)
}

export function encodePart({ id, number, ...part }: PartRow): Uint8Array<ArrayBuffer> {
  return encodeVersion({ ...part, version: id, sequence: number })
}

export function decodePart(key: ByteString, bytes: Uint8Array): PartRow {
  const { version: id, sequence, ...part } = decodeVersion(bytes)
  const number = readUint32(key, partNumberAt)
  if (number !== sequence) throw corrupt('a part is not the one that its key names')
  return { ...part, id, number }
}
