// Checksums of a version or a part. Nearly every upload of an S3 client has one, so they are packed.
//
// u8 count; each: u8 algorithm (0 by its name · 1 crc32 · 2 crc32c · 3 crc64nvme · 4 sha1 · 5 sha256 · 6 md5; with 128: composite) ·
// [text name] · bytes value

import { assert } from '../../base/assert.ts'
import type { Checksum } from '../contract/version-row.ts'
import type { RowReader } from './row-reader.ts'
import { corrupt } from './row-reader.ts'
import type { RowWriter } from './row-writer.ts'

/** By their numbers, which never change. */
const algorithms = ['', 'crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256', 'md5'] as const
const composite = 128
const checksumsMax = 255

export function writeChecksums(writer: RowWriter, checksums: readonly Checksum[]): void {
  assert(checksums.length <= checksumsMax, 'number of checksums')
  writer.byte(checksums.length)
  for (const { algorithm, value, composite: isComposite } of checksums) {
    const known = Math.max(
      0,
      algorithms.findIndex((name) => name === algorithm),
    )
    writer.byte(known | (isComposite === true ? composite : 0))
    if (known === 0) writer.text(algorithm)
    writer.bytes(value)
  }
}

export function readChecksums(reader: RowReader): readonly Checksum[] {
  const checksums: Checksum[] = []
  for (let left = reader.byte(); left > 0; left--) {
    const kind = reader.byte()
    const known = algorithms[kind & ~composite]
    if (known === undefined) throw corrupt('the algorithm of a checksum is not known')
    const algorithm = known === '' ? reader.text() : known
    const value = reader.bytes()
    checksums.push({ algorithm, value, ...(kind & composite ? { composite: true as const } : {}) })
  }
  return checksums
}
