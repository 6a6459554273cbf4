// The CRC of a whole from the CRCs of its parts, which S3 calls a full-object checksum of a multipart upload. Values are in
// big-endian order, as `Digest.digest` gives them.

import { assert } from '../base/assert.ts'
import { bigEndian32 } from './crc-digest.ts'
import { joinCrc32 } from './crc32.ts'
import { joinCrc32c } from './crc32c.ts'
import { joinCrc64Nvme } from './crc64.ts'

export type CrcAlgorithm = 'crc32' | 'crc32c' | 'crc64nvme'

/** The CRC of left ‖ right from those of both and the length of the right part in bytes. 1 to 10 µs; nothing is kept or changed. */
export function combineCrc(
  algorithm: CrcAlgorithm,
  left: Uint8Array,
  right: Uint8Array,
  rightBytes: number,
): Uint8Array<ArrayBuffer> {
  assert(Number.isSafeInteger(rightBytes) && rightBytes >= 0, `a part of ${rightBytes} bytes`)
  switch (algorithm) {
    case 'crc32':
      return bigEndian32(joinCrc32(word(left), word(right), rightBytes))
    case 'crc32c':
      return bigEndian32(joinCrc32c(word(left), word(right), rightBytes))
    case 'crc64nvme':
      return joinCrc64Nvme(left, right, rightBytes)
  }
}

function word(value: Uint8Array): number {
  assert(value.length === 4, 'a CRC-32 has 4 bytes')
  return new DataView(value.buffer, value.byteOffset).getUint32(0)
}
