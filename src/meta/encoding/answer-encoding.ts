// What a command without data rows has answered, under its id, so that a repeat gets it again.
//
// u8 format 2 · for each of `removed`, `marker`, `hidden` and `changed`: bytes, a version, or none. Format 1 is a version itself, which
// older deletes have removed.

import type { DeletedKey } from '../contract/file-metadata.ts'
import type { VersionRow } from '../contract/version-row.ts'
import { RowReader, corrupt } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'
import { decodeVersion, encodeVersion } from './version-encoding.ts'

export interface StoredAnswer extends DeletedKey {
  readonly changed?: VersionRow
}

const format = 2
const formatOfDeletes = 1
const none = new Uint8Array(0)

export function encodeAnswer({ removed, marker, hidden, changed }: StoredAnswer): Uint8Array<ArrayBuffer> {
  const rows = [removed, marker, hidden, changed].map((row) => (row === undefined ? none : encodeVersion(row)))
  const writer = new RowWriter(256).byte(format)
  for (const row of rows) writer.bytes(row)
  return writer.finish()
}

export function decodeAnswer(bytes: Uint8Array): StoredAnswer {
  if (bytes[0] === formatOfDeletes) return { removed: decodeVersion(bytes) }
  const reader = new RowReader(bytes)
  const found = reader.byte()
  if (found !== format) throw corrupt(`format ${found} of an answer`)
  const [removed, marker, hidden, changed] = [readRow(reader), readRow(reader), readRow(reader), readRow(reader)]
  reader.end()
  return {
    ...(removed === undefined ? {} : { removed }),
    ...(marker === undefined ? {} : { marker }),
    ...(hidden === undefined ? {} : { hidden }),
    ...(changed === undefined ? {} : { changed }),
  }
}

function readRow(reader: RowReader): VersionRow | undefined {
  const row = reader.bytes()
  return row.length === 0 ? undefined : decodeVersion(row)
}
